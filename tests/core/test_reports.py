"""What readers report: kept once each, open until a human decides, and again when that is undone."""

from uuid import UUID

from sqlmodel import col, select

from service.core import comments, queues, reports, sites, undo
from service.core.comments import Review
from service.core.db import Database
from service.core.models import AuditEntry, Category, Comment, Event, Report, Status
from service.core.policy import Policy
from service.core.queues import Queue, Sort, Wanted
from service.core.reports import Complaint
from tests.core.conftest import rows, stored_now
from tests.core.held import decide, hold, publish

MIA = "moderator:00000000-0000-7000-8000-000000000001"
SPAM = Complaint(Category.SPAM, "He sells pills.", "reader-1")


def report(database: Database, comment: Comment, complaint: Complaint = SPAM) -> bool:
    with database.transaction() as session:
        stored = comments.get(session, comment.site_id, comment.id, lock=True)
        is_new = reports.put(session, stored, complaint, comments.SITE)
        comments.hold_reported(session, stored)
        return is_new


def reported(database: Database, site_id: UUID) -> list[UUID]:
    with database.reading() as session:
        return [one.id for one in queues.page(session, Wanted(Queue.REPORTED, [site_id]), None, 10)]


def test_a_reporter_is_heard_once(database: Database, site_id: UUID) -> None:
    comment = publish(database, site_id)

    heard = [report(database, comment), report(database, comment, Complaint(Category.TOXIC, "", "reader-1"))]

    assert heard == [True, False]
    assert stored_now(database, comment).reports == 1


def test_a_reporter_is_somebody_else_at_the_next_comment(database: Database, site_id: UUID) -> None:
    for _ in range(2):
        report(database, publish(database, site_id))

    first, second = (row.reporter for row in rows(database, Report))
    assert first != second
    assert "reader-1" not in first + second


def test_a_flood_of_reports_is_not_kept(database: Database, site_id: UUID) -> None:
    comment = publish(database, site_id)

    heard = [report(database, comment, Complaint(Category.SPAM)) for _ in range(reports.MOST + 1)]

    assert heard == [True] * reports.MOST + [False]


def test_a_human_s_decision_answers_the_reports(database: Database, site_id: UUID) -> None:
    kept, gone = publish(database, site_id), publish(database, site_id)
    for comment in (kept, gone):
        report(database, comment)
    assert reported(database, site_id) == [kept.id, gone.id]

    decide(database, kept, MIA)
    decide(database, gone, MIA, Category.SPAM)

    assert reported(database, site_id) == []
    assert [row.answered for row in rows(database, Report)] == [2, 2]
    assert stored_now(database, kept).decided_by == MIA


def test_who_approved_a_comment_decides_it_anew_when_it_is_reported(database: Database, site_id: UUID) -> None:
    comment = decide(database, publish(database, site_id), MIA)
    report(database, comment)

    decide(database, comment, MIA, sequence=comment.sequence)

    assert reported(database, site_id) == []
    with database.reading() as session:
        reviews = session.exec(select(AuditEntry.sequence).where(AuditEntry.action == "review")).all()
    assert sorted(reviews) == [2, 3]


def test_an_undone_decision_opens_the_reports_that_it_had_answered(database: Database, site_id: UUID) -> None:
    comment = publish(database, site_id)
    report(database, comment)
    decide(database, comment, MIA)
    report(database, comment, Complaint(Category.TOXIC, "", "reader-2"))
    decide(database, comment, MIA, Category.TOXIC)

    with database.transaction() as session:
        entry = undo.last(session, MIA, [site_id])
        assert entry
        undo.undo(session, entry, MIA)

    back = stored_now(database, comment)
    assert (back.status, back.reports) == (Status.APPROVED, 1)
    with database.reading() as session:
        [open_one] = reports.on(session, [back])[comment.id]
    assert open_one.reason == Category.TOXIC


def test_a_rejected_comment_needs_no_report(database: Database, site_id: UUID) -> None:
    comment = decide(database, publish(database, site_id), MIA, Category.SPAM)

    assert not report(database, comment)
    assert rows(database, Report) == []


def test_a_report_of_a_held_comment_waits_for_its_decision(database: Database, site_id: UUID) -> None:
    comment = hold(database, site_id)

    assert report(database, comment)

    assert reported(database, site_id) == []
    with database.reading() as session:
        assert [one.text for one in reports.on(session, [stored_now(database, comment)])[comment.id]] == [SPAM.text]


def test_the_most_reported_come_first_page_by_page(database: Database, site_id: UUID) -> None:
    published = [publish(database, site_id) for _ in range(3)]
    for comment, number in zip(published, (1, 3, 2), strict=True):
        for _ in range(number):
            report(database, comment, Complaint(Category.SPAM))
    wanted = Wanted(Queue.REPORTED, [site_id], sort=Sort.MOST_REPORTED)

    seen: list[Comment] = []
    with database.reading() as session:
        while page := queues.page(session, wanted, seen[-1].id if seen else None, 1):
            seen += page

    assert [one.id for one in seen] == [published[place].id for place in (1, 2, 0)]


def test_who_has_decided_the_last_of_a_page_goes_on_with_those_that_are_left(database: Database, site_id: UUID) -> None:
    first, second = (publish(database, site_id) for _ in range(2))
    for comment in (first, second):
        report(database, comment)
    decide(database, second, MIA)

    with database.reading() as session:
        left = queues.page(session, Wanted(Queue.REPORTED, [site_id], sort=Sort.MOST_REPORTED), second.id, 10)

    assert [one.id for one in left] == [first.id]


def test_so_many_reports_hold_what_the_machine_approved(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        sites.put_policy(session, site_id, Policy(hold_after_reports=2), "site")
    comment = publish(database, site_id)
    report(database, comment, Complaint(Category.SPAM))
    assert stored_now(database, comment).status == Status.APPROVED

    report(database, comment, Complaint(Category.SPAM))

    held = stored_now(database, comment)
    assert (held.status, held.rule, (held.verdict or {})["reasons"]) == (
        Status.HELD,
        "reported",
        ["Reported by 2 readers.", "Insult: 88%."],
    )
    with database.reading() as session:
        told = session.exec(select(Event.type).where(Event.comment_id == comment.id).order_by(col(Event.sequence)))
        assert told.all()[-1] == "comment.held"


def test_however_many_reports_do_not_hold_what_a_human_approved(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        sites.put_policy(session, site_id, Policy(hold_after_reports=1), "site")
    comment = publish(database, site_id)
    with database.transaction() as session:
        comments.carry_out(session, site_id, comment.id, Review(MIA))

    report(database, comment)

    assert stored_now(database, comment).status == Status.APPROVED
