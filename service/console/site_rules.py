"""A site's rules: what holds now, every version before, and what changed from each to the next."""

import json
from typing import Annotated

from fastapi import APIRouter, Form, Query, Response
from pydantic import ValidationError

from service.console.administration import Administered, Changing, Looking
from service.console.place import PlaceDep
from service.core import differences, errors, moderators, sites
from service.core.db import Database
from service.core.policy import Policy, UnreadablePolicy
from service.web import DatabaseDep

router = APIRouter(prefix="/sites/{site_id}/rules")

PAGE_SIZE = 20
_LARGEST = 2**31 - 1  # what PostgreSQL's integer holds
# Five lists of 5,000 entries of 200 characters.
_LONGEST = 6_000_000
_SHOWN_PROBLEMS = 5


@router.get("")
def show_rules(
    admin: Looking, database: DatabaseDep, before: Annotated[int | None, Query(ge=1, le=_LARGEST)] = None
) -> Response:
    return _page(admin, database, before=before)


@router.post("")
def save_rules(
    admin: Changing, database: DatabaseDep, place: PlaceDep, rules: Annotated[str, Form(max_length=_LONGEST)]
) -> Response:
    try:
        policy = Policy.model_validate_json(rules)
    except ValidationError as error:
        found = error.errors(include_url=False)[:_SHOWN_PROBLEMS]
        problems = [f"{'.'.join(map(str, one['loc'])) or 'JSON'}: {one['msg']}" for one in found]
        return _page(admin, database, written=rules, problems=problems)
    with database.transaction() as session:
        sites.put_policy(session, admin.site.id, policy, admin.visit.actor)
    return place.back(saved=1)


@router.post("/{version}/restore")
def restore(admin: Changing, database: DatabaseDep, place: PlaceDep, version: int) -> Response:
    """As the next version. Raises NotFoundError, and ConflictError for rules that cannot be read any more."""
    if version > _LARGEST:
        raise errors.NotFoundError("This site's policy has no such version.")
    with database.transaction() as session:
        policy = sites.read(sites.policy_version(session, admin.site.id, version))
        if isinstance(policy, UnreadablePolicy):
            raise errors.ConflictError("These rules do not fit this Gatepost any more.")
        sites.put_policy(session, admin.site.id, policy, admin.visit.actor)
    return place.back(saved=1)


def _page(
    admin: Administered,
    database: Database,
    *,
    before: int | None = None,
    written: str | None = None,
    problems: list[str] | None = None,
) -> Response:
    with database.reading() as session:
        live = sites.policy_version(session, admin.site.id)
        rows = sites.policy_versions(session, admin.site.id, before, PAGE_SIZE + 1)
        names = moderators.names_of(session, {row.created_by for row in rows})
    older = [row.rules for row in rows[1:]]
    history = [
        (row, differences.between(older[place], row.rules) if place < len(older) else [])
        for place, row in enumerate(rows[:PAGE_SIZE])
    ]
    return admin.show(
        "/rules",
        "site_rules.html",
        live=live,
        rules=written if written is not None else json.dumps(live.rules, indent=2, ensure_ascii=False),
        problems=problems or [],
        history=history,
        names=names,
        next=rows[PAGE_SIZE - 1].version if len(rows) > PAGE_SIZE else None,
    )
