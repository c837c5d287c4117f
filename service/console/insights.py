"""How the machine and the moderators have done: figures and plots of the last days."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from service.console import pages
from service.console.auth import LoggedIn
from service.console.filters import RULE_WORDS, Given
from service.console.language import N_
from service.console.words import LABEL_WORDS
from service.core import insights, intervals, moderators, recall
from service.core.insights import Figures
from service.core.intervals import Share
from service.core.models import Role, Status
from service.core.recall import Recall
from service.web import DatabaseDep

router = APIRouter()

# Of each range, how many days a point of the plot of agreement stands for: fewer are too few to tell.
STEPS = {"7": 1, "30": 3, "90": 9}
WAIT_WORDS = (
    N_("under a minute"),
    N_("under 5 minutes"),
    N_("under 15 minutes"),
    N_("under an hour"),
    N_("under 4 hours"),
    N_("under a day"),
    N_("under 3 days"),
    N_("under a week"),
    N_("a week or more"),
)
_HOSTS = 10
# Where the scale of a plot may end.
_SCALES = (0.05, 0.1, 0.25, 0.5, 1.0)


class Asked(BaseModel):
    site: Annotated[UUID | None, Given] = None
    days: Literal["7", "30", "90"] = "30"


@dataclass(frozen=True)
class Point:
    """A share on one day, or from one day on."""

    day: date
    share: Share


@router.get("/insights")
def show_insights(visit: LoggedIn, database: DatabaseDep, asked: Annotated[Asked, Query()]) -> Response:
    if asked.site:
        visit.require(Role.MODERATOR, asked.site)
    site_ids = [asked.site] if asked.site else visit.sites_as(Role.MODERATOR)
    with database.reading() as session:
        by_day = insights.by_day(session, site_ids, int(asked.days))
        linked = insights.linked(session, site_ids, int(asked.days))
        waiting = insights.waiting(session, site_ids)
        total = sum_of(list(by_day.values()))
        names = moderators.names_of(session, set(total.by_actor))
    held = [Point(day, held_share(figures)) for day, figures in by_day.items()]
    return pages.show(
        visit,
        "insights.html",
        asked=asked,
        ranges=list(STEPS),
        total=total,
        waiting=waiting,
        held=held,
        top=next(end for end in _SCALES if end >= max(point.share.share or 0 for point in held)),
        agreement=_agreement(by_day, STEPS[asked.days]),
        held_share=held_share(total),
        precision=precision(total),
        rules=_rows(total, 0, RULE_WORDS, lambda name: total.reviews(rule=name)),
        labels=_rows(total, 1, LABEL_WORDS, lambda name: total.reviews(label=name)),
        recalls=_recalls(total),
        waits=list(zip(WAIT_WORDS, (total.waited[bucket] for bucket in range(len(WAIT_WORDS))), strict=True)),
        people=[(names[actor], number) for actor, number in total.by_actor.most_common()],
        hosts=_hosts(linked),
    )


def sum_of(days: Sequence[Figures]) -> Figures:
    total = Figures()
    for figures in days:
        total.add(figures)
    return total


def held_share(figures: Figures) -> Share:
    """Of what the machine decided, the part that it held."""
    return intervals.share(figures.settled[Status.HELD], figures.settled.total())


def precision(figures: Figures) -> Share:
    """Of what was held and a human decided, the part that they rejected."""
    return intervals.share(*figures.reviews())


def _agreement(by_day: Mapping[date, Figures], step: int) -> list[Point]:
    days = list(by_day)
    parts = [days[first : first + step] for first in range(0, len(days), step)]
    return [Point(part[0], precision(sum_of([by_day[day] for day in part]))) for part in parts]


def _rows(
    total: Figures, place: int, words: Mapping[Any, str], reviews: Callable[[str], tuple[int, int]]
) -> list[tuple[str, Share]]:
    """Each rule or label with its precision, from the most false holds to the fewest."""
    names = {key[place] for key in total.reviewed if key[place]}
    shares = [(words.get(name, name), intervals.share(*reviews(name))) for name in names]
    return sorted(shares, key=lambda row: (row[1].count - row[1].of, row[0]))


def _recalls(total: Figures) -> list[tuple[str, Recall]]:
    """Of all, then of each strongest label that something bad has had, the most missed first."""
    labels = {label: recall.estimate(total, label) for label in LABEL_WORDS}
    bad = [(LABEL_WORDS[label], one) for label, one in labels.items() if one.caught or one.missed]
    return [(N_("All"), recall.estimate(total)), *sorted(bad, key=lambda row: (-row[1].missed, row[0]))]


def _hosts(linked: Counter[tuple[str, Status]]) -> list[tuple[str, int, int]]:
    """The hosts that most comments link to: held, rejected."""
    both: Counter[str] = Counter()
    for (host, _), number in linked.items():
        both[host] += number
    return [(host, linked[host, Status.HELD], linked[host, Status.REJECTED]) for host, _ in both.most_common(_HOSTS)]
