"""The words of the core that the console translates: it says them in English, and knows no languages."""

from service.console.language import N_
from service.core.models import Category

CATEGORY_WORDS = {
    Category.SPAM: N_("spam"),
    Category.TOXIC: N_("toxic"),
    Category.OFF_TOPIC: N_("off topic"),
    Category.OTHER: N_("other"),
}
LABEL_WORDS = {
    "toxicity": N_("Toxicity"),
    "severe_toxicity": N_("Severe toxicity"),
    "obscene": N_("Obscene language"),
    "threat": N_("Threat"),
    "insult": N_("Insult"),
    "identity_attack": N_("Attack on a group"),
    "spam": N_("Spam"),
}
STATUS_WORDS = (N_("Pending"), N_("Held"), N_("Approved"), N_("Rejected"))
ERRORS = (
    N_("The comment has changed meanwhile; look at it again."),
    N_("There is no such comment at your sites."),
    N_("This form belongs to another session. Nothing has changed."),
    N_("This form was sent from somewhere else. Nothing has changed."),
    N_("This author has neither an account nor an e-mail address."),
    N_("This comment does not link there."),
    N_("The site's list cannot take this: it is full, or the entry is no word."),
    N_("This site's policy cannot be read; save it anew first."),
)
NAMES = (N_("The policy"), N_("The blog"), N_("The import"), N_("Somebody"), N_("A former moderator"), N_("Retention"))
