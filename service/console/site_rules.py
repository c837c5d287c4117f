"""A site's rules: what holds now as a form, what a change would change, and every version before."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Response
from pydantic import ValidationError

from service.console import language, rules_form
from service.console.administration import Administered, Changing, Looking
from service.console.place import PlaceDep
from service.console.rules_form import Fields
from service.console.words import LABEL_WORDS
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

_RULES = Form(max_length=_LONGEST)
# The version that the moderator has changed.
Before = Annotated[int | None, Form(ge=1, le=_LARGEST)]


@router.get("")
def show_rules(
    admin: Looking, database: DatabaseDep, before: Annotated[int | None, Query(ge=1, le=_LARGEST)] = None
) -> Response:
    return _page(admin, database, before=before)


@router.post("/preview")
def preview_rules(
    admin: Changing,
    database: DatabaseDep,
    fields: Annotated[Fields, Depends(rules_form.sent)],
    version: Annotated[int, Form(ge=1, le=_LARGEST)],
    rules: Annotated[str | None, _RULES] = None,
) -> Response:
    """What the form, or the JSON if it is given, would change."""
    try:
        policy = Policy.model_validate_json(rules) if rules else Policy.model_validate(rules_form.rules(fields))
    except ValidationError as error:
        if rules:
            return _no_rules(admin, database, rules, error)
        say = language.translations(admin.visit.language).gettext
        return _page(admin, database, fields=fields, wrong=rules_form.problems(error, say))
    return _preview(admin, database, policy, version)


@router.post("")
def save_rules(
    admin: Changing, database: DatabaseDep, place: PlaceDep, rules: Annotated[str, _RULES], version: Before = None
) -> Response:
    """Raises ConflictError when somebody has saved others since that version."""
    try:
        policy = Policy.model_validate_json(rules)
    except ValidationError as error:
        return _no_rules(admin, database, rules, error)
    with database.transaction() as session:
        sites.put_policy(session, admin.site.id, policy, admin.visit.actor, after=version)
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


def _preview(admin: Administered, database: Database, policy: Policy, version: int) -> Response:
    with database.reading() as session:
        changed = sites.policy_version(session, admin.site.id, version)
    rules = policy.model_dump(mode="json", exclude_defaults=True)
    changes = differences.between(changed.rules, rules)
    return admin.show("/rules", "rules_preview.html", changes=changes, rules=_written(rules), version=version)


def _no_rules(admin: Administered, database: Database, rules: str, error: ValidationError) -> Response:
    found = error.errors(include_url=False)[:_SHOWN_PROBLEMS]
    problems = [f"{'.'.join(map(str, one['loc'])) or 'JSON'}: {one['msg']}" for one in found]
    return _page(admin, database, written=rules, problems=problems)


def _page(admin: Administered, database: Database, *, before: int | None = None, **tried: Any) -> Response:
    """`tried`: what was sent instead of the live rules, as `fields` or `written`, and what is wrong with it."""
    with database.reading() as session:
        live = sites.policy_version(session, admin.site.id)
        rows = sites.policy_versions(session, admin.site.id, before, PAGE_SIZE + 1)
        names = moderators.names_of(session, {row.created_by for row in rows})
    older = [row.rules for row in rows[1:]]
    history = [
        (row, differences.between(older[place], row.rules) if place < len(older) else [])
        for place, row in enumerate(rows[:PAGE_SIZE])
    ]
    shown = {
        "fields": rules_form.fields(sites.read(live)),
        "written": _written(live.rules),
        "problems": [],
        "wrong": {},
        **tried,
    }
    return admin.show(
        "/rules",
        "site_rules.html",
        live=live,
        labels=LABEL_WORDS,
        defaults=rules_form.defaults(),
        history=history,
        names=names,
        next=rows[PAGE_SIZE - 1].version if len(rows) > PAGE_SIZE else None,
        **shown,
    )


def _written(rules: Mapping[str, Any]) -> str:
    return json.dumps(rules, indent=2, ensure_ascii=False)
