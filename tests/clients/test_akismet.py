"""Clients of Akismet's API, unmodified, against the bundled engine. Their `held` answers are as their key says."""

import secrets
from collections.abc import Callable

import pytest
from sqlmodel import col, select

from service.core import akismet_keys
from service.core.models import Comment, HeldAsSpam, Site, Status
from tests.clients.conftest import Run
from tests.journey.deployment import Deployment

pytestmark = pytest.mark.clients

HOST = "rest.akismet.com"
WRONG_KEY = "abcdefghijkl"


@pytest.fixture
def issue(gatepost: Deployment) -> Callable[[HeldAsSpam], str]:
    def issue(held_as_spam: HeldAsSpam) -> str:
        with gatepost.database.transaction() as session:
            return akismet_keys.issue(session, session.exec(select(Site)).one(), held_as_spam=held_as_spam)

    return issue


@pytest.fixture
def key(issue: Callable[[HeldAsSpam], str]) -> str:
    """For clients that do not look at headers: they publish what is not spam."""
    return issue(HeldAsSpam.ALL)


@pytest.fixture
def texts() -> tuple[str, str]:
    """A good comment and a bad one, which nobody has written before."""
    number = secrets.token_hex(4)
    return f"Thank you, that explains treaty {number} well.", f"You are a stupid idiot, number {number}."


def _names(key: str) -> tuple[str, ...]:
    return HOST, f"{key}.{HOST}", f"{WRONG_KEY}.{HOST}"


def _reported(gatepost: Deployment, texts: tuple[str, str]) -> list[tuple[Status, str | None]]:
    """What became of the two: each client says in the end that the good one is spam, and the bad one is not."""
    with gatepost.database.reading() as session:
        found = [session.exec(select(Comment).where(col(Comment.text) == text)).one() for text in texts]
    return [(comment.status, comment.decided_by) for comment in found]


REPORTED = [(Status.REJECTED, "site"), (Status.APPROVED, "site")]


def test_pypi_akismet(run: Run, gatepost: Deployment, key: str, texts: tuple[str, str]) -> None:
    told = run("akismet", "pypi_akismet.py", key, *texts, hosts=_names(key))

    usage, sites = told.pop("usage"), told.pop("sites")
    assert told == {"refused": True, "good": "HAM", "bad": "SPAM", "test": "SPAM", "spam": True, "ham": True}
    assert usage["limit"] == "none"
    assert usage["usage"] >= 2
    # It asks without a key.
    assert sites["total"] == 0
    assert _reported(gatepost, texts) == REPORTED


def test_a_client_that_is_told_of_no_header_publishes_what_is_held(
    run: Run, issue: Callable[[HeldAsSpam], str], texts: tuple[str, str]
) -> None:
    """Why there is an option, and why the guide names the clients that need it."""
    key = issue(HeldAsSpam.NONE)

    assert run("akismet", "pypi_akismet.py", key, *texts, hosts=_names(key))["bad"] == "HAM"


def test_pypi_pykismet3(run: Run, gatepost: Deployment, key: str, texts: tuple[str, str]) -> None:
    told = run("pykismet3", "pykismet.py", key, *texts, plain_hosts=_names(key))

    assert told == {"refused": True, "good": False, "bad": True}
    assert _reported(gatepost, texts) == REPORTED


def test_pypi_python_akismet(run: Run, gatepost: Deployment, key: str, texts: tuple[str, str]) -> None:
    told = run("python-akismet", "python_akismet.py", key, *texts, hosts=_names(key))

    assert "gatepost akismet key" in told["refused"]
    # Ham is 0, probable spam 2.
    assert (told["good"], told["bad"]) == (0, 2)
    assert _reported(gatepost, texts) == REPORTED


def test_pypi_akismet_async(run: Run, gatepost: Deployment, key: str, texts: tuple[str, str]) -> None:
    told = run("akismet-async", "akismet_async.py", key, *texts, hosts=_names(key))

    assert told == {"verified": True, "refused": True, "good": "HAM", "bad": "PROBABLE_SPAM"}
    assert _reported(gatepost, texts) == REPORTED


def test_npm_akismet(run: Run, gatepost: Deployment, key: str, texts: tuple[str, str]) -> None:
    told = run("node", "akismet.cjs", key, *texts, plain_hosts=_names(key))

    assert told == {"verified": True, "refused": True, "good": False, "bad": True}
    assert _reported(gatepost, texts) == REPORTED


def test_npm_akismet_api(run: Run, gatepost: Deployment, key: str, texts: tuple[str, str]) -> None:
    told = run("node", "akismet_api.cjs", key, *texts, hosts=_names(key))

    assert told == {"verified": True, "refused": True, "good": False, "bad": True}
    assert _reported(gatepost, texts) == REPORTED


def test_npm_cedx_akismet(run: Run, gatepost: Deployment, key: str, texts: tuple[str, str]) -> None:
    told = run("node", "cedx_akismet.mjs", gatepost.url, key, *texts)

    assert told == {"verified": True, "refused": True, "good": 0, "bad": 1, "test": 1}
    assert _reported(gatepost, texts) == REPORTED
