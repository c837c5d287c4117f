"""What a webhook says, as its receiver reads it."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from service.core import comments, db, submissions
from service.core.events import CommentEvent, CommentState, PingEvent
from service.core.models import Category, Comment, Status

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def _comment() -> Comment:
    return Comment(
        site_id=db.new_id(),
        text="canary-text",
        author_name="canary-name",
        author_email="canary@example.org",
        external_id="c-42",
        text_fingerprint=1,
        status=Status.REJECTED,
        sequence=3,
        category=Category.SPAM,
        decided_by="Mia",
        extra={"page": 3},
        verdict={
            "decision": "hold",
            "rule": "spam",
            "reasons": ["Spam: 90%."],
            "scores": {"spam": 0.9},
            "signals": [{"name": "links", "weight": 0.8, "reason": "A link in the text."}],
            "spans": [{"start": 4, "end": 9, "label": "spam", "weight": 0.8}],
            "latency_ms": 1.25,
        },
    )


def test_an_event_has_type_time_and_data_of_the_standard() -> None:
    comment = _comment()

    told = json.loads(
        CommentEvent(type="comment.rejected", timestamp=AT, data=comments.state(comment)).model_dump_json()
    )

    assert told == {
        "type": "comment.rejected",
        "timestamp": "2026-11-24T12:00:00Z",
        "data": {
            "id": str(comment.id),
            "external_id": "c-42",
            "status": "rejected",
            "decision": "reject",
            "sequence": 3,
            "decided_by": "Mia",
            "category": "spam",
            "rule": "spam",
            "reasons": ["Spam: 90%."],
            "scores": {"spam": 0.9},
            "engine": None,
            "policy_version": None,
            "signals": [{"name": "links", "weight": 0.8, "reason": "A link in the text."}],
            "spans": [{"start": 4, "end": 9, "label": "spam", "weight": 0.8}],
            "latency_ms": 1.25,
            "metadata": {"page": 3},
        },
    }


def test_the_state_of_a_pending_comment_is_told_without_a_verdict() -> None:
    state = comments.state(Comment(site_id=db.new_id(), text="a", text_fingerprint=1))

    assert (state.status, state.decision, state.rule, state.reasons, state.scores) == ("pending", None, None, [], {})


def test_a_verdict_from_before_there_were_spans_is_told_without_them() -> None:
    comment = _comment()
    comment.verdict = {"decision": "hold", "rule": "spam", "reasons": [], "scores": {}}

    state = comments.state(comment)

    assert (state.signals, state.spans, state.latency_ms) == ([], [], None)


def test_no_field_of_an_event_could_hold_the_text_or_the_person() -> None:
    assert CommentState.model_fields.keys().isdisjoint(submissions.Submission.model_fields.keys() - {"external_id"})


def test_an_unknown_type_is_no_event() -> None:
    with pytest.raises(ValidationError):
        CommentEvent.model_validate({"type": "comment.published", "timestamp": AT, "data": comments.state(_comment())})


def test_a_ping_says_that_it_is_one() -> None:
    told = json.loads(PingEvent(timestamp=AT).model_dump_json())

    assert (told["type"], told["timestamp"]) == ("ping", "2026-11-24T12:00:00Z")
