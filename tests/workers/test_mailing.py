"""Mails on their way to a real mail server: each once, and none lost when that is away."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlmodel import select

from service.core import invitations, moderators, webhooks
from service.core.db import Database
from service.core.mail import digests, owed, server
from service.core.mail.server import ServerError
from service.core.models import Digest, Endpoint, Frequency, Mail, MailKind, Moderator, Role, utc_now
from service.core.settings import Settings
from tests.core.held import employ, hold
from tests.servers.mail import MailServer
from tests.servers.waiting import eventually
from workers import mailing, records

HOUR = timedelta(hours=1)


@pytest.fixture
def to() -> Iterator[MailServer]:
    with MailServer().running() as running:
        yield running


@pytest.fixture
def mira(database: Database, site_id: UUID) -> Moderator:
    """Moderates the site, and wants to hear of it every hour."""
    mira = employ(database, "mira", site_id)
    with database.transaction() as session:
        digests.choose(session, mira.id, site_id, Frequency.HOURLY)
    return mira


def _settings(to: MailServer) -> Settings:
    return Settings(smtp_url=SecretStr(to.url), mail_from="Gatepost <gate@post.example>", _env_file=None)


def _send(database: Database, to: MailServer) -> bool:
    return mailing.send_next(database, _settings(to), server.parse(to.url))


def _send_all(database: Database, to: MailServer) -> None:
    while _send(database, to):
        pass


def _hours_pass(database: Database, hours: float) -> None:
    with database.transaction() as session:
        for digest in session.exec(select(Digest)):
            digest.due_at -= hours * HOUR


def _later(database: Database) -> None:
    """Whatever waits for its time is due."""
    with database.transaction() as session:
        for mail in session.exec(select(Mail)):
            mail.due_at = utc_now() - HOUR


def _owed(database: Database) -> list[Mail]:
    with database.reading() as session:
        return list(session.exec(select(Mail)))


def test_a_digest_comes_once_in_each_period_in_which_something_is_held(
    database: Database, site_id: UUID, mira: Moderator, to: MailServer
) -> None:
    counts = []
    for hours in (1.1, 0.5, 0.5, 0.5, 7):
        _hours_pass(database, hours)
        _send_all(database, to)
        counts.append(len(to.mails))
        hold(database, site_id)

    # Nothing was held when the first hour was over. Seven hours missed are one mail.
    assert counts == [0, 0, 1, 1, 2]
    assert {mail["To"] for mail in to.mails} == {"mira@example.org"}
    assert len({mail["Message-ID"] for mail in to.mails}) == 2
    assert _owed(database) == []


def test_a_digest_shows_the_oldest_and_counts_the_rest(
    database: Database, site_id: UUID, mira: Moderator, to: MailServer
) -> None:
    for number in range(12):
        hold(database, site_id, text=f"Comment {number}.", author_name=f"Reader {number}")
    _hours_pass(database, 1)

    _send_all(database, to)

    [mail] = to.mails
    body = mail.get_body(["plain"])
    assert body
    text = body.get_content()
    assert mail["Subject"] == "12 comments wait at Blog"
    assert [f"Reader {number}," in text for number in range(12)] == [True] * 10 + [False] * 2
    assert "These are the oldest 10." in text


@pytest.mark.parametrize("what", ["left", "disabled", "viewer", "nobody's"])
def test_who_may_decide_nothing_any_more_gets_no_digest(
    database: Database, site_id: UUID, mira: Moderator, to: MailServer, what: str
) -> None:
    hold(database, site_id)
    with database.transaction() as session:
        if what == "left":
            moderators.leave(session, mira, site_id)
        elif what == "disabled":
            moderators.disable(session, mira.email)
        elif what == "viewer":
            moderators.join(session, mira, site_id, Role.VIEWER)
        else:
            digests.choose(session, mira.id, site_id, None)
    _hours_pass(database, 1)

    _send_all(database, to)

    assert to.mails == []


def test_who_has_unsubscribed_gets_not_even_what_was_owed(
    database: Database, site_id: UUID, mira: Moderator, to: MailServer
) -> None:
    hold(database, site_id)
    _hours_pass(database, 1)
    with database.transaction() as session:
        digests.owe_due(session)
        session.flush()
        digests.choose(session, mira.id, site_id, None)

    _send_all(database, to)

    assert (to.mails, _owed(database)) == ([], [])


def test_a_change_of_role_keeps_the_wish(database: Database, site_id: UUID, mira: Moderator) -> None:
    with database.transaction() as session:
        moderators.leave(session, mira, site_id)
        session.flush()
        moderators.join(session, mira, site_id, Role.ADMIN)

    with database.reading() as session:
        assert digests.chosen(session, mira.id) == {site_id: Frequency.HOURLY}


def test_what_a_server_that_is_away_did_not_get_it_gets_later(
    database: Database, site_id: UUID, mira: Moderator
) -> None:
    hold(database, site_id)
    _hours_pass(database, 1)
    to = MailServer()
    for _ in range(2):
        with pytest.raises(ServerError, match="refuses the connection"):
            _send(database, to)
        [mail] = _owed(database)
        assert (mail.lease, "refuses the connection" in (mail.error or "")) == (None, True)
        assert not _send(database, to)
        _later(database)
        _hours_pass(database, 1)

    with to.running():
        _send_all(database, to)

    # One, though two hours have passed.
    assert len(to.mails) == 1
    assert _owed(database) == []


def test_each_failure_makes_the_wait_longer_up_to_an_hour(database: Database, site_id: UUID, mira: Moderator) -> None:
    hold(database, site_id)
    _hours_pass(database, 1)
    waits = []
    for _ in range(9):
        with pytest.raises(ServerError):
            _send(database, MailServer())
        waits.append(round((_owed(database)[0].due_at - utc_now()).total_seconds() / 60))
        _later(database)

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_mail_that_is_refused_for_good_holds_up_no_other(
    database: Database, site_id: UUID, mira: Moderator, to: MailServer
) -> None:
    hold(database, site_id)
    _hours_pass(database, 1)
    to.refusal = "550 No such mailbox"
    assert _send(database, to)
    assert _owed(database) == []

    _hours_pass(database, 1)
    to.refusal = "451 Come back later"
    assert _send(database, to)
    [waits] = _owed(database)
    assert "451 Come back later" in (waits.error or "")

    to.refusal = None
    _later(database)
    _send_all(database, to)
    assert len(to.mails) == 1


def test_a_digest_whose_sender_has_died_is_not_sent_a_second_time(
    database: Database, site_id: UUID, mira: Moderator, to: MailServer
) -> None:
    hold(database, site_id)
    _hours_pass(database, 1)
    with database.transaction() as session:
        digests.owe_due(session)
        session.flush()
        assert owed.claim(session)
    assert not _send(database, to)
    _later(database)

    assert not _send(database, to)

    assert (to.mails, _owed(database)) == ([], [])


def test_two_senders_never_have_the_same_mail(database: Database, site_id: UUID, mira: Moderator) -> None:
    with database.transaction() as session:
        owed.owe(session, MailKind.DIGEST, site_id, mira.id)
    with database.transaction() as session:
        first = owed.claim(session)
    with database.transaction() as session:
        second = owed.claim(session)

    assert first
    assert second is None


def test_who_has_lost_the_lease_writes_nothing(database: Database, site_id: UUID, mira: Moderator) -> None:
    with database.transaction() as session:
        owed.owe(session, MailKind.INVITATION, site_id, None)
    claimed = []
    for _ in range(2):
        with database.transaction() as session:
            claimed.append(owed.claim(session))
        _later(database)
    late, mine = claimed
    assert late
    assert mine

    with database.transaction() as session:
        owed.finish(session, late)
        owed.postpone(session, late, "late")

    [left] = _owed(database)
    assert (left.lease, left.error) == (mine.lease, None)


def test_admins_hear_that_an_endpoint_was_disabled(database: Database, site_id: UUID, to: MailServer) -> None:
    admin = employ(database, "ada", site_id)
    employ(database, "mo", site_id)
    with database.transaction() as session:
        moderators.join(session, admin, site_id, Role.ADMIN)
        session.flush()
        endpoint = webhooks.create(session, site_id, "https://blog.example.org/hooks", allow_private=False)
        records._disable(session, endpoint, "The receiver answered 410 Gone.")

    _send_all(database, to)

    [mail] = to.mails
    body = mail.get_body(["plain"])
    assert body
    assert (mail["To"], mail["Subject"]) == ("ada@example.org", "A webhook of Blog is disabled")
    assert "https://blog.example.org/hooks" in body.get_content()
    assert "The receiver answered 410 Gone." in body.get_content()


def test_an_endpoint_that_is_enabled_again_needs_no_mail(database: Database, site_id: UUID, to: MailServer) -> None:
    admin = employ(database, "ada", site_id)
    with database.transaction() as session:
        moderators.join(session, admin, site_id, Role.ADMIN)
        session.flush()
        endpoint = webhooks.create(session, site_id, "https://blog.example.org/hooks", allow_private=False)
        records._disable(session, endpoint, "The receiver answered 410 Gone.")
        webhooks.enable(session, session.get_one(Endpoint, endpoint.id))

    _send_all(database, to)

    assert (to.mails, _owed(database)) == ([], [])


def test_an_invitation_goes_to_whoever_is_invited_and_its_link_lies_nowhere_in_plain(
    database: Database, site_id: UUID, to: MailServer
) -> None:
    with database.transaction() as session:
        token = invitations.invite(session, site_id, "noor@example.org", Role.VIEWER, "moderator:mo")
        owed.owe_invitation(session, site_id, token, "de")
    assert token not in str([mail.model_dump() for mail in _owed(database)])

    _send_all(database, to)

    [mail] = to.mails
    body = mail.get_body(["plain"])
    assert body
    assert (mail["To"], mail["Subject"]) == ("noor@example.org", "Sie sind eingeladen, Blog zu moderieren")
    assert f"http://127.0.0.1:8000/console/join?token={token}" in body.get_content()


def test_an_invitation_that_was_withdrawn_is_not_sent(database: Database, site_id: UUID, to: MailServer) -> None:
    with database.transaction() as session:
        token = invitations.invite(session, site_id, "noor@example.org", Role.VIEWER, "moderator:mo")
        owed.owe_invitation(session, site_id, token, "en")
        session.flush()
        invitations.withdraw(session, site_id, invitations.listed(session, site_id)[0].token_hash)

    _send_all(database, to)

    assert to.mails == []


def test_the_thread_sends_what_is_owed_and_goes_on_after_a_failure(
    database: Database, site_id: UUID, mira: Moderator, to: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "_LOOKS_EVERY", timedelta(milliseconds=5))
    broken = employ(database, "no address", site_id)
    hold(database, site_id)
    with database.transaction() as session:
        for moderator in (broken, mira):
            owed.owe(session, MailKind.DIGEST, site_id, moderator.id)
            session.flush()
    stop = threading.Event()
    thread = threading.Thread(target=mailing.run, args=(database, _settings(to), stop))
    thread.start()

    eventually(lambda: to.mails)
    stop.set()
    thread.join()

    assert [mail["To"] for mail in to.mails] == ["mira@example.org"]


def test_without_a_mail_server_nothing_is_looked_for(database: Database) -> None:
    mailing.run(database, Settings(_env_file=None), threading.Event())


def test_a_server_that_is_away_is_asked_less_and_less() -> None:
    assert [mailing._wait(failures).total_seconds() for failures in (0, 1, 2, 6, 7, 1000)] == [5, 10, 20, 320, 600, 600]
