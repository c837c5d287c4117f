"""Fetching a model from a real HTTP server that can go on in the middle, refuse to, or be gone."""

import dataclasses
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from rich.console import Console
from rich.progress import Progress

from workers.engines import checkpoints
from workers.weights import download
from workers.weights.download import DownloadError

CONTENT = bytes(range(256)) * 1000
DIGITS = hashlib.sha256(CONTENT).hexdigest()[:8]


class Server(ThreadingHTTPServer):
    """Serves files by path; remembers from which byte each was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, int]] = []
        self.ranges = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        content = self.server.files.get(self.path)
        start = int(self.headers.get("Range", "bytes=0-")[len("bytes=") : -1])
        self.server.asked.append((Path(self.path).name, start))
        start = start if self.server.ranges else 0
        if content is None:
            self.send_error(404)
        elif start >= len(content):
            self.send_error(416)
        else:
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self.wfile.write(content[start:])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serves `original`, whose checkpoint is CONTENT here."""
    published = checkpoints.PUBLISHED["original"]
    small = dataclasses.replace(published, url=published.url.replace(published.digits, DIGITS))
    monkeypatch.setitem(checkpoints.PUBLISHED, "original", small)
    with Server() as server:
        server.files = {urlsplit(url).path: b"{}" for url in small.urls} | {urlsplit(small.url).path: CONTENT}
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def checkpoint() -> str:
    return checkpoints.PUBLISHED["original"].file


def fetch(folder: Path, mirror: str) -> None:
    with Progress(console=Console(quiet=True)) as progress:
        download.fetch("original", folder, mirror, progress)


def test_a_model_comes_with_all_that_it_needs_and_its_checksums(server: Server, tmp_path: Path) -> None:
    fetch(tmp_path / "new", server.url)

    assert (tmp_path / "new" / checkpoint()).read_bytes() == CONTENT
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        checkpoint(),
        *checkpoints.BASE_FILES,
        "SHA256SUMS",
    }
    assert checkpoints.read_checksums(tmp_path / "new")[checkpoint()] == hashlib.sha256(CONTENT).hexdigest()


def test_what_broke_off_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{checkpoint()}.part").write_bytes(CONTENT[:1000])

    fetch(tmp_path, server.url)

    assert server.asked[0] == (checkpoint(), 1000)
    assert (tmp_path / checkpoint()).read_bytes() == CONTENT


def test_a_server_that_cannot_go_on_sends_all_again(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    (tmp_path / f"{checkpoint()}.part").write_bytes(CONTENT[:1000])

    fetch(tmp_path, server.url)

    assert (tmp_path / checkpoint()).read_bytes() == CONTENT


def test_a_part_that_is_whole_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{checkpoint()}.part").write_bytes(CONTENT)

    fetch(tmp_path, server.url)

    assert (tmp_path / checkpoint()).read_bytes() == CONTENT


def test_a_part_of_another_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{checkpoint()}.part").write_bytes(b"x" * 1000)

    with pytest.raises(DownloadError, match="damaged or another file"):
        fetch(tmp_path, server.url)
    fetch(tmp_path, server.url)

    assert (tmp_path / checkpoint()).read_bytes() == CONTENT


def test_what_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    fetch(tmp_path, server.url)
    server.asked.clear()

    fetch(tmp_path, server.url)

    assert server.asked == []


def test_a_file_that_the_server_lacks_gives_no_half_model(server: Server, tmp_path: Path) -> None:
    server.files = {path: content for path, content in server.files.items() if "tokenizer.json" not in path}

    with pytest.raises(DownloadError, match="404"):
        fetch(tmp_path, server.url)

    assert not (tmp_path / "SHA256SUMS").exists()


def test_without_network_the_error_names_the_addresses_and_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(DownloadError) as refusal:
        # Nobody listens on the discard port.
        fetch(tmp_path, "http://127.0.0.1:9")

    for part in (*checkpoints.PUBLISHED["original"].urls, "GATEPOST_DETOXIFY_FOLDER"):
        assert part in str(refusal.value)
