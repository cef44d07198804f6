"""A real Roundcube on loopback: Debian's files with separate settings and database, served by PHP's own web server."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers.dovecot import HOST
from tests.support.servers.mail_host import MAX_MESSAGE_BYTES, MailHost

PACKAGES = "roundcube-core roundcube-sqlite3 php-cli"
_PROGRAM = Path("/usr/share/roundcube")
DOCUMENTS = Path("/var/lib/roundcube/public_html")
_DEFAULTS = Path("/etc/roundcube")
_WORKERS = 4
_START_SECONDS = 15.0

_SETTINGS = """<?php
$config['db_dsnw'] = 'sqlite:///{folder}/roundcube.db?mode=0600';
$config['imap_host'] = 'ssl://{imap_host}:{imap_port}';
$config['imap_conn_options'] = ['ssl' => ['cafile' => '{ca_file}', 'verify_peer' => true]];
$config['smtp_host'] = '{smtp_host}:{smtp_port}';
$config['smtp_user'] = '';
$config['smtp_pass'] = '';
$config['des_key'] = '{key}';
$config['session_name'] = 'roundcube_sessid_{key}';
$config['log_dir'] = '{folder}/logs/';
$config['temp_dir'] = '{folder}/temp/';
$config['plugins'] = [];
$config['sent_mbox'] = 'Gesendet';
$config['create_default_folders'] = true;
$config['enable_spellcheck'] = false;
$config['max_message_size'] = '{max_bytes}';
$config['disabled_actions'] = [{disabled}];
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roundcube:
    """The address of a running Roundcube, and its mail host."""

    url: str
    mail: MailHost


def absence(skin: str = "elastic") -> str | None:
    """Why Roundcube cannot be started here in a skin, or None."""
    if not (DOCUMENTS / "skins" / skin).exists():
        return f"Roundcube's skin is not installed: roundcube-skin-{skin}"
    needed = (_PROGRAM / "index.php", DOCUMENTS / "index.php", _PROGRAM / "SQL" / "sqlite.initial.sql")
    if shutil.which("php") and all(path.exists() for path in needed) and _has_database_driver():
        return None
    return f"Roundcube is not installed: {PACKAGES}"


@contextlib.contextmanager
def run_roundcube(
    mail: MailHost,
    *,
    disabled_actions: tuple[str, ...] = (),
    skin: str = "elastic",
    skin_changes: Mapping[str, str] | None = None,
) -> Iterator[Roundcube]:
    """Run an instance for a mail host during the block.

    `disabled_actions`: the actions that an administrator has switched off, such as `mail.bounce`. `skin`: one that is
    installed. `skin_changes`: maps texts in the templates of "elastic" to their replacements.
    """
    folder = Path(tempfile.mkdtemp(prefix="roundcube-"))
    set_up_roundcube(folder, mail, disabled_actions=disabled_actions, more_settings=f"$config['skin'] = '{skin}';\n")
    documents = _changed_copy(folder, skin_changes) if skin_changes else DOCUMENTS
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    environment = {**os.environ, "ROUNDCUBE_CONFIG_DIR": str(folder), "PHP_CLI_SERVER_WORKERS": str(_WORKERS)}
    limits = [f"-d{name}={MAX_MESSAGE_BYTES}" for name in ("upload_max_filesize", "post_max_size")]
    with (folder / "php.log").open("wb") as log:
        # A separate process group, because the first process does not end its workers.
        process = subprocess.Popen(
            ["php", *limits, "-dmemory_limit=1G", "-S", f"{HOST}:{port}", "-t", str(documents)],
            env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        _wait_for(port, process, folder)
        yield Roundcube(url=f"http://{HOST}:{port}/", mail=mail)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        shutil.rmtree(folder)


def set_up_roundcube(
    folder: Path, mail: MailHost, *, disabled_actions: tuple[str, ...] = (), more_settings: str = ""
) -> None:
    """Write settings and an empty database into a folder, which then is Roundcube's ROUNDCUBE_CONFIG_DIR."""
    for name in ("logs", "temp"):
        (folder / name).mkdir()
    for name in ("defaults.inc.php", "mimetypes.php"):
        (folder / name).symlink_to(_DEFAULTS / name)
    settings = _SETTINGS.format(
        folder=folder,
        imap_host=mail.imap.host,
        imap_port=mail.imap.port,
        ca_file=mail.tls_folder / "tls_ca.pem",
        smtp_host=HOST,
        smtp_port=mail.smtp_port,
        key=secrets.token_hex(12),
        max_bytes=MAX_MESSAGE_BYTES,
        disabled=", ".join(f"'{action}'" for action in disabled_actions),
    )
    (folder / "config.inc.php").write_text(settings + more_settings)
    with contextlib.closing(sqlite3.connect(folder / "roundcube.db")) as database:
        database.executescript((_PROGRAM / "SQL" / "sqlite.initial.sql").read_text())


def _changed_copy(folder: Path, changes: Mapping[str, str]) -> Path:
    """Link the program's files, except for a changed copy of the skin. Returns the folder to serve."""
    copy, documents = folder / "copy", folder / "copy" / "public_html"
    documents.mkdir(parents=True)
    for name in ("index.php", "program", "SQL", "plugins"):
        (copy / name).symlink_to(_PROGRAM / name)
    skin = copy / "skins" / "elastic"
    skin.mkdir(parents=True)
    for original in (_PROGRAM / "skins" / "elastic").iterdir():
        if original.name != "templates":
            (skin / original.name).symlink_to(original)
    templates = _PROGRAM / "skins" / "elastic" / "templates"
    for template in templates.rglob("*.html"):
        text = template.read_text()
        for old, new in changes.items():
            text = text.replace(old, new)
        changed = skin / "templates" / template.relative_to(templates)
        changed.parent.mkdir(exist_ok=True)
        changed.write_text(text)
    # PHP resolves links to find a script's folder, so index.php must be a file here and no link.
    shutil.copy(DOCUMENTS / "index.php", documents)
    for name in ("program", "plugins"):
        (documents / name).symlink_to(DOCUMENTS / name)
    (documents / "skins").symlink_to(copy / "skins")
    return documents


def _has_database_driver() -> bool:
    modules = subprocess.run(["php", "-m"], capture_output=True, text=True, check=False).stdout
    return "pdo_sqlite" in modules.split()


def _wait_for(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((folder / "php.log").read_text(errors="replace")) from None
            time.sleep(0.02)
        else:
            return
