"""A private Cyrus IMAP in a root of its own, in one of three layouts of folders. Needs root and Debian."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Final

from tests.support.servers.ports import free_port
from tests.support.servers.roots import Root, addresses
from webbridge.gateway import Security, ServerAddress

PACKAGES: Final = "cyrus-imapd cyrus-pop3d sasl2-bin"
QUOTA_BYTES: Final = 4 * 1024 * 1024
_USER: Final = 910
_STATE: Final = ("var/lib/cyrus", "var/spool/cyrus", "run/cyrus")
_IMAPD: Final = """configdirectory: /var/lib/cyrus
proc_path: /run/cyrus/proc
mboxname_lockpath: /run/cyrus/lock
defaultpartition: default
partition-default: /var/spool/cyrus/mail
idlesocket: /run/cyrus/socket/idle
admins: cyrus
servername: example.test
virtdomains: userid
defaultdomain: example.test
autocreate_quota: {quota}
allowplaintext: no
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_mech_list: PLAIN
sasl_sasldb_path: /etc/sasldb2
tls_server_cert: /etc/tls_server.pem
tls_server_key: /etc/tls_server.pem
popminpoll: 0
{layout}
"""
_SERVICES: Final = """START {{
  recover cmd="/usr/sbin/cyrus ctl_cyrusdb -r"
}}
SERVICES {{
  imap cmd="imapd -U 30" listen="127.0.0.1:{imap}" prefork=0 maxchild=100
  imaps cmd="imapd -s -U 30" listen="127.0.0.1:{imaps}" prefork=0 maxchild=100
  pop3 cmd="pop3d -U 30" listen="127.0.0.1:{pop3}" prefork=0 maxchild=50
  pop3s cmd="pop3d -s -U 30" listen="127.0.0.1:{pop3s}" prefork=0 maxchild=50
}}
EVENTS {{
}}
DAEMON {{
  idled cmd="idled"
}}
"""


class Layout(Enum):
    """The settings of a layout: whether folders are beside the inbox or below it, and what separates their names."""

    BELOW_WITH_DOTS = "altnamespace: no\nunixhierarchysep: no"
    BESIDE_WITH_SLASHES = "altnamespace: yes\nunixhierarchysep: yes"
    BELOW_WITH_SLASHES = "altnamespace: no\nunixhierarchysep: yes\nspecialusealways: 1"


@contextmanager
def run_cyrus(
    root: Root, passwords: Mapping[str, str], *, tls_folder: Path, layout: Layout, quota_bytes: int = QUOTA_BYTES
) -> Iterator[tuple[dict[Security, ServerAddress], dict[Security, ServerAddress]]]:
    """Run an instance during the block. Yields its addresses for IMAP, and those for POP3."""
    ports = {name: free_port() for name in ("imap", "imaps", "pop3", "pop3s")}
    root.add_user("cyrus", _USER)
    root.clear(*_STATE)
    root.write("etc/imapd.conf", _IMAPD.format(layout=layout.value, quota=quota_bytes // 1024))
    root.write("etc/cyrus.conf", _SERVICES.format(**ports))
    root.write("etc/tls_server.pem", (tls_folder / "tls_server.pem").read_bytes(), mode=0o640)
    (root.folder / "etc/sasldb2").unlink(missing_ok=True)
    for address, password in passwords.items():
        name, _, domain = address.partition("@")
        root.run("/usr/sbin/saslpasswd2", "-p", "-c", "-f", "/etc/sasldb2", "-u", domain, name, typed=password)
    for name in ("etc/sasldb2", "etc/tls_server.pem"):
        os.chown(root.folder / name, _USER, _USER)
    for name in ("var/lib/cyrus/db", "var/lib/cyrus/socket", "run/cyrus/socket", "run/cyrus/proc", "run/cyrus/lock"):
        (root.folder / name).mkdir()
    for name in _STATE:
        root.give(name, _USER)
    with root.serving(["/usr/sbin/cyrmaster", "-M", "/etc/cyrus.conf", "-C", "/etc/imapd.conf"], ports.values()):
        yield addresses(ports["imaps"], ports["imap"]), addresses(ports["pop3s"], ports["pop3"])
