"""The mail servers at which a day is spent: how to start each server, and which submission server belongs to it."""

from __future__ import annotations

import os
import pwd
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.support.servers import courier, cyrus, dovecot, exim, hoodiecrow, mailutils, opensmtpd, postfix, roots
from tests.support.servers.mailboxes import PASSWORDS
from tests.support.servers.ports import free_port
from tests.support.servers.post import Post, serving
from tools.mail_servers.day import Arrivals
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.gateway import Security, ServerAddress

QUOTA_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of a run, for unpacked servers (`roots`) and for TLS files (`tls`), and the accounts' passwords."""

    roots: Path
    tls: Path
    passwords: Mapping[str, str] = field(default_factory=lambda: PASSWORDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailboxes:
    """A running mailbox server, and its addresses."""

    version: str
    imap: ServerAddress
    pop3: ServerAddress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A running submission server, and the mail that it has passed on."""

    version: str
    smtp: ServerAddress
    arrivals: Arrivals


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxServer:
    """A mailbox server. `absence` returns the reason why it cannot be started here, or None.

    `family` is the name under which its known deviations are listed. `submission` is the server that sends its mail.
    """

    name: str
    family: str
    absence: Callable[[], str | None]
    run: Callable[[Place], AbstractContextManager[Mailboxes]]
    submission: SubmissionServer
    has_pop3: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionServer:
    """A submission server. `absence` returns the reason why it cannot be started here, or None."""

    name: str
    absence: Callable[[], str | None]
    run: Callable[[Place], AbstractContextManager[Submission]]


@dataclass(frozen=True, slots=True)
class _AtPost:
    """The mails that a submission server has passed on to `post`, a test server."""

    post: Post

    def of(self, recipient: str) -> list[bytes]:
        pairs = zip(self.post.raw, self.post.recipients, strict=False)
        return [raw for raw, recipients in pairs if recipient in recipients]


@dataclass(frozen=True, slots=True)
class _InMemory:
    """The mails in the mailboxes of the server in memory."""

    server: MemoryMailServer

    def of(self, recipient: str) -> list[bytes]:
        return [message.raw for message in self.server.messages(recipient)]


@dataclass(frozen=True, slots=True)
class _InMaildirs:
    """The mails that Postfix has delivered into Maildirs, where lines end in LF."""

    folder: Path

    def of(self, recipient: str) -> list[bytes]:
        files = sorted((self.folder / recipient / "new").glob("*"), key=lambda file: file.stat().st_mtime)
        return [file.read_bytes().replace(b"\n", b"\r\n") for file in files]


@contextmanager
def _run_cyrus(layout: cyrus.Layout, place: Place) -> Iterator[Mailboxes]:
    root = roots.unpacked(place.roots, cyrus.PACKAGES)
    with cyrus.run_cyrus(root, place.passwords, tls_folder=place.tls, layout=layout) as (imap, pop3):
        yield _mailboxes(root.version, imap, pop3)


@contextmanager
def _run_courier(place: Place) -> Iterator[Mailboxes]:
    root = roots.unpacked(place.roots, courier.PACKAGES)
    with courier.run_courier(root, place.passwords, tls_folder=place.tls) as (imap, pop3):
        yield _mailboxes(root.version, imap, pop3)


@contextmanager
def _run_mailutils(place: Place) -> Iterator[Mailboxes]:
    root = roots.unpacked(place.roots, mailutils.PACKAGES)
    with mailutils.run_mailutils(root, place.passwords, tls_folder=place.tls) as (imap, pop3):
        yield _mailboxes(root.version, imap, pop3)


@contextmanager
def _run_hoodiecrow(place: Place) -> Iterator[Mailboxes]:
    with hoodiecrow.run_hoodiecrow(place.roots, place.passwords, tls_folder=place.tls) as imap:
        yield _mailboxes(hoodiecrow.VERSION, imap, {})


@contextmanager
def _run_pymap(place: Place) -> Iterator[Mailboxes]:
    with _memory_server(place) as server:
        assert server.address.imap is not None
        yield Mailboxes(version=version("pymap"), imap=server.address.imap)


@contextmanager
def _run_dovecot(place: Place) -> Iterator[Mailboxes]:
    ports = {security: free_port() for security in Security}
    settings = dovecot.pop3_settings(ports) + dovecot.quota_settings(QUOTA_BYTES)
    pop3 = roots.addresses(ports[Security.IMPLICIT_TLS], ports[Security.STARTTLS])
    process = subprocess.run([str(dovecot.BINARY), "--version"], capture_output=True, text=True, check=True)
    with dovecot.run_dovecot(place.passwords, tls_folder=place.tls, more_settings=settings) as imap:
        yield _mailboxes(process.stdout.split()[0], imap, pop3)


def _mailboxes(release: str, imap: dict[Security, ServerAddress], pop3: dict[Security, ServerAddress]) -> Mailboxes:
    return Mailboxes(version=release, imap=imap[Security.IMPLICIT_TLS], pop3=pop3.get(Security.IMPLICIT_TLS))


@contextmanager
def _run_postfix(place: Place) -> Iterator[Submission]:
    auth_port, folder = free_port(), dovecot.new_folder()
    nobody = pwd.getpwnam("nobody")
    with ExitStack() as stack:
        settings = dovecot.auth_settings(auth_port)
        stack.enter_context(
            dovecot.run_dovecot(place.passwords, tls_folder=place.tls, folder=folder, more_settings=settings)
        )
        server = stack.enter_context(
            postfix.run_postfix(
                place.passwords,
                tls_folder=place.tls,
                mail=folder / "mail",
                owner=(nobody.pw_uid, nobody.pw_gid),
                auth_port=auth_port,
            )
        )
        smtp = server.addresses[Security.IMPLICIT_TLS]
        yield Submission(version=postfix.version(), smtp=smtp, arrivals=_InMaildirs(folder / "mail"))


@contextmanager
def _run_exim(mechanism: str, place: Place) -> Iterator[Submission]:
    root, post = roots.unpacked(place.roots, exim.PACKAGES), Post()
    with (
        serving(post) as sink,
        exim.run_exim(root, place.passwords, tls_folder=place.tls, sink=sink.port, mechanism=mechanism) as smtp,
    ):
        yield Submission(version=root.version, smtp=smtp[Security.IMPLICIT_TLS], arrivals=_AtPost(post))


@contextmanager
def _run_opensmtpd(place: Place) -> Iterator[Submission]:
    root, post = roots.unpacked(place.roots, opensmtpd.PACKAGES), Post()
    with (
        serving(post) as sink,
        opensmtpd.run_opensmtpd(root, place.passwords, tls_folder=place.tls, sink=sink.port) as smtp,
    ):
        address = smtp[Security.IMPLICIT_TLS]
        _check_tls(address, root.version, place)
        yield Submission(version=root.version, smtp=address, arrivals=_AtPost(post))


@contextmanager
def _run_aiosmtpd(place: Place) -> Iterator[Submission]:
    with _memory_server(place) as server:
        yield Submission(version=version("aiosmtpd"), smtp=server.address.smtp, arrivals=_InMemory(server))


def _memory_server(place: Place) -> MemoryMailServer:
    imap, smtp = socket.create_server((roots.HOST, 0)), socket.create_server((roots.HOST, 0))
    return MemoryMailServer(place.passwords, tls_folder=place.tls, imap_socket=imap, smtp_socket=smtp)


def _check_tls(address: ServerAddress, release: str, place: Place) -> None:
    """Raise OSError unless a server of this version starts TLS."""
    trust = ssl.create_default_context(cafile=place.tls / "tls_ca.pem")
    with socket.create_connection((address.host, address.port), timeout=10) as plain:
        try:
            trust.wrap_socket(plain, server_hostname=address.host).close()
        except ssl.SSLError as error:
            raise OSError(f"the TLS of version {release} fails") from error


def _is_there() -> None:
    return None


def _unpacking(packages: str) -> Callable[[], str | None]:
    def absence() -> str | None:
        reason = roots.absence()
        return None if reason is None else f"{reason} to unpack {packages}"

    return absence


def _dovecot_absence() -> str | None:
    has_pop3 = Path("/usr/lib/dovecot/pop3").exists()
    return None if dovecot.BINARY and has_pop3 else "not installed: dovecot-imapd dovecot-pop3d"


def _postfix_absence() -> str | None:
    is_there = postfix.BINARY and dovecot.BINARY and os.getuid() == 0
    return None if is_there else "needs root and is not installed: postfix dovecot-imapd"


POSTFIX: Final = SubmissionServer(name="Postfix", absence=_postfix_absence, run=_run_postfix)
EXIM_LOGIN: Final = SubmissionServer(
    name="Exim, only LOGIN", absence=_unpacking(exim.PACKAGES), run=partial(_run_exim, "LOGIN")
)
EXIM_PLAIN: Final = SubmissionServer(
    name="Exim, only PLAIN", absence=_unpacking(exim.PACKAGES), run=partial(_run_exim, "PLAIN")
)
AIOSMTPD: Final = SubmissionServer(name="aiosmtpd", absence=_is_there, run=_run_aiosmtpd)
OPENSMTPD: Final = SubmissionServer(name="OpenSMTPD", absence=_unpacking(opensmtpd.PACKAGES), run=_run_opensmtpd)
SUBMISSION_SERVERS: Final = (POSTFIX, EXIM_LOGIN, EXIM_PLAIN, AIOSMTPD, OPENSMTPD)

_LAYOUTS: Final = {
    "folders below the inbox, dots": cyrus.Layout.BELOW_WITH_DOTS,
    "folders beside the inbox, slashes": cyrus.Layout.BESIDE_WITH_SLASHES,
    "folders below the inbox, slashes": cyrus.Layout.BELOW_WITH_SLASHES,
}
PYMAP: Final = MailboxServer(name="pymap", family="pymap", absence=_is_there, run=_run_pymap, submission=AIOSMTPD)
MAILBOX_SERVERS: Final = (
    *(
        MailboxServer(
            name=f"Cyrus, {layout_name}",
            family="Cyrus",
            absence=_unpacking(cyrus.PACKAGES),
            run=partial(_run_cyrus, layout),
            submission=POSTFIX,
            has_pop3=layout is cyrus.Layout.BELOW_WITH_DOTS,
        )
        for layout_name, layout in _LAYOUTS.items()
    ),
    MailboxServer(
        name="Courier",
        family="Courier",
        absence=_unpacking(courier.PACKAGES),
        run=_run_courier,
        submission=EXIM_LOGIN,
        has_pop3=True,
    ),
    MailboxServer(
        name="GNU Mailutils",
        family="GNU Mailutils",
        absence=_unpacking(mailutils.PACKAGES),
        run=_run_mailutils,
        submission=EXIM_PLAIN,
        has_pop3=True,
    ),
    MailboxServer(
        name="hoodiecrow",
        family="hoodiecrow",
        absence=hoodiecrow.absence,
        run=_run_hoodiecrow,
        submission=AIOSMTPD,
    ),
    PYMAP,
    MailboxServer(
        name="Dovecot",
        family="Dovecot",
        absence=_dovecot_absence,
        run=_run_dovecot,
        submission=POSTFIX,
        has_pop3=True,
    ),
)
