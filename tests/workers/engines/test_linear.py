"""The shares of the characters in a score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core import text
from workers.engines import compact, linear

MODEL = linear.load(compact.MODELS / "toxicity.npz")
TEXTS = ["", "you stupid idiot, idiot", "thank you", "日本語のテキスト", "l'été à Paris", "a"]


@pytest.mark.parametrize("original", TEXTS)
def test_the_shares_of_the_characters_add_up_to_the_score(original: str) -> None:
    shares = MODEL.attribute(text.normalise(original))

    if original:
        assert shares.sum(axis=0) + MODEL.bias == pytest.approx(MODEL.log_odds([original])[0], abs=1e-3)
    assert shares.shape == (len(text.normalise(original)), len(MODEL.labels))


def test_the_insult_has_the_largest_share() -> None:
    shares = MODEL.attribute("we met an idiot in the garden")[:, 0]

    assert 10 <= int(np.argmax(shares)) < 15


def test_an_insult_behind_pages_of_padding_has_its_share() -> None:
    padding = "the gardens of the town are open in the morning. " * 200
    shares = MODEL.attribute(f"{padding}you stupid idiot")[:, 0]

    assert int(np.argmax(shares)) >= len(padding)


@given(st.text())
def test_any_text_has_finite_shares(original: str) -> None:
    assert np.isfinite(MODEL.attribute(text.normalise(original))).all()
