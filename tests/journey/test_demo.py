"""`make run`: what a newcomer sees first."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from tests.journey.deployment import GATEPOST
from tests.servers import ports
from tests.servers.processes import Process
from tests.servers.waiting import eventually

pytestmark = pytest.mark.alone

SOON = timedelta(seconds=60)


@pytest.fixture
def port() -> int:
    return ports.find_free()


@pytest.fixture
def demo(tmp_path: Path, port: int) -> Iterator[Process]:
    process = Process([*GATEPOST, "up", "--demo", "--port", str(port)], log=tmp_path / "out.log", cwd=tmp_path)
    yield process
    process.kill()


def _tell(demo: Process, times: int = 1) -> str:
    """What the terminal shows, once the addresses have been told so many times."""
    eventually(lambda: demo.log.read_text().count("Held queue") >= times, within=SOON, context=lambda: demo.tail)
    return demo.log.read_text()


def test_the_demo_shows_decisions_and_publishes_on_its_blog(demo: Process, port: int, tmp_path: Path) -> None:
    demo.start()

    told = _tell(demo)
    page = eventually(
        lambda: page if (page := httpx2.get(f"http://127.0.0.1:{port + 1}/").text).count("Published") == 4 else "",
        within=SOON,
    )

    assert told.count("│ approved │") == 4
    assert told.count("│ held     │") == 3
    assert "grew up in Osaka" in page
    assert "idiot" not in page
    assert (tmp_path / "var" / "demo.json").stat().st_mode & 0o077 == 0


def test_a_second_start_keeps_the_data_and_an_end_leaves_nothing_running(
    demo: Process, port: int, tmp_path: Path
) -> None:
    demo.start()
    _tell(demo)
    known = json.loads((tmp_path / "var" / "demo.json").read_text())

    assert demo.terminate() == 0
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"http://127.0.0.1:{port + 1}/")

    demo.start()
    _tell(demo, times=2)
    headers = {"authorization": f"Bearer {known['admin_key']}"}
    comments = httpx2.get(f"http://127.0.0.1:{port}/v1/comments", headers=headers).json()["comments"]
    assert len(comments) == 7
