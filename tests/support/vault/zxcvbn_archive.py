"""The built archive of zxcvbn, and the module with its hash, for verbs that run natively."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from tests.support.project import ROOT
from wasm_build.bundle.zxcvbn_package import ARCHIVE, build_pin_module


def built_archive() -> bytes:
    """The archive in `dist/`."""
    return (ROOT / "dist/runtime" / ARCHIVE).read_bytes()


def bring_zxcvbn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the module `sealwax_zxcvbn`, which the build makes.

    Natively the installed package is imported, not that of the archive, whose bytecode is for another Python.
    """
    module = ModuleType("sealwax_zxcvbn")
    exec(build_pin_module(built_archive()), module.__dict__)  # noqa: S102  the text comes from the build
    monkeypatch.setitem(sys.modules, "sealwax_zxcvbn", module)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
