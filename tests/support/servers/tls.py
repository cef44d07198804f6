"""Fixture: a folder with TLS keys and certificates for servers on loopback."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from webbridge.demo.tls import write_tls_files


@pytest.fixture(scope="session")
def tls_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    write_tls_files(folder, at=datetime.now(UTC))
    return folder
