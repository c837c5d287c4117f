"""From a digest in a moderator's mailbox to a decision: the link, its page, and all that it must not do."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import SecretStr
from sqlmodel import col, select

from service.core import comments, moderators, webhooks
from service.core.comments import Review
from service.core.db import Database
from service.core.mail import digests, links, owed, server
from service.core.models import (
    AuditEntry,
    Category,
    Claim,
    Comment,
    Digest,
    Event,
    Frequency,
    MailKind,
    Moderator,
    OutboxRow,
    Role,
    Site,
    Status,
    utc_now,
)
from service.core.settings import Settings
from tests.console.conftest import ORIGIN, Hold
from tests.console.forms import EMAIL, csrf_token
from tests.console.hostile import payloads
from tests.console.test_protection import FOREIGN
from tests.servers.mail import MailServer
from workers import mailing

DECIDE = "/console/mail/decide"
# With these settings.
Digested = Callable[..., EmailMessage]


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer().running() as running:
        yield running


@pytest.fixture
def digested(db: Database, site: Site, mail_server: MailServer) -> Digested:
    """Mira's hour is over: the digest that reaches her."""

    def digested(**more: Any) -> EmailMessage:
        with db.transaction() as session:
            mira = moderators.get(session, EMAIL)
            digests.choose(session, mira.id, site.id, Frequency.HOURLY)
            session.flush()
            session.get_one(Digest, (mira.id, site.id)).due_at = utc_now()
        url = SecretStr(mail_server.url)
        sender = "Gatepost <gate@post.example>"
        settings = Settings(smtp_url=url, mail_from=sender, public_url=ORIGIN, _env_file=None, **more)
        assert mailing.send_next(db, settings, server.parse(mail_server.url))
        return mail_server.mails[-1]

    return digested


@pytest.fixture
def token(db: Database, site: Site, hold: Hold) -> str:
    """Lets Mira approve a comment that is held."""
    return _token(db, hold(site, author_name="Aiko"))


def _token(db: Database, comment: Comment, category: Category | None = None) -> str:
    with db.reading() as session:
        return links.to_decide(session, moderators.get(session, EMAIL), comment, category)


def _plain(mail: EmailMessage) -> str:
    body = mail.get_body(["plain"])
    assert body
    return str(body.get_content()).replace("\r\n", "\n")


def _html(mail: EmailMessage) -> str:
    body = mail.get_body(["html"])
    assert body
    return str(body.get_content()).replace("\r\n", "\n")


def _links(mail: EmailMessage, words: str) -> list[str]:
    """The paths behind these words in the plain text."""
    return [found.removeprefix(ORIGIN) for found in re.findall(rf"^{words}: (\S+)$", _plain(mail), re.MULTILINE)]


def _token_of(path: str) -> str:
    [found] = parse_qs(urlsplit(path).query)["token"]
    return found


def _post(client: TestClient, token: str, path: str = DECIDE, **more: Any) -> Response:
    return client.post(path, data={"token": token}, **more)


def _comment(db: Database) -> Comment:
    with db.reading() as session:
        return session.exec(select(Comment)).one()


def test_a_digest_s_link_decides_when_it_is_confirmed_and_only_once(
    visitor: TestClient, db: Database, site: Site, hold: Hold, digested: Digested
) -> None:
    with db.transaction() as session:
        webhooks.create(session, site.id, "https://blog.example.org/hooks", allow_private=False)
    comment = hold(site, author_name="Aiko", post_title="What the treaty means")
    mail = digested()
    [approve] = _links(mail, "Approve")

    page = visitor.get(approve)
    assert "You idiots!" in page.text
    assert _comment(db) == comment
    first = _post(visitor, _token_of(approve))
    assert "Decided by Mira." in first.text
    again = _post(visitor, _token_of(approve))
    assert again.status_code == 409
    assert "Nothing has changed" in again.text

    with db.reading() as session:
        decided = session.exec(select(Comment)).one()
        events = session.exec(select(Event).where(col(Event.type) == "comment.approved")).all()
        owed = session.exec(select(OutboxRow).where(col(OutboxRow.subject_id) == events[0].id)).one()
        entries = session.exec(select(AuditEntry).where(col(AuditEntry.action) == "review")).all()
    assert (decided.status, decided.sequence) == (Status.APPROVED, comment.sequence + 1)
    assert len(events) == 1
    # As in the console: the blog hears of it when it can be undone no more.
    assert timedelta(seconds=9) < owed.due_at - owed.created_at < timedelta(seconds=11)
    assert [(entry.detail or {}).get("via") for entry in entries] == ["mail"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("spam", ("Reject as spam", Category.SPAM)),
        ("toxicity", ("Reject as toxic", Category.TOXIC)),
        ("links", ("Reject", Category.OTHER)),
    ],
)
def test_the_other_link_rejects_for_what_the_comment_was_held_for(
    visitor: TestClient, db: Database, site: Site, hold: Hold, digested: Digested, rule: str, said: tuple[str, Category]
) -> None:
    comment, (words, category) = hold(site), said
    with db.transaction() as session:
        session.get_one(Comment, comment.id).rule = rule
    [reject] = _links(digested(), words)

    assert f'<button class="primary">{words}</button>' in visitor.get(reject).text
    _post(visitor, _token_of(reject))

    assert (_comment(db).status, _comment(db).category) == (Status.REJECTED, category)


def test_neither_looking_nor_what_scanners_send_decides(visitor: TestClient, db: Database, token: str) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "PROPFIND"):
        visitor.request(method, DECIDE, params={"token": token})
    _post(visitor, "", params={"token": token})

    assert _comment(db).status == Status.HELD


def test_another_site_s_page_cannot_confirm(visitor: TestClient, db: Database, token: str) -> None:
    answers = [_post(visitor, token, headers=headers) for headers in FOREIGN]

    assert {answer.status_code for answer in answers} == {403}
    assert _comment(db).status == Status.HELD


@pytest.mark.parametrize("path", [DECIDE, "/console/mail/undo", "/console/mail/unsubscribe"])
def test_a_link_that_is_not_ours_opens_nothing(visitor: TestClient, db: Database, token: str, path: str) -> None:
    forged = ["", "x", "whsec_bmV3", "é", "gAAAAA" * 40, token[:-4] + "AAA=", token.swapcase()]

    answers = [visitor.post(path, params={"token": one}, data={"token": one}) for one in forged]

    assert {answer.status_code for answer in answers} == {400}
    assert all("not one of ours" in answer.text for answer in answers)
    assert _comment(db).status == Status.HELD


def test_a_link_for_one_thing_is_none_for_another(visitor: TestClient, db: Database, site: Site, token: str) -> None:
    with db.reading() as session:
        stop = links.to_unsubscribe(session, moderators.get(session, EMAIL), site.id)

    assert _post(visitor, stop).status_code == 400
    assert visitor.post("/console/mail/unsubscribe", params={"token": token}).status_code == 400
    assert _comment(db).status == Status.HELD


def test_a_link_expires(visitor: TestClient, db: Database, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "VALID_FOR", timedelta(seconds=-1))
    late = _token(db, _comment(db))

    answer = _post(visitor, late)

    assert (answer.status_code, "This link has expired." in answer.text) == (400, True)
    assert _comment(db).status == Status.HELD


def _disable(session: Any, mira: Moderator, _: Site) -> None:
    moderators.disable(session, mira.email)


def _change_password(_: Any, mira: Moderator, __: Site) -> None:
    mira.password_hash = "another"


def _change_address(_: Any, mira: Moderator, __: Site) -> None:
    mira.email = "mira@new.example"


def _leave(session: Any, mira: Moderator, site: Site) -> None:
    moderators.leave(session, mira, site.id)


def _become_viewer(session: Any, mira: Moderator, site: Site) -> None:
    moderators.join(session, mira, site.id, Role.VIEWER)


@pytest.mark.parametrize("change", [_disable, _change_password, _change_address, _leave, _become_viewer])
def test_a_link_ends_with_the_account_and_the_role_that_it_was_for(
    visitor: TestClient, db: Database, site: Site, token: str, change: Callable[[Any, Moderator, Site], None]
) -> None:
    with db.transaction() as session:
        change(session, moderators.get(session, EMAIL), site)

    answers = [
        visitor.get(DECIDE, params={"token": token}),
        _post(visitor, token),
        _post(visitor, token, "/console/mail/undo"),
    ]

    assert {answer.status_code for answer in answers} == {400}
    assert all("holds no longer" in answer.text and "You idiots!" not in answer.text for answer in answers)
    assert _comment(db).status == Status.HELD


@pytest.fixture(params=[("admins", Role.MODERATOR), ("admins", Role.ADMIN), ("all", Role.MODERATOR)])
def demanded(request: pytest.FixtureRequest, app: Any, db: Database, site: Site) -> tuple[str, Role]:
    """Of whom a second factor is demanded, and Mira's role."""
    of, role = request.param
    with db.transaction() as session:
        moderators.join(session, moderators.get(session, EMAIL), site.id, role)
    app.state.settings = app.state.settings.model_copy(update={"second_factor": of})
    return of, role


def test_a_link_alone_decides_nothing_where_a_second_factor_is_demanded(
    visitor: TestClient, db: Database, token: str, digested: Digested, demanded: tuple[str, Role]
) -> None:
    decides = demanded == ("admins", Role.MODERATOR)

    mail = digested(second_factor=demanded[0])

    assert "You idiots!" in _plain(mail)
    assert "To the held queue: " in _plain(mail)
    assert (DECIDE in _plain(mail) + _html(mail), "without logging in" in _plain(mail)) == (decides, decides)
    assert _post(visitor, token).status_code == (200 if decides else 400)
    assert (_comment(db).status == Status.APPROVED) == decides


def test_who_comes_late_is_told_who_has_decided_what(visitor: TestClient, db: Database, site: Site, token: str) -> None:
    with db.transaction() as session:
        leo = moderators.create(session, "leo@example.org", "Leo", "correct horse battery")
        comment = session.exec(select(Comment)).one()
        comments.carry_out(session, site.id, comment.id, Review(moderators.actor(leo), Category.SPAM))

    page = visitor.get(DECIDE, params={"token": token}).text
    answer = _post(visitor, token)

    assert "Rejected: spam" in page
    assert "Decided by Leo." in page
    assert "<button" not in page
    assert answer.status_code == 409
    assert _comment(db).category == Category.SPAM


def test_what_the_blog_has_changed_since_is_not_decided(visitor: TestClient, db: Database, token: str) -> None:
    with db.transaction() as session:
        session.exec(select(Comment)).one().sequence += 2

    assert "<button" not in visitor.get(DECIDE, params={"token": token}).text
    assert _post(visitor, token).status_code == 409
    assert _comment(db).status == Status.HELD


def test_what_another_moderator_has_before_them_is_not_taken_from_them(
    visitor: TestClient, db: Database, site: Site, token: str
) -> None:
    with db.transaction() as session:
        leo = moderators.create(session, "leo@example.org", "Leo", "correct horse battery")
        comment_id = session.exec(select(Comment.id)).one()
        session.add(
            Claim(comment_id=comment_id, site_id=site.id, moderator_id=leo.id, until=utc_now() + timedelta(minutes=1))
        )

    answer = _post(visitor, token)

    assert (answer.status_code, "Somebody else has this comment" in answer.text) == (409, True)
    assert _comment(db).status == Status.HELD


def test_an_erased_comment_is_gone(visitor: TestClient, db: Database, token: str) -> None:
    with db.transaction() as session:
        comment = session.exec(select(Comment)).one()
        comments.erase(session, comment.site_id, comment.id, "site")

    assert _post(visitor, token).status_code == 404


def test_a_decision_by_mail_is_undone_on_its_page_and_the_blog_hears_nothing(
    visitor: TestClient, db: Database, site: Site, token: str
) -> None:
    with db.transaction() as session:
        webhooks.create(session, site.id, "https://blog.example.org/hooks", allow_private=False)
    assert ">Undo</button>" in _post(visitor, token).text

    answer = _post(visitor, token, "/console/mail/undo")

    assert answer.status_code == 200
    assert _comment(db).status == Status.HELD
    with db.reading() as session:
        assert session.exec(select(OutboxRow).where(col(OutboxRow.topic) == "deliver")).all() == []
    # What the mail has shown is over.
    assert _post(visitor, token).status_code == 409


def test_a_link_undoes_nothing_that_was_not_done_by_it(
    visitor: TestClient, db: Database, site: Site, token: str
) -> None:
    with db.transaction() as session:
        comment, mira = session.exec(select(Comment)).one(), moderators.get(session, EMAIL)
        comments.carry_out(session, site.id, comment.id, Review(moderators.actor(mira)))

    assert _post(visitor, token, "/console/mail/undo").status_code == 409
    assert _comment(db).status == Status.APPROVED


def test_the_console_undoes_what_was_decided_by_mail(mira: TestClient, db: Database, token: str) -> None:
    _post(mira, token)
    assert "(by mail)" in mira.get("/console/audit").text

    mira.post("/console/undo", data={"csrf_token": csrf_token(mira)})

    assert _comment(db).status == Status.HELD


def test_one_click_of_a_mail_program_ends_the_digests(
    visitor: TestClient, db: Database, site: Site, hold: Hold, digested: Digested, mail_server: MailServer
) -> None:
    hold(site)
    mail = digested()
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = mail["List-Unsubscribe"].removeprefix(f"<{ORIGIN}").removesuffix(">")
    # Mail programs do not put together what Python would take apart to keep lines short.
    assert f"List-Unsubscribe: <{ORIGIN}{path}>\r\n".encode() in mail_server.raw[-1]

    visitor.get(path)
    assert _frequencies(db) == [Frequency.HOURLY]
    # As Gmail sends it: no cookie, no origin.
    answer = visitor.post(path, data={"List-Unsubscribe": "One-Click"}, headers={"Origin": ""}, follow_redirects=False)

    assert answer.status_code == 200
    assert _frequencies(db) == []


def _frequencies(db: Database) -> list[Frequency]:
    with db.reading() as session:
        return [Frequency(digest.frequency) for digest in session.exec(select(Digest))]


def test_what_a_stranger_has_written_is_neither_markup_nor_header(
    db: Database, site: Site, hold: Hold, digested: Digested, mail_server: MailServer
) -> None:
    with db.transaction() as session:
        session.get_one(Site, site.id).name = "Blog\r\nBcc: victim@example.org <b>"
    for number, payload in enumerate(list(payloads())[:9]):
        hold(
            site,
            text=payload,
            reason=payload,
            author_name=payload[:200],
            post_title=payload[:300],
            external_id=f"{number}",
        )
    hold(
        site,
        text="one\r\nApprove: https://evil.example/\r\n\r\n.\r\nQUIT",
        author_name="A\r\nReject: https://evil.example",
    )

    mail = digested()

    assert len(mail_server.mails) == 1
    assert (mail["Bcc"], mail["To"]) == (None, EMAIL)
    assert "victim@example.org" in mail["Subject"]
    # Nothing but our own elements.
    assert set(re.findall(r"<(\w+)", _html(mail))) <= {
        "html", "head", "meta", "title", "body", "div", "p", "h1", "bdi", "span", "a",
    }  # fmt: skip
    assert all(link.startswith("/console/mail/decide?") for link in _links(mail, "Approve"))
    assert all(link.startswith("/console/mail/decide?") for link in _links(mail, "Reject as toxic"))
    assert len(_links(mail, "Approve")) == 10
    assert max(map(len, mail_server.raw[0].splitlines())) < 998


def test_the_preferences_offer_digests_where_there_is_a_mail_server(
    mira: TestClient, db: Database, site: Site, app: Any
) -> None:
    without = mira.get("/console/preferences").text
    app.state.settings = app.state.settings.model_copy(update={"smtp_url": SecretStr("smtp://127.0.0.1")})
    form = {"csrf_token": csrf_token(mira), "at": "/console/preferences"}

    mira.post("/console/mail/digests", data={**form, "wish": f"{site.id}:daily"})
    chosen = _frequencies(db)
    page = mira.get("/console/preferences").text
    mira.post("/console/mail/digests", data={**form, "wish": f"{site.id}:"})

    assert "Mails about held comments" not in without
    assert chosen == [Frequency.DAILY]
    assert f'<option value="{site.id}:daily" selected>' in page
    assert _frequencies(db) == []


def test_the_preferences_say_why_mails_wait(mira: TestClient, db: Database, site: Site, app: Any) -> None:
    app.state.settings = app.state.settings.model_copy(update={"smtp_url": SecretStr("smtp://127.0.0.1")})
    with db.transaction() as session:
        owed.owe(session, MailKind.INVITATION, site.id, None)
        mail = owed.claim(session)
        assert mail
        session.flush()
        owed.postpone(session, mail, "mail.example.org:587 refuses the connection")

    assert "mail.example.org:587 refuses the connection" in mira.get("/console/preferences").text


def test_digests_are_for_those_who_decide(mira: TestClient, db: Database, site: Site, other_site: Site) -> None:
    with db.transaction() as session:
        moderators.join(session, moderators.get(session, EMAIL), site.id, Role.VIEWER)
    token = csrf_token(mira)
    wishes = {f"{site.id}:daily": 403, f"{other_site.id}:daily": 404, f"{site.id}:yearly": 404, "x": 404}

    answers = {
        wish: mira.post("/console/mail/digests", data={"csrf_token": token, "wish": wish}).status_code
        for wish in wishes
    }

    assert answers == wishes
    assert _frequencies(db) == []


def test_a_digest_speaks_its_reader_s_language(db: Database, site: Site, hold: Hold, digested: Digested) -> None:
    hold(site)
    with db.transaction() as session:
        moderators.get(session, EMAIL).preferences = {"language": "de"}

    mail = digested()

    assert mail["Subject"] == "1 Kommentar wartet bei Treaty blog"
    assert _links(mail, "Freigeben")
