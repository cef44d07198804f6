"""The administrator's guide, followed word for word on a fresh machine to a running bridge behind nginx with TLS.

The commands of its first two sections are run as they are printed. These parts are not as on
a machine of an operator:

- `apt-get` installs nothing: nginx and Python are those of this machine.
- `systemctl` is a stand-in. It starts the command of a unit as the unit's user, with its state folder and credentials,
  and nginx by its own command. The other settings of the units, such as their limits, are only read by
  `systemd-analyze` (tests/operation/test_examples.py).
- The wheel is built by the test from the built pages, without `make setup`.
- The names lead to this machine by its file of hosts, and an authority of the test has certified them.
- The mail server is that of the demonstration. The person at the end is a program: it reads the pages' configuration,
  signs in and lists the folders.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.support.code_blocks import examples
from tests.support.project import ROOT
from tests.support.servers.fresh_machine import UNSHARE, has_namespaces
from tests.support.servers.proxies import NGINX

GUIDE = ROOT / "docs" / "administrator_guide.md"


def can_be_fresh() -> bool:
    """Whether this machine has what the commands need."""
    return NGINX is not None and has_namespaces() and all(map(shutil.which, ("ip", "curl", "runuser")))


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
    problems = [line.split(": ")[0] for line in done.stdout.splitlines() if line.startswith(("error ", "warning "))]
    # The guide names no mail server for notices before their section, and not how a mail server calls itself.
    assert problems == ["warning results", "warning notices"]


def test_the_way_to_a_server_is_one_screen_at_the_top() -> None:
    guide = GUIDE.read_text()
    first = guide.partition("\n## ")[2].partition("\n## ")[0]
    assert first.startswith("Thirty minutes to a server\n")
    assert len(first.splitlines()) <= 45
    # The settings are told by subject.
    settings = guide.partition("\n## The settings\n")[2].partition("\n## ")[0]
    assert 5 <= settings.count("\n### ") <= 9


def test_no_command_of_the_guide_gives_the_bridge_the_master_key() -> None:
    """`sealwax keys init` makes it, and only the key server's unit names it (tests/operation/test_examples.py)."""
    assert all("master_key" not in block for block in examples(GUIDE.read_text(), "sh"))
