"""Shadows: one a site, what they say is bounded and goes with the comment, and the report counts right."""

from uuid import UUID

import pytest
from sqlmodel import col, select

from service.core import comments, db, errors, shadows, submissions
from service.core.comments import Settlement
from service.core.db import Database
from service.core.models import Category, Comment, Shadow, ShadowVerdict, Status
from service.core.policy import Decision, Policy, Verdict
from tests.core.conftest import submission

APPROVE, HOLD, REJECT = Decision.APPROVE, Decision.HOLD, Decision.REJECT


def _put(database: Database, site_id: UUID, name: str = "stricter") -> Shadow:
    with database.transaction() as session:
        shadow = Shadow(site_id=site_id, name=name, rules={"max_links": 0}, created_by="Mia")
        return shadows.put(session, site_id, shadow)


def _said(database: Database, shadow: Shadow, live: Decision, decision: Decision, text: str = "Thank you.") -> Comment:
    """A settled comment with what the shadow said of it."""
    with database.transaction() as session:
        comment = submissions.submit(session, shadow.site_id, submission(text=text))
        comments.settle(session, [Settlement(comment.id, 1, Verdict(decision=live, rule="live", reasons=[]))])
    _record(database, shadow, comment.id, live, decision)
    return comment


def _record(database: Database, shadow: Shadow, comment_id: UUID, live: Decision, decision: Decision) -> None:
    row = ShadowVerdict(
        shadow_id=shadow.id,
        comment_id=comment_id,
        site_id=shadow.site_id,
        live_decision=live,
        live_rule="live",
        decision=decision,
        rule="shadow",
        scores={"spam": 0.4},
    )
    with database.transaction() as session:
        shadows.record(session, [row])


def _review(database: Database, comment: Comment, *, approve: bool) -> None:
    with database.transaction() as session:
        category = None if approve else Category.TOXIC
        comments.review(session, comment.site_id, comment.id, approve=approve, category=category, actor="Mia")


def _report(database: Database, site_id: UUID) -> shadows.Report:
    with database.reading() as session:
        return shadows.report(session, shadows.get(session, site_id))


def _kept(database: Database) -> list[ShadowVerdict]:
    with database.reading() as session:
        return list(session.exec(select(ShadowVerdict).order_by(col(ShadowVerdict.comment_id))))


def test_a_site_has_one_shadow_and_a_new_one_forgets_what_the_old_one_said(
    database: Database, site_id: UUID, other_site_id: UUID
) -> None:
    elsewhere = _put(database, other_site_id)
    _said(database, elsewhere, APPROVE, APPROVE)
    _said(database, _put(database, site_id, "old"), APPROVE, HOLD)

    _put(database, site_id, "new")

    report = _report(database, site_id)
    assert (report.name, report.comments) == ("new", 0)
    assert [row.site_id for row in _kept(database)] == [other_site_id]


def test_a_shadow_that_is_removed_is_gone_with_all_it_said(database: Database, site_id: UUID) -> None:
    _said(database, _put(database, site_id), APPROVE, HOLD)

    with database.transaction() as session:
        shadows.remove(session, site_id)

    assert _kept(database) == []
    with database.reading() as session, pytest.raises(errors.NotFoundError):
        shadows.get(session, site_id)


def test_the_report_counts_who_would_publish_what(database: Database, site_id: UUID) -> None:
    shadow = _put(database, site_id)
    for live, decision in [(APPROVE, APPROVE), (APPROVE, APPROVE), (APPROVE, HOLD), (HOLD, REJECT), (HOLD, APPROVE)]:
        _said(database, shadow, live, decision)

    report = _report(database, site_id)

    counts = (
        report.both_publish,
        report.both_keep_back,
        report.only_live_publishes,
        report.only_shadow_publishes,
    )
    assert counts == (2, 1, 1, 1)
    assert (report.agreement.count, report.agreement.of) == (3, 5)
    assert report.agreement.low is not None


def test_the_report_tells_who_agrees_with_humans_where_they_decided(database: Database, site_id: UUID) -> None:
    shadow = _put(database, site_id)
    _review(database, _said(database, shadow, HOLD, APPROVE), approve=True)
    _review(database, _said(database, shadow, HOLD, APPROVE), approve=False)
    _review(database, _said(database, shadow, HOLD, HOLD), approve=False)
    _said(database, shadow, APPROVE, APPROVE)

    report = _report(database, site_id)

    assert report.reviewed == 3
    assert (report.live_agrees_with_humans.count, report.shadow_agrees_with_humans.count) == (2, 2)
    assert report.live_agrees_with_humans.of == 3


def test_the_report_shows_the_newest_differences(database: Database, site_id: UUID) -> None:
    shadow = _put(database, site_id)
    _said(database, shadow, APPROVE, APPROVE)
    different = [_said(database, shadow, HOLD, REJECT, f"remark {number}") for number in range(21)]
    _review(database, different[-1], approve=False)

    shown = _report(database, site_id).differences

    assert [sample.comment_id for sample in shown] == [comment.id for comment in reversed(different[1:])]
    assert (shown[0].live_decision, shown[0].shadow_decision, shown[0].shadow_rule) == (HOLD, REJECT, "shadow")
    assert (shown[0].excerpt, shown[0].shadow_scores) == ("remark 20", {"spam": 0.4})
    assert [(sample.status, sample.reviewed) for sample in shown[:2]] == [
        (Status.REJECTED, True),
        (Status.HELD, False),
    ]


def test_what_was_said_goes_with_the_comment(database: Database, site_id: UUID) -> None:
    comment = _said(database, _put(database, site_id), APPROVE, HOLD)

    with database.transaction() as session:
        comments.erase(session, site_id, comment.id, "site")

    assert _kept(database) == []


def test_a_comment_that_is_decided_again_counts_once(database: Database, site_id: UUID) -> None:
    shadow = _put(database, site_id)
    comment = _said(database, shadow, APPROVE, HOLD)

    _record(database, shadow, comment.id, HOLD, HOLD)

    assert [(row.live_decision, row.decision) for row in _kept(database)] == [(HOLD, HOLD)]


def test_what_was_said_of_a_lost_comment_or_by_a_lost_shadow_is_dropped(database: Database, site_id: UUID) -> None:
    old = _put(database, site_id)
    comment = _said(database, old, APPROVE, HOLD)
    new = _put(database, site_id)

    _record(database, old, comment.id, APPROVE, HOLD)
    _record(database, new, db.new_id(), APPROVE, HOLD)

    assert _kept(database) == []


def test_only_the_newest_are_kept(database: Database, site_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadows, "KEPT_VERDICTS", 3)
    shadow = _put(database, site_id)

    said = [_said(database, shadow, APPROVE, APPROVE) for _ in range(5)]

    assert [row.comment_id for row in _kept(database)] == [comment.id for comment in said[2:]]


def test_a_shadow_without_rules_follows_the_live_ones() -> None:
    live, shadow = Policy(max_links=7), Shadow(site_id=db.new_id(), name="trial", engine="onnx", created_by="Mia")

    without = shadows.policy(shadow, live)
    shadow.rules = {"max_links": 1}

    assert (without, shadows.policy(shadow, live)) == (live, Policy(max_links=1))
