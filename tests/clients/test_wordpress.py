"""WordPress as Debian packages it, with the Akismet plugin that it brings: only rest.akismet.com's address is ours."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from service.commands import wordpress_settings
from service.core import akismet_keys, comments
from service.core.models import Comment, Site
from tests.clients.wordpress.blog import Blog, MariaDB
from tests.journey.deployment import Deployment
from tests.servers.waiting import eventually

pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

GOOD = "Thank you, that explains the treaty very well."
TOXIC = "You are a stupid worthless idiot."
SPAM = 'Cheap viagra and casino bonus, buy now at <a href="http://pills.example">pills</a> best price free money!!!'
WAIT = timedelta(seconds=90)


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    server = MariaDB(tmp_path_factory.mktemp("mariadb"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def blog(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    mariadb: MariaDB,
    gatepost: Deployment,
    lead: Callable[[str], int],
    authority: Path,
) -> Iterator[Blog]:
    """Its Akismet plugin has a key of ours, and its own moderation is switched off."""
    folder = tmp_path_factory.mktemp(request.param)
    blog = Blog(request.param, folder, mariadb, lead("rest.akismet.com"), authority)
    blog.suite = request.param
    with gatepost.database.transaction() as session:
        site = session.exec(select(Site)).one()
        key = akismet_keys.issue(session, site, blog=blog.url, allow_private=True)
    blog.start(key)
    yield blog
    blog.stop()


def _review(gatepost: Deployment, text: str, *, approve: bool) -> None:
    """A moderator decides in Gatepost's queue."""
    with gatepost.database.transaction() as session:
        comment = session.exec(
            select(Comment).where(col(Comment.text) == text).order_by(col(Comment.id).desc())
        ).first()
        assert comment
        comments.review(session, comment.site_id, comment.id, approve=approve, category=None, actor="moderator:mo")


def test_the_good_one_is_published_and_the_others_wait(blog: Blog) -> None:
    for text, author in ((GOOD, "Aiko"), (TOXIC, "Mallory"), (SPAM, "Pill")):
        blog.comment(text, author)

    statuses = blog.statuses()

    assert statuses[GOOD] == "approved"
    assert GOOD in blog.page()
    assert [status for text, status in statuses.items() if text.startswith(("You are", "Cheap"))] == ["unapproved"] * 2
    assert TOXIC not in blog.page()
