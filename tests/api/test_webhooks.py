"""What a blog may rely on when it sets up its webhooks and looks at their deliveries."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select

from service.core import signing_keys, webhooks
from service.core.models import Delivery, Endpoint, OutboxRow, Site
from service.core.queue import Topic

PATH = "/v1/webhooks"
URL = "https://blog.example.org/hooks/gatepost"
BAD_URLS = [
    "http://blog.example.org/",
    "ftp://blog.example.org/",
    "https://",
    "https://[/",
    "https://blog.example.org:99999/",
    "https://user:password@blog.example.org/",
    "https://blog.example.org/\0",
    "https://blog.example.org/\nx",
    "https://blog example.org/",
    "",
]


@pytest.fixture
def endpoint(client: TestClient) -> dict[str, Any]:
    created: dict[str, Any] = client.post(PATH, json={"url": URL}).json()
    return created


@pytest.fixture
def deliveries(client: TestClient, app: FastAPI, site: Site, endpoint: dict[str, Any]) -> list[str]:
    """The ids of three attempts to deliver one event, oldest first."""
    event_id = UUID(client.post(f"{PATH}/{endpoint['id']}/ping").json()["event_id"])
    attempts = [
        Delivery(
            site_id=site.id,
            event_id=event_id,
            endpoint_id=UUID(endpoint["id"]),
            attempt=number,
            duration_ms=20,
            status_code=500,
            response="busy",
        )
        for number in (1, 2, 3)
    ]
    with app.state.database.transaction() as session:
        session.add_all(attempts)
    return [str(attempt.id) for attempt in attempts]


def test_a_new_endpoint_shows_its_secret_once(client: TestClient) -> None:
    answer = client.post(PATH, json={"url": URL})

    assert answer.status_code == 201
    assert answer.json()["secret"].startswith("whsec_")
    listed = client.get(PATH).json()
    assert [(one["id"], one["url"]) for one in listed] == [(answer.json()["id"], URL)]
    assert "secret" not in listed[0]


def test_an_endpoint_needs_a_plain_https_url(client: TestClient) -> None:
    for url in BAD_URLS:
        answer = client.post(PATH, json={"url": url})
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), url

    assert client.get(PATH).json() == []


def test_rotation_makes_a_new_secret(client: TestClient, app: FastAPI, endpoint: dict[str, Any]) -> None:
    answer = client.post(f"{PATH}/{endpoint['id']}/rotate")

    assert answer.status_code == 200
    assert answer.json()["secret"] != endpoint["secret"]
    with app.state.database.reading() as session:
        stored = session.get_one(Endpoint, UUID(endpoint["id"]))
        assert signing_keys.shared_secret(session, stored) == answer.json()["secret"]


def test_a_ping_is_owed_to_its_endpoint(client: TestClient, app: FastAPI, endpoint: dict[str, Any]) -> None:
    answer = client.post(f"{PATH}/{endpoint['id']}/ping")

    assert answer.status_code == 202
    with app.state.database.reading() as session:
        owed = session.exec(select(OutboxRow)).one()
    assert (owed.topic, str(owed.subject_id)) == (Topic.DELIVER, answer.json()["event_id"])
    assert str(owed.endpoint_id) == endpoint["id"]


def test_a_disabled_endpoint_can_be_enabled_again(client: TestClient, app: FastAPI, endpoint: dict[str, Any]) -> None:
    with app.state.database.transaction() as session:
        webhooks.disable(session, session.get_one(Endpoint, UUID(endpoint["id"])), "It answered 410 Gone.")
    assert client.get(PATH).json()[0]["disabled_reason"] == "It answered 410 Gone."

    answer = client.post(f"{PATH}/{endpoint['id']}/enable")

    assert answer.status_code == 200
    assert (answer.json()["disabled_at"], answer.json()["disabled_reason"]) == (None, None)


def test_a_deleted_endpoint_is_gone_with_what_it_was_owed(
    client: TestClient, app: FastAPI, endpoint: dict[str, Any], deliveries: list[str]
) -> None:
    answer = client.delete(f"{PATH}/{endpoint['id']}")

    assert (answer.status_code, client.get(PATH).json()) == (204, [])
    assert client.get("/v1/deliveries").json()["deliveries"] == []
    with app.state.database.reading() as session:
        assert session.exec(select(OutboxRow)).all() == []


@pytest.mark.parametrize(
    ("method", "action"), [("DELETE", ""), ("POST", "/rotate"), ("POST", "/enable"), ("POST", "/ping")]
)
def test_an_unknown_endpoint_is_not_found(client: TestClient, method: str, action: str) -> None:
    assert client.request(method, f"{PATH}/{uuid4()}{action}").status_code == 404


def test_an_endpoint_that_signs_with_a_private_key_shows_the_public_one(client: TestClient) -> None:
    created = client.post(PATH, json={"url": URL, "signatures": ["v1a"]}).json()

    assert created["secret"] is None
    assert created["public_key"].startswith("whpk_")
    [listed] = client.get(PATH).json()
    assert (listed["public_key"], listed["signatures"]) == (created["public_key"], ["v1a"])


def test_both_schemes_can_sign(client: TestClient) -> None:
    created = client.post(PATH, json={"url": URL, "signatures": ["v1a", "v1"]}).json()

    assert created["signatures"] == ["v1", "v1a"]
    assert created["secret"].startswith("whsec_")
    assert created["public_key"].startswith("whpk_")


@pytest.mark.parametrize("signatures", [[], ["v2"], "v1", None])
def test_an_unknown_scheme_is_refused(client: TestClient, signatures: object) -> None:
    answer = client.post(PATH, json={"url": URL, "signatures": signatures})

    assert (answer.status_code, client.get(PATH).json()) == (422, [])


def test_rotation_may_change_the_schemes_and_end_the_old_secret_at_once(
    client: TestClient, app: FastAPI, endpoint: dict[str, Any]
) -> None:
    rotated = client.post(f"{PATH}/{endpoint['id']}/rotate", json={"signatures": ["v1a"], "end_old_at_once": True})

    assert (rotated.status_code, rotated.json()["signatures"], rotated.json()["secret"]) == (200, ["v1a"], None)
    with app.state.database.reading() as session:
        [live] = signing_keys.live(session, [UUID(endpoint["id"])]).values()
    assert [key.public_key for key in live] == [rotated.json()["public_key"]]


def test_too_many_rotations_in_a_day_are_refused(client: TestClient, endpoint: dict[str, Any]) -> None:
    answers = [client.post(f"{PATH}/{endpoint['id']}/rotate").status_code for _ in range(11)]

    assert answers == [200] * 10 + [409]


def test_what_an_endpoint_missed_is_sent_again(
    client: TestClient, app: FastAPI, endpoint: dict[str, Any], score: Callable[[], int]
) -> None:
    with app.state.database.transaction() as session:
        webhooks.disable(session, session.get_one(Endpoint, UUID(endpoint["id"])), "It was away.")
    client.post("/v1/comments", json={"text": "Thank you."})
    score()
    since = {"since": "2026-01-01T00:00:00Z"}
    refused = client.post(f"{PATH}/{endpoint['id']}/recover", json=since)
    client.post(f"{PATH}/{endpoint['id']}/enable")

    answer = client.post(f"{PATH}/{endpoint['id']}/recover", json=since)

    assert refused.status_code == 409
    assert (answer.status_code, answer.json()) == (202, {"events": 1, "next_since": None})
    with app.state.database.reading() as session:
        assert [str(row.endpoint_id) for row in session.exec(select(OutboxRow))] == [endpoint["id"]]


@pytest.mark.parametrize("body", [{}, {"since": "2026-01-01T00:00:00"}, {"since": "yesterday"}])
def test_a_recovery_needs_a_time_with_its_zone(
    client: TestClient, endpoint: dict[str, Any], body: dict[str, Any]
) -> None:
    assert client.post(f"{PATH}/{endpoint['id']}/recover", json=body).status_code == 422


def test_the_deliveries_can_be_narrowed_to_an_endpoint_and_to_what_failed(
    client: TestClient, app: FastAPI, site: Site, endpoint: dict[str, Any], deliveries: list[str]
) -> None:
    event_id = UUID(client.get("/v1/deliveries").json()["deliveries"][0]["event_id"])
    silent, good = (
        Delivery(
            site_id=site.id,
            event_id=event_id,
            endpoint_id=UUID(endpoint["id"]),
            attempt=number,
            duration_ms=9,
            status_code=status,
        )
        for number, status in ((4, None), (5, 204))
    )
    with app.state.database.transaction() as session:
        session.add_all([silent, good])

    def ids(**query: object) -> list[str]:
        found = client.get("/v1/deliveries", params=query).json()["deliveries"]  # type: ignore[arg-type]
        return [one["id"] for one in found]

    assert ids(succeeded=False) == [str(silent.id), *deliveries[::-1]]
    assert ids(succeeded=True) == [str(good.id)]
    assert len(ids(endpoint_id=endpoint["id"])) == 5
    assert ids(endpoint_id=uuid4()) == []


def test_the_pages_of_the_deliveries_give_every_attempt_once_newest_first(
    client: TestClient, deliveries: list[str]
) -> None:
    first = client.get("/v1/deliveries", params={"limit": 2}).json()
    second = client.get("/v1/deliveries", params={"limit": 2, "after": first["next"]}).json()

    assert [one["id"] for one in first["deliveries"] + second["deliveries"]] == deliveries[::-1]
    assert second["next"] is None


def test_the_deliveries_can_be_narrowed_to_an_event(client: TestClient, deliveries: list[str]) -> None:
    event_id = client.get("/v1/deliveries").json()["deliveries"][0]["event_id"]

    of_event, of_another = (
        client.get("/v1/deliveries", params={"event_id": one}).json()["deliveries"] for one in (event_id, str(uuid4()))
    )

    assert (len(of_event), of_another) == (3, [])
    assert (of_event[0]["status_code"], of_event[0]["response"], of_event[0]["attempt"]) == (500, "busy", 3)


def test_redelivery_owes_the_same_event_once_more(client: TestClient, app: FastAPI, deliveries: list[str]) -> None:
    answer = client.post(f"/v1/deliveries/{deliveries[0]}/redeliver")

    assert answer.status_code == 202
    with app.state.database.reading() as session:
        owed = [str(row.subject_id) for row in session.exec(select(OutboxRow))]
    assert owed == [answer.json()["event_id"]] * 2


def test_an_unknown_delivery_is_not_found(client: TestClient) -> None:
    assert client.post(f"/v1/deliveries/{uuid4()}/redeliver").status_code == 404


def test_a_decision_is_owed_to_every_endpoint_of_its_site_alone(
    client: TestClient, other_client: TestClient, app: FastAPI, score: Callable[[], int]
) -> None:
    mine = {client.post(PATH, json={"url": URL}).json()["id"] for _ in range(2)}
    other_client.post(PATH, json={"url": URL})
    client.post("/v1/comments", json={"text": "Thank you."})

    score()

    with app.state.database.reading() as session:
        assert {str(row.endpoint_id) for row in session.exec(select(OutboxRow))} == mine
