"""The encoder's answer on spam, fitted anew. On a copy of the shipped encoder."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from service.core.labels import SPAM
from workers.engines import cascade
from workers.engines.onnx import OnnxEngine
from workers.training import cards, head
from workers.training.spam import Source

SOLD = ["Cheap replica watches, free shipping", "Buy pills online without prescription", "Casino bonus, play now"]
SAID = ["The treaty was signed in 1839", "My cat sleeps on the keyboard", "Does this work on Windows?"]
SOURCES = [Source("a", SOLD, True, 1.0, [False] * 3), Source("b", SAID, False, 1.0, [False] * 3)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(cascade.FOLDER, tmp_path / "encoder"))


def test_the_new_column_answers_on_spam_and_no_other_label_moves(folder: Path) -> None:
    before = OnnxEngine(folder, threads=1).logits([*SOLD, *SAID])
    vectors = head.embed(folder, [*SOLD, *SAID])
    fitted = head.fit(SOURCES, vectors)

    head.write(fitted, folder)
    cards.publish_encoder(folder, {})

    engine = OnnxEngine(folder, threads=1)
    after, spam = engine.logits([*SOLD, *SAID]), engine.labels.index(SPAM)
    assert after[:, engine.columns].tolist() == before[:, engine.columns].tolist()
    expected = fitted.log_odds(np.array([vectors[one] for one in [*SOLD, *SAID]]))
    assert after[:, spam] == pytest.approx(expected, abs=0.4)
    assert after[:3, spam].min() > after[3:, spam].max()


def test_writing_the_same_column_again_changes_no_byte(folder: Path) -> None:
    fitted = head.fit(SOURCES, head.embed(folder, [*SOLD, *SAID]))
    head.write(fitted, folder)
    once = (folder / "model.onnx").read_bytes()
    cards.publish_encoder(folder, {})

    head.write(head.fit(SOURCES, head.embed(folder, [*SOLD, *SAID])), folder)

    assert (folder / "model.onnx").read_bytes() == once
