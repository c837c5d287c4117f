"""The demonstration blog, as a process of its own beside a small HTTP stand-in for Gatepost's API."""

import ast
import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import standardwebhooks

from tests.servers import ports
from tests.servers.processes import ROOT, Process
from tests.servers.waiting import eventually

BLOG = ROOT / "examples" / "blog" / "blog.py"
KEY = "gp_test_key"
SECRET = "whsec_QmxvZ3MgbmVlZCBhIHNlY3JldCBvZiB0aGVpciBvd24="
OTHER_SECRET = "whsec_U29tZWJvZHkgZWxzZSdzIHNlY3JldCwgbm90IG91cnM="


class Gatepost:
    """Takes comments as `POST /v1/comments` does, and tells nothing by itself."""

    def __init__(self) -> None:
        self.port = ports.find_free()
        self.url = f"http://127.0.0.1:{self.port}"
        self.submissions: list[tuple[str, dict[str, Any]]] = []
        self._server: _Server | None = None

    def start(self) -> None:
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.gatepost = self
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def find(self, text: str) -> list[tuple[str, dict[str, Any]]]:
        """The authorization and the submission of each comment with this text."""
        return [sent for sent in self.submissions if sent[1]["text"] == text]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    gatepost: Gatepost


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        submission = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert self.path == "/v1/comments"
        self.server.gatepost.submissions.append((self.headers["authorization"], submission))
        answer = {
            "id": str(uuid4()),
            "external_id": submission["external_id"],
            "status": "pending",
            "sequence": 0,
        }
        body = json.dumps(answer).encode()
        self.send_response(422 if "unprocessable" in submission["text"] else 202)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Be silent: the submissions are recorded."""


class Blog:
    """The blog's process and what its readers and Gatepost do with it."""

    def __init__(self, folder: Path, gatepost: Gatepost) -> None:
        port = ports.find_free()
        self.url = f"http://127.0.0.1:{port}"
        self.gatepost = gatepost
        env = {
            "GATEPOST_URL": gatepost.url,
            "GATEPOST_KEY": KEY,
            "GATEPOST_WEBHOOK_SECRET": SECRET,
            "BLOG_PORT": str(port),
            "BLOG_DATABASE": str(folder / "blog.sqlite3"),
        }
        self.process = Process([sys.executable, BLOG], log=folder / "blog.log", env=env)

    def start(self) -> None:
        self.process.start()
        eventually(self._answers, within=timedelta(seconds=30), context=lambda: self.process.tail)

    def browser(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, follow_redirects=True, timeout=10)

    def write(self, author: httpx2.Client, text: str, **fields: str) -> str:
        """Send the form; give back the page that the author then sees."""
        return author.post("/comments", data={"text": text, **fields}).raise_for_status().text

    def submitted(self, text: str) -> str:
        """The external id under which Gatepost knows the comment, once it has it."""
        [(_, submission)] = eventually(lambda: self.gatepost.find(text), context=lambda: self.process.tail)
        external_id: str = submission["external_id"]
        return external_id

    def tell(self, external_id: str, status: str, sequence: int = 1, **signing: Any) -> int:
        """Send a webhook; give back the status code of the blog's answer."""
        body = json.dumps(event(external_id, status, sequence))
        headers = sign(body, **signing)
        return httpx2.post(f"{self.url}/gatepost-webhook", content=body, headers=headers).status_code

    def read(self, browser: httpx2.Client | None = None) -> str:
        """The page as this browser sees it, or a stranger's."""
        answer = browser.get("/") if browser else httpx2.get(self.url)
        return answer.raise_for_status().text

    def _answers(self) -> bool:
        try:
            return httpx2.get(self.url).is_success
        except httpx2.TransportError:
            return False


def event(external_id: str, status: str, sequence: int) -> Mapping[str, Any]:
    data = {"id": str(uuid4()), "external_id": external_id, "status": status, "sequence": sequence}
    return {
        "type": f"comment.{status}",
        "timestamp": datetime.now(UTC).isoformat(),
        "data": {**data, "reasons": []},
    }


def sign(
    body: str, *, secret: str = SECRET, webhook_id: str | None = None, age: timedelta = timedelta(0)
) -> dict[str, str]:
    at = datetime.now(UTC) - age
    webhook_id = webhook_id or str(uuid4())
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": standardwebhooks.Webhook(secret).sign(webhook_id, at, body),
    }


@contextmanager
def running(folder: Path) -> Iterator[Blog]:
    blog = Blog(folder, Gatepost())
    try:
        yield blog
    finally:
        blog.process.kill()
        blog.gatepost.stop()


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blog]:
    """A running blog with its Gatepost, for all tests that leave both alive."""
    with running(tmp_path_factory.mktemp("blog")) as blog:
        blog.gatepost.start()
        blog.start()
        yield blog


@pytest.fixture
def own_blog(tmp_path: Path) -> Iterator[Blog]:
    """A running blog whose Gatepost is not there yet."""
    with running(tmp_path) as blog:
        blog.start()
        yield blog


@pytest.fixture
def author(blog: Blog) -> Iterator[httpx2.Client]:
    with blog.browser() as browser:
        yield browser


def test_a_comment_reaches_gatepost_with_the_key_and_all_that_the_blog_knows(blog: Blog, author: httpx2.Client) -> None:
    blog.write(
        author,
        "A calendar is a start.",
        author_name="Aiko",
        author_email="aiko@example.org",
        author_url="https://aiko.example.org",
        referrer="https://search.example/",
        website2="filled in by a robot",
        opened_at=str(int(time.time()) - 9),
    )
    [(authorization, sent)] = eventually(lambda: blog.gatepost.find("A calendar is a start."))

    assert authorization == f"Bearer {KEY}"
    assert 9 <= sent.pop("fill_seconds") < 60
    assert sent.pop("external_id")
    assert datetime.fromisoformat(sent.pop("posted_at")).tzinfo is not None
    assert sent == {
        "text": "A calendar is a start.",
        "author_name": "Aiko",
        "author_email": "aiko@example.org",
        "author_url": "https://aiko.example.org",
        "author_ip": "127.0.0.1",
        "user_agent": author.headers["user-agent"],
        "referrer": "https://search.example/",
        "permalink": f"{blog.url}/",
        "post_id": "four-flags",
        "post_title": "Four Flags at One Table",
        "language": "en",
        "honeypot": "filled in by a robot",
    }


def test_a_comment_is_published_when_a_signed_webhook_says_so(blog: Blog, author: httpx2.Client) -> None:
    own_view = blog.write(author, "Korea gains most.")
    before = blog.read()

    answer = blog.tell(blog.submitted("Korea gains most."), "approved")

    assert answer == 204
    assert "Waiting for a decision" in own_view
    assert "Korea gains most." not in before
    assert "Korea gains most." in blog.read()


def test_a_held_comment_is_shown_to_its_author_alone(blog: Blog, author: httpx2.Client) -> None:
    blog.write(author, "Hold this one.")

    blog.tell(blog.submitted("Hold this one."), "held")

    assert "Held for a moderator" in blog.read(author)
    assert "Hold this one." in blog.read(author)
    assert "Hold this one." not in blog.read()


def test_a_rejected_comment_is_shown_to_nobody(blog: Blog, author: httpx2.Client) -> None:
    blog.write(author, "Reject this one.")

    blog.tell(blog.submitted("Reject this one."), "rejected")

    assert "Reject this one." not in blog.read(author) + blog.read()


@pytest.mark.parametrize(
    "signing",
    [{"secret": OTHER_SECRET}, {"age": timedelta(minutes=6)}, {"age": timedelta(minutes=-6)}],
    ids=["another secret", "too old", "from the future"],
)
def test_a_webhook_that_is_not_surely_gateposts_is_refused(
    blog: Blog, author: httpx2.Client, signing: Mapping[str, Any]
) -> None:
    text = f"Not to be forged: {uuid4()}"
    blog.write(author, text)

    answer = blog.tell(blog.submitted(text), "approved", **signing)

    assert answer == 401
    assert text not in blog.read()


def test_a_body_that_was_changed_on_the_way_is_refused(blog: Blog, author: httpx2.Client) -> None:
    blog.write(author, "Held, not approved.")
    headers = sign(json.dumps(event(blog.submitted("Held, not approved."), "held", 1)))
    forged = json.dumps(event(blog.submitted("Held, not approved."), "approved", 1))

    answer = httpx2.post(f"{blog.url}/gatepost-webhook", content=forged, headers=headers)

    assert answer.status_code == 401
    assert "Held, not approved." not in blog.read()


def test_one_fitting_signature_of_several_is_enough(blog: Blog) -> None:
    body = json.dumps({"type": "ping", "timestamp": datetime.now(UTC).isoformat(), "data": {"message": "Hello"}})
    headers = sign(body)
    other = sign(body, secret=OTHER_SECRET, webhook_id=headers["webhook-id"])
    headers["webhook-signature"] = f"{other['webhook-signature']} v1a,of-another-kind {headers['webhook-signature']}"

    answer = httpx2.post(f"{blog.url}/gatepost-webhook", content=body, headers=headers)

    assert answer.status_code == 204


def test_an_older_event_that_comes_later_changes_nothing(blog: Blog, author: httpx2.Client) -> None:
    blog.write(author, "Approved, then rejected.")
    external_id = blog.submitted("Approved, then rejected.")

    answers = [blog.tell(external_id, "rejected", sequence=2), blog.tell(external_id, "approved", sequence=1)]

    assert answers == [204, 204]
    assert "Approved, then rejected." not in blog.read()


def test_a_webhook_id_counts_once(blog: Blog, author: httpx2.Client) -> None:
    blog.write(author, "Once is enough.")
    external_id = blog.submitted("Once is enough.")

    blog.tell(external_id, "approved", sequence=1, webhook_id="evt_1")
    again = blog.tell(external_id, "rejected", sequence=2, webhook_id="evt_1")

    assert again == 204
    assert "Once is enough." in blog.read()


def test_what_readers_write_is_shown_as_text(blog: Blog, author: httpx2.Client) -> None:
    hostile = "<script>alert('China')</script><img src=x onerror=alert(1)>"
    blog.write(author, hostile, author_name="<b>Eve</b>", author_url="javascript:alert(1)")

    blog.tell(blog.submitted(hostile), "approved")

    page = blog.read()
    assert "&lt;script&gt;alert(&#39;China&#39;)&lt;/script&gt;" in page
    assert "&lt;b&gt;Eve&lt;/b&gt;" in page
    assert not [part for part in ("<script>alert", "<img", "<b>Eve", "javascript:") if part in page]


def test_the_page_allows_no_inline_script(blog: Blog) -> None:
    policy = httpx2.get(blog.url).headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


def test_an_open_page_is_told_of_a_change(blog: Blog, author: httpx2.Client) -> None:
    blog.write(author, "Tell me.")
    external_id = blog.submitted("Tell me.")
    with author.stream("GET", "/changes") as stream:
        told = (line for line in stream.iter_lines() if line == "data: changed")
        next(told)  # as soon as the page is open

        blog.tell(external_id, "approved")

        assert next(told)


def test_a_comment_that_gatepost_cannot_take_now_is_sent_when_it_can(own_blog: Blog) -> None:
    with own_blog.browser() as author:
        own_blog.write(author, "Is anybody there?")
        eventually(lambda: "Gatepost has not taken a comment" in own_blog.process.tail)
        assert "Waiting for a decision" in own_blog.read(author)

    own_blog.gatepost.start()

    assert own_blog.submitted("Is anybody there?")
    assert "Is anybody there?" not in own_blog.read()


def test_a_comment_that_gatepost_refuses_does_not_block_the_others(blog: Blog, author: httpx2.Client) -> None:
    blog.write(author, "An unprocessable comment.")
    blog.write(author, "The next comment.")

    assert blog.submitted("The next comment.")
    assert "An unprocessable comment." not in blog.read()


def test_a_comment_survives_the_end_of_the_blog(own_blog: Blog) -> None:
    with own_blog.browser() as author:
        own_blog.write(author, "Written just before the crash.")
    own_blog.process.kill()
    own_blog.gatepost.start()

    own_blog.start()

    assert own_blog.submitted("Written just before the crash.")


def test_the_blog_stops_though_pages_are_open(own_blog: Blog) -> None:
    with own_blog.browser() as reader, reader.stream("GET", "/changes") as stream:
        lines = stream.iter_lines()  # held: a forgotten iterator closes the connection
        next(lines)

        own_blog.process.terminate(within=timedelta(seconds=5))


def test_the_blog_shares_no_code_with_gatepost() -> None:
    nodes = list(ast.walk(ast.parse(BLOG.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]

    foreign = {name.partition(".")[0] for name in names} - sys.stdlib_module_names

    assert foreign == {"fastapi", "httpx2", "jinja2", "uvicorn"}
