"""Akismet's clients are answered in its words: each trap that a real one has set stands here."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlmodel import select

from service.core import comments, keys, sites
from service.core.db import Database
from service.core.models import Category, Comment, Endpoint, HeldAsSpam, Lesson, OutboxRow, Scope, Site, Status
from service.core.policy import Policy
from service.core.settings import Settings
from service.main import build_app
from tests.compat.akismet.conftest import BLOG, ScoringBell

Check = Callable[..., Response]
CALLBACK = f"{BLOG}/index.php?rest_route=/akismet/v1/webhook"
HELD = "This is toxicity."


def _stored(database: Database) -> list[Comment]:
    with database.reading() as session:
        return list(session.exec(select(Comment).order_by(Comment.id)))  # type: ignore[arg-type]


def _rows(database: Database, table: Any) -> list[Any]:
    with database.reading() as session:
        return list(session.exec(select(table)))


def test_a_good_comment_is_false_and_nothing_more(check: Check, database: Database) -> None:
    answer = check()

    assert (answer.status_code, answer.text) == (200, "false")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-akismet-guid"] == str(_stored(database)[0].id)
    assert [name for name in answer.headers if name.startswith("x-akismet")] == ["x-akismet-guid"]


def test_what_the_policy_rejects_is_true(check: Check) -> None:
    answer = check("Win at the casino.")

    assert answer.text == "true"
    assert [name for name in answer.headers if name.startswith("x-akismet")] == ["x-akismet-guid"]


def test_what_the_policy_discards_need_not_be_kept(check: Check, database: Database, site: Site) -> None:
    with database.transaction() as session:
        sites.put_policy(session, site.id, Policy(discard_at={"spam": 0.5}), actor="site")

    answer = check("This is spam.", POST_ak_hp_textarea="I am a robot")

    assert (answer.text, answer.headers["x-akismet-pro-tip"]) == ("true", "discard")


def test_a_held_comment_is_told_to_wait_for_a_human(check: Check, database: Database) -> None:
    answer = check(HELD)

    assert (answer.text, answer.headers["x-akismet-error"]) == ("false", "held-for-review")
    # With it WordPress would publish by itself.
    assert "x-akismet-recheck-after" not in answer.headers
    assert _stored(database)[0].status == Status.HELD


@pytest.mark.parametrize(
    ("option", "answers"),
    [(HeldAsSpam.NONE, ["false", "false"]), (HeldAsSpam.SPAM, ["false", "true"]), (HeldAsSpam.ALL, ["true", "true"])],
)
def test_a_key_says_which_held_comments_its_client_hears_to_be_spam(
    client: TestClient,
    issue: Callable[..., str],
    database: Database,
    site: Site,
    option: HeldAsSpam,
    answers: list[str],
) -> None:
    with database.transaction() as session:
        sites.put_policy(session, site.id, Policy(thresholds={"spam": 0.3}), actor="site")
    key = issue(option)

    said = [
        client.post("/1.1/comment-check", data={"api_key": key, "comment_content": text})
        for text in (HELD, "Some spam.")
    ]

    assert [answer.text for answer in said] == answers
    assert ["x-akismet-error" in answer.headers for answer in said] == [text == "false" for text in answers]
    assert {comment.status for comment in _stored(database)} == {Status.HELD}


def test_what_is_not_decided_in_time_is_told_to_wait(settings: Settings, bell: ScoringBell, key: str) -> None:
    app = build_app(settings.model_copy(update={"answer_within": timedelta(milliseconds=30)}), bell)
    bell.asleep = True

    answer = TestClient(app).post("/1.1/comment-check", data={"api_key": key, "comment_content": "Thank you."})

    assert (answer.text, answer.headers["x-akismet-error"]) == ("false", "held-for-review")
    app.state.database.engine.dispose()


def test_wordpress_is_patient(settings: Settings, bell: ScoringBell, key: str) -> None:
    app = build_app(settings.model_copy(update={"answer_within": timedelta(0)}), bell)
    fields = {"api_key": key, "comment_content": "Thank you."}

    answers = [
        TestClient(app).post(
            "/1.1/comment-check", data={**fields, "comment_author": name}, headers={"user-agent": name}
        )
        for name in ("another/1.0", "WordPress/6.8.12 | Akismet/5.5")
    ]

    assert ["x-akismet-error" in answer.headers for answer in answers] == [True, False]
    app.state.database.engine.dispose()


@pytest.mark.parametrize("place", ["host", "api_key", "key", "query"])
def test_the_key_is_found_in_each_of_its_places(client: TestClient, key: str, place: str) -> None:
    fields = {"comment_content": "Thank you.", **({place: key} if place in {"api_key", "key"} else {})}
    host = f"{key}.rest.akismet.com" if place == "host" else "rest.akismet.com"
    query = {"api_key": key} if place == "query" else {}

    answer = client.post("/1.1/comment-check", data=fields, params=query, headers={"host": host})

    assert answer.text == "false"


def test_a_host_of_twelve_letters_is_no_key(client: TestClient, key: str) -> None:
    headers = {"host": "commentguard.example.org"}

    answer = client.post("/1.1/comment-check", data={"api_key": key, "comment_content": "Hello."}, headers=headers)

    assert answer.text == "false"


@pytest.mark.parametrize("fields", [{}, {"api_key": "abcdefghijkl"}, {"api_key": "é" * 12}, {"api_key": "x" * 5000}])
def test_a_wrong_key_is_invalid_with_help_and_status_200(client: TestClient, fields: dict[str, str]) -> None:
    answer = client.post("/1.1/comment-check", data={**fields, "comment_content": "Thank you."})

    assert (answer.status_code, answer.text) == (200, "invalid")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "gatepost akismet key" in answer.headers["x-akismet-debug-help"]


def test_a_revoked_key_is_invalid_at_once(client: TestClient, key: str, database: Database, site: Site) -> None:
    with database.transaction() as session:
        keys.revoke(session, keys.listed(session, site.id)[0].id)

    assert client.post("/1.1/verify-key", data={"key": key}).text == "invalid"


def test_a_key_is_verified_under_either_name(client: TestClient, key: str) -> None:
    assert client.post("/1.1/verify-key", data={"key": key, "blog": BLOG}).text == "valid"
    assert client.post("/1.1/verify-key", data={"api_key": key, "blog": BLOG}).text == "valid"


def test_the_key_in_question_is_verified_not_the_one_that_wordpress_has_now(client: TestClient, key: str) -> None:
    assert client.post("/1.1/verify-key", data={"key": "abcdefghijkl", "api_key": key}).text == "invalid"
    assert client.post("/1.1/verify-key", data={"key": key, "api_key": "abcdefghijkl"}).text == "valid"


def test_an_akismet_key_opens_no_other_door(client: TestClient, key: str, database: Database, site: Site) -> None:
    with database.reading() as session:
        public_id = keys.listed(session, site.id)[0].id
    for bearer in (key, f"gp_{key}", f"gp_{public_id}_{key}", f"gp_{public_id}_"):
        answer = client.post("/v1/comments", json={"text": "Hi."}, headers={"authorization": f"Bearer {bearer}"})
        assert answer.status_code == 401, bearer


def test_a_bearer_key_is_no_akismet_key(client: TestClient, database: Database, site: Site) -> None:
    with database.transaction() as session:
        bearer = keys.issue(session, site.id, Scope.ADMIN)

    assert client.post("/1.1/verify-key", data={"key": bearer}).text == "invalid"
    assert client.post("/1.1/verify-key", data={"key": keys.public_id(bearer)}).text == "invalid"


def test_the_fields_become_a_comment(check: Check, database: Database) -> None:
    check(
        comment_type="reply",
        comment_author="Aiko",
        comment_author_email="aiko@example.org",
        comment_author_url="https://aiko.example.org",
        user_ID="17",
        comment_parent="0",
        comment_post_ID="9",
        user_agent="Mozilla/5.0",
        referrer="https://search.example/",
        permalink=f"{BLOG}/treaty",
        blog_lang="en_US, fr_ca",
        comment_date_gmt="2026-11-24T12:00:00Z",
        POST_ak_hp_textarea="I am a robot",
    )

    [comment] = _stored(database)
    assert (comment.type, comment.author_name, comment.author_email) == ("reply", "Aiko", "aiko@example.org")
    assert (comment.author_id, comment.parent_id, comment.post_id) == ("17", None, "9")
    assert (comment.author_ip, comment.user_agent, comment.language) == ("203.0.113.7", "Mozilla/5.0", "en-US")
    assert (comment.honeypot, str(comment.posted_at)) == ("I am a robot", "2026-11-24 12:00:00+00:00")


def test_the_client_names_its_honeypot_and_its_kind_of_content(check: Check, database: Database) -> None:
    check(honeypot_field_name="website2", website2="buy", content_type="forum-post")

    [comment] = _stored(database)
    assert (comment.honeypot, comment.type) == ("buy", "forum-post")


def test_wordpress_s_slashes_are_taken_off(client: TestClient, key: str, database: Database) -> None:
    text = r"It\'s \"so\" \\o/"
    fields = {"api_key": key, "comment_content": text, "comment_author": r"O\'Brien", "POST_comment": text}

    client.post("/1.1/comment-check", data=fields, headers={"user-agent": "WordPress/6.8.12 | Akismet/5.5"})
    client.post("/1.1/comment-check", data=fields, headers={"user-agent": "another/1.0"})

    first, second = _stored(database)
    assert (first.text, first.author_name) == (r"""It's "so" \o/""", "O'Brien")
    assert second.text == text


def test_an_ipv4_address_in_ipv6_clothes_counts_as_itself(check: Check, database: Database) -> None:
    check(user_ip="::ffff:203.0.113.9")

    assert _stored(database)[0].author_ip == "203.0.113.9"


def test_fields_that_do_not_fit_are_cut_or_left_out(check: Check, database: Database) -> None:
    answer = check(
        user_ip="unknown", comment_author="x" * 5000, comment_date_gmt="yesterday", comment_author_email="no address"
    )

    assert answer.text == "false"
    [comment] = _stored(database)
    assert (comment.author_ip, comment.author_name, comment.posted_at) == (None, "x" * 200, None)


def test_blanks_come_without_equals_signs_and_names_come_twice(
    client: TestClient, key: str, database: Database
) -> None:
    body = f"api_key={key}&comment_author_url&comment_author=Eve&comment_author=Aiko&comment_content=Thank+you&empty="
    headers = {"content-type": "application/x-www-form-urlencoded"}

    assert client.post("/1.1/comment-check", content=body, headers=headers).text == "false"
    [comment] = _stored(database)
    assert (comment.author_url, comment.author_name) == (None, "Aiko")


def test_a_form_says_its_charset(client: TestClient, key: str, database: Database) -> None:
    body = f"api_key={key}&comment_content={quote('Grüße', encoding='iso-8859-1')}"
    headers = {"content-type": "application/x-www-form-urlencoded; charset=ISO-8859-1"}

    assert client.post("/1.1/comment-check", content=body, headers=headers).text == "false"
    assert _stored(database)[0].text == "Grüße"


def test_a_body_may_be_json(client: TestClient, key: str, database: Database) -> None:
    body = {"api_key": key, "comment_content": "Thank you.", "comment_parent": None, "user_ID": 17, "tags": ["a"]}

    assert client.post("/1.1/comment-check", json=body).text == "false"
    assert _stored(database)[0].author_id == "17"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"[1]", "application/json"),
        (b"{", "application/json"),
        (b'{"a":' * 5000, "application/json"),
        (b'{"comment_content": 1e999}', "application/json"),
        (b"\xff" * 100, "application/json"),
        (b"a=1&" * 5000, "application/x-www-form-urlencoded"),
        (b"\xff" * 100, "application/x-www-form-urlencoded"),
        (b"a=1", "application/x-www-form-urlencoded; charset=no-such-thing"),
        (b"a=1", "application/x-www-form-urlencoded; charset=rot13"),
    ],
)
def test_a_broken_body_is_invalid(client: TestClient, body: bytes, kind: str) -> None:
    answer = client.post("/1.1/comment-check", content=body, headers={"content-type": kind})

    assert (answer.status_code, answer.text) == (200, "invalid")


def test_nul_and_half_a_character_are_replaced(client: TestClient, key: str, database: Database) -> None:
    body = json.dumps({"api_key": key, "comment_content": "a\0b\ud800c", "comment_author": "\0"})

    answer = client.post("/1.1/comment-check", content=body, headers={"content-type": "application/json"})

    assert answer.text == "false"
    assert _stored(database)[0].text == "a\ufffdb\ufffdc"


def test_a_comment_may_have_only_an_author(check: Check, database: Database) -> None:
    assert check("", comment_author="Buy some toxicity").headers["x-akismet-error"] == "held-for-review"
    assert _stored(database)[0].text == "Buy some toxicity"


def test_nothing_to_judge_is_invalid(check: Check, database: Database) -> None:
    assert check(" ").text == "invalid"
    assert _stored(database) == []


def test_a_comment_that_is_too_long_is_neither_true_nor_false(check: Check) -> None:
    assert check("x" * 50_001).text == "invalid"


def test_a_long_comment_in_a_long_alphabet_fits(check: Check) -> None:
    """WordPress sends it twice, each character in nine bytes."""
    text = "条約" * 4000

    assert check(text, POST_comment=text).text == "false"


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"comment_author": "viagra-test-123"}, "true"),
        ({"comment_author": "akismet-guaranteed-spam"}, "true"),
        ({"comment_author_email": "akismet-guaranteed-spam@example.com"}, "true"),
        ({"user_role": "administrator", "comment_content": "This is toxicity and spam."}, "false"),
    ],
)
def test_fixed_answers_store_nothing(check: Check, database: Database, fields: dict[str, str], answer: str) -> None:
    assert check(**{"text": "Hello.", **fields} if "comment_content" not in fields else fields).text == answer
    assert _stored(database) == []


def test_a_test_can_ask_for_the_tip_to_discard(check: Check) -> None:
    assert check(comment_author="viagra-test-123", test_discard="true").headers["x-akismet-pro-tip"] == "discard"


def test_the_same_again_within_a_minute_is_the_same_comment(check: Check, database: Database) -> None:
    guids = {check(HELD, comment_author="Aiko").headers["x-akismet-guid"] for _ in range(3)}

    assert len(guids) == len(_stored(database)) == 1


def test_another_author_s_same_text_is_another_comment(check: Check, database: Database) -> None:
    check("Great!", comment_author="Aiko")
    check("Great!", comment_author="Mallory")

    assert len(_stored(database)) == 2


def test_a_recheck_hears_what_a_human_has_decided_meanwhile(check: Check, database: Database, site: Site) -> None:
    check(HELD, comment_author="Aiko", comment_post_ID="9")
    [comment] = _stored(database)
    with database.transaction() as session:
        comments.review(session, site.id, comment.id, approve=True, category=None, actor="moderator:mo")

    answer = check(HELD, comment_author="Aiko", comment_post_ID="9", recheck_reason="recheck_queue", comment_ID="4")

    assert (answer.text, "x-akismet-error" in answer.headers) == ("false", False)
    assert len(_stored(database)) == 1


@pytest.mark.parametrize(("path", "status"), [("submit-spam", Status.REJECTED), ("submit-ham", Status.APPROVED)])
def test_what_the_blog_s_people_say_is_the_decision_and_a_lesson(
    client: TestClient, key: str, check: Check, database: Database, path: str, status: Status
) -> None:
    check(HELD, comment_author="Aiko", comment_post_ID="9")
    fields = {"api_key": key, "comment_content": HELD, "comment_author": "Aiko", "comment_post_ID": "9"}

    answer = client.post(f"/1.1/{path}", data={**fields, "reporter": "admin", "user_agent": "another"})

    assert answer.text == "Thanks for making the web a better place."
    [comment] = _stored(database)
    assert (comment.status, comment.decided_by) == (status, comments.SITE)
    assert [lesson.comment_id for lesson in _rows(database, Lesson)] == [comment.id]


def test_a_report_of_a_comment_that_we_never_saw_teaches_too(client: TestClient, key: str, database: Database) -> None:
    answer = client.post(f"/1.1/submit-spam?api_key={key}", json={"comment_content": "Cheap pills"})

    assert answer.text == "Thanks for making the web a better place."
    [comment] = _stored(database)
    assert (comment.status, comment.category) == (Status.REJECTED, Category.SPAM)
    assert len(_rows(database, Lesson)) == 1


@pytest.mark.parametrize(("text", "answer"), [("Thank you.", "false"), (HELD, "false"), ("A casino.", "true")])
def test_a_check_that_is_a_test_leaves_nothing_behind(check: Check, database: Database, text: str, answer: str) -> None:
    said = check(text, is_test="true", callback=CALLBACK)

    assert (said.text, "x-akismet-error" in said.headers) == (answer, text == HELD)
    assert (_stored(database), _rows(database, Endpoint), _rows(database, OutboxRow)) == ([], [], [])


@pytest.mark.parametrize("written", ["true", "1", "True"])
def test_a_report_of_a_test_teaches_nothing(client: TestClient, key: str, database: Database, written: str) -> None:
    client.post("/1.1/submit-spam", data={"api_key": key, "comment_content": "Pills", "is_test": written})

    assert (_stored(database), _rows(database, Lesson)) == ([], [])


@pytest.mark.parametrize("written", ["False", "false", "0", ""])
def test_no_test_is_written_in_many_ways(client: TestClient, key: str, database: Database, written: str) -> None:
    """python-akismet sends False with every request."""
    client.post("/1.1/submit-spam", data={"api_key": key, "comment_content": "Pills", "is_test": written})

    assert len(_rows(database, Lesson)) == 1


def test_a_later_decision_is_owed_to_the_plugin(check: Check, database: Database, site: Site) -> None:
    check(HELD, callback=CALLBACK)
    before = _rows(database, OutboxRow)

    with database.transaction() as session:
        [comment] = _stored(database)
        comments.review(session, site.id, comment.id, approve=True, category=None, actor="moderator:mo")

    [endpoint] = _rows(database, Endpoint)
    assert endpoint.url == CALLBACK
    assert [row for row in before if row.endpoint_id] == []
    assert [row.endpoint_id for row in _rows(database, OutboxRow) if row.endpoint_id] == [endpoint.id]


def test_a_decision_after_the_answer_is_owed_and_one_before_it_is_not(
    settings: Settings, bell: ScoringBell, key: str
) -> None:
    app = build_app(settings.model_copy(update={"answer_within": timedelta(milliseconds=30)}), bell)
    database: Database = app.state.database
    client = TestClient(app)
    bell.asleep = True
    client.post("/1.1/comment-check", data={"api_key": key, "comment_content": "Late.", "callback": CALLBACK})
    bell.asleep = False
    bell.score()
    client.post("/1.1/comment-check", data={"api_key": key, "comment_content": "In time.", "callback": CALLBACK})

    assert [row.endpoint_id is not None for row in _rows(database, OutboxRow)] == [True]
    assert len(_rows(database, Endpoint)) == 1
    database.engine.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/wp-json/akismet/v1/webhook",
        "https://blog.example.org.evil.example/wp-json/akismet/v1/webhook",
        "http://blog.example.org/wp-json/akismet/v1/webhook",
        "https://blog.example.org:8443/wp-json/akismet/v1/webhook",
        "https://blog.example.org/wp-admin/admin-ajax.php",
        "https://user@blog.example.org/wp-json/akismet/v1/webhook",
        "https://127.0.0.1/wp-json/akismet/v1/webhook",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_callback_elsewhere_is_not_called(check: Check, database: Database, url: str) -> None:
    assert check(HELD, callback=url).text == "false"
    assert _rows(database, Endpoint) == []


def test_a_blog_of_another_address_has_one_endpoint_still(check: Check, database: Database) -> None:
    check(HELD, callback=CALLBACK)
    check("Other toxicity", callback=f"{BLOG}/wp-json/akismet/v1/webhook")

    [endpoint] = _rows(database, Endpoint)
    assert endpoint.url == f"{BLOG}/wp-json/akismet/v1/webhook"
    assert {comment.callback_id for comment in _stored(database)} == {endpoint.id}


def test_a_key_has_its_share_of_requests(settings: Settings, bell: ScoringBell, key: str) -> None:
    app = build_app(settings.model_copy(update={"requests_per_minute": 1}), bell)
    client = TestClient(app)

    first, second = (client.post("/1.1/verify-key", data={"key": key}) for _ in range(2))

    assert (first.text, second.status_code) == ("valid", 429)
    assert int(second.headers["retry-after"]) > 0
    app.state.database.engine.dispose()


def test_many_at_once_are_each_answered(app: FastAPI, client: TestClient, key: str, database: Database) -> None:
    async def ask(number: int) -> str:
        fields = {"api_key": key, "comment_content": f"Comment {number}"}
        return (await asyncio.to_thread(client.post, "/1.1/comment-check", data=fields)).text

    async def ask_all() -> list[str]:
        return await asyncio.gather(*(ask(number) for number in range(12)))

    assert asyncio.run(ask_all()) == ["false"] * 12
    assert len(_stored(database)) == 12


def test_the_small_questions(client: TestClient, key: str) -> None:
    assert client.get("/1.1/test").text == "connected"
    assert client.post("/1.1/deactivate", data={"key": key, "blog": BLOG}).text == "deactivated"
