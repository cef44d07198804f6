"""A private Postfix for tests: submission with Dovecot's passwords, delivery into Maildirs. It needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers.ports import free_port
from webbridge.gateway import Security, ServerAddress

BINARY = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
HOST = "127.0.0.1"
START_SECONDS = 30.0
MAX_MESSAGE_BYTES = 1_000_000

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mail.example.test
mydestination =
mynetworks =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
message_size_limit = {max_message_bytes}
mailbox_size_limit = 0
virtual_mailbox_domains = example.test
virtual_mailbox_base = {mail}
virtual_mailbox_maps = texthash:{folder}/mailboxes
virtual_mailbox_limit = 0
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_tls_cert_file = {tls_folder}/tls_server.pem
smtpd_tls_key_file = {tls_folder}/tls_server.pem
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth_port}
smtpd_relay_restrictions =
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
"""
_MASTER = """
127.0.0.1:{tls_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes
127.0.0.1:{starttls_port} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes
127.0.0.1:{relay_port} inet n - n - - smtpd -o smtpd_recipient_restrictions=permit_mynetworks,reject
  -o mynetworks=127.0.0.0/8
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postfix:
    """A running Postfix. `relay_port` takes mail without a password, as for Dovecot's submission service."""

    folder: Path
    addresses: dict[Security, ServerAddress]
    relay_port: int

    def stop(self) -> None:
        """Stop all of its processes."""
        self._run("stop")

    def start(self) -> None:
        """Start it, and wait until its log says so."""
        log = self.folder / "postfix.log"
        before = log.read_text().count("daemon started") if log.exists() else 0
        self._run("start")
        deadline = time.monotonic() + START_SECONDS
        while not log.exists() or log.read_text().count("daemon started") == before:
            assert time.monotonic() < deadline, log.read_text() if log.exists() else "no log"
            time.sleep(0.05)

    def _run(self, command: str) -> None:
        call = [str(BINARY), "-c", str(self.folder / "etc"), command]
        done = subprocess.run(call, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr


def version() -> str:
    """The version of the installed Postfix."""
    program = Path(str(BINARY)).with_name("postconf")
    answer = subprocess.run([str(program), "-d", "-h", "mail_version"], capture_output=True, text=True, check=True)
    return answer.stdout.strip()


@contextmanager
def run_postfix(
    mailboxes: Iterable[str], *, tls_folder: Path, mail: Path, owner: tuple[int, int], auth_port: int
) -> Iterator[Postfix]:
    """Run an instance during the block.

    `mail`: the folder with a Maildir for each address of `mailboxes`. `owner`: the user and group of their files.
    `auth_port`: the port at which Dovecot checks passwords.
    """
    # Not in pytest's folder, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="postfix-"))
    folder.chmod(0o755)
    for name in ("etc", "queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    ports = {name: free_port() for name in ("tls_port", "starttls_port", "relay_port")}
    uid, gid = owner
    (folder / "mailboxes").write_text("".join(f"{name} {name}/\n" for name in mailboxes))
    (folder / "etc" / "main.cf").write_text(
        _MAIN.format(
            folder=folder,
            tls_folder=tls_folder,
            mail=mail,
            uid=uid,
            gid=gid,
            auth_port=auth_port,
            max_message_bytes=MAX_MESSAGE_BYTES,
        )
    )
    (folder / "etc" / "master.cf").write_text(_MASTER.format(**ports))
    addresses = {
        Security.IMPLICIT_TLS: ServerAddress(host=HOST, port=ports["tls_port"]),
        Security.STARTTLS: ServerAddress(host=HOST, port=ports["starttls_port"], security=Security.STARTTLS),
    }
    postfix = Postfix(folder=folder, addresses=addresses, relay_port=ports["relay_port"])
    try:
        postfix.start()
        yield postfix
    finally:
        with suppress(AssertionError):
            postfix.stop()
        shutil.rmtree(folder)
