"""What a site has learnt, applied to one comment: its scores move, and a signal says why."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from service.core.labels import Scores
from service.core.models import Content
from service.core.policy import Decision, Signal, Verdict
from workers.learning import examples, fitting
from workers.learning.examples import HEADS, TOXICITY
from workers.learning.model import Head, Model

NAME = "learned_"
# Smaller shifts are not worth a reason.
_NOTICEABLE = 0.1
# Moved with toxicity, and only down: a threat, severe toxicity and attacks on groups are never talked away.
_EASED = ("obscene", "insult")
_MOST_REASONS = 3
_WORDS = {"link": "a link to {}", "name": "the name “{}”", "signal": "the signal “{}”", "word": "“{}”"}


def apply(
    model: Model, content: Content, normalised: str, scores: Scores, seen: Sequence[Signal]
) -> tuple[Scores, list[Signal]]:
    """The scores after learning, and a signal for each head that moved one. The scores given are left as they are."""
    if not model.has_learnt:
        return scores, []
    names = examples.features(content, normalised, seen)
    features = examples.hashes(names)
    shifts = {head: model.heads[head].shift(features) for head in HEADS}
    noticed = {head: shift for head, shift in shifts.items() if abs(shift) >= _NOTICEABLE}
    signals = [
        Signal(name=f"{NAME}{head}", weight=round(shift, 2), reason=_reason(shift, explain(model.heads[head], names)))
        for head, shift in noticed.items()
    ]
    return move(scores, noticed), signals


def move(scores: Scores, shifts: Mapping[str, float]) -> Scores:
    """The scores, with each head's moved by so much log-odds."""
    moved = dict(scores)
    for head, shift in shifts.items():
        for label in (head, *_EASED) if head == TOXICITY and shift < 0 else (head,):
            moved[label] = _moved(scores[label], shift)
    return moved


def told(verdict: Verdict, learned: Iterable[Signal]) -> list[str]:
    """The verdict's reasons, with what was learnt against the comment if it is not published."""
    if verdict.decision == Decision.APPROVE:
        return verdict.reasons
    return list(dict.fromkeys([*verdict.reasons, *(signal.reason for signal in learned if signal.weight > 0)]))


def undo(scores: Scores, signals: Iterable[Signal]) -> tuple[Scores, list[Signal]]:
    """A verdict's scores and signals as they were before learning: what is learnt must not teach itself."""
    before, others = dict(scores), []
    for signal in signals:
        head = signal.name.removeprefix(NAME)
        if signal.name.startswith(NAME) and head in before:
            before[head] = _moved(before[head], -signal.weight)
        else:
            others.append(signal)
    return before, others


def explain(head: Head, names: Sequence[str]) -> list[tuple[str, float]]:
    """What each feature adds to the log-odds, the largest first."""
    added = head.contributions(examples.hashes(names))
    order = np.argsort(-np.abs(added), kind="stable")
    return [(names[place], float(added[place])) for place in order if added[place]]


def in_words(name: str) -> str | None:
    """A feature as a moderator reads it; None for what says nothing by itself."""
    kind, _, what = name.partition(":")
    return "this author" if kind == "author" else _WORDS[kind].format(what) if kind in _WORDS else None


def _reason(shift: float, added: Sequence[tuple[str, float]]) -> str:
    did = "rejected" if shift > 0 else "approved"
    telling = [words for name, part in added if part * shift > 0 and (words := _whole(name))]
    details = f": {', '.join(telling[:_MOST_REASONS])}." if telling else "."
    return f"This site's moderators {did} comments like this one{details}"


def _whole(name: str) -> str | None:
    return None if name.endswith("…") else in_words(name)


def _moved(score: float, shift: float) -> float:
    return float(fitting.sigmoid(np.array(examples.log_odds(score) + shift)))
