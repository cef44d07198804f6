"""Changes of a database's version, in processes that die by SIGKILL at a chosen step."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from enum import StrEnum
from multiprocessing.context import ForkServerContext
from typing import Final

from roaming_keys.server.database import SCHEMA as KEYS_SCHEMA
from sealwax.service import Schema
from tests.support.databases.dying import die_at
from webbridge.database import SCHEMA

SCHEMAS: Final = {schema.service: schema for schema in (SCHEMA, KEYS_SCHEMA)}
_WAIT_SECONDS: Final = 60


class Way(StrEnum):
    """The method of the schema."""

    UP = "upgrade"
    BACK = "downgrade_one_step"


def context() -> ForkServerContext:
    """Processes that begin with the modules loaded, and inherit no thread."""
    fork_server = multiprocessing.get_context("forkserver")
    fork_server.set_forkserver_preload([__name__])
    return fork_server


def is_killed_at(point: int, schema: Schema, url: str, way: Way) -> bool:
    """Change the version in a process that dies at the point. Return False if it had ended before the point."""
    return is_killed(_change, point, schema.service, url, way)


def is_killed(run: Callable[..., None], *arguments: object) -> bool:
    """Run a function of a module in a process that may die. Return False if it had ended before."""
    process = context().Process(target=run, args=arguments)
    process.start()
    process.join(_WAIT_SECONDS)
    if process.exitcode not in (0, -signal.SIGKILL):
        process.kill()
        raise AssertionError(f"the process ended with {process.exitcode}")
    return process.exitcode != 0


def _change(point: int, service: str, url: str, way: Way) -> None:
    die_at(point)
    getattr(SCHEMAS[service], way)(url)
