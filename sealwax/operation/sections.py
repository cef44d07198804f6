"""The tables of the configuration that every service has: `server`, `watch` and `logs`."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from sealwax.operation.settings import Section
from sealwax.words import WORDS, Language
from smime_core.text import is_loopback

_LISTEN: Final = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[1-9][0-9]{0,4})|unix:/.+")


def _listen(text: str) -> str:
    match = _LISTEN.fullmatch(text)
    if match is None or (match["port"] and int(match["port"]) > 65_535):
        raise ValueError("an address as 127.0.0.1:8001, [::1]:8001 or unix:/run/sealwax/bridge.sock is expected")
    return text


def _language(name: str) -> Language:
    if Language(name) not in WORDS.languages:
        raise ValueError(f"one of {', '.join(WORDS.languages)} is expected")
    return Language(name)


Listen = Annotated[str, AfterValidator(_listen)]
LanguageSetting = Annotated[Language, AfterValidator(_language)]
LANGUAGES_TEXT: Final = ", ".join(WORDS.languages)
"""The languages as descriptions of settings name them."""


def is_private(listen: str) -> bool:
    """Whether an address can be reached only from this machine."""
    return listen.startswith("unix:") or is_loopback(listen.rpartition(":")[0].strip("[]"))


class LogFormat(StrEnum):
    """The form of the log's lines."""

    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The lowest level of the lines that are logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class ServerSection(Section):
    """The process that answers HTTP."""

    listen: Listen = Field(description="Address for the proxy, or unix:/path of a socket")
    workers: int = Field(default=2, ge=1, le=64, description="Processes that answer; one for each core")
    threads: int = Field(default=16, ge=1, le=256, description="Requests that one process answers at the same time")
    graceful_seconds: int = Field(
        default=30, ge=1, le=600, description="Time that running requests have to end when the service stops"
    )
    keep_alive_seconds: int = Field(
        default=75, ge=0, le=600, description="Time that an idle connection of the proxy stays open"
    )
    body_seconds: int = Field(
        default=30, ge=1, le=600, description="Longest waiting for each 64 KB of the body of a request"
    )
    max_header_bytes: int = Field(default=8190, ge=1024, le=65_536, description="Longest header field of a request")
    max_header_fields: int = Field(default=60, ge=20, le=200, description="Most header fields of a request")
    temporary_folder: Path | None = Field(
        default=None,
        description="Folder for small files of the running processes; /dev/shm where it exists",
    )


class WatchSection(Section):
    """A second address for the operator's monitoring."""

    listen: Listen | None = Field(
        default=None,
        description="Address of /health, /ready and /metrics (Prometheus), which must not be public; without it there"
        " are no metrics",
    )


class LogsSection(Section):
    """The log on standard error, and the audit log."""

    format: LogFormat = Field(default=LogFormat.JSON, description="`json` for one object a line, `console` for people")
    level: LogLevel = Field(default=LogLevel.INFO, description="Least severe lines: debug, info, warning or error")
    audit_file: Path | None = Field(
        default=None,
        description="File of the audit log, which names accounts; without it its lines are in the log",
    )
