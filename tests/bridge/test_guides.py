"""The configuration that the administrator's guide shows works as it is printed."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from asn1crypto import pem
from flask import Flask

from tests.support.people import anchor
from tests.support.project import ROOT

GUIDE = ROOT / "docs" / "administrator_guide.md"


def test_the_configuration_of_the_guide_makes_three_services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    for place in ("/etc/sealwax", "/var/lib/sealwax", "/usr/share/sealwax", "/run/credentials/sealwax"):
        source = source.replace(place, str(tmp_path))
    for folder in ("directory", "pages"):
        (tmp_path / folder).mkdir()
    (tmp_path / "pages" / "index.html").write_text("<!doctype html>")
    (tmp_path / "anchors.pem").write_bytes(pem.armor("CERTIFICATE", anchor().der))
    (tmp_path / "master_key").write_bytes(bytes(32))
    (tmp_path / "services.py").write_text(source)
    monkeypatch.setenv("SEALWAX_TICKET_KEY", "00" * 32)
    services = runpy.run_path(str(tmp_path / "services.py"))
    assert all(isinstance(services[name], Flask) for name in ("bridge", "pages", "key_server"))
