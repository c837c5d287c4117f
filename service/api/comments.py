"""Comments: submit, look up, edit, erase, and say what a human thought of them."""

import asyncio
import re
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import SQLAlchemyError

from service import web
from service.api import problems, shortcut
from service.api.bodies import IJsonRequest, IJsonRoute
from service.api.deps import Reader, Submitter
from service.api.shortcut import IdempotencyKey
from service.core import comments, submissions
from service.core.db import Database
from service.core.intake import Incoming, Intake
from service.core.models import Category, Comment, Status, Text
from service.core.policy import Verdict
from service.core.submissions import Submission
from service.web import DatabaseDep

router = APIRouter(
    prefix="/v1/comments", tags=["comments"], route_class=IJsonRoute, responses=problems.responses(401, 403, 422, 503)
)

LONGEST_WAIT_SECONDS = 5
_POLL_SECONDS = 0.05

Prefer = Annotated[
    str | None,
    Header(
        description="`wait=N` (RFC 7240) answers with the decision when it is ready in time;"
        f" N is {LONGEST_WAIT_SECONDS} seconds at most."
    ),
]

_ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {
        "headers": {
            "Location": {"description": "Where to look the comment up.", "schema": {"type": "string", "format": "uri"}},
            "Preference-Applied": {"description": "`wait=N`, when it was asked for.", "schema": {"type": "string"}},
        }
    }
}


class Links(BaseModel):
    self: str = Field(description="Where to look the comment up.", examples=["https://gatepost.example/v1/comments/…"])


class CommentOut(BaseModel):
    """A comment as Gatepost knows it, and what became of it."""

    id: UUID
    external_id: str | None = Field(description="The blog's own id of the comment.", examples=["c-42"])
    status: Status
    sequence: int = Field(description="Grows with every change of the status.")
    verdict: Verdict | None = Field(description="The machine's verdict with its reasons; null while pending.")
    decided_at: datetime | None
    decided_by: str | None = Field(description="`policy`, `site`, or `moderator:<id>`.", examples=["policy"])
    category: Category | None = Field(description="Why it was rejected.")
    created_at: datetime
    text: str = Field(examples=["Thank you, that explains the treaty well."])
    author_name: str | None = Field(examples=["Aiko"])
    post_id: str | None = Field(examples=["post-9"])
    metadata: dict[str, Any] = Field(description="As the blog sent it.", examples=[{"thread": 7}])
    links: Links


class Page(BaseModel):
    comments: list[CommentOut]
    next: UUID | None = Field(description="Give it as `after` to get the next page; null on the last.")


class Batch(BaseModel):
    model_config = ConfigDict(extra="forbid")
    comments: list[Submission] = Field(min_length=1, max_length=500)


class BatchOut(BaseModel):
    comments: list[CommentOut] = Field(description="In the order of the request.")


class Feedback(BaseModel):
    """What a human at the blog decided."""

    model_config = ConfigDict(extra="forbid")
    decision: Literal["approve", "reject"]
    category: Category | None = Field(None, description="For a rejection: why.")


async def submit_comment(
    site: Submitter,
    database: DatabaseDep,
    request: Request,
    response: Response,
    submission: Submission,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> CommentOut:
    """Hand in a comment. It is stored when the answer comes; the decision follows by webhook.

    A repeat with the same `Idempotency-Key` or the same `external_id` gives back the first comment.
    """

    def store() -> Comment:
        with database.transaction() as session:
            return submissions.submit(session, site.id, submission, idempotency_key)

    comment = await run_in_threadpool(store)
    if seconds := _seconds_to_wait(prefer):
        response.headers["Preference-Applied"] = f"wait={seconds}"
        comment = await _decided(database, comment, seconds)
    response.headers["Location"] = _location(request, comment)
    return _out(request, comment)


class SubmissionRoute(IJsonRoute):
    """`submit_comment` for what needs no more than to be stored: with what else comes in at the moment."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        declared = super().get_route_handler()

        async def handle_submission(request: Request) -> Response:
            ijson = IJsonRequest(request.scope, request.receive)
            incoming = await shortcut.read(ijson)
            return await (_take_in(request, incoming) if incoming else declared(ijson))

        return handle_submission


router.add_api_route(
    "",
    submit_comment,
    methods=["POST"],
    status_code=202,
    responses=problems.responses(409, 413) | _ACCEPTED,
    route_class_override=SubmissionRoute,
)


async def _take_in(request: Request, incoming: Incoming) -> Response:
    intake: Intake = request.app.state.intake
    try:
        comment = await intake.submit(incoming)
    finally:
        if incoming.entry.quota:
            request.state.quota = incoming.entry.quota
    out = _out(request, comment)
    return Response(out.model_dump_json(), 202, {"Location": out.links.self}, "application/json")


@router.post("/batch", status_code=202, responses=problems.responses(409, 413))
def submit_comments(
    site: Submitter,
    database: DatabaseDep,
    request: Request,
    batch: Batch,
    idempotency_key: IdempotencyKey = None,
) -> BatchOut:
    """Hand in up to 500 comments in one transaction: all are stored, or none and the answer says which did not fit.

    A repeat with the same `Idempotency-Key` gives back the first comments, and so does each `external_id`.
    """
    with database.transaction() as session:
        stored = submissions.submit_all(session, site.id, batch.comments, idempotency_key)
        return BatchOut(comments=[_out(request, comment) for comment in stored])


@router.get("")
def list_comments(
    site: Reader,
    database: DatabaseDep,
    request: Request,
    status: Status | None = None,
    external_id: Annotated[Text | None, Query(max_length=200)] = None,
    after: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page:
    """The site's comments, newest first."""
    with database.reading() as session:
        found = comments.find(session, site.id, status=status, external_id=external_id, after=after, limit=limit + 1)
        page = found[:limit]
        return Page(comments=[_out(request, c) for c in page], next=page[-1].id if len(found) > limit else None)


@router.get("/{comment_id}", responses=problems.responses(404))
def get_comment(site: Reader, database: DatabaseDep, request: Request, comment_id: UUID) -> CommentOut:
    """The comment with its status, and the verdict once there is one."""
    with database.reading() as session:
        return _out(request, comments.get(session, site.id, comment_id))


@router.put("/{comment_id}", responses=problems.responses(404, 413))
def edit_comment(
    site: Submitter, database: DatabaseDep, request: Request, comment_id: UUID, submission: Submission
) -> CommentOut:
    """The comment's author has changed it: it is decided anew. Send the whole comment, as in a submission."""
    with database.transaction() as session:
        return _out(request, comments.edit(session, site.id, comment_id, submission))


@router.delete("/{comment_id}", status_code=204, responses=problems.responses(404))
def erase_comment(site: Submitter, database: DatabaseDep, comment_id: UUID) -> None:
    """Erase the comment, its author's data and its events for good."""
    with database.transaction() as session:
        comments.erase(session, site.id, comment_id, comments.SITE)


@router.post("/{comment_id}/feedback", responses=problems.responses(404, 413))
def give_feedback(
    site: Submitter, database: DatabaseDep, request: Request, comment_id: UUID, feedback: Feedback
) -> CommentOut:
    """Tell what a human at the blog decided. It overrules the machine and comes back by webhook like any decision."""
    with database.transaction() as session:
        comment = comments.review(
            session,
            site.id,
            comment_id,
            approve=feedback.decision == "approve",
            category=feedback.category,
            actor=comments.SITE,
        )
        return _out(request, comment)


def _seconds_to_wait(prefer: str | None) -> int:
    asked = re.search(r"\bwait=(\d{1,9})\b", prefer or "")
    return min(int(asked[1]), LONGEST_WAIT_SECONDS) if asked else 0


async def _decided(database: Database, comment: Comment, seconds: int) -> Comment:
    """The comment once it is decided, or as it is when the time is over. No thread and no connection waits."""

    def look() -> Comment:
        with database.reading() as session:
            return comments.get(session, comment.site_id, comment.id)

    deadline = time.monotonic() + seconds
    # The comment is stored: a database that goes away meanwhile does not change the answer.
    with suppress(SQLAlchemyError):
        while comment.status == Status.PENDING and time.monotonic() < deadline and not web.closing.is_set():
            await asyncio.sleep(_POLL_SECONDS)
            comment = await run_in_threadpool(look)
    return comment


def _location(request: Request, comment: Comment) -> str:
    # Not from the Host header: a proxy or a stranger may have written it.
    return f"{request.app.state.settings.public_url}{router.prefix}/{comment.id}"


def _out(request: Request, comment: Comment) -> CommentOut:
    return CommentOut(
        **{name: getattr(comment, name) for name in _SHOWN},
        verdict=Verdict.model_validate(comment.verdict) if comment.verdict else None,
        metadata=comment.extra,
        links=Links(self=_location(request, comment)),
    )


_SHOWN = CommentOut.model_fields.keys() & Comment.model_fields.keys() - {"verdict"}
