"""Measures a day of reading at Dovecot, Cyrus and Courier: our share of Roundcube's time at each of them."""

from __future__ import annotations

import imaplib
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.support.servers import courier, cyrus, dovecot, roots
from tests.support.servers.mail_host import MailHost
from tests.support.servers.ports import free_port
from tools.bench.results import Figure, Figures, Limit
from tools.bench_bridge import mail, servers, times
from tools.bench_bridge.times import ANNA, OURS, THEIRS
from webbridge.demo.tls import write_tls_files
from webbridge.gateway import Security, ServerAddress

DAY: Final = "the whole day"
DOVECOT: Final = "Dovecot"
MORE_THAN_AT_DOVECOT: Final = 0.1
_MOST_MESSAGES: Final = 2_000
_MESSAGE_BYTES: Final = 6_000
_QUOTA_BYTES: Final = 2**30
_NAMES: Final = (DOVECOT, "Cyrus", "Courier")


def measure_servers(runs: int, messages: int) -> list[Figure]:
    """Measure the day at each server in turn. For a server that cannot be started, a figure has the reason."""
    figures: list[Figure] = []
    for name in _NAMES:
        try:
            figures += _measure(name, runs, min(messages, _MOST_MESSAGES))
        except (OSError, subprocess.SubprocessError) as error:
            figures.append(Figure(where=name, job=DAY, who=OURS, unit="ms", failure=str(error)))
    return figures


def server_limits(figures: Figures) -> list[Limit]:
    """Limits: our share of Roundcube's time may be 0.1 greater than at Dovecot."""
    return [_limit(figures, name) for name in _NAMES if name != DOVECOT]


def _limit(figures: Figures, name: str) -> Limit:
    here, there = (figures.ratio(where, DAY, OURS, THEIRS) for where in (name, DOVECOT))
    more = None if here is None or there is None else here - there
    return Limit(
        where=name, what=f"{DAY}: share more than at Dovecot", value=more, limit=MORE_THAN_AT_DOVECOT, unit="times"
    )


def _measure(name: str, runs: int, messages: int) -> list[Figure]:
    with _running(name) as host:
        _fill(host, messages)
        with servers.run_rig(host, with_uncached=False) as rig:
            jobs = times.measure_reading(rig, runs, name)
    return jobs + [_day(name, who, jobs) for who in dict.fromkeys(figure.who for figure in jobs)]


def _day(name: str, who: str, jobs: list[Figure]) -> Figure:
    """The sum of all jobs of one side, for each run."""
    columns = [figure.values for figure in jobs if figure.who == who]
    return Figure(where=name, job=DAY, who=who, unit="ms", values=tuple(map(sum, zip(*columns, strict=True))))


@contextmanager
def _running(name: str) -> Iterator[MailHost]:
    """A mail host with an empty mailbox. It has no submission server."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="servers-", ignore_cleanup_errors=True)))
        folder.chmod(0o755)
        write_tls_files(folder, at=datetime.now(UTC))
        passwords = {ANNA: servers.PASSWORD}
        imap = _start(stack, name, folder, passwords)[Security.IMPLICIT_TLS]
        yield MailHost(imap=imap, smtp_port=free_port(), passwords=passwords, tls_folder=folder, maildirs=folder)


def _start(stack: ExitStack, name: str, folder: Path, passwords: dict[str, str]) -> dict[Security, ServerAddress]:
    if name == DOVECOT:
        running = dovecot.run_dovecot(passwords, tls_folder=folder, more_settings=servers.DOVECOT_SETTINGS)
        return stack.enter_context(running)
    if absence := roots.absence():
        raise OSError(absence)
    if name == "Cyrus":
        root = roots.unpacked(folder, cyrus.PACKAGES)
        layout = cyrus.Layout.BESIDE_WITH_SLASHES
        both = cyrus.run_cyrus(root, passwords, tls_folder=folder, layout=layout, quota_bytes=_QUOTA_BYTES)
    else:
        root = roots.unpacked(folder, courier.PACKAGES)
        both = courier.run_courier(root, passwords, tls_folder=folder, quota_bytes=_QUOTA_BYTES)
    return stack.enter_context(both)[0]


def _fill(host: MailHost, count: int) -> None:
    """Store `count` messages and open the folder once. Every hundredth message has the word that is searched for."""
    trust = ssl.create_default_context(cafile=host.tls_folder / "tls_ca.pem")
    with imaplib.IMAP4_SSL(host.imap.host, host.imap.port, ssl_context=trust) as imap:
        imap.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        imap.login(ANNA, servers.PASSWORD)
        for number in range(1, count + 1):
            subject = f"harbour {mail.RARE_WORD}" if number % 100 == 0 else "harbour meeting"
            raw = mail.build_message(number, _MESSAGE_BYTES, subject=subject, to=ANNA)
            status, answer = imap.append("INBOX", "(\\Seen)", "", raw)
            if status != "OK":
                raise OSError(f"the mail server has not stored a message: {answer!r}")
        imap.select("INBOX")
