"""The log: one line of JSON an event, and never a comment's text."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from service.core import db, logs, submissions
from service.core.db import Database
from service.core.models import Comment
from service.core.settings import Settings
from tests.core.conftest import submission

CANARY = "canary-text"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is written to standard error, while the log is configured as in a web process."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    yield stream
    root.handlers, root.level = before
    structlog.reset_defaults()


@pytest.fixture(params=["json", "console"])
def any_log(request: pytest.FixtureRequest, written: io.StringIO) -> io.StringIO:
    _configure(request.param)
    return written


@pytest.fixture
def json_log(written: io.StringIO) -> io.StringIO:
    _configure("json")
    return written


@pytest.fixture
def warning_log(written: io.StringIO) -> io.StringIO:
    _configure("json", log_level="WARNING")
    return written


def _configure(log_format: str, **settings: Any) -> None:
    logs.configure(Settings(_env_file=None, log_format=log_format, **settings))


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_with_its_level_and_time(json_log: io.StringIO) -> None:
    structlog.get_logger().info("settled", comment_id="42")

    (line,) = _lines(json_log)
    assert (line["event"], line["comment_id"], line["level"]) == ("settled", "42", "info")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("value", ["a\nb", 'a\r\n{"event": "forged"}', "a\u2028b", "a\x85b", "a\x1b[31mb"], ids=ascii)
def test_no_value_can_begin_a_new_line(json_log: io.StringIO, value: str) -> None:
    structlog.get_logger().warning("delivery", error=value)
    logging.getLogger("a.library").warning("said %s", value)

    first, second = _lines(json_log)
    assert first["error"] == value
    assert second["event"] == f"said {value}"


def _fail(error: Exception, cause: Exception | None = None) -> None:
    raise error from cause


def test_an_exception_is_on_the_line_of_its_event(json_log: io.StringIO) -> None:
    try:
        _fail(RuntimeError("the engine\nis gone"))
    except RuntimeError:
        structlog.get_logger().exception("worker.failed")

    (line,) = _lines(json_log)
    assert line["exception"][0]["exc_type"] == "RuntimeError"
    assert line["exception"][0]["exc_value"].startswith("the engine")


def test_what_cannot_be_encoded_is_logged_all_the_same(json_log: io.StringIO) -> None:
    structlog.get_logger().warning("odd", value="\ud800", thing=object(), number=float("nan"))

    assert _lines(json_log)[0]["event"] == "odd"


def test_local_variables_stay_out_of_the_log(any_log: io.StringIO) -> None:
    def fail(comment: Comment) -> None:
        words = comment.text.split()
        raise RuntimeError(f"{len(words)} words are too many")

    for logger in (structlog.get_logger(), logging.getLogger("a.library")):
        try:
            fail(Comment(site_id=db.new_id(), text=f"{CANARY} {CANARY}", text_fingerprint=1))
        except RuntimeError:
            logger.exception("worker.failed")

    assert any_log.getvalue().count("2 words are too many") >= 2
    assert CANARY not in any_log.getvalue()


def test_the_parameters_of_a_database_error_stay_out_of_the_log(
    database: Database, site_id: UUID, any_log: io.StringIO
) -> None:
    with pytest.raises(SQLAlchemyError), database.transaction() as session:  # noqa: PT012
        comment = submissions.submit(session, site_id, submission(text=CANARY))
        _insert_again_and_log(session, comment)

    assert "worker.failed" in any_log.getvalue()
    assert CANARY not in any_log.getvalue()


def _insert_again_and_log(session: Any, comment: Comment) -> None:
    session.add(comment)
    try:
        session.flush()
    except SQLAlchemyError:
        structlog.get_logger().exception("worker.failed")
        raise


def test_what_the_database_quotes_of_a_row_stays_out_of_the_log(
    database: Database, site_id: UUID, any_log: io.StringIO
) -> None:
    """PostgreSQL says “Failing row contains (…)”, with the values."""
    with database.transaction() as session:
        submissions.submit(session, site_id, submission(text=CANARY))

    with pytest.raises(SQLAlchemyError), database.transaction() as session:  # noqa: PT012
        try:
            session.execute(text("UPDATE comment SET text_fingerprint = NULL"))
        except SQLAlchemyError:
            structlog.get_logger().exception("worker.failed")
            logging.getLogger("a.library").exception("failed")
            raise

    assert "text_fingerprint" in any_log.getvalue()
    assert CANARY not in any_log.getvalue()


def test_what_pydantic_quotes_of_its_input_stays_out_of_the_log(any_log: io.StringIO) -> None:
    try:
        submission(text=CANARY, author_ip=CANARY)
    except ValueError:
        structlog.get_logger().exception("worker.failed")

    assert "ValidationError" in any_log.getvalue()
    assert CANARY not in any_log.getvalue()


def test_the_cause_of_an_exception_is_logged_too_and_as_tersely(any_log: io.StringIO) -> None:
    try:
        try:
            _fail(ValueError(f"the cause\n{CANARY}"))
        except ValueError as cause:
            _fail(RuntimeError(f"the effect\n{CANARY}"), cause)
    except RuntimeError:
        structlog.get_logger().exception("worker.failed")

    written = any_log.getvalue()
    assert "the cause" in written
    assert "the effect" in written
    assert "in _fail" in written or '"name": "_fail"' in written
    assert CANARY not in written


def test_the_members_of_a_group_of_exceptions_are_as_terse(any_log: io.StringIO) -> None:
    try:
        _fail(ExceptionGroup("several failed", [ValueError(f"one of them\n{CANARY}")]))
    except ExceptionGroup:
        structlog.get_logger().exception("worker.failed")

    assert "several failed" in any_log.getvalue()
    assert CANARY not in any_log.getvalue()


def test_lines_below_the_level_are_left_out(warning_log: io.StringIO) -> None:
    structlog.get_logger().info("scored")
    structlog.get_logger().warning("scoring.failed")

    assert [line["event"] for line in _lines(warning_log)] == ["scoring.failed"]
