"""The words that say what was decided of a comment: those of WordPress, Disqus, and our own."""

from service.core.models import Category, Status

Decided = tuple[Status, Category | None]

UNDECIDED: Decided = (Status.HELD, None)
_APPROVED: Decided = (Status.APPROVED, None)
_REJECTED: Decided = (Status.REJECTED, Category.OTHER)

_MEANINGS: dict[str, Decided] = {
    **dict.fromkeys(("approved", "approve", "published", "ham", "1"), _APPROVED),
    **dict.fromkeys(("held", "hold", "pending", "unapproved", "0"), UNDECIDED),
    **dict.fromkeys(("rejected", "reject", "trash", "deleted", "other"), _REJECTED),
    "spam": (Status.REJECTED, Category.SPAM),
    "toxic": (Status.REJECTED, Category.TOXIC),
    "off_topic": (Status.REJECTED, Category.OFF_TOPIC),
}


def meaning(word: str, category: str = "") -> Decided | None:
    """What the word says, and why it was rejected; None for a word that nobody knows. Without a word: undecided."""
    named = category.strip().casefold()
    found = _MEANINGS.get(word.strip().casefold() or named or "pending")
    why = _MEANINGS.get(named)
    return why if found == _REJECTED and why and why[1] else found


def in_wordpress(status: Status, category: Category | None) -> str:
    """WordPress's `comment_approved`."""
    if status == Status.REJECTED:
        return "spam" if category == Category.SPAM else "trash"
    return "1" if status == Status.APPROVED else "0"
