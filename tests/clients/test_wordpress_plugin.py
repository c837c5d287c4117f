"""Our own plugin for WordPress, for blogs without Akismet's: a comment waits until the webhook comes."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from sqlmodel import col, select

from service.core import comments, keys, signing_keys, sites, webhooks
from service.core.models import Category, Comment, Scope, Status
from tests.clients.wordpress.blog import Blog, MariaDB
from tests.journey.deployment import Deployment
from tests.servers.waiting import eventually

pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

GOOD = 'Thank you, that\'s a "clear" text, on the whole.'
TOXIC = "You are a worthless stupid idiot, on the whole."
WAIT = timedelta(seconds=90)


@pytest.fixture(scope="module")
def blog(
    tmp_path_factory: pytest.TempPathFactory,
    mariadb: MariaDB,
    gatepost: Deployment,
    lead: Callable[[str], int],
    authority: Path,
) -> Iterator[Blog]:
    """Set up as the plugin's head says."""
    blog = Blog("trixie", tmp_path_factory.mktemp("plugin"), mariadb, lead("rest.akismet.com"), authority)
    route = f"{blog.url}/?rest_route=/gatepost/v1/webhook"
    with gatepost.database.transaction() as session:
        site = sites.create(session, "Our plugin")
        blog.define("GATEPOST_URL", gatepost.url)
        blog.define("GATEPOST_KEY", keys.issue(session, site.id, Scope.SUBMIT))
        endpoint = webhooks.create(session, site.id, route, allow_private=True)
        blog.define("GATEPOST_SECRET", signing_keys.shared_secret(session, endpoint) or "")
    blog.start("gatepost.php")
    yield blog
    blog.stop()


def _stored(gatepost: Deployment, text: str) -> list[Comment]:
    with gatepost.database.reading() as session:
        return list(session.exec(select(Comment).where(col(Comment.text) == text)))


def _review(gatepost: Deployment, comment: Comment, *, approve: bool) -> None:
    category = None if approve else Category.SPAM
    with gatepost.database.transaction() as session:
        comments.review(session, comment.site_id, comment.id, approve=approve, category=category, actor="moderator:mo")


def _becomes(blog: Blog, text: str, status: str) -> None:
    eventually(lambda: blog.statuses().get(text) == status, within=WAIT)


def test_a_comment_waits_and_is_published_when_it_is_approved(blog: Blog) -> None:
    blog.comment(GOOD, "Aiko")
    assert blog.statuses()[GOOD] == "unapproved"

    blog.run_cron()

    _becomes(blog, GOOD, "approved")


@pytest.mark.parametrize(("approve", "status"), [(True, "approved"), (False, "spam")])
def test_what_is_held_becomes_what_a_moderator_decides(
    blog: Blog, gatepost: Deployment, *, approve: bool, status: str
) -> None:
    text = f"{TOXIC} So says the {status} one."
    blog.comment(text, "Reader")
    blog.run_cron()
    eventually(lambda: [one.status for one in _stored(gatepost, text)] == [Status.HELD], within=WAIT)
    assert blog.statuses()[text] == "unapproved"

    _review(gatepost, _stored(gatepost, text)[0], approve=approve)

    _becomes(blog, text, status)


def test_a_moderator_s_click_in_wordpress_is_the_decision_here(blog: Blog, gatepost: Deployment) -> None:
    text = "A word that is spam in the eyes of one."
    blog.comment(text, "Plain")
    blog.run_cron()
    _becomes(blog, text, "approved")

    blog.moderate("spam", blog.id_of(text))

    [comment] = _stored(gatepost, text)
    assert (comment.status, comment.category, comment.decided_by) == (Status.REJECTED, Category.SPAM, comments.SITE)


def test_what_did_not_get_through_is_sent_later_and_once(blog: Blog, gatepost: Deployment) -> None:
    text = "Written while Gatepost was away."
    gatepost.kill()
    blog.comment(text, "Patient")
    blog.run_cron()
    assert blog.statuses()[text] == "unapproved"

    gatepost.start()
    blog.click("sweep", "")

    _becomes(blog, text, "approved")
    blog.click("sweep", "")
    assert len(_stored(gatepost, text)) == 1


@pytest.mark.parametrize("signature", ["", "v1,", "v1,bm8=", "v1a,bm8="])
def test_a_webhook_that_is_not_signed_changes_nothing(blog: Blog, signature: str) -> None:
    text = f"Nobody may publish this: {signature}."
    blog.comment(text, "Forged")
    state = {"id": str(UUID(int=1)), "external_id": blog.id_of(text), "status": "approved", "sequence": 9}
    headers = {"webhook-id": "1", "webhook-timestamp": "1790000000", "webhook-signature": signature}

    answer = httpx2.post(f"{blog.url}/?rest_route=/gatepost/v1/webhook", json={"data": state}, headers=headers)

    assert answer.status_code == 401
    assert blog.statuses()[text] == "unapproved"
