"""Mozilla's roots, as in the vault's bundle, for verbs that run natively."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from tests.support.project import ROOT
from wasm_build.bundle.mozilla_roots import build_roots_module


def bring_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the module `sealwax_roots`, which the build makes and the vault's Python imports."""
    module = ModuleType("sealwax_roots")
    exec(build_roots_module(ROOT), module.__dict__)  # noqa: S102  the text comes from the build
    monkeypatch.setitem(sys.modules, "sealwax_roots", module)
