"""The servers that the other tests rely on keep their own promises."""

import contextlib
import http.client
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
import redis
import standardwebhooks

from tests.servers import loopback, ports
from tests.servers.postgresql import OwnPostgreSQL, PostgreSQL
from tests.servers.processes import ROOT, Process
from tests.servers.receiver import RESET, Answer, Receiver
from tests.servers.redis import OwnRedis
from tests.servers.waiting import eventually

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"type":"comment.approved"}'
ELSEWHERE = ("192.0.2.1", 80)  # RFC 5737: belongs to nobody.


def test_committed_rows_survive_a_kill_of_postgresql(own_postgresql: OwnPostgreSQL) -> None:
    with psycopg.connect(own_postgresql.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")

    own_postgresql.kill()
    own_postgresql.start()

    with psycopg.connect(own_postgresql.url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(1,)]


def test_postgresql_restarts_while_a_killed_ones_child_is_still_ending(own_postgresql: OwnPostgreSQL) -> None:
    with contextlib.closing(psycopg.connect(own_postgresql.url)) as connection:
        connection.pgconn.send_query(b"SELECT pg_sleep(60)")
        connection.pgconn.flush()

        own_postgresql.kill()
        own_postgresql.start()

        assert own_postgresql.answers()


def test_a_frozen_postgresql_answers_no_query_until_it_is_thawed(own_postgresql: OwnPostgreSQL) -> None:
    with contextlib.closing(psycopg.connect(own_postgresql.url)) as connection:
        own_postgresql.freeze()
        connection.pgconn.send_query(b"SELECT 1")
        connection.pgconn.flush()
        assert not _readable(connection.fileno(), timedelta(seconds=0.3))

        own_postgresql.thaw()

        assert _readable(connection.fileno(), timedelta(seconds=10))


def test_a_database_made_from_a_template_holds_the_templates_tables(
    new_database: Callable[..., str],
) -> None:
    template = new_database()
    with psycopg.connect(_libpq(template)) as connection:
        connection.execute("CREATE TABLE sites AS SELECT 7 AS id")

    copy = new_database(template)

    with psycopg.connect(_libpq(copy)) as connection:
        assert connection.execute("SELECT id FROM sites").fetchall() == [(7,)]


def test_a_database_is_dropped_although_somebody_is_still_connected(postgresql_server: PostgreSQL) -> None:
    url = postgresql_server.create_database()
    with psycopg.connect(_libpq(url)) as connection:
        postgresql_server.drop_database(url)

        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_a_frozen_redis_is_silent_and_keeps_its_keys(own_redis: OwnRedis) -> None:
    with redis.Redis.from_url(own_redis.url, socket_timeout=0.2) as client:
        client.set("kept", "1")
        own_redis.freeze()
        with pytest.raises(redis.TimeoutError):
            client.get("kept")

        own_redis.thaw()

        assert client.get("kept") == b"1"


def test_a_killed_redis_comes_back_empty_on_the_same_port(own_redis: OwnRedis) -> None:
    with redis.Redis.from_url(own_redis.url) as client:
        client.set("lost", "1")

    own_redis.kill()
    own_redis.start()

    with redis.Redis.from_url(own_redis.url) as client:
        assert client.dbsize() == 0


def test_a_receiver_accepts_a_right_signature(receiver: Receiver) -> None:
    receiver.secret = SECRET

    assert _post(receiver.url, _signature_of(BODY)) == 200
    assert receiver.requests[0].verified
    assert receiver.requests[0].json == {"type": "comment.approved"}


def test_a_receiver_refuses_the_signature_of_another_body(receiver: Receiver) -> None:
    receiver.secret = SECRET

    assert _post(receiver.url, _signature_of(b"{}")) == 401
    assert receiver.requests[0].verified is False


@pytest.mark.parametrize("signature", ["v1", "v1,%%%", "v1,AAAA", "v2,AAAA", "v1,a,b"])
def test_a_receiver_refuses_a_malformed_signature(receiver: Receiver, signature: str) -> None:
    receiver.secret = SECRET

    assert _post(receiver.url, {**_signature_of(BODY), "webhook-signature": signature}) == 401


def test_a_receiver_answers_by_its_script_and_then_with_its_habit(receiver: Receiver) -> None:
    receiver.script(Answer(503, {"retry-after": "120"}), Answer(302, {"location": "/elsewhere"}))

    assert [_post(receiver.url) for _ in range(3)] == [503, 302, 200]


def test_a_receiver_can_reset_the_connection(receiver: Receiver) -> None:
    receiver.script(RESET)

    with pytest.raises(ConnectionResetError):
        _post(receiver.url)


def test_a_receiver_that_stops_cuts_its_delays_short(receiver: Receiver) -> None:
    receiver.script(Answer(delay=timedelta(hours=1)))
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as connection:
        connection.sendall(b"POST /hook HTTP/1.1\r\ncontent-length: 0\r\n\r\n")
        receiver.wait_for(lambda requests: len(requests) == 1)

        receiver.stop()

        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def test_a_receiver_comes_back_on_the_same_port(receiver: Receiver) -> None:
    receiver.stop()
    with pytest.raises(ConnectionRefusedError):
        _post(receiver.url)

    receiver.start()

    assert _post(receiver.url) == 200


PORT = "from tests.servers import ports; print(ports.find_free())"


def test_no_port_is_given_twice_while_another_process_holds_its_own() -> None:
    mine = {ports.find_free() for _ in range(ports.SIZE)}

    theirs = subprocess.run([sys.executable, "-c", PORT], cwd=ROOT, check=True, capture_output=True).stdout

    assert len(mine) > ports.SIZE / 2
    assert int(theirs) not in mine


def test_waiting_for_requests_that_never_come_fails_and_says_what_came(receiver: Receiver) -> None:
    _post(receiver.url)

    with pytest.raises(AssertionError, match=r"comment\.approved"):
        receiver.wait_for(lambda requests: len(requests) == 2, within=timedelta(seconds=0.1))


def test_killing_a_process_kills_its_children(tmp_path: Path) -> None:
    parent = _parent_of_a_sleeper(tmp_path)
    parent.start()
    child = eventually(lambda: psutil.Process(parent.pid).children(), context=lambda: parent.tail)[0]

    parent.kill()

    eventually(lambda: not _lives(child))


def test_killing_a_process_kills_the_children_that_have_outlived_it(tmp_path: Path) -> None:
    parent = _parent_of_a_sleeper(tmp_path)
    parent.start()
    child = eventually(lambda: psutil.Process(parent.pid).children(), context=lambda: parent.tail)[0]
    parent.send(signal.SIGKILL)
    parent.wait()

    parent.kill()

    eventually(lambda: not _lives(child))


def test_a_process_that_runs_on_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    process = Process(["sh", "-c", "echo not yet; exec sleep 60"], log=tmp_path / "log")
    process.start()
    eventually(lambda: "not yet" in process.tail)

    with pytest.raises(AssertionError, match="not yet"):
        process.wait(timedelta(seconds=0.1))

    process.kill()


def test_a_killed_test_run_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    run = Process([sys.executable, "-c", _RUN_WITH_SERVERS, tmp_path / "facts"], log=tmp_path / "log")
    run.start()
    eventually((tmp_path / "facts").exists, within=timedelta(seconds=60), context=lambda: run.tail)
    pid, folder = (tmp_path / "facts").read_text().split()
    server = psutil.Process(int(pid))

    run.send(signal.SIGKILL)

    eventually(lambda: not _lives(server))
    eventually(lambda: not Path(folder).exists())
    run.kill()


_RUN_WITH_SERVERS = """
import pathlib, sys, time
from tests.servers.postgresql import OwnPostgreSQL
server = OwnPostgreSQL(durable=False)
server.initialise()
server.start()
facts = pathlib.Path(sys.argv[1])
facts.with_suffix(".new").write_text(f"{server.process.pid} {server.process.cwd}")
facts.with_suffix(".new").rename(facts)
time.sleep(600)
"""


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_no_test_connects_to_another_machine(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as connection, pytest.raises(loopback.OutsideError):
        connection.connect(ELSEWHERE)

    assert loopback.refused.pop() == ELSEWHERE


def test_no_test_sends_a_datagram_to_another_machine() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection,
        pytest.raises(loopback.OutsideError),
    ):
        connection.sendto(b"", ELSEWHERE)

    assert loopback.refused.pop() == ELSEWHERE


SWALLOWED = """
import contextlib, socket

def test_swallowed():
    with socket.socket() as connection, contextlib.suppress(Exception):
        connection.connect(("192.0.2.1", 80))
"""
SKIPPED = """
import pytest

@pytest.mark.skip(reason="on a whim")
def test_skipped():
    pass
"""


def test_a_swallowed_refusal_still_fails_the_test(tmp_path: Path) -> None:
    assert _run_pytest(tmp_path, SWALLOWED) == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("processes", ["0", "1"])
def test_a_skipped_test_fails_the_run_in_ci(tmp_path: Path, processes: str) -> None:
    status = _run_pytest(tmp_path, SKIPPED, "--numprocesses", processes, GATEPOST_NO_SKIPS="1")

    assert status == pytest.ExitCode.TESTS_FAILED


def test_a_skipped_test_passes_elsewhere(tmp_path: Path) -> None:
    assert _run_pytest(tmp_path, SKIPPED, GATEPOST_NO_SKIPS="") == pytest.ExitCode.OK


@pytest.fixture
def new_database(postgresql_server: PostgreSQL) -> Iterator[Callable[..., str]]:
    urls: list[str] = []

    def create(template: str | None = None) -> str:
        urls.append(postgresql_server.create_database(template))
        return urls[-1]

    yield create
    for url in urls:
        postgresql_server.drop_database(url)


def _run_pytest(folder: Path, code: str, *options: str, **env: str) -> int:
    (folder / "test_it.py").write_text(code)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *options, folder / "test_it.py"],
        cwd=ROOT,
        env={**os.environ, **env},
        check=False,
        capture_output=True,
    ).returncode


def _parent_of_a_sleeper(folder: Path) -> Process:
    return Process(["sh", "-c", "sleep 60 & wait"], log=folder / "log")


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def _readable(descriptor: int, within: timedelta) -> bool:
    return bool(select.select([descriptor], [], [], within.total_seconds())[0])


def _libpq(url: str) -> str:
    return url.replace("postgresql+psycopg:", "postgresql:")


def _signature_of(body: bytes) -> dict[str, str]:
    now = datetime.now(UTC)
    signature = standardwebhooks.Webhook(SECRET).sign("evt_1", now, body.decode())
    return {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


def _post(url: str, headers: dict[str, str] | None = None) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("POST", parts.path, BODY, headers or {})
        return connection.getresponse().status
    finally:
        connection.close()
