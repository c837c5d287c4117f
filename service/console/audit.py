"""The audit log as a page, and as a file for spreadsheets."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from service.console import pages
from service.console.auth import LoggedIn, Visit
from service.console.filters import Given
from service.console.language import N_
from service.core import audit, moderators
from service.core.db import Database
from service.core.exchange import spreadsheets
from service.core.models import AuditEntry, Role
from service.web import DatabaseDep

router = APIRouter()

PAGE_SIZE = 50
COLUMNS = (
    "at",
    "site",
    "comment",
    "who",
    "actor",
    "action",
    "before",
    "after",
    "sequence",
    "category",
    "detail",
    "undone_at",
)


def action_words() -> Mapping[str, str]:
    return {
        "settle": N_("Decided by the policy"),
        "review": N_("Decided"),
        "undo": N_("Undone"),
        "edit": N_("Changed by the blog"),
        "erase": N_("Erased"),
        "reconsider": N_("Decided anew"),
        "report": N_("Reported by a reader"),
        "hold_reported": N_("Held, for readers reported it"),
        "escalate": N_("Escalated"),
        "ask": N_("Second opinion asked"),
        "trust_author": N_("Author trusted"),
        "block_author": N_("Author blocked"),
        "ban_domain": N_("Domain banned"),
        "add_word": N_("Word listed"),
    }


class Asked(BaseModel):
    site: Annotated[UUID | None, Given] = None
    action: Annotated[str | None, Given] = None
    moderator: Annotated[UUID | None, Given] = None
    before: UUID | None = None

    def wanted(self, visit: Visit) -> audit.Wanted:
        """Raises ForbiddenError and NotFoundError."""
        if self.site:
            visit.require(Role.MODERATOR, self.site)
        site_ids = [self.site] if self.site else visit.sites_as(Role.MODERATOR)
        actor = moderators.actor_of(self.moderator) if self.moderator else None
        return audit.Wanted(site_ids, actor=actor, action=self.action)


@router.get("/audit")
def show_audit(visit: LoggedIn, database: DatabaseDep, asked: Annotated[Asked, Query()]) -> Response:
    wanted = asked.wanted(visit)
    with database.reading() as session:
        found = audit.find(session, wanted, before=asked.before, limit=PAGE_SIZE + 1)
        names = moderators.names_of(session, {entry.actor for entry in found})
        colleagues = moderators.of_sites(session, visit.sites_as(Role.MODERATOR))
    return pages.show(
        visit,
        "audit.html",
        entries=found[:PAGE_SIZE],
        next=found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None,
        names=names,
        asked=asked,
        actions=action_words(),
        colleagues=colleagues,
    )


@router.get("/audit.csv")
def export_audit(visit: LoggedIn, database: DatabaseDep, asked: Annotated[Asked, Query()]) -> Response:
    wanted = asked.wanted(visit)
    headers = {"Content-Disposition": 'attachment; filename="gatepost-audit.csv"'}
    return StreamingResponse(_lines(database, visit, wanted), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(database: Database, visit: Visit, wanted: audit.Wanted) -> Iterator[str]:
    yield _line(COLUMNS)
    for page in audit.pages(database, wanted):
        with database.reading() as session:
            names = moderators.names_of(session, {entry.actor for entry in page})
        yield "".join(_line(_cells(entry, visit.sites[entry.site_id].name, names[entry.actor])) for entry in page)


def _cells(entry: AuditEntry, site: str, who: str) -> tuple[object, ...]:
    detail = {name: value for name, value in (entry.detail or {}).items() if name not in {"was", "category"} and value}
    return (
        entry.at,
        site,
        entry.comment_id,
        who,
        entry.actor,
        entry.action,
        entry.before,
        entry.after,
        entry.sequence,
        (entry.detail or {}).get("category"),
        "; ".join(f"{name}: {value}" for name, value in detail.items()),
        entry.undone_at,
    )


def _line(cells: Iterable[object]) -> str:
    # As RFC 4180 ends it.
    return spreadsheets.line(cells, end="\r\n")
