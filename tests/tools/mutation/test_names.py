"""The lists of the mutation runs name only modules of the core and tests that exist."""

from __future__ import annotations

import pytest

from tests.support.project import ROOT
from tools.mutation.__main__ import LEFT_OUT, MODULES
from tools.mutation.equivalent import EQUIVALENT
from tools.mutation.session import source_files


@pytest.mark.parametrize("name", MODULES)
def test_a_module_whose_checks_are_removed_exists(name: str) -> None:
    files = list(source_files([name], ROOT / "smime_core"))
    assert files
    assert [file for file in files if not file.exists()] == []


@pytest.mark.parametrize("module", sorted({module for module, *_ in EQUIVALENT}))
def test_a_module_with_equivalent_mutants_exists(module: str) -> None:
    assert (ROOT / "smime_core" / module).exists()


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_test_that_is_left_out_exists(name: str) -> None:
    assert list((ROOT / "tests" / "core").rglob(f"{name}.py"))
