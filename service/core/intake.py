"""Comments that come in one by one and are stored together: their keys, their quotas and their rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from service.core import admission, errors, submissions
from service.core.admission import Entry
from service.core.db import Database
from service.core.groups import Groups
from service.core.models import Comment, Scope
from service.core.outage import LostError
from service.core.quotas import Quotas
from service.core.submissions import Arrival, Submission

Stored = Comment | Exception


@dataclass
class Incoming:
    """A submission with the bearer's claim, which is still to be checked."""

    entry: Entry
    submission: Submission
    idempotency_key: str | None = None
    # Asked about, and not to be kept.
    transient: bool = False


class Intake:
    def __init__(self, database: Database, quotas: Quotas | None) -> None:
        self._database = database
        self._quotas = quotas
        self._groups: Groups[Incoming, Comment] = Groups(self._take_in, is_lost)

    async def submit(self, incoming: Incoming) -> Comment:
        """The comment, once it is committed; `incoming.entry` then tells the quota, also when this raises.

        Raises as `keys.authenticate` and `submissions.submit` do, QuotaError, CrowdedError, and SQLAlchemyError when it
        is not stored, or may not be.
        """
        return await self._groups.join(incoming)

    def _take_in(self, group: Sequence[Incoming]) -> list[Stored]:
        admission.admit(self._database, self._quotas, [one.entry for one in group], Scope.SUBMIT)
        arrivals: list[Arrival] = []
        refused: dict[int, Stored] = {}
        for number, one in enumerate(group):
            try:
                arrivals.append(
                    submissions.arrival(one.entry.site.id, one.submission, one.idempotency_key, transient=one.transient)
                )
            except errors.GatepostError as refusal:
                refused[number] = refusal
        stored = iter(store(self._database, arrivals))
        return [refused[number] if number in refused else next(stored) for number in range(len(group))]


def store(database: Database, arrivals: Sequence[Arrival]) -> list[Stored]:
    """In one transaction. When one of them spoils it, its mates do without it: each half is tried again by itself.

    Raises what `is_lost`: then each is stored or not, and who sends it again learns which.
    """
    if not arrivals:
        return []
    try:
        with database.transaction() as session:
            return list(submissions.submit_each(session, arrivals))
    except Exception as error:
        if is_lost(error):
            raise
        if len(arrivals) == 1:
            return [error]
    half = len(arrivals) // 2
    return store(database, arrivals[:half]) + store(database, arrivals[half:])


def is_lost(error: Exception) -> bool:
    """Whether the database does not answer: then it will not answer another either."""
    return isinstance(error, DBAPIError) and (error.connection_invalidated or isinstance(error.orig, LostError))
