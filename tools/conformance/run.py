"""Runs cases with any provider. The same code runs natively and inside the vault of a browser.

A case is skipped only for its own `skip`, or for an error that `skips.ALLOWED` lists: operations that a provider may
lack. Any other error is a failure.
"""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Iterable
from typing import Final

from smime_core.errors import SmimeError, UnsupportedByProvider
from smime_core.provider import CryptoProvider
from tools.conformance.case import Case, Disproved, Outcome, Skip, Status, outcomes_to_json, unpack_cases
from tools.conformance.skips import find_allowed

TASK_MODULES: Final = (
    "certificates",
    "durations",
    "headers",
    "keys",
    "lasting",
    "mail",
    "paths",
    "primitives",
    "profile",
    "revocation",
    "robustness",
    "encrypted",
    "signed",
)
"""Modules of `tools.conformance.checks` that define tasks; a page that runs packed cases needs them all."""


async def run_case(case: Case, provider: CryptoProvider) -> Outcome:
    """The outcome of one case. Never raises: one bad case must not hide the others."""
    try:
        facts = await case.task.run(provider)
    except Disproved as error:
        return _skipped(case, case.skip) if case.skip else _failed(case, str(error))
    except SmimeError as error:
        return _refused(case, error, provider.name)
    except Exception as error:  # noqa: BLE001  # any other error is what this looks for
        where = traceback.extract_tb(error.__traceback__)[-1]
        return _failed(case, f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})")
    if case.skip is not None:
        return _failed(case, "passes, although it is listed as one that cannot: take it off the list")
    return Outcome(set=case.set, name=case.name, status=Status.PASSED, facts=facts)


async def run_cases(cases: Iterable[Case], provider: CryptoProvider) -> list[Outcome]:
    return [await run_case(case, provider) for case in cases]


def import_tasks() -> None:
    """Import all modules that define tasks."""
    for name in TASK_MODULES:
        importlib.import_module(f"tools.conformance.checks.{name}")


async def run_packed(packed: bytes, provider: CryptoProvider) -> str:
    """The outcomes of packed cases as JSON. A page in a browser calls this."""
    import_tasks()
    return outcomes_to_json(await run_cases(unpack_cases(packed), provider))


def _refused(case: Case, error: SmimeError, provider_name: str) -> Outcome:
    skip = case.skip
    if skip is None and isinstance(error, UnsupportedByProvider):
        skip = find_allowed(provider_name, str(error))
    if skip is None:
        return _failed(case, f"{error.code}: {error}")
    return _skipped(case, skip)


def _failed(case: Case, why: str) -> Outcome:
    return Outcome(set=case.set, name=case.name, status=Status.FAILED, why=why)


def _skipped(case: Case, skip: Skip) -> Outcome:
    return Outcome(set=case.set, name=case.name, status=Status.SKIPPED, why=skip.reason, link=skip.link)
