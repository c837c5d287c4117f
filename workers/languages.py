"""Which language a comment is in: by its script, else by small words and letters; in doubt none."""

import re
import unicodedata
from collections import Counter, defaultdict
from functools import cache

from workers.function_words import ENGLISH, LETTERS, SHARED, WORDS
from workers.spelling.lookalikes import script_of

# The first word of a letter's Unicode name -> the language, where one is written in it far more than any other.
_SCRIPTS = {
    "HANGUL": "ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "CJK": "zh",
    "THAI": "th",
    "ARABIC": "ar",
    "CYRILLIC": "ru",
    "GREEK": "el",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
    "BENGALI": "bn",
    "TAMIL": "ta",
    "TELUGU": "te",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
}
_LOOK_ALIKES = frozenset({"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
# Letters that tell apart who shares a script; the first that occurs decides.
_NEIGHBOURS = {
    "zh": (("ja", "ぁ-ヿ"),),
    "ar": (("ur", "ٹڈڑےں"), ("fa", "پچژگ")),
    "ru": (("uk", "іїєґ"), ("sr", "ђћџљњј"), ("ru", "ыэё"), ("bg", "ъ")),
}
# Beyond this a comment tells no more.
_READ = 2000
# Fewer are an emoticon: “ㅋㅋ”.
_FEWEST_LETTERS = 3
_FEWEST_WORDS = 3
# Two small words are chance in a long English comment: one word in six must speak, and twice as many as for English.
_FEWEST_HITS = 2
_SHARE = 1 / 6
_ADVANTAGE = 2

_NOISE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[@#]\w+|\b\w+\.(?:com|org|net)\b\S*")
# Noise has one of these in it; to look for them first costs a twentieth.
_NOISY = ("://", "www.", "@", "#", ".com", ".org", ".net")
_RUN = re.compile(r"[^\W\d_]+")
# Of two letters and more: "P E A C E" is no Czech.
_WORD = re.compile(r"[^\W\d_]{2,}(?:'[^\W\d_]+)*|[^\W\d_]'[^\W\d_]+")


def detect(text: str, hint: str | None = None) -> str | None:
    """Give the ISO 639-1 code, or None when there is too little to tell.

    `hint`, the language that the blog declares (BCP 47), tips the balance between languages in Latin script.
    """
    read = text[:_READ]
    if any(mark in read for mark in _NOISY):
        read = _NOISE.sub(" ", read)
    read = unicodedata.normalize("NFC", read.lower()).replace("\u2019", "'")
    if not read.isascii():
        scripts = Counter(script for word in _RUN.findall(read) for script in _scripts(word))
        script, letters = next(iter(scripts.most_common(1)), ("", 0))
        if script in _SCRIPTS:
            return _neighbour(_SCRIPTS[script], read) if letters >= _FEWEST_LETTERS else None
    return _by_words(set(_WORD.findall(read)), hint.partition("-")[0].lower() if hint else None)


def _scripts(word: str) -> list[str]:
    """Give the script of each letter; of a word in look-alike letters, half of them Latin, none."""
    if word.isascii():
        return ["LATIN"] * len(word)
    scripts = list(map(script_of, word))
    return [] if "LATIN" in scripts and not _LOOK_ALIKES.isdisjoint(scripts) else scripts


def _neighbour(language: str, text: str) -> str:
    found = (name for name, letters in _NEIGHBOURS.get(language, ()) if re.search(f"[{letters}]", text))
    return next(found, language)


def _by_words(words: set[str], hint: str | None) -> str | None:
    """Compare how many different words speak for each language; a word that several share speaks less for each."""
    if len(words) < _FEWEST_WORDS:
        return None
    english = len(words & ENGLISH)
    hits: Counter[str] = Counter()
    weight: dict[str, float] = defaultdict(float)
    for word in words - ENGLISH - SHARED:
        speakers = _speakers(word)
        for language in speakers:
            hits[language] += 1
            weight[language] += 1 / len(speakers)
    if hint and hint in hits:
        weight[hint] += 1
    best = max(hits, key=lambda language: (hits[language] + weight[language], language), default=None)
    enough = max(_FEWEST_HITS, _SHARE * len(words))
    if best and hits[best] >= max(enough, _ADVANTAGE * english):
        return best
    return "en" if english >= enough and english > _ADVANTAGE * max(hits.values(), default=0) else None


def _speakers(word: str) -> tuple[str, ...]:
    """Give the languages that a word speaks for."""
    by_word = _index().get(word, ())
    if word.isascii():
        return by_word
    by_letter = (language for language, letters in LETTERS.items() if not letters.isdisjoint(word))
    return tuple({*by_word, *by_letter})


@cache
def _index() -> dict[str, tuple[str, ...]]:
    index: defaultdict[str, list[str]] = defaultdict(list)
    for language, words in WORDS.items():
        for word in set(words.split()):
            index[word].append(language)
    return {word: tuple(languages) for word, languages in index.items()}
