"""The queues: a page of cards, what else there is to see, and what has become of the comment just acted on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlmodel import Session

from service.console import cards, filters, pages, views
from service.console.auth import LoggedIn, Visit
from service.console.filters import Filters
from service.console.words import CATEGORY_WORDS, LABEL_WORDS
from service.core import claims, moderators, queues
from service.core.db import Database
from service.core.models import Comment, Role
from service.core.queues import Queue, Reader, Wanted
from service.web import DatabaseDep

router = APIRouter()

PAGE_SIZE = 25
# Others may claim in the same moment.
_TRIES = 3


class Asked(Filters):
    """What the address of a queue may say: where its page begins, and what the moderator has just done."""

    after: UUID | None = None
    decided: UUID | None = None
    stale: UUID | None = None
    # How many comments were acted on together, or undone.
    batch: Annotated[int | None, Query(ge=0)] = None
    undone: Annotated[int | None, Query(ge=0)] = None

    def chosen(self) -> Filters:
        return Filters.model_validate(self.model_dump(include=set(Filters.model_fields)))


@dataclass(frozen=True)
class Counts:
    """What waits, in each queue at each site, and what other moderators have before them."""

    waiting: Mapping[Queue, Counter[UUID]]
    others: Mapping[str, int]

    @property
    def held(self) -> Counter[UUID]:
        return self.waiting[Queue.HELD]

    @property
    def by_queue(self) -> Mapping[Queue, int]:
        return {queue: at_sites.total() for queue, at_sites in self.waiting.items()}


def queue_of(request: Request) -> Queue:
    return Queue(request.url.path.rsplit("/", 1)[-1])


def show_queue(
    visit: LoggedIn, database: DatabaseDep, queue: Annotated[Queue, Depends(queue_of)], asked: Annotated[Asked, Query()]
) -> Response:
    chosen = asked.chosen()
    now = datetime.now(UTC)
    wanted = wanted_by(visit, queue, chosen)
    found = _get(database, visit, wanted, asked.after)
    with database.reading() as session:
        context: dict[str, Any] = {
            "queue": queue,
            "filters": chosen,
            "at": chosen.address(queue, after=asked.after),
            "after": asked.after,
            "cards": cards.of(session, found[:PAGE_SIZE]),
            "next": found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None,
            "matches": queues.count(session, wanted) if chosen.number else None,
            "since": now.isoformat(),
            "counts": count(session, visit),
            "views": views.listed(session, visit),
            "news": _news(session, visit, asked),
        }
    return pages.show(visit, "queue.html", **context, **CHOICES)


for _queue in Queue:
    router.add_api_route(f"/{_queue}", show_queue, methods=["GET"], name=_queue)

# What the filters offer, and the words for it.
CHOICES: dict[str, Any] = {
    "queues": filters.QUEUE_WORDS,
    "sort_words": filters.SORT_WORDS,
    "age_words": filters.AGE_WORDS,
    "rules": {name: filters.RULE_WORDS[name] for name in filters.RULE_NAMES},
    "labels": LABEL_WORDS,
    "category_words": CATEGORY_WORDS,
}


def wanted_by(visit: Visit, queue: Queue, chosen: Filters) -> Wanted:
    """Raises NotFoundError for a site that is not the visitor's."""
    deciding = visit.sites_as(Role.MODERATOR)
    # Who only looks keeps nothing from those who decide.
    reader = Reader(visit.moderator.id, visit.actor, visit.sites_as(Role.ADMIN)) if deciding else None
    return chosen.wanted(queue, visit.site_ids(chosen.site), reader)


def count(session: Session, visit: Visit) -> Counts:
    site_ids = list(visit.sites)
    return Counts(
        waiting=queues.waiting(session, site_ids),
        others=claims.others(session, site_ids, visit.moderator.id),
    )


def _get(database: Database, visit: Visit, wanted: Wanted, after: UUID | None) -> Sequence[Comment]:
    """A page and one more. What waits is the moderator's own from here on."""
    if wanted.queue != Queue.HELD or wanted.reader is None:
        with database.reading() as session:
            return queues.page(session, wanted, after, PAGE_SIZE + 1)
    with database.transaction() as session:
        for _ in range(_TRIES):
            found = queues.page(session, wanted, after, PAGE_SIZE + 1)
            claimable = [one for one in found[:PAGE_SIZE] if visit.may(Role.MODERATOR, one.site_id)]
            if len(claims.take(session, visit.moderator.id, claimable)) == len(claimable):
                break
        return found


def _news(session: Session, visit: Visit, asked: Asked) -> dict[str, Any] | None:
    """What has become of what the moderator has just acted on."""
    if asked.undone is not None or asked.batch is not None:
        return {"undone": asked.undone, "batch": asked.batch, "comment": None, "stale": False}
    acted_on = asked.decided or asked.stale
    return told(session, visit, acted_on, stale=asked.stale is not None) if acted_on else None


def told(session: Session, visit: Visit, comment_id: UUID, *, stale: bool) -> dict[str, Any]:
    """The news of one comment; `stale`: the action came too late, or was somebody else's."""
    found = session.get(Comment, comment_id)
    comment = found if found and found.site_id in visit.sites else None
    return {
        "undone": None,
        "batch": None,
        "comment": comment,
        "stale": stale,
        "decider": moderators.name_of(session, comment.decided_by) if comment else "",
        "mine": comment is not None and comment.decided_by == visit.actor,
        "holder": claims.other_holder(session, comment.id, visit.moderator.id) if comment else None,
    }
