"""What each kind of mail says, as things are when it is sent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from sqlmodel import Session

from service.core import comments, db, errors, invitations, queues
from service.core.mail import digests, languages, links
from service.core.mail.languages import N_
from service.core.models import Category, Comment, Endpoint, Mail, MailKind, Moderator, Site
from service.core.settings import Settings

# The console's, where a link leads.
DECIDE, UNSUBSCRIBE = "/console/mail/decide", "/console/mail/unsubscribe"
# What the reject link says, by the rule that held the comment.
REJECT_WORDS = {
    Category.SPAM: N_("Reject as spam"),
    Category.TOXIC: N_("Reject as toxic"),
    Category.OTHER: N_("Reject"),
}


@dataclass(frozen=True)
class Entry:
    """A held comment, and the links that decide it."""

    comment: Comment
    reasons: Sequence[str]
    reject_words: str
    # None where a link alone must not decide.
    approve: str | None = None
    reject: str | None = None


@dataclass(frozen=True)
class Letter:
    """A mail before it has a form. `paragraphs` are in the reader's language already."""

    address: str
    language: str
    subject: str
    paragraphs: Sequence[str]
    written_at: datetime
    entries: Sequence[Entry] = ()
    # What it leads to: words and address.
    action: tuple[str, str] | None = None
    unsubscribe: str | None = None


def write(session: Session, mail: Mail, settings: Settings) -> Letter | None:
    """None: there is nothing to say any more."""
    return _WRITE[mail.kind](session, mail, settings)


def test(address: str, settings: Settings, now: datetime) -> Letter:
    gettext = languages.gettext(languages.ENGLISH)
    paragraphs = [gettext("Gatepost can send mail: this one has reached you.")]
    action = gettext("To the console"), f"{settings.public_url}/console"
    return Letter(address, languages.ENGLISH, gettext("A test from Gatepost"), paragraphs, now, action=action)


def _digest(session: Session, mail: Mail, settings: Settings) -> Letter | None:
    moderator, site = session.get_one(Moderator, mail.moderator_id), session.get_one(Site, mail.site_id)
    found, number = digests.held_for(session, moderator, site.id)
    if not found:
        return None
    code = languages.of(moderator)
    count = f"{queues.COUNTED}+" if number > queues.COUNTED else str(number)
    gettext, ngettext = languages.gettext(code), languages.ngettext(code)
    subject = ngettext("%(count)s comment waits at %(site)s", "%(count)s comments wait at %(site)s", number)
    decides = links.are_enough(session, moderator, settings)
    way = gettext("A link opens a page on which you confirm; it works for three days, without logging in.")
    paragraphs = [way] if decides else []
    if number > len(found):
        paragraphs.insert(0, gettext("These are the oldest %(count)s.") % {"count": len(found)})
    return Letter(
        address=moderator.email,
        language=code,
        subject=subject % {"count": count, "site": site.name},
        paragraphs=paragraphs,
        written_at=db.now(session),
        entries=[_entry(session, comment, moderator if decides else None, settings) for comment in found],
        action=(gettext("To the held queue"), f"{settings.public_url}/console/held?{urlencode({'site': site.id})}"),
        unsubscribe=_address(settings, UNSUBSCRIBE, links.to_unsubscribe(session, moderator, site.id)),
    )


def _entry(session: Session, comment: Comment, decider: Moderator | None, settings: Settings) -> Entry:
    category = {"spam": Category.SPAM, "toxicity": Category.TOXIC}.get(comment.rule or "", Category.OTHER)
    entry = Entry(comment, comments.state(comment).reasons, REJECT_WORDS[category])
    if decider is None:
        return entry
    approve, reject = (links.to_decide(session, decider, comment, verdict) for verdict in (None, category))
    return replace(entry, approve=_address(settings, DECIDE, approve), reject=_address(settings, DECIDE, reject))


def _endpoint(session: Session, mail: Mail, settings: Settings) -> Letter | None:
    endpoint = session.get(Endpoint, UUID(mail.about["endpoint_id"]))
    moderator = session.get_one(Moderator, mail.moderator_id)
    if endpoint is None or endpoint.disabled_at is None or moderator.disabled_at is not None:
        return None
    site, code = session.get_one(Site, mail.site_id), languages.of(moderator)
    gettext = languages.gettext(code)
    known = {"site": site.name, "url": endpoint.url, "reason": endpoint.disabled_reason}
    return Letter(
        address=moderator.email,
        language=code,
        subject=gettext("A webhook of %(site)s is disabled") % known,
        paragraphs=[
            gettext("Gatepost sends nothing to %(url)s any more, and %(site)s hears of no decision there.") % known,
            gettext("The reason: %(reason)s") % known,
            gettext("When the receiver is mended, enable it again: what it has missed is then sent."),
        ],
        written_at=db.now(session),
        action=(gettext("To the webhooks"), f"{settings.public_url}/console/sites/{site.id}/webhooks"),
    )


def _invitation(session: Session, mail: Mail, settings: Settings) -> Letter | None:
    token = db.keyring(session).decrypt(mail.about["token"])
    try:
        invitation = invitations.find(session, token)
    except errors.NotFoundError:
        return None
    site, code = session.get_one(Site, mail.site_id), mail.about["language"]
    gettext = languages.gettext(code)
    known = {"site": site.name}
    return Letter(
        address=invitation.email,
        language=code,
        subject=gettext("You are invited to moderate %(site)s") % known,
        paragraphs=[
            gettext("At Gatepost you may help to decide which comments appear at %(site)s.") % known,
            gettext("The link holds for a week, and once. If you expect no invitation, do nothing."),
        ],
        written_at=db.now(session),
        action=(gettext("Accept the invitation"), _address(settings, "/console/join", token)),
    )


def _address(settings: Settings, path: str, token: str) -> str:
    return f"{settings.public_url}{path}?{urlencode({'token': token})}"


_WRITE: dict[MailKind, Callable[[Session, Mail, Settings], Letter | None]] = {
    MailKind.DIGEST: _digest,
    MailKind.ENDPOINT: _endpoint,
    MailKind.INVITATION: _invitation,
}
