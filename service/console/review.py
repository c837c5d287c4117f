"""The held queue: look, approve, reject."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session as SQLModelSession

from service.console import auth, held, pages
from service.console.auth import Acting, LoggedIn, Visit
from service.core import comments, errors, moderators
from service.core.models import Category, Role
from service.web import DatabaseDep

router = APIRouter()

QUEUE = auth.HOME
CATEGORY_WORDS = {
    Category.SPAM: "spam",
    Category.TOXIC: "toxic",
    Category.OFF_TOPIC: "off topic",
    Category.OTHER: "other",
}


@dataclass(frozen=True)
class Place:
    """Where in the queue the moderator is, and which comment comes after the one decided."""

    site: Annotated[UUID | None, Form()] = None
    after: Annotated[UUID | None, Form()] = None
    following: Annotated[UUID | None, Form()] = None

    def address(self, **news: UUID) -> str:
        query = {"site": self.site, "after": self.after, **news}
        fragment = f"#c-{self.following}" if self.following else ""
        return f"{QUEUE}?{urlencode({name: value for name, value in query.items() if value})}{fragment}"


@router.get("/held")
def show_held(
    visit: LoggedIn,
    database: DatabaseDep,
    site: UUID | None = None,
    after: UUID | None = None,
    decided: UUID | None = None,
    stale: UUID | None = None,
) -> Response:
    """A page of the queue. `decided` or `stale` is the comment that the moderator has just acted on."""
    site_ids = visit.site_ids(site)
    with database.reading() as session:
        page = held.page(session, site_ids, after)
        counts = held.count(session, list(visit.sites))
        news = decided or stale
        acted_on = held.find(session, list(visit.sites), news) if news else None
        decider = moderators.name_of(session, acted_on.decided_by) if acted_on else None
    return pages.render(
        "held.html",
        visit=visit,
        page=page,
        counts=counts,
        number=sum(counts[site_id] for site_id in site_ids),
        site=site,
        after=after,
        acted_on=acted_on,
        decider=decider,
        mine=acted_on is not None and acted_on.decided_by == moderators.actor(visit.moderator),
        stale=stale is not None,
        category_words=CATEGORY_WORDS,
    )


@router.post("/comments/{comment_id}/approve")
def approve(
    visit: Acting,
    database: DatabaseDep,
    comment_id: UUID,
    place: Annotated[Place, Depends()],
    sequence: Annotated[int, Form()],
) -> Response:
    with database.transaction() as session:
        return _decide(session, visit, comment_id, place, sequence, None)


@router.post("/comments/{comment_id}/reject")
def reject(
    visit: Acting,
    database: DatabaseDep,
    comment_id: UUID,
    place: Annotated[Place, Depends()],
    sequence: Annotated[int, Form()],
    category: Annotated[Category, Form()],
) -> Response:
    with database.transaction() as session:
        return _decide(session, visit, comment_id, place, sequence, category)


def _decide(
    session: SQLModelSession,
    visit: Visit,
    comment_id: UUID,
    place: Place,
    sequence: int,
    category: Category | None,
) -> Response:
    """Without a category the comment is approved. `sequence` is the one that the moderator saw."""
    comment = held.find(session, list(visit.sites), comment_id)
    if comment is None:
        raise errors.NotFoundError("There is no such comment at your sites.")
    visit.require(Role.MODERATOR, comment.site_id)
    try:
        comments.review(
            session,
            comment.site_id,
            comment_id,
            approve=category is None,
            category=category,
            actor=moderators.actor(visit.moderator),
            sequence=sequence,
        )
    except errors.ConflictError:
        return RedirectResponse(place.address(stale=comment_id), HTTPStatus.SEE_OTHER)
    return RedirectResponse(place.address(decided=comment_id), HTTPStatus.SEE_OTHER)
