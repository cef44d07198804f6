"""The reference lists each setting of the services, as `make contracts` writes it."""

from __future__ import annotations

from tests.support.project import ROOT
from tools.settings_page import write_page


def test_the_reference_lists_each_setting() -> None:
    assert (ROOT / "docs" / "reference" / "settings.md").read_text() == write_page()
