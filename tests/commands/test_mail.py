"""`gatepost mail`."""

import pytest

from tests.commands.conftest import Run
from tests.servers.mail import MailServer


@pytest.fixture(autouse=True)
def to(monkeypatch: pytest.MonkeyPatch) -> MailServer:
    server = MailServer()
    monkeypatch.setenv("GATEPOST_SMTP_URL", server.url.replace("//", "//gatepost:the-secret@"))
    monkeypatch.setenv("GATEPOST_MAIL_FROM", "Gatepost <gate@post.example>")
    return server


def test_a_mail_is_sent_to_see_whether_it_comes(run: Run, to: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPOST_SMTP_URL", to.url)
    with to.running():
        done = run("mail", "test", "mira@example.org")

    assert done.exit_code == 0
    assert f"127.0.0.1:{to.port} has taken a mail for mira@example.org" in done.output
    assert [(mail["From"], mail["To"]) for mail in to.mails] == [("Gatepost <gate@post.example>", "mira@example.org")]


def test_what_is_wrong_is_told_without_the_password(run: Run, to: MailServer) -> None:
    done = run("mail", "test", "mira@example.org")

    assert f"127.0.0.1:{to.port} refuses the connection" in str(done.exception)
    assert "the-secret" not in f"{done.output}{done.exception}"


def test_without_a_mail_server_it_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEPOST_SMTP_URL")

    assert "GATEPOST_SMTP_URL is not set" in str(run("mail", "test", "mira@example.org").exception)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("GATEPOST_SMTP_URL", "mail.example.org:587/the-secret", "smtp://USER:PASSWORD@HOST:587"),
        ("GATEPOST_SMTP_URL", "smtp://gatepost:the-secret@mail.example.org:x", "smtp://USER:PASSWORD@HOST:587"),
        (
            "GATEPOST_SMTP_URL",
            "smtp://gatepost:the-secret@mail.example.org?starttls=no",
            "smtp://USER:PASSWORD@HOST:587",
        ),
        ("GATEPOST_MAIL_FROM", None, "must be set when GATEPOST_SMTP_URL is"),
        ("GATEPOST_MAIL_FROM", "a@b.example\nBcc: the-secret", "must be an address"),
        ("GATEPOST_MAIL_FROM", "Gatepost", "must be an address, in one line"),
    ],
)
def test_settings_that_do_not_fit_are_refused_and_not_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str | None, said: str
) -> None:
    monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)

    done = run("mail", "test", "mira@example.org")

    assert said in str(done.exception)
    assert "the-secret" not in f"{done.output}{done.exception}"
