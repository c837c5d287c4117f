"""Which parts of a comment carried a decision: spans of the text as it was written."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

import numpy as np

from service.core.labels import SPAM, TOXICITY_LABELS
from service.core.policy import Decision, Policy, Span, Verdict
from workers import alignment
from workers.alignment import Alignment
from workers.engines.linear import LinearModel
from workers.reading import Reading
from workers.signals import addresses

# A word carries a label when its share of the log-odds is at least this part of the strongest word's.
# Chosen on the held-out tenth of toxic-spans' training set: `workers.evaluation.spans.choose`.
PART_OF_STRONGEST = 0.6
# The strongest ones; a page of insults needs no more.
MOST_SPANS = 40

# A word as people write one, `a$$` and `sh*t` included, without the punctuation around it.
_WORD = re.compile(r"[\w*@$#](?:\S*[\w*@$#])?")
# Reasons quote what they have seen.
_QUOTED = re.compile("“([^”]+)”")
_ON_LISTS = {"held_word", "rejected_word"}
# The signals that speak of links.
_OF_LINKS = {
    *("links", "mostly_links", "keyword_links", "forum_markup"),
    *("spam_domain", "shortener", "trade_address", "odd_address", "redirect"),
}


def explain(model: LinearModel | None, written: str, read: Reading, policy: Policy, verdict: Verdict) -> Verdict:
    """Add the spans to a verdict; without a model only those of words on lists. An approved comment costs nothing."""
    if verdict.decision == Decision.APPROVE:
        return verdict
    fired = {label for label, score in verdict.scores.items() if score >= policy.threshold(label)}
    return verdict.model_copy(update={"spans": find(model, written, read, verdict, fired)})


def find(
    model: LinearModel | None, written: str, read: Reading, verdict: Verdict, fired: Collection[str]
) -> list[Span]:
    """Find what carried the labels that `fired`, and what the reasons quote.

    At most MOST_SPANS, in the order of the text, without overlap; they count Unicode code points of `written`.
    """
    toxicity = [label for label in TOXICITY_LABELS if label in fired] if model else []
    is_listed, is_spam = verdict.rule in _ON_LISTS, SPAM in fired or verdict.rule == "links"
    if not (toxicity or is_listed or is_spam):
        return []
    forms = alignment.forms(written, read)
    found = list(carrying(model, forms[-1], toxicity)) if model else []
    if is_listed:
        quotes = [quote for reason in verdict.reasons for quote in _QUOTED.findall(reason)]
        found += [span for form in forms for span in _quoted(form, quotes, verdict.rule, 0.0)]
    if is_spam:
        found += _spam(written, forms[0], verdict)
    return _apart(found)


def carrying(
    model: LinearModel, aligned: Alignment, labels: Sequence[str], part: float = PART_OF_STRONGEST
) -> Iterator[Span]:
    """The runs of words that carry the toxicity labels, each named after the kind of which it carries most."""
    words = [word.span() for word in _WORD.finditer(aligned.copy)]
    if not labels or not words:
        return
    shares = model.attribute(aligned.copy)
    weights = np.array([shares[start:end].sum(axis=0) for start, end in words])
    # Toxicity always counts: the other labels are kinds of it.
    columns = [model.labels.index(label) for label in {"toxicity", *labels}]
    is_enough = ((weights >= part * weights.max(axis=0)) & (weights > 0))[:, columns].any(axis=1).tolist()
    for is_carrying, run in groupby(range(len(words)), key=is_enough.__getitem__):
        if is_carrying:
            first, last = (numbers := list(run))[0], numbers[-1]
            total = weights[first : last + 1].sum(axis=0)
            label = _name(dict(zip(model.labels, total.tolist(), strict=True)), labels)
            yield _span(aligned, words[first][0], words[last][1], label, float(total[model.labels.index(label)]))


def _name(shares: dict[str, float], labels: Sequence[str]) -> str:
    """Name the kind of toxicity that has the largest share; toxicity alone when no kind has fired."""
    kinds = [label for label in labels if label != "toxicity" and shares[label] > 0]
    return max(kinds, key=shares.__getitem__, default="toxicity")


def _spam(written: str, aligned: Alignment, verdict: Verdict) -> Iterator[Span]:
    signals = [signal for signal in verdict.signals if signal.weight > 0]
    for signal in signals:
        yield from _quoted(aligned, _QUOTED.findall(signal.reason), SPAM, signal.weight)
    weights = [signal.weight for signal in signals if signal.name in _OF_LINKS]
    if weights or verdict.rule == "links":
        for start, end in addresses.places(written):
            yield Span(start=start, end=end, label=SPAM, weight=round(max(weights, default=0.0), 2))


def _quoted(aligned: Alignment, quotes: Sequence[str], label: str, weight: float) -> Iterator[Span]:
    for quote in quotes:
        phrase = r"\W+".join(map(re.escape, quote.split()))
        # In scripts without spaces a word may begin anywhere.
        places = list(re.finditer(rf"(?<!\w){phrase}\w*", aligned.copy)) or re.finditer(phrase, aligned.copy)
        for place in places:
            yield _span(aligned, *place.span(), label, weight)


def _span(aligned: Alignment, start: int, end: int, label: str, weight: float) -> Span:
    first, last = aligned.origin(start, end)
    return Span(start=first, end=last, label=label, weight=round(weight, 2))


def _apart(spans: Sequence[Span]) -> list[Span]:
    """Keep the strongest ones that do not overlap, in the order of the text."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (-span.weight, span.start)):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
        if len(kept) == MOST_SPANS:
            break
    return sorted(kept, key=lambda span: span.start)
