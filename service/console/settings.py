"""The page on which a moderator says how they want the console, and the switches that have a key."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Response

from service.console import digest_wishes, language, pages
from service.console.auth import Acting, LoggedIn, Visit
from service.console.place import PlaceDep
from service.console.preferences import SWITCHES, Preferences, Switch
from service.core import errors
from service.core.db import Database
from service.core.models import Moderator
from service.web import DatabaseDep, SettingsDep

router = APIRouter()


@router.get("/preferences")
def show_preferences(visit: LoggedIn, database: DatabaseDep, settings: SettingsDep) -> Response:
    with database.reading() as session:
        mail = digest_wishes.shown(session, visit) if settings.smtp_url else {"digest_sites": []}
    return pages.show(visit, "preferences.html", at="/console/preferences", **mail)


@router.post("/preferences")
def save_preferences(
    visit: Acting,
    database: DatabaseDep,
    place: PlaceDep,
    on: Annotated[list[Switch], Form()] = [],  # noqa: B006 - FastAPI's own, never changed
    theme: Annotated[Literal["system", "light", "dark"], Form()] = "system",
    spoken: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    if spoken and spoken not in language.names():
        raise errors.NotFoundError("The console does not speak this language.")
    switches = {name: name in on for name in SWITCHES}
    _save(database, visit, Preferences(**switches, theme=theme, language=spoken or None))
    return place.back(saved=1)


@router.post("/preferences/{switch}")
def turn(visit: Acting, database: DatabaseDep, place: PlaceDep, switch: Switch) -> Response:
    """On if it is off, and the other way round."""
    now = visit.preferences
    _save(database, visit, now.model_copy(update={switch: not getattr(now, switch)}))
    return place.back()


def _save(database: Database, visit: Visit, chosen: Preferences) -> None:
    with database.transaction() as session:
        session.get_one(Moderator, visit.moderator.id).preferences = chosen.model_dump(exclude_defaults=True)
