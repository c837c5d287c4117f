"""Structured logs: one line an event, with the comment's id and never its text."""

import logging
import sys
from collections.abc import Sequence
from typing import Any, TextIO

import structlog
from structlog.typing import ExcInfo, Processor

from service.core.settings import Settings


def configure(settings: Settings) -> None:
    """JSON lines on standard error, or coloured ones for a person at a terminal. The standard library's join in."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    console = settings.log_format == "console"
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=_print_traceback)
        if console
        else structlog.processors.JSONRenderer()
    )
    finish: list[Processor] = [renderer] if console else [structlog.processors.ExceptionRenderer(_traceback), renderer]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *finish],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)
    # One line a request of theirs says nothing that ours do not.
    for noisy in (
        "celery.worker.strategy",
        "celery.app.trace",
        "httpx2",
        "httpcore2",
        "alembic.runtime",
        "uvicorn.access",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


# Local variables stay out of tracebacks: they would hold the comment's text.
_as_dicts = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def _traceback(exc_info: ExcInfo) -> list[dict[str, Any]]:
    return _without_quotations(_as_dicts(exc_info))


def _without_quotations(stacks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Only the first line of each message: PostgreSQL and pydantic go on with the values that they refuse."""
    return [
        {
            **stack,
            "exc_value": stack["exc_value"].partition("\n")[0],
            "exc_notes": [],
            "exceptions": [_without_quotations(group) for group in stack["exceptions"]],
        }
        for stack in stacks
    ]


def _print_traceback(out: TextIO, exc_info: ExcInfo) -> None:
    for stack in reversed(_traceback(exc_info)):
        out.writelines(f"  {frame['filename']}:{frame['lineno']} in {frame['name']}\n" for frame in stack["frames"])
        out.write(f"{stack['exc_type']}: {stack['exc_value']}\n")
