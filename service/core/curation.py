"""What a moderator teaches a site's rules on account of a comment: whom to trust or block, what to look out for."""

import re
from collections.abc import Callable
from typing import Any, Literal

from pydantic import ValidationError
from sqlmodel import Session

from service.core import audit, errors, sites
from service.core.models import AuditEntry, Comment
from service.core.policy import Policy

ACTIONS = ("trust_author", "block_author", "ban_domain", "add_word")
Words = Literal["held_words", "rejected_words"]
_HOST = re.compile(r"(?:https?://|\bwww\.)(?:[^\s/@<>\"']*@)?([\w.-]+\.[^\W\d_]{2,})", re.IGNORECASE)
_MOST_DOMAINS = 5


def domains(comment: Comment) -> list[str]:
    """The hosts that the comment and its author link to, without `www.`; a few at most."""
    said = f"{comment.text} {comment.author_url or ''}"
    hosts = (host.lower().removeprefix("www.") for host in _HOST.findall(said))
    return list(dict.fromkeys(hosts))[:_MOST_DOMAINS]


def author_name(comment: Comment) -> str | None:
    """What the rules know the author by."""
    return comment.author_id or comment.author_email


def trust_author(session: Session, comment: Comment, actor: str) -> None:
    """Raises ConflictError for an author without account and address."""
    _list_author(session, comment, actor, ("trusted_authors", "blocked_authors"))


def block_author(session: Session, comment: Comment, actor: str) -> None:
    """Raises ConflictError for an author without account and address."""
    _list_author(session, comment, actor, ("blocked_authors", "trusted_authors"))


def ban_domain(session: Session, comment: Comment, actor: str, domain: str) -> None:
    """From now on what links there is rejected. Raises ConflictError when the comment does not."""
    if domain not in domains(comment):
        raise errors.ConflictError("This comment does not link there.")
    _amend(session, comment, actor, "ban_domain", lambda lists: _add(lists, "rejected_words", domain))


def add_word(session: Session, comment: Comment, actor: str, word: str, words: Words) -> None:
    """Put a word or a phrase on one of the site's lists. Raises ConflictError when no comment could contain it."""
    _amend(session, comment, actor, "add_word", lambda lists: _add(lists, words, " ".join(word.split())))


def take_back(session: Session, entry: AuditEntry, actor: str) -> None:
    """Undo what the entry tells of: the lists lose what it put there, and have again what it took away."""
    change = entry.detail or {}
    old, new = (
        sites.policy_version(session, entry.site_id, change[name]).rules for name in ("policy_before", "policy_after")
    )

    def back(rules: dict[str, Any]) -> None:
        for name in _lists(old) | _lists(new):
            was, became = old.get(name, []), new.get(name, [])
            kept = [one for one in rules.get(name, []) if one not in became or one in was]
            rules[name] = kept + [one for one in was if one not in became and one not in kept]

    sites.amend_policy(session, entry.site_id, lambda policy: _changed(policy, back), actor)


def _lists(rules: dict[str, Any]) -> set[str]:
    return {name for name, value in rules.items() if isinstance(value, list)}


def _list_author(session: Session, comment: Comment, actor: str, lists: tuple[str, str]) -> None:
    name = author_name(comment)
    if name is None:
        raise errors.ConflictError("This author has neither an account nor an e-mail address.")
    to, out_of = lists

    def change(rules: dict[str, Any]) -> None:
        rules[out_of] = [one for one in rules.get(out_of, []) if one.casefold() != name.casefold()]
        _add(rules, to, name)

    action = "trust_author" if to == "trusted_authors" else "block_author"
    _amend(session, comment, actor, action, change)


def _amend(
    session: Session, comment: Comment, actor: str, action: str, change: Callable[[dict[str, Any]], None]
) -> None:
    before, after = sites.amend_policy(session, comment.site_id, lambda policy: _changed(policy, change), actor)
    if before != after:
        audit.record(session, comment, action, actor, {"policy_before": before, "policy_after": after})


def _add(rules: dict[str, Any], name: str, entry: str) -> None:
    if entry.casefold() not in {one.casefold() for one in rules.get(name, [])}:
        rules[name] = [*rules.get(name, []), entry]


def _changed(policy: Policy, change: Callable[[dict[str, Any]], None]) -> Policy:
    rules = policy.model_dump(mode="json", exclude_defaults=True)
    change(rules)
    try:
        return Policy.model_validate(rules)
    except ValidationError as error:
        raise errors.ConflictError("The site's list cannot take this: it is full, or the entry is no word.") from error
