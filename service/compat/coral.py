"""Coral's external moderation phase: it asks about a comment, and acts on the answer.

Source: coralproject/talk, EXTERNAL_MODERATION_PHASES.md.
"""

from typing import Any

from fastapi import APIRouter, Request, Response, status
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from service.core import coral_keys, errors, outage
from service.core.admission import Entry
from service.core.coral_keys import Phase
from service.core.db import Database
from service.core.intake import Incoming
from service.core.models import Comment, Status
from service.core.submissions import Submission
from service.core.waiting import Waiting
from service.web import DatabaseDep

# Coral takes every other answer, and none in time, for "go on": what we cannot decide, its moderators must.
_A_HUMAN_DECIDES = {"status": "PREMOD"}

router = APIRouter(include_in_schema=False)


class _Comment(BaseModel):
    body: str
    parentID: str | None = None  # noqa: N815 - Coral's name


class _Author(BaseModel):
    id: str
    role: str = "COMMENTER"


class _Story(BaseModel):
    id: str
    url: str | None = None


class Question(BaseModel):
    """What Coral asks. It has no id of the comment yet."""

    comment: _Comment
    author: _Author
    story: _Story

    def submission(self) -> Submission:
        """Raises ValidationError."""
        known = {
            "text": self.comment.body,
            "author_id": self.author.id,
            "parent_id": self.comment.parentID,
            "post_id": self.story.id,
            "permalink": self.story.url,
        }
        return Submission.model_validate({name: value for name, value in known.items() if value})


@router.post("/coral/{key_id}")
async def moderate(key_id: str, request: Request, database: DatabaseDep, *, store: bool = True) -> Response:
    """Decide the comment. With `store=false` nothing of it stays here."""
    body = await request.body()
    try:
        phase = await run_in_threadpool(_find, database, key_id)
        if phase is None or not coral_keys.is_signed(phase.secret, body, request.headers.get("x-coral-signature", "")):
            return Response("This is no signature of the phase.", status.HTTP_401_UNAUTHORIZED)
        question = Question.model_validate_json(body)
        if question.author.role != "COMMENTER":
            # The site's own people.
            return Response(status_code=status.HTTP_204_NO_CONTENT)
        incoming = Incoming(Entry("", phase.holder), question.submission(), transient=not store)
        waiting: Waiting = request.app.state.waiting
        return _answer(await waiting.submit(incoming))
    except SQLAlchemyError as error:
        outage.report("coral", error)
    except (errors.GatepostError, ValidationError):
        # Too much at once, or a comment of pictures alone.
        pass
    return JSONResponse(_A_HUMAN_DECIDES)


def _find(database: Database, key_id: str) -> Phase | None:
    with database.reading() as session:
        return coral_keys.find(session, key_id)


def _answer(comment: Comment) -> Response:
    verdict = comment.verdict or {}
    decision = verdict.get("decision", comment.status)
    if decision in {"approve", Status.APPROVED}:
        return Response(status_code=status.HTTP_204_NO_CONTENT)
    if decision == Status.PENDING:
        return JSONResponse(_A_HUMAN_DECIDES)
    withheld = "SYSTEM_WITHHELD" if decision == "hold" else "REJECTED"
    return JSONResponse({"status": withheld, **_flags(verdict)})


def _flags(verdict: dict[str, Any]) -> dict[str, Any]:
    """Why, as far as Coral has a word for it."""
    reason = {"toxicity": "COMMENT_DETECTED_TOXIC", "spam": "COMMENT_DETECTED_SPAM"}.get(verdict.get("rule", ""))
    return {"actions": [{"actionType": "FLAG", "reason": reason}]} if reason else {}
