"""A private Courier with IMAP and POP3 in a root of its own. Needs root and Debian."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.servers.ports import free_port
from tests.support.servers.roots import Root, addresses
from webbridge.gateway import Security, ServerAddress

PACKAGES: Final = "courier-imap courier-pop courier-authlib-userdb courier-authdaemon"
QUOTA_BYTES: Final = 4 * 1024 * 1024
_COURIER, _OWNER = 904, 920
_START: Final = """set -e
makeuserdb
set -a
LIB=/usr/lib/courier/courier
. /etc/courier/authdaemonrc
/usr/lib/courier/courier-authlib/authdaemond &
serve() {{
  if [ "$TLS" = 1 ]; then TLS_PROGRAM="/usr/bin/couriertls -server -tcpd -user=courier"; else TLS_PROGRAM=; fi
  /usr/sbin/couriertcpd -address=127.0.0.1 -maxprocs=100 -maxperip=100 -maxperc=100 -nodnslookup -noidentlookup \\
    "$1" $TLS_PROGRAM "$2" "$3" Maildir &
}}
(. /etc/courier/imapd; . /etc/courier/imapd-ssl; IMAP_IDLE_TIMEOUT=1; TLS_CERTFILE=/etc/tls_server.pem; TLS_CACHEFILE=
 IMAP_TLS=0 TLS=0 IMAP_STARTTLS=YES; serve {imap} $LIB/imaplogin /usr/bin/imapd
 IMAP_TLS=1 TLS=1 IMAP_STARTTLS=NO; serve {imaps} $LIB/imaplogin /usr/bin/imapd)
(. /etc/courier/pop3d; . /etc/courier/pop3d-ssl; TLS_CERTFILE=/etc/tls_server.pem; TLS_CACHEFILE=
 POP3AUTH_TLS="LOGIN PLAIN"
 POP3_TLS=0 TLS=0 POP3_STARTTLS=YES; serve {pop3} $LIB/courierpop3login $LIB/courierpop3d
 POP3_TLS=1 TLS=1 POP3_STARTTLS=NO; serve {pop3s} $LIB/courierpop3login $LIB/courierpop3d)
wait
"""


@contextmanager
def run_courier(
    root: Root, passwords: Mapping[str, str], *, tls_folder: Path, quota_bytes: int = QUOTA_BYTES
) -> Iterator[tuple[dict[Security, ServerAddress], dict[Security, ServerAddress]]]:
    """Run an instance during the block. Yields its addresses for IMAP, and those for POP3."""
    ports = {name: free_port() for name in ("imap", "imaps", "pop3", "pop3s")}
    for name, number in (("courier", _COURIER), ("vmail", _OWNER)):
        root.add_user(name, number)
    root.clear("var/vmail", "run/courier/authdaemon")
    root.write("etc/tls_server.pem", (tls_folder / "tls_server.pem").read_bytes(), mode=0o640)
    os.chown(root.folder / "etc/tls_server.pem", _COURIER, _COURIER)
    rights = 'authmodulelist="authuserdb"\ndaemons=2\nauthdaemonvar=/run/courier/authdaemon\nDEBUG_LOGIN=0\n'
    root.write("etc/courier/authdaemonrc", rights + 'DEFAULTOPTIONS=""\n')
    for address in passwords:
        (root.folder / "var/vmail" / address).mkdir()
        root.run("/usr/bin/maildirmake.courier", "-q", f"{quota_bytes}S", f"/var/vmail/{address}/Maildir")
    root.write("etc/courier/userdb", "".join(_user(*account) for account in passwords.items()), mode=0o600)
    root.write("start.sh", _START.format(**ports))
    root.give("var/vmail", _OWNER)
    root.give("run/courier", _COURIER)
    with root.serving(["/bin/sh", "/start.sh"], ports.values()):
        yield addresses(ports["imaps"], ports["imap"]), addresses(ports["pop3s"], ports["pop3"])


def _user(address: str, password: str) -> str:
    command = ["openssl", "passwd", "-6", "-stdin"]
    hashed = subprocess.run(command, input=password, capture_output=True, text=True, check=True).stdout.strip()
    return f"{address}\tuid={_OWNER}|gid={_OWNER}|home=/var/vmail/{address}|systempw={hashed}\n"
