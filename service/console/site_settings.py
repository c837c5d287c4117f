"""A site's settings."""

from typing import Annotated

from fastapi import APIRouter, Form, Response

from service.console.administration import Changing, Looking
from service.console.place import PlaceDep
from service.core import sites
from service.core.models import Site
from service.web import DatabaseDep

router = APIRouter(prefix="/sites/{site_id}")


@router.get("")
def show_site(admin: Looking) -> Response:
    return admin.show("", "site_settings.html", longest=sites.LONGEST_UNDO)


@router.post("")
def save_site(
    admin: Changing,
    database: DatabaseDep,
    place: PlaceDep,
    undo_seconds: Annotated[int, Form(ge=0, le=sites.LONGEST_UNDO)],
) -> Response:
    with database.transaction() as session:
        session.get_one(Site, admin.site.id).undo_seconds = undo_seconds
    return place.back(saved=1)
