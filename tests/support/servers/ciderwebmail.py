"""A real CiderWebmail on loopback: Debian's program with separate settings, served by Starman.

Its pages have no frames, and labels around the fields. A click in the list of messages shows the message in the same
page, and the address of its link (`/mailbox/INBOX/3`) shows it in a page of its own.

- An encrypted message has an empty text, and in its head a link to `/mailbox/INBOX/3/part/download/1` with a picture
  and the name smime.p7m. A signed one shows its text, and such a link to smime.p7s.
- "View source" (`/mailbox/INBOX/3/view_source`, text/plain) gives the bytes of the message. Beside it is "View header".
- Links change and delete without a token: `/mailbox/INBOX/3/delete`, `…/3/toggle_important`.

The form for writing has the fields `from`, `to`, `cc`, `subject`, `body` and `signature`, no field for Bcc, and the
file field `attachment`, which accepts several files. Scripts send it. The file keeps the Content-Type that the browser
gave.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers.dovecot import HOST
from tests.support.servers.mail_host import MailHost
from tests.support.servers.ports import free_port
from tests.support.servers.processes import run_process

PACKAGES = "ciderwebmail starman libdbd-sqlite3-perl"
_PROGRAM = Path("/usr/share/ciderwebmail")
_WORKERS = "3"

_CONFIGURATION = """
name CiderWebmail
<server>
  host {imap_host}
  port {imap_port}
</server>
<managesieve>
  mode off
</managesieve>
language en
username_default_address 1
<send>
  method smtp
  host {host}
</send>
<Model::DB>
  connect_info dbi:SQLite:{folder}/settings.sql
</Model::DB>
<Plugin::Session>
  storage {folder}/session
</Plugin::Session>
"""
# CiderWebmail uses TLS only on port 993, and SMTP only on port 25. In Debian 12 it looks for an uploaded file under a
# name in the encoding of header fields (RFC 2047), so that it cannot attach one.
_PLACES = """package Places;
use Mail::IMAPClient;
use Email::Sender::Transport::SMTP;
use MIME::Entity;
use Encode;
no warnings "redefine";
my $connect = Mail::IMAPClient->can("new");
*Mail::IMAPClient::new = sub {
    my ($class, %given) = @_;
    return $connect->($class, %given, Ssl => [SSL_ca_file => "{ca_file}"]);
};
my $send = Email::Sender::Transport::SMTP->can("new");
*Email::Sender::Transport::SMTP::new = sub {
    my ($class, $given) = @_;
    return $send->($class, {%$given, port => {smtp_port}});
};
my $attach = MIME::Entity->can("attach");
*MIME::Entity::attach = sub {
    my ($self, %given) = @_;
    $given{$_} = Encode::decode("MIME-Header", $given{$_}) for grep { $given{$_} } qw(Path Filename);
    return $attach->($self, %given);
};
1;
"""
# Debian's own file cannot be used: it changes the names of folders that are given by the environment.
_START = """use Places;
use CiderWebmail;
CiderWebmail->apply_default_middlewares(CiderWebmail->psgi_app);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CiderWebmail:
    """The address of a running CiderWebmail, and its mail host."""

    url: str
    mail: MailHost


def absence() -> str | None:
    """Why CiderWebmail cannot be started here, or None."""
    if shutil.which("starman") and (_PROGRAM / "root").exists() and _has_database_driver():
        return None
    return f"CiderWebmail is not installed: {PACKAGES}"


@contextlib.contextmanager
def run_ciderwebmail(mail: MailHost) -> Iterator[CiderWebmail]:
    """Run an instance for a mail host during the block."""
    with tempfile.TemporaryDirectory(prefix="ciderwebmail-", ignore_cleanup_errors=True) as name:
        folder, port = Path(name), free_port()
        values = {
            "folder": name, "host": HOST, "smtp_port": mail.smtp_port, "imap_host": mail.imap.host,
            "imap_port": mail.imap.port, "ca_file": mail.tls_folder / "tls_ca.pem",
        }  # fmt: skip
        for file, text in (("ciderwebmail.conf", _CONFIGURATION), ("Places.pm", _PLACES), ("start.psgi", _START)):
            for key, value in values.items():
                text = text.replace("{" + key + "}", str(value))
            (folder / file).write_text(text)
        options = ["-I", name, "--listen", f"{HOST}:{port}", "--workers", _WORKERS, "--preload-app"]
        environment = {"CIDERWEBMAIL_HOME": str(_PROGRAM), "CIDERWEBMAIL_CONFIG": name, "TMPDIR": name}
        command = ["starman", *options, str(folder / "start.psgi")]
        with run_process(command, folder=folder, listens=port, environment=environment):
            yield CiderWebmail(url=f"http://{HOST}:{port}/", mail=mail)


def _has_database_driver() -> bool:
    return subprocess.run(["perl", "-MDBD::SQLite", "-e1"], capture_output=True, check=False).returncode == 0
