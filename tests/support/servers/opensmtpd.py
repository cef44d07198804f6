"""A private OpenSMTPD for submission in a root of its own. Needs root and Debian."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.servers.ports import free_port
from tests.support.servers.roots import Root, addresses
from webbridge.gateway import Security, ServerAddress

PACKAGES: Final = "opensmtpd"
MAX_MESSAGE_BYTES: Final = 1_000_000
_USERS: Final = {"opensmtpd": 930, "opensmtpq": 931}
_SETTINGS: Final = """pki mail cert "/etc/tls_certificate.pem"
pki mail key "/etc/tls_key.pem"
table people file:/etc/people
table refused {{ "nobody@example.test" }}
smtp max-message-size "{most}"
listen on 127.0.0.1 port {tls} smtps pki mail auth <people> hostname mail.example.test
listen on 127.0.0.1 port {starttls} tls-require pki mail auth <people> hostname mail.example.test
action "onward" relay host smtp://127.0.0.1:{sink}
match for rcpt-to <refused> reject
match auth from any for any action "onward"
"""


@contextmanager
def run_opensmtpd(
    root: Root, passwords: Mapping[str, str], *, tls_folder: Path, sink: int
) -> Iterator[dict[Security, ServerAddress]]:
    """Run an instance during the block, which passes all mail on to the port `sink`. Yields its addresses."""
    tls, starttls = free_port(), free_port()
    for name, number in _USERS.items():
        root.add_user(name, number)
    root.clear("var/spool/smtpd", "var/empty")
    (root.folder / "var/run").mkdir(exist_ok=True)
    (root.folder / "var/spool/smtpd").chmod(0o711)
    certificate, mark, key = (tls_folder / "tls_server.pem").read_text().partition("-----BEGIN PRIVATE KEY-----")
    root.write("etc/tls_certificate.pem", certificate)
    root.write("etc/tls_key.pem", mark + key, mode=0o600)
    root.write("etc/people", "".join(f"{name} {_hashed(word)}\n" for name, word in passwords.items()))
    settings = _SETTINGS.format(tls=tls, starttls=starttls, sink=sink, most=MAX_MESSAGE_BYTES)
    root.write("etc/smtpd.conf", settings)
    root.write("etc/mailname", "mail.example.test\n")
    with root.serving(["/usr/sbin/smtpd", "-d", "-f", "/etc/smtpd.conf"], (tls, starttls)):
        yield addresses(tls, starttls)


def _hashed(password: str) -> str:
    command = ["openssl", "passwd", "-6", "-stdin"]
    return subprocess.run(command, input=password, capture_output=True, text=True, check=True).stdout.strip()
