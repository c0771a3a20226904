"""Structured logs: one JSON object a line, with the request's id and storefront bound to each."""

import logging

import structlog
from structlog.tracebacks import ExceptionDictTransformer

LEVELS = logging.getLevelNamesMapping()


def configure_logs(level: str) -> None:
    """JSON to standard output. Raises ValueError for a level that does not exist."""
    number = LEVELS.get(level.upper())
    if number is None:
        raise ValueError(f"LOG_LEVEL={level!r} is none of {', '.join(LEVELS)}")
    logging.basicConfig(level=max(number, logging.WARNING), format="%(levelname)s %(name)s %(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Without the values of local variables: one of them may be a password.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=True,
    )
