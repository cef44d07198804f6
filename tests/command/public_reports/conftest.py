"""Fixture of the rebuilt reports: a folder with people of today, in which the command runs in this process."""

from __future__ import annotations

import shutil

import pytest

from tests.support.command.reported import Desk


@pytest.fixture(scope="package")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    desk = Desk(tmp_path_factory.mktemp("reports"))
    desk.people()
    return desk
