"""The queue of notices about parcels: each is sent once, and again only if nobody can know whether it was sent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from sealwax.notices import submission as submissions
from sealwax.notices.outbox import LONGEST_PAUSE_SECONDS, NotOurs
from sealwax.notices.submission import SmtpSecurity, Submission
from sealwax.service import Database
from tests.support.clock import FakeClock
from tests.support.parcel_rows import (
    PARCEL_ID,
    RECIPIENT,
    SENDER,
    SERVICE,
    TOKENS,
    add_parcel,
    config_of,
    events,
    states,
)
from tests.support.servers.lying_server import SMTP, Close, LyingServer, TakeMessage
from tests.support.servers.parcels import DAY
from tests.support.servers.post import Post
from webbridge.database import SCHEMA
from webbridge.database.tables import PARCEL
from webbridge.delivery.abuse.blocks import Block, BlockKind, BlockReason, Blocks
from webbridge.delivery.abuse.refusals import refuse
from webbridge.delivery.notices.outbox import ParcelOutbox, queue_change, queue_parcel
from webbridge.delivery.notices.sender_mail import Change
from webbridge.delivery.notices.sending import ParcelNoticeSender

pytestmark = pytest.mark.server
NOTICE, FAILURE = (RECIPIENT, "parcel"), (SENDER, "failed")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(SCHEMA.open(database_url)) as opened:
        yield opened


@pytest.fixture
def send(database: Database, submission: Submission, clock: FakeClock) -> Callable[[], None]:
    return ParcelNoticeSender(database, config_of(submission), clock, TOKENS).send_due


def test_a_notice_is_sent_once_and_the_parcel_is_notified(
    database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    add_parcel(database, clock())
    send()
    send()
    assert post.recipients == [[RECIPIENT]]
    # SPF looks at the envelope's sender, and DMARC wants it to be of the domain in From.
    assert post.senders == [SERVICE]
    assert states(database) == {NOTICE: "sent"}
    assert events(database) == [("notified", "service", RECIPIENT, "")]


def test_a_second_submission_queues_nothing_more(
    database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    add_parcel(database, clock())
    send()
    with database.transaction() as rows:
        queue_parcel(rows, PARCEL_ID, [(RECIPIENT, "en")], clock())
    send()
    assert len(post.mails) == 1


def test_the_pauses_grow(database: Database, clock: FakeClock, post: Post, send: Callable[[], None]) -> None:
    tries: list[int] = []
    post.before_recipient = lambda: tries.append(1)
    post.refusals[RECIPIENT] = "451 later"
    add_parcel(database, clock())
    for seconds, expected in ((0, 1), (59, 1), (2, 2), (110, 2), (20, 3), (230, 3), (20, 4)):
        clock.advance(seconds=seconds)
        send()
        assert len(tries) == expected, seconds
    assert states(database) == {NOTICE: "pending"}
    post.refusals.clear()
    clock.advance(seconds=8 * 60)
    send()
    assert states(database) == {NOTICE: "sent"}, "a refusal before the end is no perhaps"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("550 5.1.1 nobody <b>here</b> click https://evil.test", "does not know the address (550)"),
        ("552 5.2.2 full", "is full (552)"),
        ("554 5.7.1 spam", "by its rules (554)"),
        ("556 5.1.10 null MX", "takes no mail (556)"),
        ("599 strange", "refused the mail (599)"),
    ],
)
def test_a_final_refusal_is_told_to_the_sender_in_words(
    answer: str, sentence: str, database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    post.refusals[RECIPIENT] = answer
    add_parcel(database, clock())
    send()
    assert states(database) == {NOTICE: "failed", FAILURE: "sent"}
    assert events(database) == [("failed", "service", RECIPIENT, f"smtp-{answer[:3]}")]
    (mail,) = post.mails
    assert post.recipients == [[SENDER]]
    text = mail.get_content()
    assert f"{RECIPIENT}: " in text
    assert sentence in text
    assert "evil" not in mail.as_string(), "the words of a foreign server are no words of ours"
    clock.advance(seconds=24 * 60 * 60)
    send()
    assert len(post.mails) == 1


def test_a_refusal_of_the_whole_mail_is_final_too(
    database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    post.answer = "554 5.7.1 no"
    add_parcel(database, clock())
    send()
    assert states(database)[NOTICE] == "failed"


def test_a_notice_is_given_up_after_days(
    database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    post.refusals[RECIPIENT] = "451 later"
    add_parcel(database, clock())
    while not events(database):
        send()
        clock.advance(seconds=LONGEST_PAUSE_SECONDS)
    assert events(database) == [("failed", "service", RECIPIENT, "given-up")]
    send()
    assert "for three days" in post.mails[0].get_content()


@pytest.mark.parametrize("days", [-400, -4, 4, 8, 400])
@pytest.mark.parametrize("tries", [0, 1])
def test_a_clock_that_jumps_and_is_set_right_loses_no_notice(
    days: int, tries: int, database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    post.refusals[RECIPIENT] = "451 later"
    add_parcel(database, clock())
    for seconds in [0] * tries + [days * DAY, 60, 120, -days * DAY]:
        clock.advance(seconds=seconds)
        send()
    post.refusals.clear()
    clock.advance(seconds=LONGEST_PAUSE_SECONDS)
    send()
    assert events(database) == [("notified", "service", RECIPIENT, "")]


def test_the_fault_of_one_address_holds_up_no_other(
    database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    post.refusals["carol@example.org"] = "451 later"
    add_parcel(database, clock(), recipients=("carol@example.org", RECIPIENT))
    send()
    assert post.recipients == [[RECIPIENT]]


def test_a_mail_server_that_is_down_costs_one_try_at_a_time(
    database: Database, clock: FakeClock, submission: Submission
) -> None:
    add_parcel(database, clock(), recipients=("carol@example.org", RECIPIENT))
    dead = replace(submission, port=1)
    ParcelNoticeSender(database, config_of(dead), clock, TOKENS).send_due()
    assert set(states(database).values()) == {"pending"}
    assert events(database) == []


@pytest.mark.parametrize("stage", ["withdrawn", "expired"])
def test_a_parcel_that_is_gone_brings_no_notice(
    stage: str, database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    add_parcel(database, clock())
    with database.transaction() as rows:
        rows.execute(update(PARCEL).values(stage=stage))
    send()
    assert post.mails == []
    assert states(database) == {}


def test_a_parcel_whose_days_are_over_brings_no_notice(
    database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    add_parcel(database, clock())
    clock.advance(seconds=timedelta(days=8).total_seconds())
    send()
    assert post.mails == []


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("team-request@example.org", "list-address"),
        ("MAILER-DAEMON@example.org", "list-address"),
        (SERVICE, "own-address"),
        ('"a b"@example.org', "address-unusable"),
        ("josé@example.org", "address-unusable"),
        ("bob@example.org\r\nBcc: mallory@example.org", "not-an-address"),
        ("", "not-an-address"),
    ],
)
def test_no_notice_goes_to_lists_programs_and_texts_that_are_no_address(
    address: str, code: str, database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    add_parcel(database, clock(), recipients=(address,))
    send()
    assert post.recipients == [[SENDER]]
    assert events(database) == [("failed", "service", address, code)]
    assert "mallory" not in str(post.mails[0].items())


def test_a_recipient_who_refused_gets_none(
    database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    refuse(Blocks(database), RECIPIENT, clock())
    add_parcel(database, clock())
    send()
    assert events(database) == [("failed", "service", RECIPIENT, "recipient-refused")]
    assert "wants no mails" in post.mails[0].get_content()


def test_what_a_blocked_sender_has_queued_stays_unsent(
    database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    add_parcel(database, clock())
    block = Block(kind=BlockKind.DOMAIN, name="example.test", reason=BlockReason.OPERATOR, made_at=clock())
    Blocks(database).add(block)
    send()
    assert events(database) == [("failed", "service", RECIPIENT, "sender-blocked")]
    assert post.recipients == [[SENDER]]


def test_a_change_that_comes_again_is_told_again(
    database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    add_parcel(database, clock(), recipients=())
    for _ in range(2):
        with database.transaction() as rows:
            queue_change(rows, PARCEL_ID, Change.TRIES, sender=SENDER, at=clock())
        send()
        send()
        clock.advance(seconds=60)
    assert len(post.mails) == 2
    assert len({mail["Message-ID"] for mail in post.mails}) == 2


def test_a_server_that_refuses_the_size_of_a_mail_takes_the_others(
    database: Database, clock: FakeClock, tls_folder: Path
) -> None:
    """RFC 1870 section 6.1: the answer to MAIL is 552. Any other refusal of the sender is of all mails."""
    add_parcel(database, clock(), recipients=("carol@example.org", RECIPIENT))
    with LyingServer(SMTP, tls_folder=tls_folder) as liar:
        address = liar.address()
        way = Submission(
            host=address.smtp.host,
            port=address.smtp.port,
            security=SmtpSecurity.IMPLICIT_TLS,
            ca_file=address.ca_file,
        )
        sender = ParcelNoticeSender(database, config_of(way), clock, TOKENS)
        liar.answers["MAIL FROM"] = [b"550 not you\r\n"]
        sender.send_due()
        assert set(states(database).values()) == {"pending"}
        liar.answers["MAIL FROM"] = [b"552 too large\r\n"]
        clock.advance(seconds=10 * 60)
        sender.send_due()
    assert {row[3] for row in events(database)} == {"smtp-552"}
    assert {row[2] for row in events(database)} == {"carol@example.org", RECIPIENT}


def test_two_processes_take_different_notices(database: Database, clock: FakeClock) -> None:
    add_parcel(database, clock(), recipients=("carol@example.org", RECIPIENT))
    taken = [ParcelOutbox(database).take(clock()) for _ in range(3)]
    assert {attempt.notice.address for attempt in taken if attempt} == {"carol@example.org", RECIPIENT}
    assert taken[2] is None


def test_a_process_that_was_believed_dead_ends_no_mail(database: Database, clock: FakeClock) -> None:
    add_parcel(database, clock())
    outbox = ParcelOutbox(database)
    first = outbox.take(clock())
    clock.advance(seconds=6 * 60)
    second = outbox.take(clock())
    assert first is not None
    assert second is not None
    with pytest.raises(NotOurs):
        outbox.will_end(first, clock())
    outbox.will_end(second, clock())


def test_without_the_last_line_nothing_is_delivered(
    database: Database, clock: FakeClock, post: Post, submission: Submission, send: Callable[[], None]
) -> None:
    add_parcel(database, clock())

    def lose_the_turn() -> None:
        clock.advance(seconds=6 * 60)
        assert ParcelOutbox(database).take(clock()) is not None

    post.before_recipient = lose_the_turn
    send()
    assert post.mails == []


def sender_by(liar: LyingServer, database: Database, clock: FakeClock) -> ParcelNoticeSender:
    address = liar.address()
    way = Submission(
        host=address.smtp.host,
        port=address.smtp.port,
        security=SmtpSecurity.IMPLICIT_TLS,
        ca_file=address.ca_file,
    )
    return ParcelNoticeSender(database, config_of(way), clock, TOKENS)


@pytest.mark.parametrize(
    "last", [Close(), b"OK queued\r\n", b"354 go on\r\n", b"700 who knows\r\n"], ids=["none", "no number", "354", "700"]
)
def test_a_lost_answer_brings_one_more_mail_and_no_third(
    database: Database, clock: FakeClock, tls_folder: Path, monkeypatch: pytest.MonkeyPatch, last: bytes | Close
) -> None:
    monkeypatch.setattr(submissions, "TRY_SECONDS", 5.0)
    add_parcel(database, clock())
    with LyingServer(SMTP, tls_folder=tls_folder) as liar:
        liar.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), last]
        sender = sender_by(liar, database, clock)
        sender.send_due()
        assert states(database) == {NOTICE: "sending"}
        for _ in range(4):
            clock.advance(seconds=60 * 60)
            sender.send_due()
        assert len(liar.messages) == 2
    assert states(database) == {NOTICE: "perhaps-twice"}
    assert events(database) == [("notified", "service", RECIPIENT, "perhaps-twice")]


@pytest.mark.parametrize("answer", [b"200 ok\r\n", b"251 fine\r\n", b"299-two\r\n299 lines\r\n"])
def test_every_answer_that_accepts_a_mail_ends_its_notice(
    database: Database, clock: FakeClock, tls_folder: Path, answer: bytes
) -> None:
    add_parcel(database, clock())
    with LyingServer(SMTP, tls_folder=tls_folder) as liar:
        liar.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), answer]
        sender_by(liar, database, clock).send_due()
        assert len(liar.messages) == 1
    assert states(database) == {NOTICE: "sent"}


def send_in_a_process_that_is_killed(url: str, submission: Submission, clock: FakeClock) -> subprocess.Popen[bytes]:
    arguments = ("-m", "tests.support.servers.notice_process", url, str(submission.port), clock().isoformat())
    return subprocess.Popen([sys.executable, *arguments])


@pytest.mark.parametrize("moment", ["before the end", "between the final dot and its answer"])
def test_after_a_kill_a_notice_is_sent_once_more_under_the_same_name(
    moment: str, tmp_path: Path, clock: FakeClock, post: Post, submission: Submission
) -> None:
    url = str(tmp_path / "bridge.sqlite")
    is_after = moment != "before the end"
    with closing(SCHEMA.open(url)) as database:
        add_parcel(database, clock())
        started: list[subprocess.Popen[bytes]] = []

        def kill() -> None:
            if not started[0].poll():
                os.kill(started[0].pid, signal.SIGKILL)

        setattr(post, "before_answer" if is_after else "before_recipient", kill)
        started.append(send_in_a_process_that_is_killed(url, submission, clock))
        assert started[0].wait(timeout=120) == -signal.SIGKILL
        post.before_answer = post.before_recipient = lambda: None
        assert states(database) == {NOTICE: "sending" if is_after else "pending"}
        sender = ParcelNoticeSender(database, config_of(submission), clock, TOKENS)
        sender.send_due()
        assert len(post.mails) == int(is_after), "another process may have it"
        clock.advance(seconds=6 * 60)
        for _ in range(3):
            sender.send_due()
            clock.advance(seconds=24 * 60 * 60)
        assert len(post.mails) == 1 + is_after
        assert len({(mail["Message-ID"], mail["Date"]) for mail in post.mails}) == 1
        assert states(database) == {NOTICE: "perhaps-twice" if is_after else "sent"}
        assert events(database) == [("notified", "service", RECIPIENT, "perhaps-twice" if is_after else "")]


@pytest.mark.parametrize(
    ("asked", "expected"), [("de", "angekommen"), ("", "did not arrive"), ("tlh", "did not arrive")]
)
def test_a_sender_is_told_in_their_own_language(
    asked: str, expected: str, database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    post.refusals[RECIPIENT] = "550 nobody here"
    add_parcel(database, clock(), sender_language=asked)
    send()
    (mail,) = post.mails
    assert expected in mail.get_content()
