"""The same decision on many comments: first what would happen, then it happens, all at once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Response
from sqlmodel import Session, col, select

from service.console import actions, pages
from service.console.auth import Acting, Visit
from service.console.place import PlaceDep
from service.console.words import CATEGORY_WORDS
from service.core import claims, comments, db
from service.core.models import Category, Comment, Role
from service.web import DatabaseDep

router = APIRouter()

# `ID:SEQUENCE`, as the moderator saw it.
Picked = Annotated[list[Annotated[str, Form(pattern=r"^[0-9a-f-]{36}:\d{1,9}$")]], Form(max_length=200)]
What = Annotated[Literal["approve"] | Category, Form()]


@dataclass(frozen=True)
class Plan:
    """What would happen: which comments are decided, and how many are left as they are, and why."""

    comments: Sequence[Comment]
    moved_on: int
    others: int

    def at_sites(self, visit: Visit) -> dict[str, int]:
        return dict(Counter(visit.sites[one.site_id].name for one in self.comments))


@router.post("/bulk/preview")
def preview(visit: Acting, database: DatabaseDep, place: PlaceDep, what: What, pick: Picked = ()) -> Response:  # type: ignore[assignment]
    with database.reading() as session:
        plan = _plan(session, visit, pick)
    words = CATEGORY_WORDS.get(what) if isinstance(what, Category) else None
    delays = {visit.sites[one.site_id].undo_seconds for one in plan.comments}
    return pages.show(
        visit,
        "preview.html",
        plan=plan,
        what=what,
        category=words,
        at=place.address,
        delay=max(delays, default=0),
    )


@router.post("/bulk")
def carry_out(visit: Acting, database: DatabaseDep, place: PlaceDep, what: What, pick: Picked = ()) -> Response:  # type: ignore[assignment]
    category = what if isinstance(what, Category) else None
    batch_id = db.new_id()
    done = 0
    with database.transaction() as session:
        for comment in _plan(session, visit, pick).comments:
            review = actions.decision(visit, comment, category, comment.sequence)
            try:
                actions.decide(session, comment, replace(review, batch_id=batch_id))
            except comments.MovedOnError:
                # Since the plan, which has locked nothing.
                continue
            done += 1
    return place.back(batch=done)


def _plan(session: Session, visit: Visit, pick: Sequence[str]) -> Plan:
    seen = {UUID(one.partition(":")[0]): int(one.partition(":")[2]) for one in pick}
    mine = col(Comment.site_id).in_(visit.sites_as(Role.MODERATOR))
    # In one order for all: two who decide the same ones would wait for each other.
    found = session.exec(select(Comment).where(col(Comment.id).in_(seen), mine).order_by(col(Comment.id))).all()
    as_seen = [one for one in found if one.sequence == seen[one.id]]
    free = [one for one in as_seen if not claims.other_holder(session, one.id, visit.moderator.id)]
    return Plan(free, moved_on=len(seen) - len(as_seen), others=len(as_seen) - len(free))
