"""Every claim of every published set holds with the native provider. So do cases made here, which need no sets."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from smime_core.blocking import run
from smime_core.providers.native import NativeProvider
from tests.support.vectors import vectors
from tools.conformance.case import Outcome, Status
from tools.conformance.generated import write_generated
from tools.conformance.readers import wycheproof
from tools.conformance.readers.sets import PUBLISHED, SETS, reader_for
from tools.conformance.run import run_cases

PROVIDER: Final = NativeProvider()


def failures(outcomes: list[Outcome]) -> list[str]:
    return [f"{outcome.name}: {outcome.why}" for outcome in outcomes if outcome.status is Status.FAILED]


@pytest.mark.thorough
@pytest.mark.parametrize("name", PUBLISHED)
def test_every_claim_of_the_set_holds(name: str) -> None:
    cases = list(reader_for(name)(vectors(name)))
    outcomes = run(run_cases(cases, PROVIDER))
    assert failures(outcomes) == []
    assert all(case.skip.reason and case.skip.link.startswith("https://") for case in cases if case.skip is not None)
    assert any(outcome.status is Status.PASSED for outcome in outcomes)


def test_every_kind_of_test_in_wycheproof_is_read() -> None:
    reasons = {case.skip.reason for case in SETS["wycheproof"](vectors("wycheproof")) if case.skip is not None}
    assert reasons
    assert wycheproof.OTHER_ALGORITHM.reason not in reasons


def test_no_published_folder_is_left_out() -> None:
    folders = {path.name for path in vectors(PUBLISHED[0]).parent.iterdir() if path.is_dir()}
    assert folders <= set(PUBLISHED)


def test_cases_made_here_hold_without_any_published_set(tmp_path: Path) -> None:
    write_generated(tmp_path)
    outcomes = run(run_cases(SETS["cms"](tmp_path), PROVIDER))
    assert failures(outcomes) == []
    assert len(outcomes) >= 30
