"""Structured logs: one line an event, with the comment's id and never its text."""

import logging
import sys

import structlog
from structlog.typing import Processor

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
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if console
        else structlog.processors.JSONRenderer()
    )
    # Local variables stay out of tracebacks: they would hold the comment's text.
    tracebacks = structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    )
    finish: list[Processor] = [renderer] if console else [tracebacks, renderer]
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
