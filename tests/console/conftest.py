"""The console of a fresh Gatepost on each kind of database, with two sites and a moderator of one of them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import argon2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from service.core import comments, moderators, sites, submissions
from service.core.comments import Settlement
from service.core.db import Database
from service.core.models import Comment, Site
from service.core.policy import Decision, Signal, Span, Verdict
from service.core.queue import SilentBell
from service.core.settings import Settings
from service.core.submissions import Submission
from service.main import build_app
from tests.console.forms import EMAIL, PASSWORD, log_in
from tests.secret_keys import SECRET_KEYS

ORIGIN = "http://testserver"
Hold = Callable[..., Comment]


@pytest.fixture(autouse=True, scope="package")
def cheap_hashes() -> Iterator[None]:
    """What a hash costs is the core's; here a login a test would cost minutes."""
    with pytest.MonkeyPatch.context() as patch:
        cheap = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(moderators, "_HASHER", cheap)
        patch.setattr(moderators, "_NOBODY", cheap.hash("nobody's"))
        yield


@pytest.fixture
def app(migrated_url: str) -> Iterator[FastAPI]:
    settings = Settings(database_url=migrated_url, secret_keys=SecretStr(SECRET_KEYS), _env_file=None)
    app = build_app(settings, SilentBell())
    yield app
    app.state.database.engine.dispose()


@pytest.fixture
def db(app: FastAPI) -> Database:
    found: Database = app.state.database
    return found


@pytest.fixture
def site(db: Database) -> Site:
    """The site of the moderator Mira."""
    with db.transaction() as session:
        site = sites.create(session, "Treaty blog")
        moderators.join(session, moderators.create(session, EMAIL, "Mira", PASSWORD), site.id)
        return site


@pytest.fixture
def other_site(db: Database) -> Site:
    with db.transaction() as session:
        return sites.create(session, "Another blog")


@pytest.fixture
def visitor(app: FastAPI) -> TestClient:
    """A browser that has not logged in."""
    return TestClient(app, base_url=ORIGIN, headers={"Origin": ORIGIN})


@pytest.fixture
def mira(visitor: TestClient, site: Site) -> TestClient:
    """The browser of a moderator who has logged in."""
    log_in(visitor)
    return visitor


@pytest.fixture
def hold(db: Database) -> Hold:
    """Put a comment into a site's held queue, as the scorer does."""

    def hold(
        site: Site, text: str = "You idiots!", reason: str = "Insult: 88%.", spans: Sequence[Span] = (), **fields: Any
    ) -> Comment:
        verdict = Verdict(
            decision=Decision.HOLD,
            rule="toxicity",
            reasons=[reason],
            scores={"insult": 0.88, "spam": 0.0213},
            signals=[Signal(name="links", weight=1.0, reason=f"Signal, not: {reason}")],
            engine="compact-1",
            policy_version=1,
            spans=list(spans),
            latency_ms=2.41,
        )
        with db.transaction() as session:
            comment = submissions.submit(session, site.id, Submission.model_validate({"text": text, **fields}))
            session.flush()
            return comments.settle(session, [Settlement(comment.id, comment.revision, verdict)])[0]

    return hold
