"""A private GNU Mailutils with IMAP and POP3 in a root of its own. Needs root and Debian."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.servers.ports import free_port
from tests.support.servers.roots import Root, addresses
from webbridge.gateway import Security, ServerAddress

PACKAGES: Final = "mailutils-imap4d mailutils-pop3d"
_OWNER: Final = 920
_SETTINGS: Final = """logging {{ syslog no; }};
auth {{
  authentication "generic";
  authorization "virtdomain";
}};
virtdomain {{ passwd-dir /etc/domains; }};
mailbox {{
  mail-spool /var/vmail/inboxes;
  mailbox-type maildir;
}};
mode daemon;
foreground yes;
max-children 100;
tls {{
  ssl-certificate-file /etc/tls_certificate.pem;
  ssl-key-file /etc/tls_key.pem;
}};
tcp-wrappers {{ enable no; }};
server 127.0.0.1:{starttls} {{ tls-mode ondemand; }};
server 127.0.0.1:{tls} {{ tls-mode connection; }};
"""
_START: Final = """/usr/sbin/imap4d --config-file=/etc/imap4d.conf &
exec /usr/sbin/pop3d --config-file=/etc/pop3d.conf
"""


@contextmanager
def run_mailutils(
    root: Root, passwords: Mapping[str, str], *, tls_folder: Path
) -> Iterator[tuple[dict[Security, ServerAddress], dict[Security, ServerAddress]]]:
    """Run an instance during the block. Yields its addresses for IMAP, and those for POP3."""
    ports = {name: free_port() for name in ("imap", "imaps", "pop3", "pop3s")}
    root.add_user("vmail", _OWNER)
    root.clear("var/vmail", "etc/domains", "var/lock/subsys/mail")
    root.give("var/lock/subsys/mail", _OWNER)
    pem = (tls_folder / "tls_server.pem").read_text()
    certificate, mark, key = pem.partition("-----BEGIN PRIVATE KEY-----")
    root.write("etc/tls_certificate.pem", certificate)
    root.write("etc/tls_key.pem", mark + key, mode=0o600)
    for address, password in passwords.items():
        name, _, domain = address.partition("@")
        (root.folder / "var/vmail" / address).mkdir()
        known = root.folder / "etc/domains" / domain
        root.write(str(known.relative_to(root.folder)), _read(known) + _user(name, address, password), mode=0o600)
    (root.folder / "var/vmail/inboxes").mkdir()
    root.give("var/vmail", _OWNER)
    root.write("etc/imap4d.conf", _SETTINGS.format(starttls=ports["imap"], tls=ports["imaps"]))
    root.write("etc/pop3d.conf", _SETTINGS.format(starttls=ports["pop3"], tls=ports["pop3s"]))
    root.write("start.sh", _START)
    with root.serving(["/bin/sh", "/start.sh"], ports.values()):
        yield addresses(ports["imaps"], ports["imap"]), addresses(ports["pop3s"], ports["pop3"])


def _read(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def _user(name: str, address: str, password: str) -> str:
    command = ["openssl", "passwd", "-6", "-stdin"]
    hashed = subprocess.run(command, input=password, capture_output=True, text=True, check=True).stdout.strip()
    return f"{name}:{hashed}:{_OWNER}:{_OWNER}::/var/vmail/{address}:/bin/sh\n"
