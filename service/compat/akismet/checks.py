"""Checks of comments, and what the blog's people say of them afterwards.

Source: akismet.com/developers, and what its clients do: docs/decisions/0027.
"""

from datetime import timedelta

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from service.compat import asking
from service.compat.akismet import fields as fields_of
from service.compat.akismet.answers import AkismetRoute, InvalidError, word
from service.compat.akismet.fields import Fields
from service.compat.akismet.questions import Asked, Counted, Question
from service.core import by_text, callbacks, comments, db, resent, submissions
from service.core.admission import Entry
from service.core.akismet_keys import Client
from service.core.db import Database
from service.core.intake import Incoming
from service.core.models import Category, Comment, HeldAsSpam, Status
from service.core.policy import Decision
from service.core.submissions import Submission
from service.core.waiting import Waiting
from service.web import DatabaseDep, SettingsDep

THANKS = "Thanks for making the web a better place."
# WordPress asks again at once, twice, when the first answer does not come.
_AGAIN_WITHIN = timedelta(minutes=1)
# It would wait for 15 seconds; and plugins before 5.5 hear of no later decision.
_WORDPRESS_WAITS = timedelta(seconds=5)
_TEST_AUTHORS = {"viagra-test-123", "akismet-guaranteed-spam"}
_TEST_EMAIL = "akismet-guaranteed-spam@example.com"

# Not in our OpenAPI document: the paths, and what they mean, are Akismet's.
router = APIRouter(route_class=AkismetRoute, include_in_schema=False)


@router.get("/1.1/test")
async def test() -> Response:
    """The plugin's test of whether we can be reached."""
    return word("connected")


@router.post("/1.1/verify-key")
async def verify_key(_: Counted) -> Response:
    return word("valid")


@router.post("/1.1/deactivate")
async def deactivate(_: Counted) -> Response:
    """The plugin goes; the key stays until it is revoked."""
    return word("deactivated")


@router.post("/1.1/comment-check")
async def check(asked: Asked, request: Request, database: DatabaseDep, settings: SettingsDep) -> Response:
    """Decide the comment, as the API does; what is held or not decided in time is told to wait for a human."""
    if (known := _known_answer(asked.fields)) is not None:
        return known
    submission = fields_of.submission(asked.fields)
    if submission is None:
        raise InvalidError("There is no comment: comment_content and comment_author are empty.")
    comment = await _decided(asked, submission, request, database)
    url = asked.fields.get("callback", "")
    if not comment.transient and callbacks.is_expected(asked.client, url, allow_private=settings.webhook_allow_private):
        comment = await run_in_threadpool(_expect, database, asked.client, comment, url)
    return _answer(asked.client, comment)


@router.post("/1.1/submit-spam")
async def submit_spam(asked: Counted, database: DatabaseDep) -> Response:
    return await _report(asked, database, Category.SPAM)


@router.post("/1.1/submit-ham")
async def submit_ham(asked: Counted, database: DatabaseDep) -> Response:
    return await _report(asked, database, None)


def _known_answer(fields: Fields) -> Response | None:
    """What Akismet promises to answer, for tests and for a blog's own people. Nothing is stored."""
    if fields.get("user_role", "").strip() == "administrator":
        return word("false")
    email = fields.get("comment_author_email", "").strip()
    if fields.get("comment_author", "").strip() in _TEST_AUTHORS or email == _TEST_EMAIL:
        discard = fields_of.is_true(fields, "test_discard")
        return word("true", {"X-akismet-pro-tip": "discard"} if discard else None)
    return None


async def _decided(asked: Question, submission: Submission, request: Request, database: Database) -> Comment:
    """The comment as far as it has come in time: the first one, where the client asks again about the same."""
    waiting: Waiting = request.app.state.waiting
    is_wordpress = request.headers.get("user-agent", "").startswith("WordPress/")
    until = waiting.deadline(_WORDPRESS_WAITS if is_wordpress else timedelta(0))
    is_test = fields_of.is_true(asked.fields, "is_test")
    earlier = None if is_test else await run_in_threadpool(_earlier, database, asked, submission)
    if earlier is not None:
        return await waiting.decided(earlier, until)
    incoming = Incoming(Entry("", asked.client.holder), submission, transient=is_test)
    [comment] = await asking.decided(request, [incoming], until)
    return comment


def _earlier(database: Database, asked: Question, submission: Submission) -> Comment | None:
    with database.reading() as session:
        since = None if asked.fields.get("recheck_reason") else db.now(session) - _AGAIN_WITHIN
        return resent.find(session, asked.client.site.id, submission, since)


def _expect(database: Database, client: Client, comment: Comment, url: str) -> Comment:
    """The comment as it is now, which the answer tells. What becomes of it from now on, the plugin hears by webhook."""
    with database.transaction() as session:
        locked = comments.get(session, client.site.id, comment.id, lock=True)
        callbacks.expect(session, client, locked, url)
        return locked


def _answer(client: Client, comment: Comment) -> Response:
    verdict = comment.verdict or {}
    headers = {"X-akismet-guid": str(comment.id)}
    # One that was only a test has a verdict and no status.
    status = comments.STATUS[Decision(verdict["decision"])] if comment.transient and verdict else comment.status
    if status == Status.APPROVED:
        return word("false", headers)
    if status == Status.REJECTED:
        discarded = comment.decided_by in {comments.POLICY, None} and verdict.get("decision") == Decision.DISCARD
        return word("true", headers | ({"X-akismet-pro-tip": "discard"} if discarded else {}))
    for_spam = client.akismet.held_as_spam == HeldAsSpam.SPAM and verdict.get("rule") == "spam"
    if for_spam or client.akismet.held_as_spam == HeldAsSpam.ALL:
        return word("true", headers)
    # WordPress keeps a comment as pending for it, whatever the answer, and Discourse shows it to its reviewers. With
    # `X-akismet-recheck-after` WordPress would publish by itself, after twice the time.
    return word("false", headers | {"X-akismet-error": "held-for-review"})


async def _report(asked: Question, database: Database, category: Category | None) -> Response:
    """Somebody at the blog has decided; none: it is no spam. It teaches as a moderator's word does."""
    submission = fields_of.submission(asked.fields)
    if submission is not None and not fields_of.is_true(asked.fields, "is_test"):
        await run_in_threadpool(_learn, database, asked.client, submission, category)
    return word(THANKS)


def _learn(database: Database, client: Client, submission: Submission, category: Category | None) -> None:
    with database.transaction() as session:
        found = resent.find(session, client.site.id, submission)
        # One that we were never asked about is kept too, decided: a lesson lives as long as its comment.
        comment = found or submissions.submit(session, client.site.id, submission)
        by_text.decide(session, comment, category)
