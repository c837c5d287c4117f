"""Makes the word lists that undo disguises: words frequent in comments, and the words that are worth hiding."""
# ruff: noqa: RUF001 - an apostrophe may be curved.

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from service.core.labels import TOXICITY_LABELS
from workers.training import corpora

LISTS = Path(__file__).parents[1] / "signals" / "lists"

TOXICITY = TOXICITY_LABELS.index("toxicity")
_WORD = re.compile(r"(?<![\w'’])[a-z]{2,20}(?![\w'’])")
# A word in fewer comments is often a misspelling or somebody's name.
_COMMENTS = 6
# Of the comments with a hostile word that no public list has, this share is toxic, and there are so many of them.
_HOSTILE_SHARE, _HOSTILE_COMMENTS = 0.7, 12
# A listed word that people mostly use without harm (“weed”, “organ”) is none worth hiding.
_HARMLESS_SHARE, _KNOWN_COMMENTS = 0.4, 20
_SHORTEST_HOSTILE = 3


@dataclass(frozen=True)
class Usage:
    """In how many comments each word is, and in how many toxic ones."""

    comments: Counter[str]
    toxic: Counter[str]

    def share(self, word: str) -> float:
        return self.toxic[word] / self.comments[word] if self.comments[word] else 0.0


def write(data: Path, lists: Path = LISTS) -> None:
    """Write `english_words.txt` and `hostile_words.txt`, the most frequent first."""
    usage = _count(data)
    frequent = [word for word, comments in usage.comments.most_common() if comments >= _COMMENTS]
    listed = _listed(data)
    hostile = [_with_meaning(word, listed.get(word, ""), usage) for word in _hostile(usage, {*listed})]
    (lists / "english_words.txt").write_text("\n".join(frequent) + "\n", encoding="utf-8")
    (lists / "hostile_words.txt").write_text("\n".join(hostile) + "\n", encoding="utf-8")


def _count(data: Path) -> Usage:
    wikipedia = corpora.jigsaw(data)
    learnt = wikipedia.take(~wikipedia.held_out)
    usage = Usage(Counter(), Counter())
    for comment, labels in zip(learnt.texts, learnt.truth, strict=True):
        words = set(_WORD.findall(comment))
        usage.comments.update(words)
        if labels[TOXICITY]:
            usage.toxic.update(words)
    return usage


def _hostile(usage: Usage, listed: set[str]) -> list[str]:
    meant = {word for word in listed if usage.comments[word] < _KNOWN_COMMENTS or usage.share(word) > _HARMLESS_SHARE}
    seen = {
        word
        for word, comments in usage.comments.items()
        if comments >= _HOSTILE_COMMENTS and usage.share(word) >= _HOSTILE_SHARE
    }
    words = (word for word in meant | seen if len(word) >= _SHORTEST_HOSTILE)
    return sorted(words, key=lambda word: (-usage.toxic[word], word))


def _with_meaning(word: str, meaning: str, usage: Usage) -> str:
    """A spelling that is hardly used is followed by what it means, unless it shows that anyway."""
    rare = usage.comments[word] < _COMMENTS <= usage.comments[meaning]
    return f"{word} {meaning}" if rare and meaning not in word and _sound(word).startswith(_sound(meaning)) else word


def _sound(word: str) -> str:
    """The consonants, each sound in one spelling, and a `v` in a vowel's place for a vowel."""
    for written, spoken in (("ph", "f"), ("x", "ks"), ("q", "k"), ("c", "k"), ("z", "s")):
        word = word.replace(written, spoken)
    return re.sub(r"(.)\1+", r"\1", word[0] + re.sub("[aeiouvwy]", "", word[1:]))


def _listed(data: Path) -> dict[str, str]:
    """The words of the public lists, and what a variant means where the list says so."""
    words = dict.fromkeys((data / "list-ldnoobw" / "en.txt").read_text(encoding="utf-8").casefold().splitlines(), "")
    with (data / "list-surge-profanity" / "profanity_en.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            words[row["text"].casefold()] = row["canonical_form_1"].casefold()
    return {word: meaning for word, meaning in words.items() if _WORD.fullmatch(word)}
