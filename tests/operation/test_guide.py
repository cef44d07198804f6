"""The administrator's guide, followed word for word on a fresh machine to a running bridge behind nginx with TLS."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.support.code_blocks import examples
from tests.support.project import ROOT
from tests.support.servers.proxies import NGINX

GUIDE = ROOT / "docs" / "administrator_guide.md"
UNSHARE = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]


def can_be_fresh() -> bool:
    """Whether we may make a machine of our own: as root, with namespaces."""
    if os.getuid() != 0 or NGINX is None or not all(map(shutil.which, ("unshare", "ip", "curl", "runuser"))):
        return False
    return subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.server
@pytest.mark.thorough
@pytest.mark.skipif(not can_be_fresh(), reason="needs root, namespaces, nginx, ip, curl and runuser")
def test_the_commands_of_the_guide_lead_to_a_running_bridge_behind_nginx() -> None:
    """apt-get and systemctl are stand-ins; all other commands are run as they are printed, as root."""
    done = subprocess.run(
        [*UNSHARE, sys.executable, "-m", "tests.support.servers.fresh_machine", str(GUIDE)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "signed in" in done.stdout
    assert not [line for line in done.stdout.splitlines() if line.startswith(("error ", "warning "))]


def test_no_command_of_the_guide_gives_the_bridge_the_master_key() -> None:
    """`sealwax keys init` makes it, and only the key server's unit names it (tests/operation/test_examples.py)."""
    assert all("master_key" not in block for block in examples(GUIDE.read_text(), "sh"))
