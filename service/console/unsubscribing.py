"""The end of a site's digests, by a link in each: a page for people, and one click for mail programs (RFC 8058).

Mail programs post from nowhere: no page of ours, no origin. What they bring is the link, which only the mail holds.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from service.console import auth, pages, preferences
from service.core import errors
from service.core.db import Database
from service.core.mail import digests, links
from service.core.models import Moderator, Site
from service.web import DatabaseDep

router = APIRouter(prefix="/mail")

Token = Annotated[str, Query(max_length=2000)]


@router.get("/unsubscribe")
def ask(request: Request, database: DatabaseDep, token: Token = "") -> Response:
    return _page(request, database, token)


@router.post("/unsubscribe")
def unsubscribe(request: Request, database: DatabaseDep, token: Token = "") -> Response:
    with database.transaction() as session:
        link = links.read_unsubscribe(session, token)
        digests.choose(session, link.moderator_id, link.site_id, None)
    return _page(request, database, token)


def _page(request: Request, database: Database, token: str) -> Response:
    with database.reading() as session:
        link = links.read_unsubscribe(session, token)
        moderator, site = session.get(Moderator, link.moderator_id), session.get(Site, link.site_id)
        if moderator is None or site is None:
            raise errors.NotFoundError("There is no such moderator at this site.")
        subscribed = site.id in digests.chosen(session, moderator.id)
    code = preferences.of(moderator.preferences).language or auth.spoken(request)
    known: dict[str, Any] = {"token": token, "email": moderator.email, "site": site.name}
    return pages.render("unsubscribe.html", code=code, subscribed=subscribed, **known)
