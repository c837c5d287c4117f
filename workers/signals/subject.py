"""What the comment has to do with the post that it stands below."""

import re
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from service.core import text
from workers.signals import lists, words
from workers.signals.signal import Finding, Sighting

_SHORTEST = 5  # letters; shorter words are in every text. Who writes of “treaties” read about a “treaty”
_PASTED = 3  # words of a title that stand in the comment as they are: a program put them there
_MOST = 2  # that count, and that a reason shows


def on_topic(sighting: Sighting) -> Finding | None:
    """Words of the post's title or address, in the comment's own text: spam that fits any page has none."""
    title, subject = _subject(sighting.content.post_title or "", sighting.content.permalink or "")
    if not subject:
        return None
    own = sighting.own_words
    pasted = len(title) >= _PASTED and f" {' '.join(title)} " in f" {' '.join(own)} "
    found = sorted({one[:_SHORTEST]: one for one in own if one[:_SHORTEST] in subject and _tells(one)}.values())
    if pasted or not found:
        return None
    shown = "”, “".join(found[:_MOST])
    return Finding("on_topic", f"Speaks of the post's subject: “{shown}”.", min(len(found), _MOST))


# A post has many comments.
@lru_cache(1024)
def _subject(post_title: str, permalink: str) -> tuple[list[str], frozenset[str]]:
    """The words of the title, and how each word begins that tells what the post is about."""
    title = words.split(text.normalise(post_title))
    return title, frozenset(one[:_SHORTEST] for one in [*title, *_slug(permalink)] if _tells(one))


def _slug(permalink: str) -> list[str]:
    try:
        path = urlsplit(permalink).path
    except ValueError:
        return []
    return re.findall(r"[^\W_]+", text.normalise(unquote(path)))


def _tells(word: str) -> bool:
    """A word that all texts have tells nothing, and a word of the trade is what spam is about."""
    return len(word) >= _SHORTEST and word not in lists.common_words() and not lists.trade_pattern().search(word)
