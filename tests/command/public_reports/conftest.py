"""Fixture of the rebuilt reports: a folder with people of today, in which the command runs in this process."""

from __future__ import annotations

import shutil

import pytest

from tests.support.command.reported import ReportLab


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> ReportLab:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    lab = ReportLab(tmp_path_factory.mktemp("reports"))
    lab.people()
    return lab
