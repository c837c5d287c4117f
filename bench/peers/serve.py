"""Score texts with one peer, in the peers' own environment: `.venv-peers/bin/python bench/peers/serve.py NAME`.

Says first, as a line of JSON, which version it is and how many bytes its package has; its dependencies do not count.
Then answers each line, a JSON list of texts, with a line: their scores, and the seconds that a core was busy.
"""

# ruff: noqa: PLC0415 - each process imports one peer.
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, TextIO

Scores = dict[str, float]
Score = Callable[[Sequence[str]], list[Scores]]
LABELS = {"toxic": "toxicity", "severe_toxic": "severe_toxicity", "identity_hate": "identity_attack"}


def alt_profanity_check() -> Score:
    from profanity_check import predict_prob

    return lambda texts: [{"toxicity": float(score)} for score in predict_prob(list(texts))]


def tox_block() -> Score:
    # Its network was saved by Keras 2.
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    from tox_block.prediction import make_predictions

    # It refuses a text of no characters.
    return lambda texts: [
        _labels(row) for row in make_predictions([text or " " for text in texts], rescale=True).values()
    ]


def toxic_comment_classifier() -> Score:
    from tensorflow.keras.preprocessing.sequence import pad_sequences
    from toxic_classifier.model import LIST_CLASSES, MAXLEN, ToxicCommentClassifier

    classifier = ToxicCommentClassifier()

    def score(texts: Sequence[str]) -> list[Scores]:
        # What its `classify` does with one text, for a batch: its own `predict_batch` asks text by text.
        padded = pad_sequences(classifier.tokenizer.texts_to_sequences(list(texts)), maxlen=MAXLEN)
        rows = classifier.model.predict(padded, verbose=0, batch_size=64).tolist()
        return [_labels(dict(zip(LIST_CLASSES, row, strict=True))) for row in rows]

    return score


def glin_profanity() -> Score:
    from glin_profanity import Filter

    words = Filter({"detect_leetspeak": True, "normalize_unicode": True})
    return lambda texts: [{"toxicity": float(words.is_profane(text))} for text in texts]


PEERS: dict[str, Callable[[], Score]] = {
    "alt-profanity-check": alt_profanity_check,
    "tox-block": tox_block,
    "toxic-comment-classifier": toxic_comment_classifier,
    "glin-profanity": glin_profanity,
}


def main(name: str) -> None:
    with _own_output() as output:
        score = PEERS[name]()
        package = metadata.distribution(name)
        paths = [Path(str(package.locate_file(file))) for file in package.files or []]
        size = sum(path.stat().st_size for path in paths if path.is_file())
        _say(output, {"version": package.version, "bytes": size})
        for line in sys.stdin:
            texts = json.loads(line)
            began = time.process_time()
            scores = score(texts)
            _say(output, {"core_seconds": time.process_time() - began, "scores": scores})


@contextmanager
def _own_output() -> Iterator[TextIO]:
    """Keep standard output for the answers: libraries that print go to standard error."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as output:
        os.dup2(2, 1)
        yield output


def _say(output: TextIO, answer: dict[str, Any]) -> None:
    output.write(json.dumps(answer) + "\n")
    output.flush()


def _labels(row: dict[str, Any]) -> Scores:
    return {LABELS.get(label, label): float(score) for label, score in row.items() if label != "text"}


if __name__ == "__main__":
    main(sys.argv[1])
