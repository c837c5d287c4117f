"""How the text is made: what a program leaves in it, and a number to call."""

import re

from workers.signals.signal import Finding, Sighting

# Six letters or more with five consonants in a row, and no word that has them: “lengths”, “Knightsbridge”.
_CONSONANTS = re.compile(r"[b-df-hj-np-tv-xz]{5}")
_WORDS_WITH_FIVE = ("ngths", "ghtsb", "ightsc", "tchstr", "ghtst", "rthw", "schwartz", "schm", "rstwh", "mmhmm", "hmm")
_SHORTEST_GIBBERISH = 6
_FEWEST_IN_TEXT = 2
_CHOICE = re.compile(r"\{[^{}|]{1,200}\|[^{}]{1,200}\}")
_PHONE = re.compile(r"(?<![\w.#/=-])(?:\+|00)?\d[\d ().-]{7,16}\d(?![\w/=-])")
_DIGITS = re.compile(r"\d")
_MESSENGER = re.compile(r"\b(?:whats\s?app|telegram|viber|wechat|kik|call us|call now|text us|dm me|t\.me|wa\.me)\b")
_FEWEST_DIGITS = 9


def gibberish(sighting: Sighting) -> Finding | None:
    """Made-up words, as programs write them to find their own comments again."""
    found = [word for word in sighting.words if _is_gibberish(word)]
    if len(found) < _FEWEST_IN_TEXT:
        return None
    return Finding("gibberish", f"Random letters (“{found[0][:30]}”).")


def unfilled_template(sighting: Sighting) -> Finding | None:
    """`{great|nice} {post|article}`: a spammer's program that failed to choose."""
    if len(_CHOICE.findall(sighting.content.text)) < _FEWEST_IN_TEXT:
        return None
    return Finding("unfilled_template", "A template of a spam program, {such|like this}.")


def contact(sighting: Sighting) -> Finding | None:
    """A telephone number or a messenger: an offer, seldom an opinion."""
    number = _has_number(sighting.normalised)
    messenger = _MESSENGER.search(sighting.normalised) is not None
    if not number and not messenger:
        return None
    reason = "Asks to be called or written to." if messenger else "A telephone number in the text."
    return Finding("contact", reason, number + messenger)


def _has_number(text: str) -> bool:
    # To count the digits first is cheaper, and most texts have few.
    return len(_DIGITS.findall(text)) >= _FEWEST_DIGITS and any(
        sum(map(str.isdigit, found)) >= _FEWEST_DIGITS for found in _PHONE.findall(text)
    )


def _is_gibberish(word: str) -> bool:
    return (
        len(word) >= _SHORTEST_GIBBERISH
        and word.isascii()
        and word.isalpha()
        and _CONSONANTS.search(word) is not None
        and not any(part in word for part in _WORDS_WITH_FIVE)
    )
