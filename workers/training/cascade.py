"""How the linear model and the encoder are weighed against each other, and their sum made an honest probability."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from service.core.labels import TOXICITY_LABELS
from workers.engines.cascade import Blend
from workers.engines.linear import Floats, LinearModel
from workers.engines.onnx import OnnxEngine
from workers.training.fitting import Examples

# Part of the encoder's standardised log-odds in the sum. Fitted on Wikipedia the linear model, which knows it by heart,
# would weigh more than it is worth on other pages.
ENCODER_SHARE = 0.6
# Log-odds of the linear model below which, on every label, the encoder is not asked: on Wikipedia one comment in
# five, at a loss of .0001 of ROC-AUC. From -5 on, hate that carries no swear word is missed.
CERTAIN = -6.0


def fit(model: LinearModel, encoder: OnnxEngine, unseen: Examples) -> Blend:
    """Fit to texts that neither has learnt from, weighed to their natural rates."""
    by_linear, by_encoder = model.log_odds(unseen.texts), encoder.logits(unseen.texts)[:, encoder.columns]
    one, other = (1 - ENCODER_SHARE) / by_linear.std(axis=0), ENCODER_SHARE / by_encoder.std(axis=0)
    lines = [
        _line(one[label] * by_linear[:, label] + other[label] * by_encoder[:, label], unseen, label)
        for label in range(len(TOXICITY_LABELS))
    ]
    slopes = np.array([slope for slope, _ in lines], np.float32)
    shifts = np.array([shift for _, shift in lines], np.float32)
    return Blend(one * slopes, other * slopes, shifts, CERTAIN)


def _line(scores: Floats, unseen: Examples, label: int) -> tuple[float, float]:
    """Platt scaling."""
    regression = LogisticRegression(C=1e6).fit(scores[:, None], unseen.truth[:, label], unseen.weights[:, label])
    return float(regression.coef_[0, 0]), float(regression.intercept_[0])
