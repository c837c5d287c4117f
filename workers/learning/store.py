"""The sites' models in the database: read for scoring, with those that did not change kept in memory."""

from collections.abc import Collection
from uuid import UUID

from sqlmodel import Session, col, select

from service.core.models import SiteModel
from workers.learning import model
from workers.learning.model import Model

_MOST_KEPT = 100
_kept: dict[UUID, Model] = {}


def load_all(session: Session, site_ids: Collection[UUID]) -> dict[UUID, Model]:
    """The model of each site, in its latest version; of a site without one, a model that has learnt nothing."""
    query = select(SiteModel.site_id, SiteModel.version).where(col(SiteModel.site_id).in_(site_ids))
    versions = dict(session.exec(query).all())
    known = {site_id: kept for site_id in versions if (kept := _kept.get(site_id))}
    fresh = {site_id: kept for site_id, kept in known.items() if kept.version == versions[site_id]}
    changed = versions.keys() - fresh.keys()
    rows = session.exec(select(SiteModel).where(col(SiteModel.site_id).in_(changed))).all() if changed else []
    loaded = {row.site_id: model.load(row.version, row.weights) for row in rows}
    if len(_kept) + len(loaded) > _MOST_KEPT:
        _kept.clear()
    _kept.update(loaded)
    return {site_id: Model() for site_id in site_ids} | fresh | loaded
