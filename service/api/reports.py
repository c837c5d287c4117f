"""Readers' reports of published comments, which their blogs hand on."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from service.api import problems
from service.api.bodies import IJsonRoute
from service.api.deps import Submitter
from service.core import comments, reports
from service.core.models import Category, Status, Text
from service.core.reports import Complaint
from service.web import DatabaseDep

router = APIRouter(
    prefix="/v1/comments", tags=["comments"], route_class=IJsonRoute, responses=problems.responses(401, 403, 422, 503)
)


class ReportIn(BaseModel):
    """What a reader says."""

    model_config = ConfigDict(extra="forbid")
    reason: Category = Field(description="What is wrong with the comment.")
    text: Annotated[Text, Field(max_length=500)] = Field(
        "", description="The reader's own words.", examples=["He means my sister."]
    )
    reporter: Annotated[Text, Field(min_length=1, max_length=200)] | None = Field(
        None,
        description="Whatever you tell your readers apart by, best an opaque token: one report of each counts. It is"
        " kept as a hash. Not given: each report counts.",
        examples=["r-5f2c9a"],
    )


class ReportOut(BaseModel):
    comment_id: UUID
    status: Status = Field(description="The comment's status now.")
    reports: int = Field(
        description=f"How many reports of it nobody has answered yet; {reports.MOST} are kept at most.", examples=[1]
    )


@router.post("/{comment_id}/reports", status_code=202, responses=problems.responses(404, 413))
def report_comment(site: Submitter, database: DatabaseDep, comment_id: UUID, report: ReportIn) -> ReportOut:
    """Hand on what a reader reports. Moderators see it beside the comment; whoever decides the comment answers it.

    The same `reporter` again changes nothing, and neither does a report of a comment that is rejected already. What is
    reported before it is approved waits until then.
    """
    with database.transaction() as session:
        comment = comments.get(session, site.id, comment_id, lock=True)
        complaint = Complaint(report.reason, report.text.strip(), report.reporter)
        if reports.put(session, comment, complaint, comments.SITE):
            comments.hold_reported(session, comment)
        return ReportOut(comment_id=comment.id, status=comment.status, reports=comment.reports or 0)
