"""The authors of a site's comments: forget one who asks for it."""

from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from service.api import problems
from service.api.bodies import IJsonRoute
from service.api.deps import Admin
from service.core import comments, erasure
from service.core.erasure import Author
from service.core.models import Text
from service.web import DatabaseDep

router = APIRouter(
    prefix="/v1/authors", tags=["comments"], route_class=IJsonRoute, responses=problems.responses(401, 403, 422, 503)
)


class AuthorIn(BaseModel):
    """In a body and not in the address: addresses are written into logs on the way."""

    model_config = ConfigDict(extra="forbid")
    author_id: Annotated[Text, Field(min_length=1, max_length=200)] | None = Field(
        None, description="The author's account at the blog.", examples=["user-17"]
    )
    author_email: Annotated[Text, Field(min_length=1, max_length=320)] | None = Field(
        None, description="However it is capitalised.", examples=["aiko@example.org"]
    )

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if self.author_id is None and self.author_email is None:
            raise ValueError("must name the author by `author_id`, `author_email` or both")
        return self


class Erased(BaseModel):
    comments: int = Field(description="How many were erased just now.", examples=[3])
    more: bool = Field(description="There may be more: ask again.", examples=[False])


@router.post("/erase", responses=problems.responses(413))
def erase_author(site: Admin, database: DatabaseDep, author: AuthorIn) -> Erased:
    """Erase the author's comments at this site for good, with their events, deliveries and what they taught.

    An author who is named by both account and e-mail address is erased by either.
    """
    with database.transaction() as session:
        who = Author(author.author_id, author.author_email)
        erased = erasure.author(session, site.id, who, comments.SITE)
    return Erased(comments=erased, more=erased == erasure.BATCH)
