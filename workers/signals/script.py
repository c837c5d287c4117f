"""The text's script and language beside the blog's own."""

from collections import Counter
from itertools import filterfalse

from workers.signals.signal import Finding, Sighting
from workers.spelling.lookalikes import script_of

_LONGEST_LOOK = 2000  # characters
_FEWEST_LETTERS = 10
_MOST = 0.5
# Scripts by the language that a blog declares; a language that is not here is written in Latin letters.
_SCRIPTS = {
    **dict.fromkeys(("ru", "uk", "bg", "be", "mk", "kk", "ky", "mn", "tg"), frozenset({"CYRILLIC"})),
    "sr": frozenset({"CYRILLIC", "LATIN"}),
    "ja": frozenset({"CJK", "HIRAGANA", "KATAKANA"}),
    "zh": frozenset({"CJK", "BOPOMOFO"}),
    "ko": frozenset({"HANGUL", "CJK"}),
    **dict.fromkeys(("ar", "fa", "ur", "ps"), frozenset({"ARABIC"})),
    **dict.fromkeys(("he", "yi"), frozenset({"HEBREW"})),
    **dict.fromkeys(("hi", "mr", "ne", "sa"), frozenset({"DEVANAGARI"})),
    "el": frozenset({"GREEK"}),
    "th": frozenset({"THAI"}),
    "bn": frozenset({"BENGALI"}),
    "ta": frozenset({"TAMIL"}),
    "te": frozenset({"TELUGU"}),
    "ka": frozenset({"GEORGIAN"}),
    "hy": frozenset({"ARMENIAN"}),
    "am": frozenset({"ETHIOPIC"}),
    "km": frozenset({"KHMER"}),
    "lo": frozenset({"LAO"}),
    "my": frozenset({"MYANMAR"}),
}
_LATIN = frozenset({"LATIN"})


def foreign_script(sighting: Sighting) -> Finding | None:
    """A text in letters that the blog's readers do not use. Latin letters are no sign: English is read everywhere."""
    if sighting.normalised.isascii():
        return None
    own = _own_scripts(sighting)
    found = _scripts(sighting.normalised)
    total = sum(found.values())
    if own is None or total < _FEWEST_LETTERS:
        return None
    foreign = sum(count for script, count in found.items() if script not in own | _LATIN)
    if foreign < _MOST * total:
        return None
    return Finding("foreign_script", "Written in another script than this blog.")


def foreign_language(sighting: Sighting) -> Finding | None:
    own, written = _base(sighting.content.language), _base(sighting.language)
    # English is written everywhere.
    if not own or not written or written in (own, "en", "und"):
        return None
    return Finding("foreign_language", f"Written in another language ({written}) than this blog ({own}).")


def _own_scripts(sighting: Sighting) -> frozenset[str] | None:
    """As the blog declares, or as the post's title is written; None: nobody knows."""
    if language := _base(sighting.content.language):
        return _SCRIPTS.get(language, _LATIN)
    title = _scripts(sighting.content.post_title or "")
    return frozenset(title) if title else None


def _scripts(text: str) -> Counter[str]:
    looked_at = text[:_LONGEST_LOOK]
    if looked_at.isascii():
        latin = sum(map(str.isalpha, looked_at))
        return Counter(LATIN=latin) if latin else Counter()
    letters = [letter for letter in looked_at if letter.isalpha()]
    found = Counter(map(script_of, filterfalse(str.isascii, letters)))
    found["LATIN"] += sum(map(str.isascii, letters))
    return +found


def _base(language: str | None) -> str:
    return (language or "").replace("_", "-").split("-")[0].casefold()
