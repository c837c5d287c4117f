"""The page behind a link of a digest: shows a comment and gives the link's verdict, without a log-in.

Following the link decides nothing: mail programs and scanners do so by themselves (RFC 9110, 9.2.1).
"""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from sqlmodel import Session

from service.console import actions, auth, pages, preferences
from service.console.language import N_
from service.console.words import CATEGORY_WORDS
from service.core import claims, comments, moderators, undo
from service.core.comments import Review
from service.core.db import Database
from service.core.mail import letters, links
from service.core.mail.links import Opened
from service.core.models import AuditEntry, Site
from service.core.settings import Settings
from service.web import DatabaseDep, SettingsDep

router = APIRouter(prefix="/mail")

InLink = Annotated[str, Query(max_length=2000)]
InForm = Annotated[str, Form(max_length=2000)]
_TAKEN = N_("Somebody else has this comment before them. Try again in a few minutes.")
_TOO_LATE = N_("Nothing has changed: the comment was decided or changed before.")


@router.get("/decide")
def show_comment(request: Request, database: DatabaseDep, settings: SettingsDep, token: InLink = "") -> Response:
    return _page(request, database, settings, token)


@router.post("/decide")
def decide(request: Request, database: DatabaseDep, settings: SettingsDep, token: InForm = "") -> Response:
    with database.transaction() as session:
        failure = _decide(session, links.open_decide(session, token, settings))
    return _page(request, database, settings, token, failure)


@router.post("/undo")
def take_back(request: Request, database: DatabaseDep, settings: SettingsDep, token: InForm = "") -> Response:
    """Take back what the link has done, as long as it is the last that the moderator did at the site."""
    with database.transaction() as session:
        opened = links.open_decide(session, token, settings)
        if entry := _own_entry(session, opened):
            undo.undo(session, entry, moderators.actor(opened.moderator))
    return _page(request, database, settings, token, None if entry else _TOO_LATE)


def _decide(session: Session, opened: Opened) -> str | None:
    """Why nothing was decided; None: it was."""
    comment, link = opened.comment, opened.link
    if not opened.waits:
        return _TOO_LATE
    if claims.other_holder(session, comment.id, opened.moderator.id):
        return _TAKEN
    delay = timedelta(seconds=session.get_one(Site, comment.site_id).undo_seconds)
    review = Review(moderators.actor(opened.moderator), link.category, link.sequence, delay, via="mail")
    try:
        actions.decide(session, comment, review)
    except comments.MovedOnError:
        return _TOO_LATE
    return None


def _own_entry(session: Session, opened: Opened) -> AuditEntry | None:
    """What the log says of the link's decision, when it can be undone."""
    entry = undo.last(session, moderators.actor(opened.moderator), [opened.comment.site_id])
    is_own = entry is not None and entry.comment_id == opened.comment.id and (entry.detail or {}).get("via") == "mail"
    return entry if is_own else None


def _page(request: Request, database: Database, settings: Settings, token: str, failure: str | None = None) -> Response:
    with database.reading() as session:
        opened = links.open_decide(session, token, settings)
        shown: dict[str, Any] = {
            "comment": opened.comment,
            "reasons": comments.state(opened.comment).reasons,
            "site": session.get_one(Site, opened.comment.site_id),
            "decider": moderators.name_of(session, opened.comment.decided_by),
            "can_undo": _own_entry(session, opened) is not None,
        }
    code = preferences.of(opened.moderator.preferences).language or auth.spoken(request)
    status = HTTPStatus.CONFLICT if failure else HTTPStatus.OK
    return pages.render(
        "by_mail.html", status, code=code, token=token, failure=failure, waits=opened.waits, moderator=opened.moderator,
        words=letters.REJECT_WORDS[opened.link.category] if opened.link.category else N_("Approve"),
        category_words=CATEGORY_WORDS, **shown,
    )  # fmt: skip
