"""hoodiecrow-imap, a server in memory by npm (MIT), installed into a folder. All accounts share one mailbox."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.servers.ports import free_port
from tests.support.servers.processes import run_process
from tests.support.servers.roots import HOST
from webbridge.gateway import Security, ServerAddress

VERSION: Final = "2.1.0"
PACKAGES: Final = "nodejs npm, and hoodiecrow-imap by npm"
_PROGRAM: Final = """
const hoodiecrow = require("hoodiecrow-imap");
const { readFileSync } = require("fs");
const { pem, port, users } = JSON.parse(process.argv[1]);
const text = readFileSync(pem);
const plugins = ["AUTH-PLAIN", "SASL-IR", "ID", "NAMESPACE", "IDLE", "ENABLE", "CONDSTORE", "LITERALPLUS", "UNSELECT",
  "SPECIAL-USE", "CREATE-SPECIAL-USE", "MOVE", "UIDPLUS"];
const storage = { "INBOX": {}, "": { separator: "/", folders: {} } };
const credentials = { key: text, cert: text };
hoodiecrow({ plugins, storage, users, credentials, secureConnection: true }).listen(port, "127.0.0.1");
"""


def absence() -> str | None:
    """Return the reason why it cannot be started here, or None."""
    return None if shutil.which("node") and shutil.which("npm") else f"not installed: {PACKAGES}"


@contextmanager
def run_hoodiecrow(
    folder: Path, passwords: Mapping[str, str], *, tls_folder: Path
) -> Iterator[dict[Security, ServerAddress]]:
    """Run an instance during the block. It is installed into the folder unless it is there. Yields its address."""
    home = folder / "hoodiecrow"
    if not (home / "node_modules" / "hoodiecrow-imap").exists():
        home.mkdir(parents=True, exist_ok=True)
        call = ["npm", "install", "--prefix", str(home), "--no-audit", "--no-fund", f"hoodiecrow-imap@{VERSION}"]
        done = subprocess.run(call, check=False, capture_output=True, timeout=300)
        if done.returncode:
            raise OSError(f"cannot be installed: {PACKAGES}")
    port = free_port()
    settings = {
        "pem": str(tls_folder / "tls_server.pem"),
        "port": port,
        "users": {name: {"password": word} for name, word in passwords.items()},
    }
    command = ["node", "-e", _PROGRAM, json.dumps(settings)]
    with run_process(command, folder=home, listens=port, environment={}):
        yield {Security.IMPLICIT_TLS: ServerAddress(host=HOST, port=port)}
