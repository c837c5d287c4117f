"""The database is away, frozen, locked or full: 503, soon, no 202 without a row, and then it goes on by itself."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import ASGITransport, AsyncClient, Response
from sqlalchemy import Engine, event
from sqlmodel import select

from service import migrations
from service.core import keys, sites
from service.core.models import Comment, Scope
from service.core.queue import SilentBell
from service.core.settings import Settings
from service.main import build_app
from tests.servers.postgresql import OwnPostgreSQL
from tests.servers.waiting import eventually

pytestmark = pytest.mark.alone

PATH = "/v1/comments"
COMMENT = {"text": "Thank you, that explains the treaty well.", "external_id": "c-1"}
# Too much for a database that has no room: a batch of some 800 kB.
LARGE = {"comments": [{"text": f"{number} " * 500, "external_id": f"l-{number}"} for number in range(400)]}


@pytest.fixture
def url(own_postgresql: OwnPostgreSQL) -> str:
    url = own_postgresql.create_database()
    migrations.upgrade(url)
    return url


@pytest.fixture
def app(url: str) -> Iterator[FastAPI]:
    app = build_app(Settings(database_url=url, _env_file=None), SilentBell())
    yield app
    app.state.database.engine.dispose()


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    with app.state.database.transaction() as session:
        key = keys.issue(session, sites.create(session, "Treaty blog").id, Scope.ADMIN)
    return TestClient(app, raise_server_exceptions=False, headers={"authorization": f"Bearer {key}"})


def test_a_database_that_was_killed_is_503_until_it_is_back(client: TestClient, own_postgresql: OwnPostgreSQL) -> None:
    own_postgresql.kill()

    refused = [client.post(PATH, json=COMMENT) for _ in range(3)]

    own_postgresql.start()
    assert_unavailable(*refused)
    assert_goes_on(client)


def test_a_database_that_is_frozen_is_503_until_it_is_back(client: TestClient, own_postgresql: OwnPostgreSQL) -> None:
    client.get(PATH)  # there is a connection now, which stays open
    own_postgresql.freeze()

    refused = [client.post(PATH, json=COMMENT) for _ in range(3)]

    own_postgresql.thaw()
    assert_unavailable(*refused)
    assert_goes_on(client)


def test_a_crowd_that_meets_a_frozen_database_is_503_and_nobody_waits_out_what_others_have(
    app: FastAPI, client: TestClient, own_postgresql: OwnPostgreSQL
) -> None:
    client.get(PATH)  # there is a connection now, which stays open
    waited_out = list[object]()
    event.listen(app.state.database.engine, "handle_error", waited_out.append)

    async def crowd() -> list[Response]:
        headers = client.headers
        async with AsyncClient(transport=ASGITransport(app), base_url="http://gatepost", headers=headers) as many:
            return await asyncio.gather(*(many.post(PATH, json=COMMENT) for _ in range(50)))

    own_postgresql.freeze()
    refused = asyncio.run(crowd())
    own_postgresql.thaw()

    assert_unavailable(*refused)
    # One group, and perhaps those who came while it waited.
    assert len(waited_out) <= 2
    assert_goes_on(client)


def test_a_table_that_is_locked_is_503_until_it_is_free(client: TestClient, url: str) -> None:
    with psycopg.connect(url.replace("+psycopg", "")) as holder:
        holder.execute("LOCK TABLE comment")

        refused = client.post(PATH, json=COMMENT)

    assert_unavailable(refused)
    assert_goes_on(client)


def test_a_full_disk_is_503_until_there_is_room(client: TestClient, own_postgresql: OwnPostgreSQL) -> None:
    own_postgresql.fill()

    refused = eventually(lambda: unless_accepted(client.post(f"{PATH}/batch", json=numbered(LARGE))))

    own_postgresql.make_room()
    assert refused is not None
    assert_unavailable(refused)
    assert_goes_on(client)


def test_a_full_sqlite_is_503_and_stores_nothing_by_halves(client_of_small: TestClient) -> None:
    refused = client_of_small.post(f"{PATH}/batch", json=LARGE)

    assert_unavailable(refused)
    assert client_of_small.get(PATH).json()["comments"] == []


def test_a_commit_whose_answer_never_came_is_503_and_a_repeat_gives_the_stored_comment(
    app: FastAPI, client: TestClient, own_postgresql: OwnPostgreSQL
) -> None:
    engine: Engine = app.state.database.engine
    client.get(PATH)  # the first use of the key is noted, in a transaction of its own
    # It freezes when all has been written, and the COMMIT is about to go out.
    event.listen(engine, "commit", lambda _: own_postgresql.freeze(), once=True)

    refused = client.post(PATH, json=COMMENT)

    own_postgresql.thaw()
    [stored] = eventually(lambda: _ids(app))
    assert_unavailable(refused)
    assert client.post(PATH, json=COMMENT).json()["id"] == stored
    assert _ids(app) == [stored]


def test_while_a_client_waits_for_the_decision_the_database_may_go_away(
    app: FastAPI, client: TestClient, own_postgresql: OwnPostgreSQL
) -> None:
    """The comment is stored: 202 is the truth."""
    client.get(PATH)  # the first use of the key is noted, in a transaction of its own

    @event.listens_for(app.state.database.engine, "commit")
    def kill_soon(_: object) -> None:
        event.listen(app.state.database.engine, "checkin", lambda *_: own_postgresql.kill(), once=True)

    answer = client.post(PATH, json=COMMENT, headers={"prefer": "wait=5"})

    assert answer.status_code == 202
    assert answer.json()["status"] == "pending"


@pytest.mark.parametrize("path", ["/readyz", "/v1/comments", "/v1/site/policy"])
def test_every_route_answers_503_with_a_problem(client: TestClient, own_postgresql: OwnPostgreSQL, path: str) -> None:
    own_postgresql.kill()

    assert_unavailable(client.get(path))


def test_the_web_process_is_alive_without_its_database(client: TestClient, own_postgresql: OwnPostgreSQL) -> None:
    own_postgresql.kill()

    assert client.get("/healthz").status_code == 200


def test_the_console_answers_503_with_a_page(client: TestClient, own_postgresql: OwnPostgreSQL) -> None:
    own_postgresql.kill()

    answer = client.post(
        "/console/login",
        data={"email": "mo@example.org", "password": "a long password", "next": "/console"},
        headers={"sec-fetch-site": "same-origin"},
    )

    assert answer.status_code == 503
    assert answer.headers["retry-after"].isdigit()
    assert "The database does not answer" in answer.text


@pytest.fixture
def client_of_small(tmp_path: Path) -> Iterator[TestClient]:
    """A Gatepost on SQLite whose file takes some 400 kB more."""
    url = f"sqlite:///{tmp_path / 'gatepost.db'}"
    migrations.upgrade(url)
    app = build_app(Settings(database_url=url, _env_file=None), SilentBell())

    @event.listens_for(app.state.database.engine, "connect")
    def limit(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA max_page_count=200")

    with app.state.database.transaction() as session:
        key = keys.issue(session, sites.create(session, "Treaty blog").id, Scope.ADMIN)
    yield TestClient(app, raise_server_exceptions=False, headers={"authorization": f"Bearer {key}"})
    app.state.database.engine.dispose()


def assert_unavailable(*answers: Response) -> None:
    for answer in answers:
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert answer.headers["retry-after"].isdigit()
        assert answer.json()["title"] == "Service Unavailable"


def assert_goes_on(client: TestClient) -> None:
    """Without a restart; and what was sent again and again is there once."""
    eventually(lambda: client.post(PATH, json=COMMENT).status_code == 202)
    found = client.get(PATH, params={"external_id": COMMENT["external_id"]}).json()["comments"]
    assert [comment["external_id"] for comment in found] == [COMMENT["external_id"]]


def unless_accepted(answer: Response) -> Response | None:
    return None if answer.status_code == 202 else answer


def numbered(batch: dict[str, list[dict[str, str]]]) -> dict[str, list[dict[str, str]]]:
    """The same texts as new comments."""
    return {"comments": [{"text": comment["text"]} for comment in batch["comments"]]}


def _ids(app: FastAPI) -> list[str]:
    with app.state.database.reading() as session:
        return [str(comment_id) for comment_id in session.exec(select(Comment.id))]
