"""Mail servers that fail at every stage: a notice waits for a bounded time, and no log names the person or a secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from roaming_keys.server.audit import AuditEvent, AuditKind
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import NOTICE
from roaming_keys.server.notices.mail import Letterhead
from roaming_keys.server.notices.outbox import write_notice
from roaming_keys.server.notices.sender import NoticesByMail, OwnerNoticeSender
from sealwax.notices import submission
from sealwax.notices.submission import SmtpSecurity, Submission
from sealwax.service import Database
from sealwax.words import ENGLISH
from tests.support.clock import FakeClock
from tests.support.keys.people import ORIGIN, USER
from tests.support.servers.lying_server import SMTP, Close, Drip, LyingServer, Step, TakeMessage, Wait

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("quick_passphrases")]
PASSWORD = "a secret of the server"


@pytest.fixture
def liar(tls_folder: Path) -> Iterator[LyingServer]:
    with LyingServer(SMTP, tls_folder=tls_folder) as server:
        yield server


@pytest.fixture
def database(clock: FakeClock) -> Iterator[Database]:
    """A database with one notice."""
    with closing(SCHEMA.open(":memory:")) as opened:
        with opened.transaction() as rows:
            write_notice(rows, AuditEvent(kind=AuditKind.DEVICE_ADDED, at=clock(), user=USER))
        yield opened


def server_of(liar: LyingServer) -> Submission:
    address, ca_file = liar.address().smtp, liar.address().ca_file
    security = SmtpSecurity.IMPLICIT_TLS
    return Submission(
        host=address.host, port=address.port, security=security, ca_file=ca_file, user="keys", password=PASSWORD
    )


def send(database: Database, server: Submission, clock: FakeClock) -> bool:
    """Send what is due, and return whether nothing waits any more."""
    head = Letterhead(origin=ORIGIN, sender="keys@example.test", language=ENGLISH)
    OwnerNoticeSender(database, NoticesByMail(submission=server, head=head), clock).send_due()
    with database.reading() as rows:
        return rows.execute(select(NOTICE)).first() is None


LIES: dict[str, tuple[str, list[Step]]] = {
    "closed at the greeting": ("GREETING", [Close()]),
    "no greeting": ("GREETING", [Wait()]),
    "a greeting byte by byte": ("GREETING", [Drip(b"220 " + b"x" * 10_000)]),
    "no SMTP": ("GREETING", [b"\xff\xfe\0\r\n"]),
    "capabilities without an end": ("EHLO", [b"250-more\r\n" * 100_000]),
    "a line without an end": ("EHLO", [b"250 " + b"x" * 1_000_000]),
    "login refused": ("AUTH PLAIN", [b"535 no\r\n"]),
    "login asked again and again": ("AUTH PLAIN", [b"334 \r\n" * 1_000]),
    "sender refused": ("MAIL FROM", [b"550 no\r\n"]),
    "recipient refused": ("RCPT TO", [b"550 no\r\n"]),
    "shutting down": ("RCPT TO", [b"421 bye\r\n", Close()]),
    "mail refused": ("DATA", [b"354 go on\r\n", TakeMessage(), b"554 spam\r\n"]),
    "closed after the mail": ("DATA", [b"354 go on\r\n", TakeMessage(), Close()]),
    "a code that is none": ("DATA", [b"354 go on\r\n", TakeMessage(), b"999 x\r\n"]),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_mail_server_only_delays_a_notice(
    lie: str,
    liar: LyingServer,
    database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(submission, "TRY_SECONDS", 2.0)
    command, steps = LIES[lie]
    honest, liar.answers[command] = liar.answers[command], steps
    assert not send(database, server_of(liar), clock)
    assert "a notice waits" in caplog.text
    assert not [secret for secret in (PASSWORD, USER) if secret in caplog.text]
    liar.answers[command] = honest
    clock.advance(seconds=10 * 60)
    assert send(database, server_of(liar), clock)
    assert liar.messages


def test_a_lost_answer_to_the_end_of_the_talk_sends_nothing_twice(
    liar: LyingServer, database: Database, clock: FakeClock
) -> None:
    liar.answers["QUIT"] = [Close()]
    assert send(database, server_of(liar), clock)
    assert len(liar.messages) == 1


def test_a_server_whose_certificate_is_not_trusted_gets_neither_password_nor_mail(
    liar: LyingServer, database: Database, clock: FakeClock
) -> None:
    assert not send(database, replace(server_of(liar), ca_file=None), clock)
    assert not liar.received


def test_a_server_without_starttls_gets_neither_password_nor_mail(
    liar: LyingServer, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "TRY_SECONDS", 2.0)
    # The first byte of its TLS is no greeting either: nothing is said before the encryption.
    assert not send(database, replace(server_of(liar), security=SmtpSecurity.STARTTLS), clock)
    assert not liar.received
