"""The labels that a text is scored on: Detoxify's six, plus spam."""

TOXICITY_LABELS = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")
SPAM = "spam"
LABELS = (*TOXICITY_LABELS, SPAM)

# label -> probability in [0, 1]
Scores = dict[str, float]
