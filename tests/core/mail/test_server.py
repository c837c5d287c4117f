"""What `gatepost mail test` and the log say of a mail server that does not do."""

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import trustme

from service.core.mail import letters, messages, server
from service.core.mail.server import RefusedError, ServerError
from service.core.settings import Settings
from tests.servers import ports
from tests.servers.mail import PASSWORD, USER, MailServer, with_login

SETTINGS = Settings(_env_file=None)
QUOTED = "correct%20horse%2Fbattery%40staple"


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate for 127.0.0.1, by an authority that this machine trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return _context(authority)


@pytest.fixture
def to() -> MailServer:
    return MailServer()


def _context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def _send(url: str, address: str = "mira@example.org") -> None:
    letter = letters.test(address, SETTINGS, datetime.now(UTC))
    server.send(server.parse(url), messages.render(letter, "Gatepost <gate@post.example>", UUID(int=1)))


def test_by_default_the_password_goes_over_tls_alone(to: MailServer, tls: ssl.SSLContext) -> None:
    with to.running(**with_login(tls)):
        _send(f"smtp://{USER}:{QUOTED}@127.0.0.1:{to.port}")

    assert [mail["Subject"] for mail in to.mails] == ["A test from Gatepost"]


def test_tls_from_the_first_byte(to: MailServer, tls: ssl.SSLContext) -> None:
    with to.running(ssl_context=tls):
        _send(f"smtps://127.0.0.1:{to.port}")

    assert len(to.mails) == 1


def test_a_server_without_starttls_is_used_only_when_it_is_allowed(to: MailServer) -> None:
    with to.running():
        with pytest.raises(ServerError, match="STARTTLS"):
            _send(f"smtp://{USER}:{QUOTED}@127.0.0.1:{to.port}")
        _send(f"smtp://127.0.0.1:{to.port}?starttls=never")

    assert len(to.mails) == 1


def test_a_certificate_of_nobody_s_is_refused(to: MailServer, tls: ssl.SSLContext) -> None:
    with (
        to.running(tls_context=_context(trustme.CA())),
        pytest.raises(ServerError, match="certificate that does"),
    ):
        _send(f"smtp://127.0.0.1:{to.port}")

    assert to.mails == []


def test_a_wrong_password_is_told_and_not_shown(to: MailServer, tls: ssl.SSLContext) -> None:
    with (
        to.running(**with_login(tls)),
        pytest.raises(ServerError, match=f"log-in of “{USER}”: 535") as raised,
    ):
        _send(f"smtp://{USER}:wrong-one@127.0.0.1:{to.port}")

    assert "wrong-one" not in str(raised.value)
    assert PASSWORD not in repr(server.parse(f"smtp://{USER}:{QUOTED}@127.0.0.1:{to.port}"))


def test_plain_smtp_behind_a_url_for_tls_is_told(to: MailServer) -> None:
    with to.running(), pytest.raises(ServerError, match="smtps:// is for port 465"):
        _send(f"smtps://127.0.0.1:{to.port}")


def test_a_port_where_nobody_listens_is_told() -> None:
    with pytest.raises(ServerError, match="refuses the connection"):
        _send(f"smtp://127.0.0.1:{ports.find_free()}")


def test_a_name_that_leads_nowhere_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ServerError, match="is no known host"):
        _send("smtp://mail.invalid")


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of something that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_server_that_hangs_is_given_up(silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_SECONDS", 0.05)
    with pytest.raises(ServerError, match="does not answer within"):
        _send(f"smtp://127.0.0.1:{silent}")


def test_a_greeting_of_another_kind_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        thread = threading.Thread(target=_greet, args=(listening, b"554 No service here\r\n"))
        thread.start()
        with pytest.raises(ServerError, match="answers 554 No service here"):
            _send(f"smtp://127.0.0.1:{port}")
        thread.join()


def _greet(listening: socket.socket, words: bytes) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.sendall(words)
        connection.recv(100)


def test_an_address_that_the_server_cannot_take_is_no_trouble_of_the_server_s(to: MailServer) -> None:
    with to.running(enable_SMTPUTF8=False), pytest.raises(RefusedError, match="no addresses with such letters"):
        _send(to.url, "mira@müller.example")
    with to.running(enable_SMTPUTF8=True):
        _send(to.url, "mira@müller.example")

    assert [mail["To"] for mail in to.mails] == ["mira@müller.example"]


@pytest.mark.parametrize(("answer", "permanent"), [("550 5.1.1 Unknown", True), ("451 4.3.0 Later", False)])
def test_what_is_refused_says_whether_for_good(to: MailServer, answer: str, permanent: bool) -> None:  # noqa: FBT001
    to.refusal = answer
    with to.running(), pytest.raises(RefusedError, match=answer) as raised:
        _send(to.url)

    assert raised.value.permanent is permanent


@pytest.mark.parametrize(
    "address", ["", "mira", "a b@example.org", "mira@example.org\r\nBcc: x@example.org", "<x@y>, z@y"]
)
def test_what_is_no_address_is_none(to: MailServer, address: str) -> None:
    with to.running(), pytest.raises(RefusedError, match="is no e-mail address"):
        _send(to.url, address)

    assert to.mails == []
