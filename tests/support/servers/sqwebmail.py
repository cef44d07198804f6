"""A real SqWebMail on loopback: Debian's CGI program and its two daemons, over the Maildirs of the mail host.

The paths of its settings, sockets and scripts are compiled into the programs. They therefore run in a separate mount
namespace, where the folders of this instance are in those places. That needs root.

All pages but the form for the login are in the second frame of a frameset, whose first frame is empty. The session is
in the path of each address, and no cookie belongs to it. The pages have no labels and few scripts. The buttons above a
message are links with pictures, whose `alt` and `title` say what they do:

- "Download Message" (`…?folder=INBOX&pos=1&form=fetch&download=1`) gives the bytes of the message, with line ends of
  Unix, as application/octet-stream. The Maildir's name of the message is in the page, in the field `posfile`.
- The list has no-break spaces in the subjects, not spaces.
- "Delete Message" deletes (`…&form=delmsg&pos=1&posfile=…&msgtoken=…`).
- An encrypted message has only a box "Attachment: smime.p7m (application/pkcs7-mime; 6K)" with the links "Display"
  (`…&form=fetch&pos=1&mimeid=1`) and "Download" (`…&download=1`). A signed one has its text and a box for smime.p7s.

The form for writing has the fields `headerto`, `headercc`, `headerbcc`, `headersubject` and `message`. Its button
"Add/Remove" stores a draft and goes to a second page, with the file field `uploadfile` and a button "Send" of its own.
The Content-Type of a file comes from its name and not from the browser; a smime.p7m becomes
`application/pkcs7-mime; charset="utf-8"; name="smime.p7m"`.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from tests.support.servers.dovecot import HOST
from tests.support.servers.mail_host import MailHost
from tests.support.servers.processes import run_process

# They are not among the packages that `make test-tools` installs, because Debian starts their daemons at once.
PACKAGES = "sqwebmail msmtp-mta"
_PROGRAM = Path("/usr/lib/cgi-bin/sqwebmail")
_IMAGES = Path("/usr/share/sqwebmail")
_SETTINGS = Path("/etc/courier")
_DAEMONS = Path("/usr/lib/courier")
_COMMANDS = ("unshare", "nsenter", "makeuserdb", "msmtp", "openssl")
# The user who keeps the logins, compiled into the program as a number.
_CACHE_OWNER = 2

_START = """set -e
mount --bind {folder}/settings /etc/courier
mount --bind {folder}/run /run/courier
mount --bind {folder}/cache /var/cache/sqwebmail
mount --bind {folder}/send.sh {daemons}/sqwebmail/sendit.sh
makeuserdb
set -a
. /etc/courier/authdaemonrc
. /etc/courier/sqwebmaild
{daemons}/courier-authlib/authdaemond &
exec {daemons}/courier/sqwebmaild
"""
_SEND = """#!/bin/sh
exec msmtp --host={host} --port={port} --tls=off --auth=off --from="$1" --read-recipients
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqWebMail:
    """The address of a running SqWebMail, and its mail host."""

    url: str
    mail: MailHost


def absence() -> str | None:
    """Why SqWebMail cannot be started here, or None."""
    has_programs = _PROGRAM.exists() and _SETTINGS.exists() and all(shutil.which(name) for name in _COMMANDS)
    if has_programs and _can_mount():
        return None
    return f"SqWebMail is not installed, or no mounts are allowed here: {PACKAGES}"


@contextlib.contextmanager
def run_sqwebmail(mail: MailHost) -> Iterator[SqWebMail]:
    """Run an instance for a mail host during the block."""
    with tempfile.TemporaryDirectory(prefix="sqwebmail-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        _set_up(folder, mail)
        command = ["unshare", "--mount", "--propagation", "private", "sh", str(folder / "start.sh")]
        socket = folder / "run" / "authdaemon" / "socket"
        with (
            run_process(command, folder=folder, listens=socket, environment={}) as process,
            _run_web_server(process) as url,
        ):
            yield SqWebMail(url=url, mail=mail)


def _set_up(folder: Path, mail: MailHost) -> None:
    folder.chmod(0o755)
    shutil.copytree(_SETTINGS, folder / "settings")
    rights = folder / "settings" / "authdaemonrc"
    rights.write_text('authmodulelist="authuserdb"\ndaemons=2\nDEBUG_LOGIN=0\nDEFAULTOPTIONS=""\n')
    for name, owner in (("run", "courier"), ("run/authdaemon", "courier"), ("cache", _CACHE_OWNER)):
        (folder / name).mkdir()
        shutil.chown(folder / name, owner, owner)
    users = folder / "settings" / "userdb"
    users.write_text("".join(_user(mail, account, word) for account, word in mail.passwords.items()))
    users.chmod(0o600)
    (folder / "send.sh").write_text(_SEND.format(host=HOST, port=mail.smtp_port))
    (folder / "send.sh").chmod(0o755)
    (folder / "start.sh").write_text(_START.format(folder=folder, daemons=_DAEMONS))


def _user(mail: MailHost, account: str, password: str) -> str:
    command = ["openssl", "passwd", "-6", "-stdin"]
    hashed = subprocess.run(command, input=password, capture_output=True, text=True, check=True).stdout.strip()
    owner, home = pwd.getpwnam("nobody"), mail.maildirs / account
    return f"{account}\tuid={owner.pw_uid}|gid={owner.pw_gid}|home={home}|mail={home}|systempw={hashed}\n"


@contextlib.contextmanager
def _run_web_server(process: int) -> Iterator[str]:
    """Run a web server that replaces Apache: it serves the images, and runs the CGI program in the namespace."""
    handler = type("Handler", (_Handler,), {"process": process})
    with ThreadingHTTPServer((HOST, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}/webmail"
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    process: int

    def do_GET(self) -> None:
        image = _IMAGES / self.path.removeprefix("/sqwebmail/")
        if self.path.startswith("/webmail"):
            self._run_program()
        elif image.parent == _IMAGES and image.is_file():
            kind = "text/css" if image.suffix == ".css" else f"image/{image.suffix[1:]}"
            self._reply(200, [("Content-Type", kind)], image.read_bytes())
        else:
            self._reply(404, [], b"")

    def do_POST(self) -> None:
        self._run_program()

    def log_message(self, format: str, *args: object) -> None:
        """Write no log."""

    def _run_program(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        variables = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()}
        variables |= {
            "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": self.command, "SCRIPT_NAME": "/webmail",
            "PATH_INFO": unquote(path.removeprefix("/webmail")), "QUERY_STRING": query, "REMOTE_ADDR": HOST,
            "SERVER_NAME": HOST, "SERVER_PROTOCOL": self.request_version, "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "PATH": os.environ["PATH"],
        }  # fmt: skip
        command = ["nsenter", "--target", str(self.process), "--mount", str(_PROGRAM)]
        answer = subprocess.run(command, env=variables, input=body, capture_output=True, check=False).stdout
        head, _, body = answer.partition(b"\n\n")
        if b"\r\n\r\n" in head:
            head, _, body = answer.partition(b"\r\n\r\n")
        fields = [(name, value) for name, _, value in (line.partition(": ") for line in head.decode().splitlines())]
        status = next((int(value[:3]) for name, value in fields if name == "Status"), 200)
        self._reply(status, [field for field in fields if field[0] != "Status"], body)

    def _reply(self, status: int, fields: list[tuple[str, str]], body: bytes) -> None:
        # A browser that goes to another page closes the connection.
        with contextlib.suppress(ConnectionError):
            self.send_response(status)
            for name, value in (*fields, ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)


def _can_mount() -> bool:
    command = ["unshare", "--mount", "true"]
    return os.getuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
