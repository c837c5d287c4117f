"""Why a comment is rejected, in words, and the key for it."""

from service.console.language import N_
from service.core.models import Category

CATEGORY_WORDS = {
    Category.SPAM: N_("spam"),
    Category.TOXIC: N_("toxic"),
    Category.OFF_TOPIC: N_("off topic"),
    Category.OTHER: N_("other"),
}
