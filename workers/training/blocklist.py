"""Makes the shipped lists from the public ones: what ordinary texts contain is taken out.

`python -m workers.training.blocklist --data FOLDER` writes `blocklist.txt`, `spam_domains.txt` and `shorteners.txt`.
"""

import gzip
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from service.core import text
from workers.signals import addresses, words
from workers.training import corpora

LISTS = Path(__file__).parents[1] / "signals" / "lists"
_ABOUT = {
    "blocklist.txt": "# Phrases that a public blocklist has met in the spam of blogs; SOURCES.md says whose.",
    "spam_domains.txt": "# Domains that referrer spam and comment spam lead to; SOURCES.md says whose.",
    "shorteners.txt": "# Hosts whose links hide their target; SOURCES.md says whose.",
}
_FEWEST_WORDS = 2
_MOST_WORDS = 5
_SHORTENER_PATH = re.compile(r"/(?!www\.|\w\.com)((?:[a-z0-9-]+\.)+[a-z]{2,})/")
_HOST = re.compile(r"(?:[\w-]+\.)+[a-z][\w-]*")
_TARGET = re.compile(r"https?://([^/?#\s]+)/?")


def terms(folder: Path) -> list[str]:
    """All terms of the WordPress blocklist that are written in English letters."""
    with gzip.open(folder / "list-wordpress-comment-blocklist" / "blacklist.txt.gz", "rt", encoding="utf-8") as file:
        return [term for line in file if (term := line.strip()).isascii()]


def phrases(folder: Path, ordinary: Sequence[str]) -> list[str]:
    """Terms of two words and more, of words that ordinary texts have too, in an order that these never have."""
    candidates = {term for raw in terms(folder) if _is_phrase(term := text.normalise(raw))}
    index = words.Phrases(candidates)
    common: set[str] = set()
    vocabulary: set[str] = set()
    for one in ordinary:
        split = words.split(one)
        vocabulary.update(split)
        common.update(index.find(split))
    kept = candidates - common
    # What is cut off within a word ("you're speak") never stands as whole words; what is in another tongue may.
    return sorted(term for term in kept if vocabulary.issuperset(term.split()))


def spam_domains(folder: Path) -> list[str]:
    """Referrer spam, and what comment spam leads to directly: not the innocent sites that forward to it."""
    referrers = _lines(folder / "list-referrer-spam" / "spammers.txt")
    targets = (_TARGET.fullmatch(line.strip()) for line in _lines(folder / "list-wp-spam-user" / "comments.txt"))
    hosts = {addresses.host_of(target[1]) for target in targets if target}
    return sorted({*referrers, *(host for host in hosts if host and _HOST.fullmatch(host))})


def shorteners(folder: Path, listed: Iterable[str]) -> list[str]:
    """What is listed already, and the hosts that the blocklist names with nothing before and a path behind."""
    found = (_SHORTENER_PATH.fullmatch(term) for term in terms(folder))
    return sorted({*listed, *(one[1] for one in found if one)})


def main(data: Annotated[Path, typer.Option(exists=True, file_okay=False)]) -> None:
    wikipedia = corpora.jigsaw(data)
    ordinary = wikipedia.take(~wikipedia.held_out).texts
    _write("blocklist.txt", phrases(data, ordinary))
    _write("spam_domains.txt", spam_domains(data))
    _write("shorteners.txt", shorteners(data, _lines(LISTS / "shorteners.txt")))


def _is_phrase(term: str) -> bool:
    split = words.split(term)
    # With its punctuation, a term may be half a word.
    whole = " ".join(split) == term and all(len(word) > 1 or word in ("a", "i") for word in split)
    return whole and _FEWEST_WORDS <= len(split) <= _MOST_WORDS


def _lines(path: Path) -> list[str]:
    lines = path.read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _write(name: str, lines: Sequence[str]) -> None:
    (LISTS / name).write_text("\n".join([_ABOUT[name], *lines]) + "\n", "utf-8")


if __name__ == "__main__":
    typer.run(main)
