"""The requests of the Perspective API, v1alpha1, and what can be wrong with them."""

from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat
from pydantic.alias_generators import to_camel

from service.compat.perspective import attributes, failures
from service.core.models import Text
from service.core.submissions import Submission

# Of UTF-8, as Perspective counted.
LONGEST_TEXT = 20_480
# In bytes: together they fit into a comment's metadata, which come back in webhooks.
_LONGEST_CONTEXT = 600
_LONGEST_TOKEN = 200


class _Message(BaseModel):
    """As JSON of protocol buffers: names in camel case or as in the `.proto`; what is not known is passed over."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class TextEntry(_Message):
    text: str | None = None
    type: Literal["TEXT_TYPE_UNSPECIFIED", "PLAIN_TEXT", "HTML"] | None = None


class ArticleAndParent(_Message):
    article: TextEntry | None = None
    parent_comment: TextEntry | None = None


class Context(_Message):
    entries: list[TextEntry] | None = None
    article_and_parent_comment: ArticleAndParent | None = None

    def texts(self) -> dict[str, str]:
        """The comment that this one answers, and the article, as far as they are told."""
        pair = self.article_and_parent_comment or ArticleAndParent()
        # Entries come in the order of the conversation: the last is what is answered.
        parent = pair.parent_comment or (self.entries[-1] if self.entries else None)
        found = {"parent": parent, "article": pair.article}
        return {name: _cut(entry.text, _LONGEST_CONTEXT) for name, entry in found.items() if entry and entry.text}


class Parameters(_Message):
    score_type: Literal["SCORE_TYPE_UNSPECIFIED", "PROBABILITY", "STD_DEV_SCORE", "PERCENTILE", "RAW"] | None = None
    score_threshold: FiniteFloat | None = None


class _Request(_Message):
    comment: TextEntry | None = None
    languages: list[Text] = []
    client_token: Text | None = None
    session_id: str | None = None
    community_id: str | None = None
    context: Context | None = None

    @property
    def text(self) -> str:
        """Raises GoogleError when there is none, or too much."""
        text = (self.comment and self.comment.text) or ""
        if not text.strip():
            raise failures.analyzer("COMMENT_EMPTY", "Comment must be non-empty.")
        if len(text.encode(errors="replace")) > LONGEST_TEXT:
            raise failures.analyzer("COMMENT_TOO_LONG", "Comment text too long.")
        return text

    def submission(self) -> Submission:
        """As any comment of the site; what Perspective's clients say of it besides comes back in webhooks."""
        tokens = {
            "clientToken": self.client_token,
            "sessionId": self.session_id,
            "communityId": self.community_id,
        }
        said = {name: _cut(token, _LONGEST_TOKEN) for name, token in tokens.items() if token}
        known = said | (self.context or Context()).texts()
        language = self.languages[0] if self.languages else None
        return Submission.model_validate(
            {"text": self.text, "language": language, "metadata": {"perspective": known} if known else {}}
        )


class Analysis(_Request):
    requested_attributes: dict[str, Parameters | None] = {}
    do_not_store: bool = False
    span_annotations: bool = False
    drop_unsupported_attributes: bool = False

    def check(self) -> None:
        """Raises GoogleError as Perspective would; drops what no score of ours answers for, when that was asked for."""
        _ = self.text
        if not self.requested_attributes:
            raise failures.analyzer("NO_REQUESTED_ATTRIBUTES", "Missing requested_attributes")
        for name, parameters in self.requested_attributes.items():
            if not attributes.is_known(name):
                raise failures.analyzer("INVALID_REQUEST", f"Unknown requested attribute: {name[:100]}")
            wanted = parameters and parameters.score_type
            if wanted not in {None, "SCORE_TYPE_UNSPECIFIED", attributes.PROBABILITY}:
                message = f"Requested score type {wanted} is not supported for attribute {name}"
                raise failures.analyzer("INVALID_REQUEST", message)
        foreign = [one[:35] for one in self.languages if not attributes.is_supported_language(one)]
        # An attribute that is not scored is scored in no language.
        self.drop(lambda name: not attributes.is_scored(name), self.languages or ["en"], detected=False)
        if foreign:
            self.drop(attributes.needs_language, foreign, detected=False)

    def drop(self, is_unsupported: Callable[[str], bool], languages: list[str], *, detected: bool) -> None:
        unsupported = [name for name in self.requested_attributes if is_unsupported(name)]
        if unsupported and not self.drop_unsupported_attributes:
            raise failures.unsupported(unsupported[0], languages, detected=detected)
        for name in unsupported:
            del self.requested_attributes[name]

    def threshold(self, name: str) -> float:
        parameters = self.requested_attributes[name]
        return (parameters and parameters.score_threshold) or 0.0


class Score(_Message):
    value: FiniteFloat = 0.0


class AttributeScores(_Message):
    summary_score: Score | None = None


class Suggestion(_Request):
    attribute_scores: dict[str, AttributeScores] = {}


def _cut(text: str, length: int) -> str:
    """The beginning, without what a database or JSON has trouble with."""
    printable = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    return printable.encode()[:length].decode(errors="ignore")
