"""A mail server that keeps what it is given: a real one, which speaks TLS and asks for a password when told to."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers import ports

USER, PASSWORD = "gatepost", "correct horse/battery@staple"


class MailServer:
    """Answers `refusal` to whatever it is to deliver, if it is set."""

    def __init__(self) -> None:
        self.port = ports.find_free()
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.refusal: str | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?starttls=never"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        if self.refusal:
            return self.refusal
        content = envelope.content
        assert isinstance(content, bytes)
        self.raw.append(content)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    @contextmanager
    def running(self, **options: Any) -> Iterator["MailServer"]:
        """`options`: those of aiosmtpd's `Controller` and `SMTP`."""
        controller = Controller(self, "127.0.0.1", self.port, **options)
        controller.start()
        try:
            yield self
        finally:
            controller.stop()


def with_login(tls: ssl.SSLContext | None) -> dict[str, Any]:
    """What makes the server ask for USER's password, over TLS when there is some."""
    return {
        "tls_context": tls,
        "require_starttls": tls is not None,
        "authenticator": _authenticator,
        "auth_required": True,
        "auth_require_tls": tls is not None,
    }


def _check(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    known = LoginPassword(USER.encode(), PASSWORD.encode())
    # What is not handled, the server answers with 535.
    return AuthResult(success=data == known, handled=data == known)


_authenticator: Callable[..., AuthResult] = _check
