"""What in a text carried a verdict, found in the text as it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.labels import LABELS
from service.core.policy import Decision, Policy, Signal, Verdict
from workers import reading, spans
from workers.engines import compact

MODEL = compact.load_model()
INSULT = "You idiot!"
ADVERTISING = Signal(name="spam_phrase", weight=2.0, reason="Wording of advertising: “cheap pills”.")
LINK = Signal(name="links", weight=0.8, reason="A link in the text.")
# Insults, links, markup, disguises and what could be taken for any of them.
WRITTEN = st.lists(
    st.sampled_from(
        [
            *("idiot", "IDIOT", "i\u200bdiot", "fucking", "you are", "<b>moron</b>", "&#105;diot", "cheap pills"),
            *("http://a.example/b?c=1&amp;d", "www.", "<a href='http://x.example'>x</a>", "ﷺ", "¨", "\ud800", "\x00"),
            *(" ", "\n", "<", "&", "“", "a < b", "x̸̷̶̵̴", "\U0001f469\u200d\U0001f469"),
        ]
    )
    | st.text(max_size=5)
).map("".join)


def hold(*signals: Signal, rule: str = "toxicity", reasons: tuple[str, ...] = ()) -> Verdict:
    return Verdict(decision=Decision.HOLD, rule=rule, reasons=list(reasons), signals=list(signals))


def marked(written: str, verdict: Verdict, *fired: str) -> list[tuple[str, str]]:
    return [
        (written[s.start : s.end], s.label) for s in spans.find(MODEL, written, reading.read(written), verdict, fired)
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Thank you for nothing, you IDIOT!", "IDIOT"),
        ("<p>We met an <b>idiot</b> today.</p>", "idiot"),
        ("We met an i\u200bd\u00adiot &amp; left.", "i\u200bd\u00adiot"),
        ("We met an i&#100;iot &amp; left.", "i&#100;iot"),
    ],
)
def test_the_insult_is_marked_as_it_was_written(written: str, expected: str) -> None:
    assert marked(written, hold(), "toxicity", "insult") == [(expected, "insult")]


def test_without_a_kind_of_its_own_a_span_is_toxic() -> None:
    assert marked("You idiot!", hold(), "toxicity") == [("idiot", "toxicity")]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Well, <b>you</b> are such an i d i o t, aren't you?", "i d i o t,"),
        ("You are a worthless 1d10t and so it goes.", "1d10t"),
        ("You are a f*cking ΜΟRΟΝ &amp; so it goes.", "f*cking ΜΟRΟΝ"),  # noqa: RUF001 - Greek capitals
    ],
)
def test_a_disguised_insult_is_marked_as_a_whole(written: str, expected: str) -> None:
    assert expected in [found for found, _ in marked(written, hold(), "toxicity", "insult", "obscene")]


def test_a_disguised_word_on_the_site_s_list_is_marked() -> None:
    verdict = hold(rule="held_word", reasons=("Contains “idiot”, which is on this site's word list.",))

    assert marked("So says the 1d10t.", verdict) == [("1d10t.", "held_word")]


def test_what_fired_nothing_is_not_marked() -> None:
    assert marked("You idiot, buy cheap pills at www.pills.example", hold(ADVERTISING, LINK)) == []


def test_advertising_and_links_are_marked_as_spam() -> None:
    written = "Buy CHEAP  pills: https://pills.example/a?b=1&amp;c=2 today"

    assert marked(written, hold(ADVERTISING, LINK), "spam") == [
        ("CHEAP  pills", "spam"),
        ("https://pills.example/a?b=1&amp;c=2", "spam"),
    ]


def test_too_many_links_are_marked() -> None:
    assert marked("See www.a.example.", hold(rule="links")) == [("www.a.example.", "spam")]


def test_a_word_on_the_sites_list_is_marked_with_its_ending() -> None:
    verdict = hold(rule="held_word", reasons=("Contains “treat”, which is on this site's word list.",))

    assert marked("The Treaty stands.", verdict) == [("Treaty", "held_word")]


def test_an_approved_comment_has_no_spans() -> None:
    verdict = Verdict(decision=Decision.APPROVE, rule="none", reasons=[], scores={"toxicity": 0.9})

    assert spans.explain(MODEL, INSULT, reading.read(INSULT), Policy(), verdict) is verdict


def test_the_labels_over_the_site_s_thresholds_are_explained() -> None:
    verdict = hold().model_copy(update={"scores": {"toxicity": 0.6, "insult": 0.6}})
    read = reading.read(INSULT)
    lenient = Policy(thresholds={"insult": 0.9})

    assert [span.label for span in spans.explain(MODEL, INSULT, read, Policy(), verdict).spans] == ["insult"]
    assert [span.label for span in spans.explain(MODEL, INSULT, read, lenient, verdict).spans] == ["toxicity"]


def test_without_a_model_words_on_lists_are_marked_all_the_same() -> None:
    [span] = spans.find(None, "cheap pills", reading.read("cheap pills"), hold(ADVERTISING), {"spam", "toxicity"})

    assert (span.start, span.end, span.label, span.weight) == (0, 11, "spam", 2.0)


def test_of_a_page_of_insults_the_strongest_are_marked() -> None:
    assert len(marked("you idiot and so on. " * 500, hold(), "toxicity")) == spans.MOST_SPANS


@given(WRITTEN, st.sets(st.sampled_from(LABELS)), st.sampled_from(["toxicity", "links", "held_word"]))
def test_spans_lie_in_the_text_in_order_and_apart(written: str, fired: set[str], rule: str) -> None:
    verdict = hold(ADVERTISING, LINK, rule=rule, reasons=("Contains “idiot”, which is on this site's word list.",))

    found = spans.find(MODEL, written, reading.read(written), verdict, fired)

    edges = [edge for span in found for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert all(0 <= span.start < span.end <= len(written) for span in found)
