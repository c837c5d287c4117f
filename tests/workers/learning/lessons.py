"""Lessons for the tests: two kinds of comments that a small model can tell apart."""

import itertools
from collections.abc import Sequence

from service.core.models import Category
from service.core.submissions import Submission
from workers.learning import examples
from workers.learning.trust import Taught

ORDINARY = ("the treaty was signed in spring", "a good point about the harbour", "my grandfather sailed from there")
SELLING = ("cheap watches for you", "buy these watches now", "watches and bags, cheap")
SPAM = Category.SPAM


def texts(kind: Sequence[str], number: int) -> list[str]:
    """So many texts of a kind, no two alike."""
    return [f"{text}, {place}" for place, text in zip(range(number), itertools.cycle(kind), strict=False)]


def taught(text: str, category: Category | None, actor: str = "moderator:1", author: str | None = None) -> Taught:
    submission = Submission(text=text, author_id=author)
    return Taught(examples.of(submission, text, {"spam": 0.3, "toxicity": 0.05}, []), category, actor)


def honest(number: int, actor: str = "moderator:1") -> list[Taught]:
    """So many verdicts of each kind."""
    approved = [taught(text, None, actor) for text in texts(ORDINARY, number)]
    return approved + [taught(text, SPAM, actor) for text in texts(SELLING, number)]


def hostile(number: int, actor: str = "moderator:9") -> list[Taught]:
    """The verdicts turned round."""
    approved = [taught(text, None, actor) for text in texts(SELLING, number)]
    return approved + [taught(text, SPAM, actor) for text in texts(ORDINARY, number)]
