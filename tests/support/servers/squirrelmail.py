"""A real SquirrelMail on loopback: files from the folder that SEALWAX_WEBMAILS names, served by PHP's own web server.

It is in no registry that the tests use, so nothing of it is installed by them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.servers.dovecot import HOST
from tests.support.servers.mail_host import MAX_MESSAGE_BYTES, MailHost
from tests.support.servers.ports import free_port
from tests.support.servers.processes import run_process

VARIABLE: Final = "SEALWAX_WEBMAILS"
_WORKERS: Final = "4"
_SETTINGS: Final = """<?php
require SM_PATH . 'config/config_default.php';
$domain = 'example.test';
$imapServerAddress = '{imap_host}';
$imapPort = {imap_port};
$use_imap_tls = 1;
$imap_server_type = 'dovecot';
$smtpServerAddress = '{host}';
$smtpPort = {smtp_port};
$useSendmail = false;
$data_dir = '{folder}/data/';
$attachment_dir = '{folder}/attached/';
$default_folder_prefix = '';
$show_prefix_option = false;
$trash_folder = 'Trash';
$sent_folder = 'Sent';
$draft_folder = 'Drafts';
$optional_delimiter = 'detect';
$only_secure_cookies = false;
$plugins = [];
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SquirrelMail:
    """The address of a running SquirrelMail, and its mail host."""

    url: str
    mail: MailHost


def program() -> Path:
    """Its folder, which may not be there."""
    return Path(os.environ.get(VARIABLE) or "/nowhere") / "squirrelmail"


def absence() -> str | None:
    """Why SquirrelMail cannot be started here, or None."""
    if shutil.which("php") and (program() / "src" / "login.php").exists():
        return None
    return f"no folder squirrelmail in the one that {VARIABLE} names"


@contextlib.contextmanager
def run_squirrelmail(mail: MailHost) -> Iterator[SquirrelMail]:
    """Run an instance for a mail host during the block."""
    with tempfile.TemporaryDirectory(prefix="squirrelmail-", ignore_cleanup_errors=True) as name:
        folder, port = Path(name), free_port()
        documents = folder / "documents"
        shutil.copytree(program(), documents)
        for part in ("data", "attached", "sessions"):
            (folder / part).mkdir()
        for account in mail.passwords:
            # Without an address it first asks for one.
            (folder / "data" / f"{account}.pref").write_text(f"email_address={account}\nfull_name={account}\n")
        settings = _SETTINGS.format(
            folder=folder, host=HOST, imap_host=mail.imap.host, imap_port=mail.imap.port, smtp_port=mail.smtp_port
        )
        (documents / "config" / "config.php").write_text(settings)
        limits = [f"-d{name}={MAX_MESSAGE_BYTES}" for name in ("upload_max_filesize", "post_max_size")]
        options = [
            f"-dsession.save_path={folder}/sessions",
            f"-dopenssl.cafile={mail.tls_folder / 'tls_ca.pem'}",
            "-derror_reporting=0",
            "-ddisplay_errors=0",
            "-dmemory_limit=1G",
        ]
        command = ["php", *limits, *options, "-S", f"{HOST}:{port}", "-t", str(documents)]
        with run_process(command, folder=folder, listens=port, environment={"PHP_CLI_SERVER_WORKERS": _WORKERS}):
            yield SquirrelMail(url=f"http://{HOST}:{port}/src/", mail=mail)
