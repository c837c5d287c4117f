"""Nobody waits for PostgreSQL longer than their patience, and a lost server is asked by one at a time."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from service.core.db import Database, create_engine
from service.core.models import Site
from service.core.outage import LostError
from service.core.postgresql import Gate, Patience
from service.core.queue import SilentBell
from tests.servers.waiting import eventually

pytestmark = pytest.mark.alone

SHORT = timedelta(seconds=0.3)
LONG = timedelta(minutes=2)


@pytest.fixture
def hasty(postgresql: Database) -> Database:
    """On the same server, without much patience."""
    return Database(postgresql.engine, SilentBell(), SHORT)


@pytest.fixture
def silent_server() -> Iterator[str]:
    """The kernel takes connections, and nobody ever answers them: as with a server that is frozen."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"postgresql+psycopg://gatepost@127.0.0.1:{server.getsockname()[1]}/gatepost"


@pytest.mark.parametrize("statement", ["SELECT pg_sleep(60)", "LOCK TABLE site"])
def test_a_transaction_waits_no_longer_than_its_patience(postgresql: Database, hasty: Database, statement: str) -> None:
    with postgresql.transaction() as holding:
        holding.execute(text("LOCK TABLE site"))

        with pytest.raises(OperationalError), hasty.transaction() as session:
            session.execute(text(statement))


def test_after_that_the_next_transaction_finds_a_good_connection(hasty: Database) -> None:
    with pytest.raises(OperationalError), hasty.transaction() as session:
        session.execute(text("SELECT pg_sleep(60)"))

    with hasty.transaction() as session:
        session.add(Site(name="Treaty blog"))

    with hasty.reading() as session:
        assert session.exec(select(Site.name)).all() == ["Treaty blog"]


def test_the_waits_of_a_transaction_are_counted_together(hasty: Database) -> None:
    with pytest.raises(OperationalError), hasty.transaction() as session:  # noqa: PT012
        for _ in range(100):
            session.execute(text("SELECT pg_sleep(0.05)"))


def test_what_a_transaction_does_itself_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    patience = Patience(timedelta(seconds=5))

    with patience.wait() as before:
        now += 2
    now += 60
    with patience.wait() as after:
        pass

    assert (before, after) == (5, 3)


def test_without_patience_a_transaction_waits_for_as_long_as_it_takes(postgresql: Database) -> None:
    with postgresql.transaction() as session:
        assert session.execute(text("SELECT 1 FROM pg_sleep(0.4)")).scalar() == 1


def test_a_server_that_takes_connections_and_answers_nothing_is_given_up(silent_server: str) -> None:
    database = Database(create_engine(silent_server), SilentBell(), SHORT)

    with pytest.raises(OperationalError), database.reading():
        pass

    database.engine.dispose()


def test_the_server_too_gives_up_what_nobody_waits_for(postgresql: Database, hasty: Database) -> None:
    """Else each request that met the lock would hold a connection of the server's until the lock is free."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'LOCK %'")
    with postgresql.transaction() as holding:
        holding.execute(text("LOCK TABLE site"))

        with pytest.raises(OperationalError), hasty.transaction() as session:
            session.execute(text("LOCK TABLE site"))

        with postgresql.reading() as watching:
            eventually(lambda: watching.execute(waiting).scalar() == 0)


def test_while_the_server_is_lost_one_asks_and_the_others_are_refused_at_once() -> None:
    gate = Gate()
    asking, go_on = threading.Event(), threading.Event()

    def ask() -> None:
        with gate.passing():
            asking.set()
            go_on.wait(10)

    with pytest.raises(LostError), gate.passing():
        raise psycopg.OperationalError
    one = threading.Thread(target=ask)
    one.start()
    assert asking.wait(10)

    with pytest.raises(LostError), gate.passing():
        pytest.fail("it asked as well")

    go_on.set()
    one.join()


def test_once_one_was_answered_all_may_ask() -> None:
    gate = Gate()
    with pytest.raises(LostError), gate.passing():
        raise psycopg.OperationalError

    with gate.passing():
        pass

    with gate.passing(), gate.passing():
        pass


def test_who_asks_in_vain_leaves_the_next_their_turn() -> None:
    gate = Gate()

    for _ in range(3):
        with pytest.raises(LostError, match="still starting"), gate.passing():
            raise psycopg.OperationalError("still starting")


def test_an_url_may_say_other_timeouts(postgresql: Database) -> None:
    url = postgresql.engine.url.update_query_dict({"connect_timeout": "17"})
    engine = create_engine(url.render_as_string(hide_password=False))

    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        found = driver.info.get_parameters()["connect_timeout"]
    engine.dispose()

    assert found == "17"
