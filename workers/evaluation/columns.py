"""Which column of a file is the text, which are labels and which tell more of a comment: by their names and values."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from service.core.labels import LABELS, SPAM

Row = Mapping[str, str]

# The first one that a file has, in this order.
TEXTS = (
    *("comment_text", "text", "comment", "comment_content", "content", "comment_body", "body", "message", "tweet"),
    *("post", "review", "sentence", "utterance", "test_case", "cleaned_text", "sms", "msg", "description", "title"),
    "v2",
)
LABEL_NAMES: dict[str, tuple[str, ...]] = {
    "toxicity": ("toxicity", "toxic", "offensive", "offense", "abusive", "abuse", "offensive_language", "subtask_a"),
    "severe_toxicity": ("severe_toxicity", "severe_toxic", "severely_toxic", "very_toxic"),
    "obscene": ("obscene", "obscenity", "profanity", "profane", "vulgar"),
    "threat": ("threat", "threats", "threatening"),
    "insult": ("insult", "insults", "insulting"),
    "identity_attack": (
        *("identity_attack", "identity_hate", "identity_based_attack"),
        *("hate", "hateful", "hate_speech", "hatespeech", "racist", "sexist"),
    ),
    SPAM: ("spam", "spam_or_not", "spam_ham"),
}
# A yes/no column whose name does not say of what.
BARE = (
    *("label", "labels", "target", "class", "y", "gold", "label_gold", "category"),
    *("flagged", "moderated", "rejected", "held", "bad", "status", "v1"),
)
# A field of a comment, and the names that it goes by.
FIELDS: dict[str, tuple[str, ...]] = {
    "author_name": ("author_name", "author", "name", "user", "username", "comment_author"),
    "author_email": ("author_email", "email", "comment_author_email"),
    "author_url": ("author_url", "url", "website", "comment_author_url"),
    "author_ip": ("author_ip", "ip", "user_ip", "comment_author_ip"),
    "user_agent": ("user_agent", "agent", "comment_agent"),
    "permalink": ("permalink", "link"),
    "post_title": ("post_title", "thread_title"),
    "referrer": ("referrer", "referer"),
    "type": ("type", "comment_type"),
    "language": ("language", "lang", "blog_lang"),
    "honeypot": ("honeypot",),
    "fill_seconds": ("fill_seconds",),
}
_YES = {
    *("yes", "true", "y", "t", "toxic", "spam", "hate", "hateful", "offensive", "abusive", "obscene", "insult"),
    *("threat", "bad", "rejected", "off"),
}
_NO = {
    *("no", "false", "n", "f", "ham", "clean", "ok", "okay", "none", "neither", "normal", "good", "harmless"),
    *("approved", "published", "not", "neutral"),
}
_NEGATION = re.compile(r"(?:non|not|no)[ _-]?(?=.)")


@dataclass(frozen=True)
class Label:
    """A column, and which of its values mean yes; none given: those that look like it."""

    column: str
    positive: frozenset[str] = frozenset()

    def truth(self, value: str) -> bool | None:
        """None: the value says nothing."""
        if self.positive:
            return _plain(value) in self.positive if value.strip() else None
        return _read(value)


@dataclass(frozen=True)
class Columns:
    text: str
    labels: dict[str, Label]
    fields: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class UnclearColumnsError(Exception):
    """What was looked for is not there; the text says what is, and the way out."""


def find(sample: Sequence[Row], path: str, text: str | None = None, labels: Iterable[str] = ()) -> Columns:
    """Find the columns in the first rows of a file. `labels` are as written by people: toxicity=toxic, spam=class:1.

    The path may say what a column does not: “sms-spam/train.csv”. Raises UnclearColumnsError.
    """
    names = list(dict.fromkeys(name for row in sample for name in row))
    notes: list[str] = []
    text_column = _text(names, sample, text, notes)
    chosen = dict(_written(one, names) for one in labels)
    taken = {text_column, *(label.column for label in chosen.values())}
    found = _labels([name for name in names if name not in taken], sample, path, notes) if not chosen else {}
    chosen = {label: column for label in LABELS if (column := chosen.get(label) or found.get(label))}
    if not chosen:
        raise UnclearColumnsError("\n".join([*notes, _no_label(names, sample, text_column)]))
    rest = [name for name in names if name not in {text_column, *(label.column for label in chosen.values())}]
    return Columns(text_column, chosen, _fields(rest), tuple(notes))


def text_column(names: Sequence[str], sample: Sequence[Row]) -> str:
    """The column of the text: one with a known name, else the longest. Raises UnclearColumnsError."""
    return _text(names, sample, None, [])


def _text(names: Sequence[str], sample: Sequence[Row], wanted: str | None, notes: list[str]) -> str:
    if wanted is not None:
        return named(wanted, names)
    by_name = {plain_name(name): name for name in reversed(names)}
    known = next((by_name[name] for name in TEXTS if name in by_name), None)
    if known is not None:
        return known
    longest = max(names, key=lambda name: sum(len(row.get(name) or "") for row in sample), default=None)
    if longest is None:
        raise UnclearColumnsError("The file has no columns.")
    notes.append(f"No column has a known name for the text; “{longest}”, the longest, is taken (--text names another).")
    return longest


def _written(written: str, names: Sequence[str]) -> tuple[str, Label]:
    label, equals, rest = written.partition("=")
    if not equals or label not in LABELS:
        raise UnclearColumnsError(f"--label {written}: write LABEL=COLUMN, with one of {', '.join(LABELS)}.")
    if rest in names:
        return label, Label(rest)
    column, _, values = rest.rpartition(":")
    return label, Label(named(column or rest, names), frozenset(_plain(value) for value in values.split("|")))


def _labels(names: Sequence[str], sample: Sequence[Row], path: str, notes: list[str]) -> dict[str, Label]:
    found: dict[str, Label] = {}
    for name in names:
        label = _label_of(plain_name(name))
        if label is None or label in found:
            continue
        if odd := _odd_value(name, sample):
            notes.append(f"“{name}” is passed over: “{odd}” is neither yes nor no (--label {label}={name}:{odd} …).")
        else:
            found[label] = Label(name)
    return found or _bare_label(names, sample, path, notes)


def _bare_label(names: Sequence[str], sample: Sequence[Row], path: str, notes: list[str]) -> dict[str, Label]:
    by_name = {plain_name(name): name for name in reversed(names)}
    for name in (by_name[bare] for bare in BARE if bare in by_name):
        if not _odd_value(name, sample):
            label = _meaning({_plain(row.get(name) or "") for row in sample}, path)
            notes.append(f"“{name}” is taken as {label} (--label LABEL={name} says otherwise).")
            return {label: Label(name)}
    return {}


def _meaning(values: set[str], path: str) -> str:
    said = " ".join([*values, path.casefold()])
    if re.search(r"spam|\bham\b", said):
        return SPAM
    return "identity_attack" if "hate" in " ".join(values) else "toxicity"


def _fields(names: Sequence[str]) -> dict[str, str]:
    by_name = {plain_name(name): name for name in reversed(names)}
    found = {field: [by_name[alias] for alias in aliases if alias in by_name] for field, aliases in FIELDS.items()}
    return {field: columns[0] for field, columns in found.items() if columns}


def _label_of(name: str) -> str | None:
    bare = re.sub(r"^(?:is|label|has|y|target)_|_(?:label|score|flag|binary|target)$", "", name)
    return next((label for label, names in LABEL_NAMES.items() if name in names or bare in names), None)


def _odd_value(column: str, sample: Sequence[Row]) -> str | None:
    """A value that is neither yes nor no; an empty column is odd from its first row on."""
    values = [value.strip() for row in sample if (value := row.get(column)) and value.strip()]
    return next((value for value in values if _read(value) is None), None) if values else "empty"


def _read(value: str) -> bool | None:
    plain = _plain(value)
    try:
        number = float(plain)
    except ValueError:
        return _read_word(plain)
    return number >= 0.5 if 0 <= number <= 1 else None  # noqa: PLR2004 - a probability of a half


def _read_word(word: str) -> bool | None:
    negated = _NEGATION.sub("", word, count=1)
    if word in _NO or (negated != word and negated in _YES):
        return False
    return True if word in _YES else None


def _plain(value: str) -> str:
    return value.strip().casefold().replace("_", " ").strip("'\"")


def plain_name(header: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", header.strip()).casefold()).strip("_")


def named(wanted: str, names: Sequence[str]) -> str:
    matching = [name for name in names if name == wanted] or [
        name for name in names if plain_name(name) == plain_name(wanted)
    ]
    if not matching:
        raise UnclearColumnsError(f"There is no column “{wanted}”. There are: {', '.join(names)}.")
    return matching[0]


def _no_label(names: Sequence[str], sample: Sequence[Row], text: str) -> str:
    def values(name: str) -> str:
        some = sorted({value[:20] for row in sample if (value := (row.get(name) or "").strip())})
        return ", ".join(some[:4]) + (", …" if len(some) > 4 else "")  # noqa: PLR2004 - enough to recognise it

    others = "".join(f"\n  {name}: {values(name) or 'empty'}" for name in names if name != text)
    return (
        f"No column is known as a label. The text is “{text}”; the others hold:{others}\n"
        "Say which is which: --label toxicity=COLUMN, or --label toxicity=COLUMN:VALUE|VALUE for those that mean yes.\n"
        f"Labels: {', '.join(LABELS)}."
    )
