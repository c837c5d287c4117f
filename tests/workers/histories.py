"""A site's past with chosen scores, for the commands that look back."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlmodel import Session

from service.core import comments, policy, submissions
from service.core.comments import Settlement
from service.core.labels import LABELS
from service.core.models import Category, Comment
from service.core.policy import Evidence, Policy
from service.core.submissions import Submission

CALM = dict.fromkeys(LABELS, 0.01)


def settled(session: Session, site_id: UUID, scores: Mapping[str, float] | None = None, **content: Any) -> Comment:
    """A comment that the default policy has decided from these scores."""
    engine = content.pop("engine", "words 1")
    submission = Submission(**{"text": "A remark.", **content})
    comment = submissions.submit(session, site_id, submission)
    verdict = policy.decide(Policy(), Evidence(text=submission.text, scores={**CALM, **(scores or {})}))
    [done] = comments.settle(
        session, [Settlement(comment.id, 1, verdict.model_copy(update={"engine": engine, "policy_version": 1}))]
    )
    return done


def review(session: Session, comment: Comment, category: Category | None) -> None:
    """A human's word: without a category the comment is approved."""
    comments.review(session, comment.site_id, comment.id, approve=category is None, category=category, actor="Mia")
