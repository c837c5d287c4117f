"""Sites and their policies."""

from collections.abc import Callable, Sequence
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy import tuple_
from sqlmodel import Session, col, func, select

from service.core import errors
from service.core.models import PolicyVersion, Site
from service.core.policy import Policy, UnreadablePolicy

log = structlog.get_logger()

# Seconds: a blog's readers wait for as long.
LONGEST_UNDO = 600


def create(session: Session, name: str, policy: Policy | None = None) -> Site:
    """A new site with its first policy. Raises ConflictError when there is one of this name."""
    if session.exec(select(Site.id).where(Site.name == name)).first():
        raise errors.ConflictError(f"There is a site “{name}” already.")
    site = Site(name=name)
    session.add(site)
    session.flush()
    put_policy(session, site.id, policy or Policy(), actor="system")
    return site


def named(session: Session, name: str) -> Site:
    """The site of this name. Raises NotFoundError, which tells what names there are."""
    site = session.exec(select(Site).where(Site.name == name)).first()
    if site is None:
        known = ", ".join(session.exec(select(Site.name).order_by(Site.name)))
        raise errors.NotFoundError(
            f"There is no site “{name}”. There are: {known or 'none yet; `gatepost site create NAME`'}."
        )
    return site


def live_policies(session: Session, site_ids: set[UUID]) -> dict[UUID, tuple[int, Policy]]:
    """The version and the rules of each site's live policy; an UnreadablePolicy for rules that do not fit any more."""
    live = (
        select(PolicyVersion.site_id, func.max(PolicyVersion.version))
        .where(col(PolicyVersion.site_id).in_(site_ids))
        .group_by(col(PolicyVersion.site_id))
    )
    rows = session.exec(
        select(PolicyVersion).where(tuple_(col(PolicyVersion.site_id), col(PolicyVersion.version)).in_(live))
    )
    return {row.site_id: (row.version, read(row)) for row in rows}


def read(row: PolicyVersion) -> Policy:
    """The stored rules. One site's broken rules must not stop the scoring of the others: they hold everything."""
    try:
        return Policy.model_validate(row.rules)
    except ValidationError as error:
        places = [".".join(map(str, item["loc"])) for item in error.errors()[:5]]
        log.error("policy.unreadable", site_id=str(row.site_id), version=row.version, places=places)
        return UnreadablePolicy()


def policy_version(session: Session, site_id: UUID, version: int | None = None) -> PolicyVersion:
    """That version of the site's rules, or the live one. Raises NotFoundError."""
    query = select(PolicyVersion).where(col(PolicyVersion.site_id) == site_id)
    if version is not None:
        query = query.where(col(PolicyVersion.version) == version)
    row = session.exec(query.order_by(col(PolicyVersion.version).desc())).first()
    if row is None:
        raise errors.NotFoundError("This site's policy has no such version.")
    return row


def policy_versions(session: Session, site_id: UUID, before: int | None, limit: int) -> Sequence[PolicyVersion]:
    """The versions of the site's rules, newest first, from below the version `before`."""
    query = select(PolicyVersion).where(col(PolicyVersion.site_id) == site_id)
    if before is not None:
        query = query.where(col(PolicyVersion.version) < before)
    return session.exec(query.order_by(col(PolicyVersion.version).desc()).limit(limit)).all()


def amend_policy(session: Session, site_id: UUID, change: Callable[[Policy], Policy], actor: str) -> tuple[int, int]:
    """The live rules, changed, as the next version; the versions before and after, equal if nothing has changed.

    Raises ConflictError when the live rules cannot be read.
    """
    _lock(session, site_id)
    version, before = live_policy(session, site_id)
    after = change(before)
    return version, version if after == before else put_policy(session, site_id, after, actor).version


def live_policy(session: Session, site_id: UUID) -> tuple[int, Policy]:
    """The site's rules and their version. Raises ConflictError when they cannot be read."""
    row = policy_version(session, site_id)
    policy = read(row)
    if isinstance(policy, UnreadablePolicy):
        raise errors.ConflictError("This site's policy cannot be read; save it anew first.")
    return row.version, policy


def put_policy(
    session: Session, site_id: UUID, policy: Policy, actor: str, *, after: int | None = None
) -> PolicyVersion:
    """The next version of the site's rules; comments that are decided from now on follow it.

    Raises ConflictError when it is to come after another version than the live one.
    """
    _lock(session, site_id)
    latest = session.exec(
        select(PolicyVersion.version)
        .where(col(PolicyVersion.site_id) == site_id)
        .order_by(col(PolicyVersion.version).desc())
    ).first()
    if after is not None and after != latest:
        raise errors.ConflictError("Somebody has saved other rules meanwhile; look at those first.")
    row = PolicyVersion(
        site_id=site_id,
        version=(latest or 0) + 1,
        rules=policy.model_dump(mode="json", exclude_defaults=True),
        created_by=actor,
    )
    session.add(row)
    session.flush()
    return row


def _lock(session: Session, site_id: UUID) -> None:
    """Two who save at once must not make the same version."""
    session.exec(select(Site).where(col(Site.id) == site_id).with_for_update(key_share=True)).one()
