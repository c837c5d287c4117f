"""Letters as mails: plain text and HTML, in which nothing that a stranger has written is a header or markup."""

import re
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, parseaddr
from functools import cache
from typing import Any
from uuid import UUID

from babel.dates import format_timedelta
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from service.core import markup
from service.core.mail import languages
from service.core.mail.letters import Letter
from service.core.mail.server import RefusedError

_EXCERPT = 400
# The dots in `evil.example`, and the colon in `https://`.
_IN_ADDRESSES = re.compile(r"(?<=\w)(?:\.(?=\w)|:(?=//))")


class _InOneLine(UnstructuredHeader, BaseHeader):
    """Python breaks a word of more than a line into encoded words, which no program takes for an address."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _InOneLine)
_POLICY = SMTP.clone(header_factory=_HEADERS)


def render(letter: Letter, sender: str, number: UUID) -> EmailMessage:
    """The mail; the same number gives the same Message-ID, so that a second copy is known to be one.

    Raises RefusedError when the reader's address is none.
    """
    message = EmailMessage(_POLICY)
    name, address = parseaddr(sender)
    author = Address(name, addr_spec=address)
    message["From"] = author
    message["To"] = _address(letter.address)
    message["Subject"] = one_line(letter.subject)
    message["Date"] = format_datetime(letter.written_at)
    message["Message-ID"] = f"<{number}@{author.domain}>"
    # No holiday notice comes back (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe:
        # RFC 2369 and RFC 8058: mail programs show a button.
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    environment = _environment(letter.language)
    # Seven bits: not every server takes more.
    message.set_content(environment.get_template("letter.txt").render(letter=letter), cte="quoted-printable")
    html = environment.get_template("letter.html").render(letter=letter)
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message


def _address(text: str) -> Address:
    try:
        return Address(addr_spec=text)
    # Python's parser raises what it happens to meet.
    except (MessageError, ValueError, IndexError):
        raise RefusedError(f"“{one_line(text)}” is no e-mail address.", permanent=True) from None


def one_line(text: str) -> str:
    """Without line ends, control characters and those that turn the direction of what stands around them."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def excerpt(text: str) -> str:
    """The beginning of a stranger's text as readers would see it; most mail programs make no links of its addresses."""
    said = _IN_ADDRESSES.sub("\\g<0>\N{WORD JOINER}", one_line(markup.plain(text)))
    return said if len(said) <= _EXCERPT else f"{said[:_EXCERPT].rstrip()}…"


@cache
def _environment(code: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("service.core.mail"),
        # The plain text is no markup: there it would show.
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(languages.translations(code))  # type: ignore[attr-defined]

    def age(since: datetime, now: datetime) -> str:
        return format_timedelta(since - now, add_direction=True, locale=code)

    filters: dict[str, Any] = {"age": age, "excerpt": excerpt, "one_line": one_line}
    environment.filters.update(filters)
    return environment
