"""Logs: a sentence, a stable action name and ids, as JSON lines. No names, numbers or bodies."""

from __future__ import annotations

import logging
import sys

import structlog

_QUIET = (  # what they say of themselves is no news: what they do is said by us
    "alembic",
    "celery.app.trace",
    "celery.beat",
    "celery.worker.consumer.connection",
    "celery.worker.request",
    "celery.worker.strategy",
    "kombu",
    "python_http_client",
    "twilio.http_client",
    "urllib3",
    "uvicorn",
)


def set_up(level: str) -> None:
    """Send everything to standard error, one JSON object a line. Libraries, some of which print keys, speak only of warnings."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    render: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if sys.stderr.isatty():
        render = structlog.dev.ConsoleRenderer()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.getLogger("kombu.connection").setLevel("ERROR")  # it warns that the broker of the embedded form has no host
