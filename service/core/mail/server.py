"""The mail server: how it is reached, and what is wrong with it in words (RFC 5321, RFC 6409, RFC 3207)."""

import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from service.core import errors

# For each answer of the server; whoever is told to end waits for as long.
_SECONDS = 8
_PERMANENT = range(500, 600)


class ServerError(errors.GatepostError):
    """The mail server cannot be used: nothing is sent until that is mended."""


class RefusedError(errors.GatepostError):
    """The mail server does not take this mail."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True)
class Server:
    host: str
    port: int
    user: str | None
    password: str = field(repr=False)
    # TLS from the first byte; else with STARTTLS, unless that is not wanted.
    implicit_tls: bool
    starttls: bool

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"


def parse(url: str) -> Server:
    """`smtp://USER:PASSWORD@HOST:PORT`, as the settings have checked it."""
    parts = urlsplit(url)
    implicit_tls = parts.scheme == "smtps"
    return Server(
        host=parts.hostname or "",
        port=parts.port or (465 if implicit_tls else 587),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or ""),
        implicit_tls=implicit_tls,
        starttls=not implicit_tls and parts.query != "starttls=never",
    )


def send(server: Server, message: EmailMessage) -> None:
    """Hand the mail over; returns when the server has taken it. Raises ServerError and RefusedError."""
    try:
        client = _connect(server)
    except (smtplib.SMTPException, OSError) as error:
        raise ServerError(f"{server.name} {_reason(server, error)}") from None
    try:
        client.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        [(code, said)] = error.recipients.values()
        raise _refused(server, "address", code, said) from None
    except smtplib.SMTPNotSupportedError:
        # RFC 6531: an address that is not of ASCII alone.
        raise RefusedError(f"{server.name} knows no addresses with such letters.", permanent=True) from None
    except smtplib.SMTPDataError as error:
        raise _refused(server, "mail", error.smtp_code, error.smtp_error) from None
    except (smtplib.SMTPException, OSError) as error:
        raise ServerError(f"{server.name} {_reason(server, error)}") from None
    finally:
        # Taken or not, that is settled: how the server says goodbye changes nothing.
        with suppress(OSError):
            client.quit()


def _connect(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.implicit_tls:
        client: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=_SECONDS, context=context)
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=_SECONDS)
    try:
        if server.starttls:
            client.starttls(context=context)
        if server.user is not None:
            client.login(server.user, server.password)
    except BaseException:
        client.close()
        raise
    return client


def _refused(server: Server, what: str, code: int, words: bytes | str) -> RefusedError:
    return RefusedError(f"{server.name} refuses the {what}: {_said(code, words)}", permanent=code in _PERMANENT)


def _reason(server: Server, error: OSError) -> str:  # noqa: C901, PLR0911 - a table of causes
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"refuses the log-in of “{server.user}”: {_said(error.smtp_code, error.smtp_error)}"
        case smtplib.SMTPSenderRefused():
            return f"takes no mail from {error.sender}: {_said(error.smtp_code, error.smtp_error)}"
        case smtplib.SMTPNotSupportedError():
            return f"cannot do what is needed: {error}"
        # What is only slow to answer, smtplib calls disconnected.
        case smtplib.SMTPServerDisconnected() if not isinstance(error.__context__, TimeoutError):
            return "has ended the connection."
        case smtplib.SMTPResponseException():
            return f"answers {_said(error.smtp_code, error.smtp_error)}"
        case ssl.SSLCertVerificationError():
            return f"shows a certificate that does not hold: {error.verify_message}."
        case ssl.SSLError():
            return "does not speak TLS as it should: smtps:// is for port 465, smtp:// for port 587."
        case ConnectionRefusedError():
            return "refuses the connection: is a mail server running there, on this port?"
        case socket.gaierror():
            return "is no known host: is its name right?"
        case TimeoutError() | smtplib.SMTPServerDisconnected():
            return f"does not answer within {_SECONDS} seconds: is a firewall in between?"
        case _:
            return f"cannot be used: {type(error).__name__}: {error}"


def _said(code: int, words: bytes | str) -> str:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())[:300]}"
