"""Who may do what: every route of the API with every kind of key."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.core import keys
from service.core.models import Delivery, Key, Scope, Site, utc_now
from tests.routes import mounts, operations

# The smallest scope that each route needs, and a body that fits; a new route is listed here or the test fails.
# A trial is asked for once it is put.
ROUTES: dict[tuple[str, str], tuple[Scope, Any]] = {
    ("POST", "/v1/comments"): (Scope.SUBMIT, {"text": "Thank you."}),
    ("POST", "/v1/comments/batch"): (Scope.SUBMIT, {"comments": [{"text": "Thank you."}]}),
    ("GET", "/v1/comments"): (Scope.READ, None),
    ("GET", "/v1/comments/{comment_id}"): (Scope.READ, None),
    ("PUT", "/v1/comments/{comment_id}"): (Scope.SUBMIT, {"text": "Thank you!"}),
    ("DELETE", "/v1/comments/{comment_id}"): (Scope.SUBMIT, None),
    ("POST", "/v1/comments/{comment_id}/feedback"): (Scope.SUBMIT, {"decision": "approve"}),
    ("POST", "/v1/comments/{comment_id}/reports"): (Scope.SUBMIT, {"reason": "spam"}),
    ("POST", "/v1/authors/erase"): (Scope.ADMIN, {"author_id": "user-17"}),
    ("POST", "/v1/webhooks"): (Scope.ADMIN, {"url": "https://blog.example.org/"}),
    ("GET", "/v1/webhooks"): (Scope.ADMIN, None),
    ("DELETE", "/v1/webhooks/{endpoint_id}"): (Scope.ADMIN, None),
    ("POST", "/v1/webhooks/{endpoint_id}/rotate"): (Scope.ADMIN, None),
    ("POST", "/v1/webhooks/{endpoint_id}/enable"): (Scope.ADMIN, None),
    ("POST", "/v1/webhooks/{endpoint_id}/ping"): (Scope.ADMIN, None),
    ("POST", "/v1/webhooks/{endpoint_id}/recover"): (Scope.ADMIN, {"since": "2026-01-01T00:00Z"}),
    ("GET", "/v1/deliveries"): (Scope.ADMIN, None),
    ("POST", "/v1/deliveries/{delivery_id}/redeliver"): (Scope.ADMIN, None),
    ("POST", "/v1/keys"): (Scope.ADMIN, {"scope": "read", "name": "a test"}),
    ("GET", "/v1/keys"): (Scope.ADMIN, None),
    ("DELETE", "/v1/keys/{key_id}"): (Scope.ADMIN, None),
    ("GET", "/v1/site"): (Scope.READ, None),
    ("GET", "/v1/site/policy"): (Scope.READ, None),
    ("PUT", "/v1/site/policy"): (Scope.ADMIN, {}),
    ("GET", "/v1/site/policy/versions"): (Scope.READ, None),
    ("GET", "/v1/site/policy/versions/{version}"): (Scope.READ, None),
    ("GET", "/v1/site/policy/diff"): (Scope.READ, None),
    ("PUT", "/v1/site/shadow"): (Scope.ADMIN, {"name": "strict", "policy": {}}),
    ("GET", "/v1/site/shadow"): (Scope.READ, None),
    ("GET", "/v1/site/shadow/report"): (Scope.READ, None),
    ("DELETE", "/v1/site/shadow"): (Scope.ADMIN, None),
}
# Whoever comes may ask these; a door that lets in without a key is listed here or the test fails.
PUBLIC = {"/", "/console", "/docs", "/docs/oauth2-redirect", "/healthz", "/openapi.json", "/readyz", "/redoc"}
# What the clients of other services ask; their keys and refusals are theirs too: tests/compat.
PERSPECTIVE = {
    *("/$discovery/rest", "/discovery/v1/apis/commentanalyzer/v1alpha1/rest"),
    *(f"{base}/comments:{verb}" for base in ("", "/v1alpha1") for verb in ("analyze", "suggestscore")),
}
AKISMET = {
    *(f"/1.1/{name}" for name in ("comment-check", "submit-spam", "submit-ham", "verify-key", "deactivate", "test")),
    *("/1.1/get-stats", "/1.1/get-subscription", "/1.2/key-sites", "/1.2/usage-limit"),
}
DOORS = {"/v1/moderations", "/coral/{key_id}", *PERSPECTIVE, *AKISMET}
# What a route cannot be asked without.
QUERIES = {"/v1/site/policy/diff": {"before": 1}}
MALFORMED = (
    "",
    "Bearer",
    "Bearer ",
    "Basic Z3A6Z3A=",
    "Bearer gp_",
    "Bearer gp__",
    "Bearer gp_unknown_secret",
    "Bearer gp_\0_\0",
    "Bearer gp_\xff_\xfe",
    "Bearer gp_" + "x" * 100_000,
)

Send = Callable[[tuple[str, str], str | None], int]


@pytest.fixture
def send(app: FastAPI, site: Site, client: TestClient) -> Send:
    """Sends a request about things that exist at the site, with this Authorization or none; tells the status."""
    ids = {
        "comment_id": client.post("/v1/comments", json={"text": "Thank you."}).json()["id"],
        "endpoint_id": client.post("/v1/webhooks", json={"url": "https://blog.example.org/"}).json()["id"],
    }
    event_id = UUID(client.post(f"/v1/webhooks/{ids['endpoint_id']}/ping").json()["event_id"])
    delivery = Delivery(
        site_id=site.id, event_id=event_id, endpoint_id=UUID(ids["endpoint_id"]), attempt=1, duration_ms=1
    )
    with app.state.database.transaction() as session:
        session.add(delivery)
    ids["delivery_id"] = str(delivery.id)
    ids["key_id"] = client.post("/v1/keys", json={"scope": "read"}).json()["id"]
    # The third version is this site's alone: every site has a first, and the other one puts a second.
    ids["version"] = [str(client.put("/v1/site/policy", json={"max_links": n}).json()["version"]) for n in (8, 9)][-1]
    client.put("/v1/site/shadow", json=ROUTES["PUT", "/v1/site/shadow"][1])
    anonymous = TestClient(app, raise_server_exceptions=False)

    def status(route: tuple[str, str], authorization: str | None) -> int:
        method, path = route
        headers = [] if authorization is None else [(b"authorization", authorization.encode("latin-1"))]
        body = {} if ROUTES[route][1] is None else {"json": ROUTES[route][1]}
        query = QUERIES.get(path)
        return anonymous.request(method, path.format(**ids), params=query, headers=headers, **body).status_code

    return status


def test_every_route_is_listed_here_with_the_scope_that_the_document_names(app: FastAPI) -> None:
    documented = {
        (method.upper(), path): [Scope(scope) for security in operation["security"] for scope in security["HTTPBearer"]]
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
        if path not in PUBLIC
    }

    assert documented == {route: [scope] for route, (scope, _) in ROUTES.items()}


def test_no_route_hides_from_the_document(app: FastAPI) -> None:
    assert {path for _, path in operations(app)} == {path for _, path in ROUTES} | PUBLIC | DOORS
    # Its routes have a table of their own: tests/console/test_roles.py.
    assert mounts(app).keys() == {"/console"}


def test_without_a_valid_key_every_route_answers_401(send: Send) -> None:
    for route in ROUTES:
        assert send(route, None) == 401, route
        for value in MALFORMED:
            assert send(route, value) == 401, (route, value[:20])


@pytest.mark.parametrize("scope", [Scope.SUBMIT, Scope.READ])
def test_a_key_may_do_what_its_scope_says_and_no_more(
    send: Send, issue_key: Callable[[Scope], str], scope: Scope
) -> None:
    key = f"Bearer {issue_key(scope)}"
    # What removes things comes last.
    for route in sorted(ROUTES, key=lambda route: route[0] == "DELETE"):
        status = send(route, key)
        assert (status < 300) if ROUTES[route][0] == scope else (status == 403), (route, status)


def test_an_admin_key_may_do_everything(send: Send, issue_key: Callable[[Scope], str]) -> None:
    key = f"Bearer {issue_key(Scope.ADMIN)}"
    for route in sorted(ROUTES, key=lambda route: route[0] == "DELETE"):
        assert send(route, key) < 300, route


def test_another_site_s_things_are_not_found(send: Send, other_client: TestClient) -> None:
    key = other_client.headers["authorization"]
    for route in ROUTES:
        status = send(route, key)
        assert status == 404 if "{" in route[1] else status < 300, (route, status)


def test_another_site_s_things_are_not_listed(send: Send, other_client: TestClient) -> None:
    lists = [other_client.get(f"/v1/{path}").json() for path in ("comments", "webhooks", "deliveries")]

    assert lists == [{"comments": [], "next": None}, [], {"deliveries": [], "next": None}]


def test_a_cursor_of_another_site_tells_nothing(client: TestClient, other_client: TestClient) -> None:
    theirs = client.post("/v1/comments", json={"text": "Thank you."}).json()["id"]

    answers = [other_client.get("/v1/comments", params={"after": one}).json() for one in (theirs, str(uuid4()))]

    assert answers == [{"comments": [], "next": None}] * 2


@pytest.mark.parametrize("ended", ["revoked_at", "expires_at"])
def test_a_key_that_was_revoked_or_has_expired_is_refused(
    send: Send, app: FastAPI, issue_key: Callable[[Scope], str], ended: str
) -> None:
    key = issue_key(Scope.ADMIN)
    with app.state.database.transaction() as session:
        setattr(session.get_one(Key, keys.public_id(key)), ended, utc_now() - timedelta(seconds=1))

    for route in ROUTES:
        assert send(route, f"Bearer {key}") == 401, route


def test_a_refusal_says_how_to_authenticate_and_what_is_missing(
    app: FastAPI, issue_key: Callable[[Scope], str]
) -> None:
    anonymous = TestClient(app)
    refused = anonymous.get("/v1/site")
    forbidden = anonymous.get("/v1/site", headers={"authorization": f"Bearer {issue_key(Scope.SUBMIT)}"})

    assert refused.headers["www-authenticate"] == 'Bearer realm="gatepost"'
    assert refused.headers["content-type"] == forbidden.headers["content-type"] == "application/problem+json"
    assert "“submit”; this needs “read”" in forbidden.json()["detail"]


def test_a_new_key_works_with_its_scope_and_is_listed_without_its_secret(client: TestClient, app: FastAPI) -> None:
    made = client.post("/v1/keys", json={"scope": "read", "name": "the statistics", "expires_at": "2126-01-01T00:00Z"})
    key = made.json().pop("key")
    used = TestClient(app).get("/v1/site", headers={"authorization": f"Bearer {key}"})
    listed = client.get("/v1/keys")

    assert (made.status_code, used.status_code) == (201, 200)
    [mine] = [one for one in listed.json() if one["id"] == made.json()["id"]]
    assert (mine["scope"], mine["name"], mine["expires_at"]) == ("read", "the statistics", "2126-01-01T00:00:00Z")
    assert mine["last_used_at"] is not None
    assert key.split("_", 2)[2] not in listed.text
    assert "hash" not in listed.text


def test_a_revoked_key_opens_nothing_and_stays_in_the_list(client: TestClient, app: FastAPI) -> None:
    made = client.post("/v1/keys", json={"scope": "admin"}).json()

    revoked = client.delete(f"/v1/keys/{made['id']}")

    headers = {"authorization": f"Bearer {made['key']}"}
    assert (revoked.status_code, TestClient(app).get("/v1/keys", headers=headers).status_code) == (204, 401)
    assert [key["id"] for key in client.get("/v1/keys").json() if key["revoked_at"]] == [made["id"]]


@pytest.mark.parametrize(
    "body",
    [
        {"scope": "all"},
        {"expires_at": "2020-01-01T00:00Z"},
        {"expires_at": "9999-12-31T23:59:59-12:00"},
        {"expires_at": "2126-01-01"},
        {"name": "a\0b"},
        {"name": "n" * 201},
        {"key": "gp_chosen_by_me"},
    ],
    ids=str,
)
def test_a_key_that_cannot_be_is_refused(client: TestClient, body: dict[str, str]) -> None:
    before = len(client.get("/v1/keys").json())

    assert client.post("/v1/keys", json=body).status_code == 422
    assert len(client.get("/v1/keys").json()) == before


@pytest.mark.parametrize("key_id", ["%00", "a" * 13, "A" * 12, "é" * 12, "gp_abcdefghijkl"])
def test_what_is_no_key_is_no_key_to_revoke(client: TestClient, key_id: str) -> None:
    assert client.delete(f"/v1/keys/{key_id}").status_code == 422
