"""WordPress as Debian packages it, with the Akismet plugin that it brings: only rest.akismet.com's address is ours."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from service.commands import wordpress_settings
from service.core import akismet_keys, comments, sites
from service.core.models import Comment, Delivery, Endpoint, Event, Status
from tests.clients.wordpress.blog import Blog, MariaDB
from tests.journey.deployment import Deployment
from tests.servers.waiting import eventually

pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

GOOD = "Thank you, that explains the treaty very well."
TOXIC = "You are a stupid worthless idiot."
SPAM = 'Cheap viagra and casino bonus, buy now at <a href="http://pills.example">pills</a> best price free money!!!'
WAIT = timedelta(seconds=90)
# Akismet 5.0.2 has no route for them, and does not ask for any: there, a human decides in WordPress.
TAKES_WEBHOOKS = pytest.mark.parametrize("blog", ["trixie"], indirect=True)


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def blog(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    mariadb: MariaDB,
    gatepost: Deployment,
    lead: Callable[[str], int],
    authority: Path,
) -> Iterator[Blog]:
    """Its Akismet plugin has a key of ours, and its own moderation is switched off.

    One is led here as by a name server, the other by the file that we give to owners.
    """
    folder = tmp_path_factory.mktemp(request.param)
    blog = Blog(request.param, folder, mariadb, lead("rest.akismet.com"), authority)
    if request.param == "bookworm":
        blog.lead_by_our_file(gatepost.url)
    with gatepost.database.transaction() as session:
        site = sites.create(session, request.param)
        blog.key = akismet_keys.issue(session, site, blog=blog.url, allow_private=True)
    blog.start()
    yield blog
    blog.stop()


def test_the_good_one_is_published_and_the_others_wait(blog: Blog) -> None:
    for text, author in ((GOOD, "Aiko"), (TOXIC, "Mallory"), (SPAM, "Pill")):
        blog.comment(text, author)

    statuses = blog.statuses()

    assert statuses.pop(GOOD) == "approved"
    # The first is WordPress's own.
    assert list(statuses.values()) == ["approved", "unapproved", "unapproved"]
    page = blog.page()
    assert GOOD in page
    assert TOXIC not in page


@TAKES_WEBHOOKS
@pytest.mark.parametrize(("approve", "status"), [(True, "approved"), (False, "spam")])
def test_what_a_moderator_decides_in_the_queue_becomes_of_it_in_wordpress(
    blog: Blog, gatepost: Deployment, *, approve: bool, status: str
) -> None:
    text = f"You idiot, said the {status} novel's hero."
    blog.comment(text, "Reader")
    assert blog.statuses()[text] == "unapproved"

    _review(gatepost, text, approve=approve)

    eventually(lambda: blog.statuses()[text] == status, within=WAIT)
    # WordPress prints another apostrophe.
    assert (text.partition("'")[0] in blog.page()) == approve


@TAKES_WEBHOOKS
def test_a_human_s_word_in_wordpress_wins_over_a_later_one_in_the_queue(blog: Blog, gatepost: Deployment) -> None:
    text = "Shut up, you stupid fool."
    blog.comment(text, "Fool")
    blog.click("trash", blog.id_of(text))

    _review(gatepost, text, approve=True)

    eventually(lambda: _told(gatepost, text), within=WAIT)
    assert blog.statuses().get(text, "trash") == "trash"


@pytest.mark.parametrize("action", ["spam", "unspam"])
def test_a_moderator_s_click_in_wordpress_is_the_decision_here(blog: Blog, gatepost: Deployment, action: str) -> None:
    text = f"An ordinary word on {blog.suite} and {action}."
    blog.comment(text, "Plain")
    number = blog.id_of(text)

    blog.moderate("spam", number)
    if action == "unspam":
        blog.moderate("unspam", number)

    comment = _stored(gatepost, text)
    assert comment.status == (Status.REJECTED if action == "spam" else Status.APPROVED)
    assert comment.decided_by == comments.SITE


def test_a_recheck_is_answered_as_the_queue_has_decided(blog: Blog, gatepost: Deployment) -> None:
    text = f"What a stupid idiot wrote this on {blog.suite}?"
    blog.comment(text, "Rechecked")
    number = blog.id_of(text)
    _review(gatepost, text, approve=False)

    assert blog.click("recheck", number) == "true"


def test_the_plugin_s_pages_get_what_they_ask_for(blog: Blog) -> None:
    assert blog.click("verify", blog.key) == "valid"
    assert blog.click("verify", "abcdefghijkl") == "invalid"
    user, stats = blog.click("account", blog.key)
    assert user["status"] == "active"
    assert stats["6-months"]["ham"] >= 1


@pytest.mark.parametrize(
    "option", ["comment_moderation", "comment_previously_approved", "comment_max_links", "moderation_keys"]
)
@TAKES_WEBHOOKS
def test_the_self_test_names_the_setting_that_swallows_an_approval(
    blog: Blog, gatepost: Deployment, option: str
) -> None:
    text = f"You idiot, read the novel at https://blog.example.org/{option}."
    blog.comment(text, option.title().replace("_", ""))
    blog.click("option", option, "novel" if option == "moderation_keys" else "1")
    _review(gatepost, text, approve=True)
    eventually(lambda: _told(gatepost, text), within=WAIT)

    found = list(wordpress_settings.findings(wordpress_settings.read(json.dumps(blog.state()["options"]))))
    swallowed = blog.statuses()[text]
    blog.click("option", option, "")

    assert ([finding.setting for finding in found], swallowed) == ([option], "unapproved")


def _stored(gatepost: Deployment, text: str) -> Comment:
    with gatepost.database.reading() as session:
        found = session.exec(select(Comment).where(col(Comment.text) == text)).all()
    [comment] = found
    return comment


def _review(gatepost: Deployment, text: str, *, approve: bool) -> None:
    """A moderator decides in Gatepost's queue."""
    comment = _stored(gatepost, text)
    with gatepost.database.transaction() as session:
        comments.review(session, comment.site_id, comment.id, approve=approve, category=None, actor="moderator:mo")


def _told(gatepost: Deployment, text: str) -> bool:
    """WordPress has taken the webhook."""
    with gatepost.database.reading() as session:
        query = select(Delivery).join(Event, col(Delivery.event_id) == Event.id).join(Endpoint)
        of_it = query.where(col(Event.comment_id) == _stored(gatepost, text).id, col(Endpoint.key_id).is_not(None))
        return any(delivery.status_code == 200 and delivery.error is None for delivery in session.exec(of_it))
