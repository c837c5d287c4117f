"""Callbacks: an endpoint that hears of single comments, as Akismet's plugin does of those that it has asked about."""

from collections.abc import Sequence
from urllib.parse import parse_qs
from uuid import UUID

from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, col, select

from service.core import akismet_keys, destinations
from service.core.akismet_keys import Client
from service.core.errors import InvalidWebhookUrlError
from service.core.models import Comment, Endpoint, Event, Key, Status

# WordPress has it as a path, or as the query `rest_route` where links are not pretty.
_ROUTE = "/akismet/v1/webhook"
# By an event's type: what the plugin is told. It knows spam and no spam, and nothing between.
IS_SPAM = {"comment.approved": "false", "comment.rejected": "true"}
_TELLING = {Status.APPROVED, Status.REJECTED}


def is_expected(client: Client, url: str, *, allow_private: bool) -> bool:
    """Whether the URL is the plugin's, at the blog that the key was made for: the client says it, and may say more."""
    try:
        to = destinations.parse(url, allow_private=allow_private)
        blog = akismet_keys.origin(url, allow_private=allow_private)
    except InvalidWebhookUrlError:
        return False
    path, _, query = to.target.partition("?")
    route = parse_qs(query).get("rest_route", [path])[0]
    return blog == client.akismet.blog and route.endswith(_ROUTE)


def expect(session: Session, client: Client, comment: Comment, url: str) -> None:
    """From now on the plugin at `url`, which is expected, hears of the comment, whose row the caller has locked.

    What it has become before, the caller must tell.
    """
    endpoint = _known(session, client)
    if endpoint is None:
        # One at a time, and the second finds the first one's.
        session.exec(select(Key).where(col(Key.id) == client.key.id).with_for_update()).one()
        endpoint = _known(session, client) or Endpoint(site_id=client.site.id, url=url)
    # A blog that has moved its route or changed its key hears of older comments there, and by that key.
    endpoint.url, endpoint.key_id = url, client.key.id
    session.add(endpoint)
    session.flush()
    comment.callback_id = endpoint.id
    session.add(comment)


def owed(session: Session, events: Sequence[tuple[UUID, Comment]]) -> list[tuple[UUID, UUID]]:
    """Of new events, with what they are about: those that an endpoint is to hear of, with that endpoint."""
    heard = [(event_id, comment.callback_id) for event_id, comment in events if comment.status in _TELLING]
    wanted = [(event_id, endpoint_id) for event_id, endpoint_id in heard if endpoint_id]
    if not wanted:
        return []
    enabled = select(Endpoint.id).where(
        col(Endpoint.id).in_({endpoint_id for _, endpoint_id in wanted}), col(Endpoint.disabled_at).is_(None)
    )
    live = set(session.exec(enabled))
    return [(event_id, endpoint_id) for event_id, endpoint_id in wanted if endpoint_id in live]


def concerns(endpoint: Endpoint) -> ColumnElement[bool]:
    """The events that such an endpoint hears of."""
    mine = exists().where(col(Comment.id) == col(Event.comment_id), col(Comment.callback_id) == endpoint.id)
    return mine & col(Event.type).in_(IS_SPAM)


def _known(session: Session, client: Client) -> Endpoint | None:
    query = select(Endpoint).where(col(Endpoint.site_id) == client.site.id, col(Endpoint.key_id).is_not(None))
    begins = f"{client.akismet.blog}/"
    return next((endpoint for endpoint in session.exec(query) if endpoint.url.startswith(begins)), None)
