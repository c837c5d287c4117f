"""Saved views: a queue with its filters, under a name."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response
from sqlmodel import Session, col, select

from service.console.auth import Acting, Visit
from service.console.place import PlaceDep
from service.core import errors
from service.core.models import SavedView, Text
from service.web import DatabaseDep

router = APIRouter()

_MOST = 50


@router.post("/views")
def save_view(
    visit: Acting, database: DatabaseDep, place: PlaceDep, name: Annotated[Text, Form(min_length=1, max_length=60)]
) -> Response:
    """The page that the moderator is on. Raises ConflictError when there are too many."""
    with database.transaction() as session:
        if len(listed(session, visit)) >= _MOST:
            raise errors.ConflictError(f"There are {_MOST} saved views; remove one first.")
        session.add(SavedView(moderator_id=visit.moderator.id, name=name.strip() or "…", address=place.address))
    return place.back()


@router.post("/views/{view_id}/remove")
def remove_view(visit: Acting, database: DatabaseDep, place: PlaceDep, view_id: UUID) -> Response:
    with database.transaction() as session:
        view = session.get(SavedView, view_id)
        if view is None or view.moderator_id != visit.moderator.id:
            raise errors.NotFoundError("There is no such view.")
        session.delete(view)
    return place.back()


def listed(session: Session, visit: Visit) -> Sequence[SavedView]:
    mine = select(SavedView).where(col(SavedView.moderator_id) == visit.moderator.id)
    return session.exec(mine.order_by(col(SavedView.id))).all()
