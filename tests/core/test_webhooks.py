"""A site's endpoints: where they may be, and what they are owed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, SQLModel, select

from service.core import db, errors, webhooks
from service.core.db import Database
from service.core.models import Delivery, Endpoint, Event, OutboxRow
from service.core.queue import Topic
from service.core.webhooks import DeliveryFilter

URL = "https://blog.example.org/hooks/gatepost"


@pytest.fixture
def endpoint(database: Database, site_id: UUID) -> Endpoint:
    with database.transaction() as session:
        return webhooks.create(session, site_id, URL, allow_private=False)


@pytest.fixture
def delivery(database: Database, site_id: UUID, endpoint: Endpoint) -> Delivery:
    """An attempt to deliver a ping; nothing is owed any more."""
    with database.transaction() as session:
        event = webhooks.ping(session, session.get_one(Endpoint, endpoint.id))
        session.delete(session.exec(select(OutboxRow)).one())
        attempt = Delivery(
            site_id=site_id, event_id=event.id, endpoint_id=endpoint.id, attempt=1, duration_ms=5, status_code=500
        )
        session.add(attempt)
        return attempt


def _rows(database: Database, table: type[SQLModel]) -> Sequence[Any]:
    with database.reading() as session:
        return session.exec(select(table).order_by(table.id)).all()  # type: ignore[attr-defined]


def _own(session: Session, endpoint: Endpoint) -> Endpoint:
    return webhooks.get(session, endpoint.site_id, endpoint.id)


GOOD_URLS = [
    URL,
    "https://blog.example.org:8443/",
    "https://blog.example.org",
    "https://blog.example.org/a?b=c&d=%20",
    "https://bücher.example/",
    "https://[2606:4700::1111]/hook",
]
BAD_URLS = [
    "",
    "blog.example.org",
    "//blog.example.org/",
    "http://blog.example.org/",
    "ftp://blog.example.org/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://",
    "https:///hook",
    "https://:443/",
    "https://user:password@blog.example.org/",
    "https://@blog.example.org/",
    "https://blog.example.org:0/",
    "https://blog.example.org:65536/",
    "https://blog.example.org:port/",
    "https://[::1/",
    "https://blog.example.org/a b",
    "https://blog.example.org/\0",
    "https://blog.example.org/\r\nX-Header: 1",
    "https://blog\n.example.org/",
    "https://blog.example.org/\u202e",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::ffff:169.254.169.254]/",
    "https://blog.example.org:25/",
    "https://blog.example.org/\ud800",
]


def test_an_https_address_is_taken(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        for url in GOOD_URLS:
            webhooks.create(session, site_id, url, allow_private=False)

    assert [endpoint.url for endpoint in _rows(database, Endpoint)] == GOOD_URLS


@pytest.mark.parametrize("allow_private", [False, True])
def test_another_address_is_refused_and_nothing_stored(
    database: Database,
    site_id: UUID,
    allow_private: bool,  # noqa: FBT001
) -> None:
    bad = [url for url in BAD_URLS if not (allow_private and url == "http://blog.example.org/")]

    refused = []
    with database.transaction() as session:
        for url in bad:
            try:
                webhooks.create(session, site_id, url, allow_private=allow_private)
            except errors.InvalidWebhookUrlError:
                refused.append(url)

    assert refused == bad
    assert _rows(database, Endpoint) == []


def test_plain_http_is_taken_only_where_private_addresses_are(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        created = webhooks.create(session, site_id, "http://127.0.0.1:8000/hook", allow_private=True)

    assert created.url == "http://127.0.0.1:8000/hook"


def test_only_enabled_endpoints_of_the_asked_sites_are_listed(
    database: Database, site_id: UUID, other_site_id: UUID, endpoint: Endpoint
) -> None:
    with database.transaction() as session:
        webhooks.disable(session, webhooks.create(session, site_id, URL, allow_private=False), "It is gone.")
        foreign = webhooks.create(session, other_site_id, URL, allow_private=False)
        enabled = webhooks.enabled(session, {site_id, other_site_id})
        mine = webhooks.enabled(session, {site_id})

    assert enabled == {site_id: [endpoint.id], other_site_id: [foreign.id]}
    assert mine == {site_id: [endpoint.id]}


def test_a_disabled_endpoint_can_be_enabled_again(database: Database, endpoint: Endpoint) -> None:
    with database.transaction() as session:
        webhooks.disable(session, _own(session, endpoint), "It is gone.")
    (disabled,) = _rows(database, Endpoint)

    with database.transaction() as session:
        webhooks.enable(session, _own(session, endpoint))
    (enabled,) = _rows(database, Endpoint)

    assert (disabled.disabled_reason, disabled.disabled_at is None) == ("It is gone.", False)
    assert (enabled.disabled_reason, enabled.disabled_at) == (None, None)


def test_a_ping_is_owed_to_its_endpoint_alone(database: Database, site_id: UUID, endpoint: Endpoint) -> None:
    with database.transaction() as session:
        webhooks.create(session, site_id, URL, allow_private=False)
        pinged = webhooks.ping(session, _own(session, endpoint))

    (event,) = _rows(database, Event)
    (row,) = _rows(database, OutboxRow)
    assert (event.id, event.type, event.comment_id) == (pinged.id, "ping", None)
    assert (row.topic, row.subject_id, row.endpoint_id) == (Topic.DELIVER, event.id, endpoint.id)


def test_an_endpoint_may_be_pinged_again_and_again(database: Database, endpoint: Endpoint) -> None:
    with database.transaction() as session:
        ids = {webhooks.ping(session, _own(session, endpoint)).id for _ in range(3)}

    assert len(ids) == 3


def test_a_redelivery_owes_the_same_event_to_the_same_endpoint_at_once(
    database: Database, site_id: UUID, delivery: Delivery
) -> None:
    before = _rows(database, Event)

    with database.transaction() as session:
        webhooks.redeliver(session, site_id, delivery.id)

    (row,) = _rows(database, OutboxRow)
    assert (row.topic, row.subject_id, row.endpoint_id) == (Topic.DELIVER, delivery.event_id, delivery.endpoint_id)
    assert (row.attempts, row.due_at <= row.created_at + timedelta(seconds=1)) == (0, True)
    assert _rows(database, Event) == before


def test_an_endpoint_of_another_site_is_not_found(database: Database, other_site_id: UUID, endpoint: Endpoint) -> None:
    with database.reading() as session:
        with pytest.raises(errors.NotFoundError):
            webhooks.get(session, other_site_id, endpoint.id)
        assert webhooks.endpoints(session, other_site_id) == []


def test_a_delivery_of_another_site_is_not_found(database: Database, other_site_id: UUID, delivery: Delivery) -> None:
    with pytest.raises(errors.NotFoundError), database.transaction() as session:
        webhooks.redeliver(session, other_site_id, delivery.id)

    with database.reading() as session:
        assert webhooks.deliveries(session, other_site_id, DeliveryFilter(), after=None, limit=10) == []
    assert _rows(database, OutboxRow) == []


def test_what_does_not_exist_is_not_found(database: Database, site_id: UUID) -> None:
    with database.reading() as session:
        with pytest.raises(errors.NotFoundError):
            webhooks.get(session, site_id, db.new_id())
        with pytest.raises(errors.NotFoundError):
            webhooks.redeliver(session, site_id, db.new_id())


def test_attempts_are_listed_newest_first_page_by_page_and_by_event(
    database: Database, site_id: UUID, delivery: Delivery
) -> None:
    with database.transaction() as session:
        for attempt in (2, 3, 4):
            session.add(Delivery(**{**delivery.model_dump(), "id": db.new_id(), "attempt": attempt}))

    def page(after: UUID | None = None, event_id: UUID | None = None) -> list[Delivery]:
        with database.reading() as session:
            return list(webhooks.deliveries(session, site_id, DeliveryFilter(event_id), after=after, limit=3))

    first = page()
    second = page(after=first[-1].id)
    assert [row.attempt for row in first + second] == [4, 3, 2, 1]
    assert page(event_id=db.new_id()) == []
    assert len(page(event_id=delivery.event_id)) == 3


def test_deleting_an_endpoint_takes_its_attempts_and_leaves_the_event(
    database: Database, endpoint: Endpoint, delivery: Delivery
) -> None:
    with database.transaction() as session:
        session.delete(_own(session, endpoint))

    assert _rows(database, Delivery) == []
    assert [event.id for event in _rows(database, Event)] == [delivery.event_id]
