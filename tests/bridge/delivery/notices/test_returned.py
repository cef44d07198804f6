"""Notices that a mail server has taken and sent back: the sender learns it, and nobody else can say it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from sealwax.notices.submission import Submission
from sealwax.service import Database
from tests.support.clock import FakeClock
from tests.support.parcel_rows import RECIPIENT, SENDER, SERVICE, TOKENS, add_parcel, config_of, events, states
from tests.support.servers.post import Post
from webbridge.database import SCHEMA
from webbridge.database.tables import PARCEL
from webbridge.delivery.notices.returned import Returned, fail_returned, parse_returned
from webbridge.delivery.notices.sending import ParcelNoticeSender

pytestmark = pytest.mark.server

NOTICE, FAILURE = (RECIPIENT, "parcel"), (SENDER, "failed")
NAME = "1795780800.0123456789abcdef01234567"
ORIGINAL = f"""From: Secure message service <{SERVICE}>
To: <{RECIPIENT}>
Message-ID: <{NAME}@example.test>
Subject: alice@example.test: secure message for you (7K3M-0PQR-XYZ1)

"""


def report(
    *,
    action: str = "failed",
    status: str = "5.1.1",
    kind: str = "delivery-status",
    original: str = ORIGINAL,
    original_type: str = "text/rfc822-headers",
    encoding: str = "7bit",
) -> bytes:
    """The report of a mail server, as Postfix writes it."""
    text = f"""From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
To: {SERVICE}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind};
\tboundary="4B5C6D7E8F.1764200000/mx.example.org"

--4B5C6D7E8F.1764200000/mx.example.org
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--4B5C6D7E8F.1764200000/mx.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
X-Postfix-Queue-ID: 4B5C6D7E8F
Arrival-Date: Fri, 27 Nov 2026 12:00:00 +0000 (UTC)

Final-Recipient: rfc822; {RECIPIENT}
Original-Recipient: rfc822;{RECIPIENT}
Action: {action}
Status: {status}
Remote-MTA: dns; inbox.example.org
Diagnostic-Code: smtp; 550 {status} nobody here, see https://evil.test

--4B5C6D7E8F.1764200000/mx.example.org
Content-Description: Undelivered Message Headers
Content-Type: {original_type}
Content-Transfer-Encoding: {encoding}

{original}
--4B5C6D7E8F.1764200000/mx.example.org--
"""
    return text.replace("\n", "\r\n").encode()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(SCHEMA.open(database_url)) as opened:
        yield opened


@pytest.fixture
def send(database: Database, submission: Submission, clock: FakeClock) -> Callable[[], None]:
    return ParcelNoticeSender(database, config_of(submission), clock, TOKENS).send_due


@pytest.fixture
def notified(database: Database, clock: FakeClock, post: Post, send: Callable[[], None]) -> str:
    """The Message-ID of a notice that a mail server has taken."""
    add_parcel(database, clock())
    send()
    (mail,) = post.mails
    post.mails.clear()
    return str(mail["Message-ID"])


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("5.1.1", "does not know the address (5.1.1)"),
        ("5.2.2", "is full (5.2.2)"),
        ("5.7.26", "by its rules (5.7.26)"),
        ("5.1.10", "takes no mail (5.1.10)"),
        ("4.4.7", "refused the mail (4.4.7)"),
    ],
)
def test_the_sender_learns_that_a_notice_came_back_and_who_says_so(
    database: Database,
    clock: FakeClock,
    post: Post,
    send: Callable[[], None],
    notified: str,
    status: str,
    sentence: str,
) -> None:
    returned = parse_returned(report(status=status, original=ORIGINAL.replace(f"<{NAME}@example.test>", notified)))
    assert returned is not None
    assert fail_returned(database, returned, clock())
    send()
    assert states(database) == {NOTICE: "failed", FAILURE: "sent"}
    assert ("failed", "mail-server", RECIPIENT, f"returned-{status}") in events(database)
    (mail,) = post.mails
    assert post.recipients[-1] == [SENDER]
    text = mail.get_content()
    assert sentence in text
    assert "evil.test" not in text
    # A second report tells nothing new.
    assert not fail_returned(database, returned, clock())
    send()
    assert len(post.mails) == 1


def test_a_notice_of_another_name_stays_notified(database: Database, clock: FakeClock, notified: str) -> None:
    assert not fail_returned(database, Returned(id=NAME, status="5.1.1"), clock())
    assert states(database) == {NOTICE: "sent"}


def test_a_withdrawn_parcel_brings_no_mail(
    database: Database, clock: FakeClock, post: Post, send: Callable[[], None], notified: str
) -> None:
    with database.transaction() as rows:
        rows.execute(PARCEL.update().values(stage="withdrawn"))
    assert fail_returned(database, Returned(id=notified[1:].partition("@")[0], status="5.1.1"), clock())
    send()
    assert post.mails == []


@pytest.mark.parametrize(
    "mail",
    [
        report(original_type="message/rfc822", original=f"{ORIGINAL}A secure message waits.\n"),
        report(original_type="text/rfc822-headers; charset=us-ascii"),
        report(original_type="message/global-headers"),
        report(kind='"Delivery-Status"'),
        report(action="Failed", status="5.1.1 (bad destination mailbox address)"),
    ],
    ids=["whole", "with a charset", "headers of RFC 6533", "quoted", "with a comment"],
)
def test_reports_of_other_servers_are_read(mail: bytes) -> None:
    assert parse_returned(mail) == Returned(id=NAME, status="5.1.1")


@pytest.mark.parametrize(
    "mail",
    [
        report(action="delayed", status="4.4.1"),
        report(action="delivered", status="2.0.0"),
        report(status="5"),
        report(kind="disposition-notification"),
        report(original="From: somebody\n"),
        report(original=ORIGINAL.replace(NAME, "1795780800.xyz")),
        report(original=ORIGINAL.replace("example.test>", "example.test> <x@y>")),
        report().replace(b"multipart/report", b"multipart/mixed"),
        report().partition(b"\r\n--4B5C")[0],
        ORIGINAL.encode(),
        b"",
        b"\0" * 1000,
    ],
    ids=[
        *("delayed", "delivered", "no status", "read receipt", "no name", "another name", "two names"),
        *("no report", "cut", "the notice", "empty", "zeros"),
    ],
)
def test_other_mails_are_no_reports(mail: bytes) -> None:
    assert parse_returned(mail) is None
