"""The log of a service: one line for each request and event, written by structlog as JSON or for a console.

A line has no query, no body, no address of a person and no name of a folder. It shows only the template of a request's
route. The audit log is a separate logger. It names accounts and the networks of clients, never passwords or content
(docs/administrator_guide.md has its fields).
"""

from __future__ import annotations

import logging
import os
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any, Final

import structlog
from structlog.typing import Processor

_AUDIT: Final = "sealwax.audit"
_PRIVATE_MODE: Final = 0o600
_SHARED: Final[list[Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
]


def configure_logs(*, json_lines: bool, level: str, audit: Path | None) -> None:
    """Write the log to standard error, and the audit log to a file if there is one."""
    formatter = _formatter(json_lines=json_lines)
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # At the level "info" alembic would write two lines each time the database's revision is read.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    configure_audit(audit)


def configure_audit(file: Path | None) -> None:
    """Write the audit log to a file, or into the log."""
    logger = logging.getLogger(_AUDIT)
    for old in logger.handlers[:]:
        logger.removeHandler(old)
        old.close()
    logger.setLevel(logging.INFO)
    logger.propagate = file is None
    if file is not None:
        logger.addHandler(_audit_handler(file))


def audit(event: str, *, outcome: str = "", account: str = "", client: str = "") -> None:
    """Write one line of the audit log. `account` is an address, `client` a network as in `client_network`."""
    fields = {"outcome": outcome, "account": account, "client": client}
    logging.getLogger(_AUDIT).info(event, extra={name: value for name, value in fields.items() if value})


def _audit_handler(path: Path) -> logging.Handler:
    # The file gets its mode before logging opens it, because it names people.
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, _PRIVATE_MODE))
    # If logrotate has moved the file away, the handler makes a new file.
    handler = WatchedFileHandler(path, encoding="utf-8")
    handler.setFormatter(_formatter(json_lines=True))
    return handler


def _formatter(*, json_lines: bool) -> logging.Formatter:
    renderer: Any = structlog.processors.JSONRenderer() if json_lines else structlog.dev.ConsoleRenderer(colors=False)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *([structlog.processors.format_exc_info] if json_lines else []),
            renderer,
        ],
    )
