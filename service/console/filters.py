"""What a moderator has chosen to see, as the query of an address and back."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Literal, Self
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from service.console.language import N_
from service.core.models import Text
from service.core.policy import RULES
from service.core.queues import Queue, Reader, Sort, Wanted

AGES: Mapping[str, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
AGE_WORDS = {
    "over-hour": N_("over an hour"),
    "over-day": N_("over a day"),
    "over-week": N_("over a week"),
    "under-hour": N_("under an hour"),
    "under-day": N_("under a day"),
    "under-week": N_("under a week"),
}
SORT_WORDS = {
    Sort.OLDEST: N_("Oldest first"),
    Sort.NEWEST: N_("Newest first"),
    Sort.MOST_REPORTED: N_("Most reported first"),
    Sort.WORST: N_("Worst first"),
    Sort.UNSURE: N_("Least certain first"),
}
QUEUE_WORDS = {
    Queue.HELD: N_("Held"),
    Queue.ASKED: N_("Left to others"),
    Queue.REPORTED: N_("Reported"),
    Queue.CHECKS: N_("Spot checks"),
    Queue.APPROVED: N_("Approved"),
    Queue.REJECTED: N_("Rejected"),
    Queue.SPAM: N_("Spam"),
    Queue.ALL: N_("All comments"),
}
RULE_WORDS = {
    "blocked_author": N_("Blocked author"),
    "rejected_word": N_("Rejected word"),
    "closed_post": N_("Closed post"),
    "toxicity": N_("Toxicity"),
    "spam": N_("Spam"),
    "unreadable_policy": N_("Unreadable policy"),
    "held_word": N_("Word list"),
    "unjudged": N_("Unknown language"),
    "language": N_("Language not allowed"),
    "links": N_("Links"),
    "first_time_author": N_("First-time author"),
    "unsure": N_("Unsure"),
    "unscored": N_("Not scored"),
    "reported": N_("Reported by readers"),
}
RULE_NAMES = (*dict.fromkeys(rule.name for rule in RULES), "unscored", "reported")

Age = Literal["over-hour", "over-day", "over-week", "under-hour", "under-day", "under-week"]
# A form sends a field that is left empty.
Given = BeforeValidator(lambda value: value or None)
Line = Annotated[Annotated[Text, Field(max_length=330)] | None, Given]


class Filters(BaseModel):
    model_config = ConfigDict(frozen=True)

    site: Annotated[UUID | None, Given] = None
    rule: Line = None
    label: Line = None
    language: Line = None
    author: Line = None
    post: Line = None
    age: Annotated[Age | None, Given] = None
    q: Line = None
    sort: Annotated[Sort | None, Given] = None

    def address(self, page: str, /, **more: object) -> str:
        """The page with these filters; `more` is added, or replaces what there is, or takes it away by None."""
        given = {**self.model_dump(), **more}
        query = urlencode({name: value for name, value in given.items() if value is not None})
        return f"/console/{page}" + (f"?{query}" if query else "")

    @classmethod
    def of_address(cls, address: str) -> tuple[Queue, Self] | None:
        """What `address` has made: the queue and its filters. None for another page's."""
        parts = urlsplit(address)
        queue = parts.path.removeprefix("/console/")
        try:
            return Queue(queue), cls.model_validate(dict(parse_qsl(parts.query)))
        except ValueError:
            return None

    @property
    def number(self) -> int:
        """How many filters narrow the queue down."""
        return len(self.model_dump(exclude_none=True, exclude={"site", "sort"}))

    def sorts(self, queue: Queue) -> Sequence[Sort]:
        """The orders that the queue can be in; the first one is its own."""
        waiting = (Sort.OLDEST, Sort.NEWEST, Sort.WORST, Sort.UNSURE)
        if queue == Queue.REPORTED:
            return (Sort.MOST_REPORTED, *waiting)
        return waiting if queue.waits else (Sort.NEWEST, Sort.OLDEST)

    def chosen_sort(self, queue: Queue) -> Sort:
        possible = self.sorts(queue)
        return self.sort if self.sort and self.sort in possible else possible[0]

    def wanted(self, queue: Queue, site_ids: Sequence[UUID], reader: Reader | None) -> Wanted:
        side, _, unit = (self.age or "").partition("-")
        return Wanted(
            queue=queue,
            site_ids=site_ids,
            sort=self.chosen_sort(queue),
            rule=self.rule,
            label=self.label,
            language=self.language,
            author=self.author,
            post=self.post,
            older_than=AGES[unit] if side == "over" else None,
            newer_than=AGES[unit] if side == "under" else None,
            text=self.q,
            reader=reader,
        )
