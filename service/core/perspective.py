"""Which of our labels answers for an attribute of Google's Perspective API. The values are ours, not Perspective's."""

from service.core.labels import SPAM

_PRODUCTION = {
    "TOXICITY": "toxicity",
    "SEVERE_TOXICITY": "severe_toxicity",
    "IDENTITY_ATTACK": "identity_attack",
    "INSULT": "insult",
    "PROFANITY": "obscene",
    "THREAT": "threat",
}
_EXPERIMENTAL = {f"{name}_EXPERIMENTAL": label for name, label in _PRODUCTION.items()}
ATTRIBUTES = {**_PRODUCTION, **_EXPERIMENTAL, "OBSCENE": "obscene", "SPAM": SPAM}
