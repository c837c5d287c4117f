"""The bundled models as they ship."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.labels import TOXICITY_LABELS
from workers.engines import compact
from workers.engines.compact import CompactEngine, SpamModel
from workers.engines.engine import EngineUnavailableError

ENGINE = compact.load()
SPAM = compact.load_spam()
HOLD_AT = json.loads((compact.MODELS / "toxicity.json").read_text("utf-8"))["hold_at"]

INSULTS = [
    "You are a stupid fucking idiot.",
    "what a pathetic moron, go to hell",
    "Shut up you worthless piece of shit",
    "I will kill you, you bastard",
]
HARMLESS = [
    "Thank you, this helped me a lot.",
    "The Japanese and Korean ministers met in Beijing.",
    "China raised tariffs on American cars; I think that was a mistake.",
    "My Chinese colleague recommended this article.",
    "As a gay man I found the film moving.",
    "The Muslim and Jewish communities share the building.",
    "I voted against the president and would do so again.",
    "Is the Palestinian delegation coming too?",
]


@pytest.mark.parametrize("text", INSULTS)
def test_a_clear_insult_reaches_the_threshold(text: str) -> None:
    assert ENGINE.score([text])[0]["toxicity"] >= HOLD_AT["toxicity"]


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_sentence_reaches_no_threshold(text: str) -> None:
    scores = ENGINE.score([text])[0]
    assert [label for label in TOXICITY_LABELS if scores[label] >= HOLD_AT[label]] == []


def test_an_insult_at_the_end_of_a_long_text_counts() -> None:
    text = "A calm sentence about gardens and the weather. " * 1000 + INSULTS[0]
    assert ENGINE.score([text])[0]["toxicity"] >= HOLD_AT["toxicity"]


def test_hidden_characters_hide_no_insult() -> None:
    hidden = "\u200b".join(INSULTS[0])
    assert ENGINE.score([hidden]) == ENGINE.score([INSULTS[0]])


def test_a_text_scores_the_same_in_any_batch() -> None:
    alone = [ENGINE.score([text])[0] for text in INSULTS + HARMLESS]
    assert ENGINE.score(INSULTS + HARMLESS) == [pytest.approx(scores, abs=1e-5) for scores in alone]


def test_an_empty_batch_has_no_scores() -> None:
    assert ENGINE.score([]) == []


@pytest.mark.parametrize(
    "text", ["", "\x00", "\ud800", "x" * 1_000_000, "a b " * 250_000, "👩‍👩‍👧" * 100, "مرحبا بالعالم", "\ufdfa" * 1000]
)
def test_any_text_is_scored(text: str) -> None:
    scores = ENGINE.score([text])[0]
    assert tuple(scores) == TOXICITY_LABELS
    assert all(0 <= score <= 1 for score in scores.values())


@given(st.lists(st.text(st.characters()), max_size=4))
def test_every_text_gets_its_scores(texts: list[str]) -> None:
    assert len(ENGINE.score(texts)) == len(SPAM.log_odds(texts)) == len(texts)


def test_an_advertisement_is_likelier_spam_than_a_remark() -> None:
    advertisement, remark = SPAM.log_odds(
        [
            "Check out my new channel and subscribe!!! Free gift: http://win.example/cash",
            "I think the third chapter is best.",
        ]
    )
    assert advertisement > 0 > remark


@pytest.mark.parametrize("name", ["toxicity", "spam"])
def test_the_card_has_the_checksum_of_the_file(name: str) -> None:
    card = json.loads((compact.MODELS / f"{name}.json").read_text("utf-8"))
    assert hashlib.sha256((compact.MODELS / card["file"]).read_bytes()).hexdigest() == card["sha256"]


def test_the_version_is_the_one_on_the_card() -> None:
    assert ENGINE.version == json.loads((compact.MODELS / "toxicity.json").read_text("utf-8"))["version"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("toxicity.npz", "toxicity.json"):
        shutil.copy(compact.MODELS / name, tmp_path)
    return tmp_path / "toxicity.npz"


def test_a_damaged_file_is_refused(copy: Path) -> None:
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    with pytest.raises(EngineUnavailableError, match=r"toxicity\.npz is damaged or was replaced"):
        compact.load(copy)


def test_a_file_without_its_card_is_refused(copy: Path) -> None:
    copy.with_suffix(".json").unlink()
    with pytest.raises(EngineUnavailableError, match="cannot be read"):
        compact.load(copy)


def test_a_model_of_other_labels_is_refused(copy: Path) -> None:
    with pytest.raises(EngineUnavailableError, match="but"):
        compact.load_spam(copy)


def test_both_models_have_their_own_type() -> None:
    assert isinstance(ENGINE, CompactEngine)
    assert isinstance(SPAM, SpamModel)
