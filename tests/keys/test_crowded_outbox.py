"""Notices of many, and of odd addresses: one owner's notices hold up nobody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import func, select

from roaming_keys.server.audit import AuditEvent, AuditKind
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import NOTICE
from roaming_keys.server.notices.mail import Letterhead
from roaming_keys.server.notices.outbox import MOST_WAITING, write_notice
from roaming_keys.server.notices.sender import NoticesByMail, OwnerNoticeSender
from sealwax.notices.submission import SmtpSecurity, Submission
from sealwax.service import Database
from sealwax.words import ENGLISH
from tests.support.clock import FakeClock
from tests.support.keys.people import ORIGIN, USER

SENDER = "keys@example.test"
BUSY = "mallory@example.test"
MINUTE = 60
# Addresses that a mail server may know, and the header of a mail may not have.
ODD_ADDRESSES = [
    "a..b@example.test",
    ".a@example.test",
    "a.@example.test",
    "a@example.test.",
    "a@example..test",
    "a@192.0.2.1",
    "=?utf-8?q?alice?=@example.test",
]


@dataclass(frozen=True, kw_only=True)
class Tray(Submission):
    """A mail server that takes every mail, and notes its recipient. It breaks at those that are named."""

    recipients: list[str] = field(default_factory=list)
    breaks_at: tuple[str, ...] = ()

    def send(
        self, mail: bytes, sender: str, recipient: str, *, before_last_line: Callable[[], None] = lambda: None
    ) -> None:
        if recipient in self.breaks_at:
            raise AttributeError("an error that nobody has expected")
        self.recipients.append(recipient)


@pytest.fixture
def tray() -> Tray:
    return Tray(host="127.0.0.1", port=25, security=SmtpSecurity.NONE)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(SCHEMA.open(database_url)) as opened:
        yield opened


@pytest.fixture
def send(database: Database, clock: FakeClock, tray: Tray) -> Callable[[], None]:
    return sender_to(tray, database, clock).send_due


def sender_to(tray: Tray, database: Database, clock: FakeClock) -> OwnerNoticeSender:
    head = Letterhead(origin=ORIGIN, sender=SENDER, language=ENGLISH)
    return OwnerNoticeSender(database, NoticesByMail(submission=tray, head=head), clock)


def write(
    database: Database, clock: FakeClock, user: str, kind: AuditKind = AuditKind.DEVICE_ADDED, *, times: int = 1
) -> None:
    with database.transaction() as rows:
        for _ in range(times):
            write_notice(rows, AuditEvent(kind=kind, at=clock(), user=user))


def waiting(database: Database) -> int:
    with database.reading() as rows:
        return int(rows.execute(select(func.count()).select_from(NOTICE)).scalar_one())


@pytest.mark.parametrize("user", ODD_ADDRESSES)
def test_an_address_that_no_header_can_have_holds_up_nobody(
    user: str, database: Database, clock: FakeClock, tray: Tray, send: Callable[[], None]
) -> None:
    write(database, clock, user)
    write(database, clock, USER)
    send()
    assert tray.recipients == [USER]
    assert waiting(database) == 0


def test_an_unforeseen_error_of_one_notice_holds_up_nobody(database: Database, clock: FakeClock, tray: Tray) -> None:
    write(database, clock, BUSY, times=2)
    write(database, clock, USER)
    sender_to(replace(tray, breaks_at=(BUSY,)), database, clock).send_due()
    assert tray.recipients == [USER]
    clock.advance(seconds=10 * MINUTE)
    sender_to(tray, database, clock).send_due()
    assert tray.recipients == [USER, BUSY, BUSY]


def test_the_notices_of_one_owner_let_others_pass(
    database: Database, clock: FakeClock, tray: Tray, send: Callable[[], None]
) -> None:
    write(database, clock, BUSY, times=5_000)
    assert waiting(database) <= MOST_WAITING
    write(database, clock, USER)
    send()
    assert tray.recipients.index(USER) <= 1


def test_many_notices_of_one_kind_delay_none_of_another(
    database: Database, clock: FakeClock, tray: Tray, send: Callable[[], None]
) -> None:
    write(database, clock, BUSY, AuditKind.KEYS_EXPORTED, times=5_000)
    send()
    before = len(tray.recipients)
    write(database, clock, BUSY, AuditKind.KEYS_ROTATED)
    send()
    assert len(tray.recipients) == before + 1


def test_each_of_a_few_notices_at_once_is_sent(
    database: Database, clock: FakeClock, tray: Tray, send: Callable[[], None]
) -> None:
    write(database, clock, USER, times=MOST_WAITING)
    for _ in range(MOST_WAITING):
        send()
        clock.advance(seconds=MINUTE)
    assert len(tray.recipients) == MOST_WAITING
    assert waiting(database) == 0
