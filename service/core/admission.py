"""Who may come in: a request's key is looked up, its use is noted, and the request is counted."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from service.core import errors, keys
from service.core.db import Database
from service.core.keys import Holder
from service.core.models import Scope, Site
from service.core.quotas import Quota, Quotas


@dataclass
class Entry:
    """A request at the door, and what `admit` has found out of it; `found`, when the door has found out itself."""

    bearer: str
    found: Holder | errors.GatepostError | None = None
    # What its key has left; none: there is no limit, or no such key.
    quota: Quota | None = None

    @property
    def site(self) -> Site:
        """The site that the key opens. Raises as `keys.authenticate` does, and QuotaError when no request is left."""
        if isinstance(self.found, Holder):
            return self.found.site
        raise self.found or errors.UnauthorizedError


def admit(database: Database, quotas: Quotas | None, entries: Sequence[Entry], needed: Scope) -> None:
    """Find out of each whether it may come in; together, they cost the database as much as one."""
    with database.reading() as session:
        unknown = [entry for entry in entries if entry.found is None]
        found = keys.authenticate_each(session, {entry.bearer for entry in unknown}, needed)
        for entry in unknown:
            entry.found = found[entry.bearer]
        holders = [entry.found for entry in entries if isinstance(entry.found, Holder)]
        news = {holder.key.id for holder in holders if keys.is_use_news(session, holder.key)}
    for key_id in sorted(news):
        # A database that is read-only or full still answers questions.
        with suppress(DBAPIError), database.transaction() as session:
            keys.note_use(session, key_id)
    if quotas:
        _count(quotas, entries)


def _count(quotas: Quotas, entries: Sequence[Entry]) -> None:
    by_key = defaultdict(list)
    for entry in entries:
        if isinstance(entry.found, Holder):
            by_key[entry.found.key.id].append(entry)
    for key_id, mine in by_key.items():
        for entry, quota in zip(mine, quotas.take_each(key_id, len(mine)), strict=True):
            entry.quota = quota
            if not quota.granted:
                entry.found = errors.QuotaError()
