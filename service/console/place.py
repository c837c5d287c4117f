"""Where in the console the moderator is, and where the answer to a form leads."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Form
from fastapi.responses import RedirectResponse

from service.console import auth


@dataclass(frozen=True)
class Place:
    """The page that the form was on, and the comment that comes after the one that it is about."""

    at: Annotated[str, Form(max_length=3000)] = auth.HOME
    following: Annotated[UUID | None, Form()] = None

    @property
    def address(self) -> str:
        return auth.inside(self.at)

    def back(self, **news: object) -> RedirectResponse:
        """To the page, which tells the news, at the comment that follows."""
        told = urlencode(news)
        fragment = f"#c-{self.following}" if self.following else ""
        separator = "&" if "?" in self.address else "?"
        return RedirectResponse(f"{self.address}{separator}{told}{fragment}", HTTPStatus.SEE_OTHER)


PlaceDep = Annotated[Place, Depends()]
