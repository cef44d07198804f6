"""Timestamps of the audit trail: a past that somebody with the database and the master key rewrites is found.

The authority of most tests is one of their own, so that it can answer at the time of the tests' clock. It is asked by
HTTP as any other.
"""

from __future__ import annotations

import base64
import datetime
import json
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from roaming_keys.server.audit import AuditEvent, AuditKind, AuditTrail
from roaming_keys.server.audit.authority import Authority
from roaming_keys.server.audit.checking import TrailDamaged, check_chain, check_stamps
from roaming_keys.server.audit.events import NO_HASH, chained_bytes, hash_event
from roaming_keys.server.audit.stamping import stamp_head
from roaming_keys.server.audit.trail import find_head
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import AUDIT
from sealwax.lookups.fetch import LookupFailed
from sealwax.service import Database
from sealwax.service.schema import SchemaStatus
from smime_core.asn1 import der
from smime_core.errors import TimestampMismatch, UntrustedAnchor
from smime_core.identity import Identity
from smime_core.timestamp import Timestamp
from tests.support import timestamp_service
from tests.support.clock import FakeClock
from tests.support.command.lab import QuickLab
from tests.support.command.timestamp_services import make_openssl_service, serve
from tests.support.databases.audit_trails import START, append, login, open_trail, without_triggers

pytestmark = pytest.mark.server

ALICE, BOB = "alice@example.test", "bob@example.test"
DAY = datetime.timedelta(days=1)
DAYS = 8


@dataclass(frozen=True)
class Site:
    """A trail, its authority, and a clock that both follow. Each day has a stamp, and before it two logins."""

    database: Database
    trail: AuditTrail
    clock: FakeClock
    authority: Authority

    def live(self, days: int) -> None:
        for _ in range(days):
            append(self.database, self.trail, (login(user, self.clock()) for user in (ALICE, BOB)))
            self.clock.advance(seconds=DAY.total_seconds() / 2)
            self.stamp()
            self.clock.advance(seconds=DAY.total_seconds() / 2)

    def stamp(self) -> bool:
        return stamp_head(self.trail, self.database, self.authority, self.clock) is not None

    def check(self) -> Timestamp | None:
        chain = check_chain(self.trail, self.database)
        return check_stamps(chain, self.database, self.authority.anchors, at=self.clock(), since=self.authority.since)

    def damage(self) -> tuple[int, str]:
        # The chain fits together, so only the timestamps find it.
        check_chain(self.trail, self.database)
        with pytest.raises(TrailDamaged) as failure:
            self.check()
        return failure.value.number, str(failure.value)

    def events(self) -> list[AuditEvent]:
        """All events of the trail, as the holder of the master key reads them."""
        audit_events = []
        for entry in self.trail.entries(self.database):
            details = self.trail.details_of(entry)
            assert details is not None
            audit_events.append(
                AuditEvent(
                    kind=AuditKind(entry.kind), at=entry.time, user=details.user, actor=details.actor, note=details.note
                )
            )
        return audit_events

    def rewrite(self, events: Sequence[AuditEvent]) -> None:
        """Write the whole trail anew, with hashes that fit together."""
        without_triggers(self.database)
        with self.database.transaction() as rows:
            rows.execute(delete(AUDIT))
        append(self.database, self.trail, events)


@contextmanager
def authority_at(clock: Callable[[], datetime.datetime], by: Identity | None = None) -> Iterator[str]:
    """An authority that answers by a clock. Yields its URL."""

    def answer(request: bytes) -> bytes:
        _, imprint, *optional = der.read_sequence(request)
        nonce = next(bytes(field.encoded) for field in optional if field.tag == der.INTEGER)
        info = timestamp_service.tst_info(
            imprint=bytes(imprint.encoded), gen_time=f"{clock():%Y%m%d%H%M%S}Z".encode(), further=(nonce,)
        )
        return timestamp_service.response(0, timestamp_service.token_der(info, by=by))

    with serve(answer) as url:
        yield url


@contextmanager
def site_at(database_url: str) -> Iterator[Site]:
    clock = FakeClock(at=START)
    database, trail = open_trail(database_url)
    with authority_at(clock) as url:
        anchors = (timestamp_service.root().certificate,)
        yield Site(database, trail, clock, Authority(url=url, anchors=anchors, since=START))
    database.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_at(str(tmp_path / "keys.sqlite")) as site:
        yield site


@pytest.fixture
def lived(site: Site) -> Site:
    site.live(DAYS)
    return site


def is_stamp(event: AuditEvent) -> bool:
    return event.kind is AuditKind.HEAD_STAMPED


def forged(events: Sequence[AuditEvent], *, number: int = 9) -> list[AuditEvent]:
    """The events with one that names another person. By default it is a login of the third day."""
    assert events[number - 1].user == BOB
    return [*events[: number - 1], replace(events[number - 1], user="mallory@example.test"), *events[number:]]


def test_a_trail_that_was_stamped_each_day_is_found_right(lived: Site) -> None:
    latest = lived.check()
    assert latest is not None
    assert latest.time == START + (DAYS - 0.5) * DAY
    assert sum(map(is_stamp, lived.events())) == DAYS


def test_a_rewritten_past_is_found_in_a_database_of_each_kind(database_url: str) -> None:
    with site_at(database_url) as site:
        site.live(4)
        assert site.check() is not None
        rewrite_after(
            site, 9, [event for event in forged(site.events()) if not is_stamp(event) or event.at < START + 2 * DAY]
        )
        assert site.damage()[0] == 7
        site.stamp()
        assert site.damage()[0] == 7


def test_the_same_trail_written_anew_is_found_right(lived: Site) -> None:
    """It has other salts, so no timestamp fits: the tests below would find nothing but this."""
    lived.rewrite(lived.events())
    number, text = lived.damage()
    assert number == 1
    assert "timestamp-mismatch" in text


def rewrite_after(site: Site, number: int, events: Sequence[AuditEvent]) -> None:
    """Write the events from one number on anew. Those before keep their salts, and so their timestamps."""
    without_triggers(site.database)
    with site.database.transaction() as rows:
        rows.execute(delete(AUDIT).where(AUDIT.c.number >= number))
    append(site.database, site.trail, events[number - 1 :])


def test_a_rewritten_event_under_the_old_timestamps_is_found(lived: Site) -> None:
    rewrite_after(lived, 9, forged(lived.events()))
    number, text = lived.damage()
    # The timestamp of the second day covers event 6.
    assert number == 7
    assert "does not hold for the events 7 to 9" in text


def test_a_rewritten_event_without_the_timestamps_after_it_is_found(lived: Site) -> None:
    events = [
        event for number, event in enumerate(forged(lived.events()), start=1) if number < 9 or not is_stamp(event)
    ]
    rewrite_after(lived, 9, events)
    number, text = lived.damage()
    assert "no timestamp of the 48 hours after that covers it" in text
    assert number == 7


def test_a_rewritten_event_with_a_new_timestamp_of_the_same_authority_is_found(lived: Site) -> None:
    events = [
        event for number, event in enumerate(forged(lived.events()), start=1) if number < 9 or not is_stamp(event)
    ]
    rewrite_after(lived, 9, events)
    lived.clock.advance(seconds=DAY.total_seconds())
    assert lived.stamp()
    assert lived.damage()[0] == 7


def test_rewritten_events_that_claim_to_be_recent_are_found(lived: Site) -> None:
    """The event of the last timestamp that is left has to claim the time of that timestamp, or to be recent too."""
    events = [
        event for number, event in enumerate(forged(lived.events()), start=1) if number < 9 or not is_stamp(event)
    ]
    for first in (7, 8):
        rewrite_after(
            lived,
            first,
            [
                replace(event, at=lived.clock()) if number >= first else event
                for number, event in enumerate(events, start=1)
            ],
        )
        lived.clock.advance(seconds=DAY.total_seconds())
        assert lived.stamp()
        assert lived.damage()[0] == 7


def test_events_that_were_cut_off_are_found(lived: Site) -> None:
    without_triggers(lived.database)
    with lived.database.transaction() as rows:
        rows.execute(delete(AUDIT).where(AUDIT.c.number > 10))
    number, text = lived.damage()
    # The event of the latest timestamp that is left.
    assert (number, "no timestamp" in text) == (10, True)


def test_a_trail_that_was_begun_anew_is_found(lived: Site) -> None:
    lived.rewrite([replace(event, at=lived.clock()) for event in lived.events() if not is_stamp(event)])
    assert lived.damage() == (1, "event 1: no timestamp of the 48 hours after 2026-06-01 12:00 covers it")
    assert lived.stamp()
    assert lived.damage()[0] == 1


def test_events_that_claim_to_be_from_before_the_first_timestamp_are_found(lived: Site) -> None:
    lived.rewrite([replace(event, at=START - DAY) for event in lived.events() if not is_stamp(event)])
    assert lived.damage()[0] == 1
    assert lived.stamp()
    assert lived.damage()[0] == 1


def test_timestamps_of_another_authority_are_found(lived: Site, tmp_path: Path) -> None:
    """The attacker's own authority answers at any time."""
    other_clock = FakeClock(at=START)
    own = timestamp_service.service("Mallory's clock", under="Mallory's root")
    database, trail = open_trail(str(tmp_path / "other.sqlite"))
    with authority_at(other_clock, by=own) as url:
        anchors = (timestamp_service.root("Mallory's root").certificate,)
        Site(database, trail, other_clock, Authority(url=url, anchors=anchors, since=START)).live(DAYS)
    number, text = replace(lived, database=database, trail=trail).damage()
    assert (number, "untrusted-anchor" in text) == (1, True)
    database.close()


@pytest.mark.parametrize("covers", [0, 3, 999])
def test_a_timestamp_that_names_no_event_before_it_is_found(site: Site, covers: int) -> None:
    site.stamp()
    note = site.events()[1].note.replace("1 ", f"{covers} ", 1)
    append(site.database, site.trail, [AuditEvent(kind=AuditKind.HEAD_STAMPED, at=START, note=note)])
    number, text = site.damage()
    assert (number, "which is not before it" in text) == (3, True)


def test_an_event_that_claims_to_be_later_than_its_timestamp_is_found(site: Site) -> None:
    append(site.database, site.trail, [login(ALICE, START + DAY)])
    site.stamp()
    site.clock.advance(seconds=DAY.total_seconds())
    number, text = site.damage()
    assert number == 2
    assert "claims to be of 2026-06-02 12:00" in text


def test_an_event_of_a_clock_that_was_ahead_is_named_until_the_settings_explain_it(lived: Site) -> None:
    append(lived.database, lived.trail, [login(ALICE, lived.clock() + DAY)])
    ahead = len(lived.events())
    lived.clock.advance(seconds=DAY.total_seconds() / 2)
    assert lived.stamp()
    lived.clock.advance(seconds=60)
    explained = replace(lived, authority=replace(lived.authority, since=lived.clock()))
    lived.live(2)
    number, text = lived.damage()
    assert (number, "it claims to be of" in text) == (ahead, True)
    assert explained.check() is not None
    # Another such event is later than the settings explain.
    append(lived.database, lived.trail, [login(ALICE, lived.clock() + DAY)])
    later = len(lived.events())
    lived.clock.advance(seconds=DAY.total_seconds() / 2)
    assert lived.stamp()
    assert explained.damage()[0] == later


@pytest.mark.parametrize("at", [10**18, -(10**18), 10**12])
def test_an_event_of_no_time_is_named(lived: Site, at: int) -> None:
    """All hashes are made anew, so that only the time itself does not fit."""
    without_triggers(lived.database)
    last = len(lived.events())
    with lived.database.transaction() as rows:
        before = NO_HASH
        for row in list(rows.execute(select(AUDIT).order_by(AUDIT.c.number))):
            time = at if row.number == last else row.at
            before = hash_event(chained_bytes(before, row.number, time, row.kind, row.commitment))
            rows.execute(update(AUDIT).where(AUDIT.c.number == row.number).values(at=time, hash=before))
    with pytest.raises(TrailDamaged, match="no calendar") as failure:
        check_chain(lived.trail, lived.database)
    assert failure.value.number == last


def test_the_latest_hours_have_no_timestamp_yet(site: Site) -> None:
    append(site.database, site.trail, [login(ALICE)])
    site.clock.advance(seconds=47 * 3_600)
    assert site.check() is None
    site.clock.advance(seconds=2 * 3_600)
    assert site.damage()[0] == 1


def test_days_without_a_timestamp_are_found_until_the_settings_explain_them(lived: Site) -> None:
    append(lived.database, lived.trail, [login(ALICE, lived.clock())])
    lived.clock.advance(seconds=3 * DAY.total_seconds())
    lived.stamp()
    # The event of the timestamp before, which is half a day older than that login.
    assert lived.damage()[0] == 1 + 3 * DAYS
    explained = replace(lived, authority=replace(lived.authority, since=lived.clock()))
    assert explained.check() is not None
    events = [
        event for number, event in enumerate(forged(lived.events()), start=1) if number < 9 or not is_stamp(event)
    ]
    rewrite_after(lived, 9, events)
    lived.clock.advance(seconds=3 * DAY.total_seconds())
    lived.stamp()
    assert explained.damage()[0] == 7


def test_timestamps_outlive_the_certificate_of_their_authority(site: Site) -> None:
    ends = START + 4 * DAY
    with authority_at(site.clock, by=timestamp_service.service("Short clock", not_after=ends)) as url:
        replace(site, authority=replace(site.authority, url=url)).live(3)
    site.live(3)
    assert site.clock() > ends
    assert site.check() is not None


def test_a_deleted_account_leaves_the_timestamps_right(lived: Site) -> None:
    with lived.database.transaction() as rows:
        lived.trail.forget(rows, ALICE, lived.clock())
    assert lived.check() is not None
    lived.live(1)
    assert lived.check() is not None


def test_one_timestamp_a_day_is_enough(site: Site) -> None:
    assert [site.stamp(), site.stamp()] == [True, False]
    site.clock.advance(seconds=21 * 3_600)
    assert site.stamp()


@pytest.mark.parametrize("ahead_seconds", [-600, 600])
def test_no_timestamp_is_kept_while_the_clocks_differ(site: Site, ahead_seconds: int) -> None:
    later = FakeClock(at=START + datetime.timedelta(seconds=ahead_seconds))
    with pytest.raises(TimestampMismatch, match="set the clock right"):
        stamp_head(site.trail, site.database, site.authority, later)
    head = find_head(site.database)
    assert head is not None
    assert head.kind == "trail-begun"


def test_no_timestamp_of_an_authority_is_kept_that_nobody_trusts(site: Site) -> None:
    stranger = (timestamp_service.root("Another root").certificate,)
    with pytest.raises(UntrustedAnchor):
        stamp_head(site.trail, site.database, replace(site.authority, anchors=stranger), site.clock)
    head = find_head(site.database)
    assert head is not None
    assert head.kind == "trail-begun"


def test_an_authority_that_does_not_answer_is_asked_again_later(site: Site) -> None:
    with serve(lambda _: b"", status=503) as url:
        away = replace(site, authority=replace(site.authority, url=url))
        with pytest.raises(LookupFailed):
            away.stamp()
    assert site.stamp()


# The commands, with the authority of openssl.


def test_the_commands_stamp_check_and_print_the_trail(tmp_path: Path) -> None:
    clock = make_openssl_service(tmp_path)
    file = tmp_path / "keys.toml"
    ticket = "ed25519:A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"
    arguments = ("-c", str(file))

    lab = QuickLab(tmp_path)

    def run(*words: str) -> tuple[int, str]:
        done = lab.sealwax("keys", *words, *arguments)
        return done.code, done.stdout.decode() + done.stderr

    assert run("init", "--database", str(tmp_path / "k.sqlite"), "--ticket-key", ticket)[0] == 0
    code, output = run("stamp")
    assert (code, "set audit.timestamp_url" in output) == (2, True)
    with serve(clock.answer) as url:
        stamping = (
            f'[audit]\ntimestamp_url = "{url}"\ntimestamp_anchors_file = "{tmp_path / "clock_root.pem"}"\n'
            f"stamped_since = {datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}\n"
        )
        file.write_text(file.read_text().replace("[audit]\n", stamping))
        code, output = run("stamp")
        assert (code, output.startswith("event 1 has a timestamp of 20")) == (0, True), output
        assert run("stamp") == (0, "the latest timestamp is less than a day old\n")
    code, output = run("check")
    assert "audit trail: 2 events fit together; the latest timestamp is of 20" in output
    assert run("audit")[1].splitlines()[1].endswith("head-stamped until event 1")
    begun, stamped = map(json.loads, run("audit", "--json-lines")[1].splitlines())
    assert (begun["kind"], stamped["kind"]) == ("trail-begun", "head-stamped")
    assert run("audit", "--user", ALICE, "--since", "2026-01-31T12:00:00Z") == (0, "")
    # Anybody can verify the timestamp of the printed trail.
    (tmp_path / "token.der").write_bytes(base64.b64decode(stamped["note"].split()[1]))
    verify = ("ts", "-verify", "-digest", begun["hash"], "-token_in", "-in", "token.der", "-CAfile", "clock_root.pem")
    assert b"Verification: OK" in clock.run(*verify)
    with pytest.raises(subprocess.CalledProcessError):
        clock.run(*verify[:3], stamped["hash"], *verify[4:])
    with closing(sqlite3.connect(tmp_path / "k.sqlite")) as rows:
        rows.execute("UPDATE audit SET sealed = NULL WHERE number = 1")
        rows.commit()
    code, output = run("check")
    assert (code, "audit trail: event 1: its details were deleted" in output) == (1, True), output
    assert "trail-begun (details deleted)" in run("audit")[1]


def test_the_commands_refuse_another_master_key_and_an_older_database(tmp_path: Path) -> None:
    lab = QuickLab(tmp_path)
    file, database = tmp_path / "keys.toml", tmp_path / "k.sqlite"
    ticket = "ed25519:A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"
    lab.sealwax("keys", "init", "-c", str(file), "--database", str(database), "--ticket-key", ticket)
    (tmp_path / "keys.secrets" / "master_key").write_text("00" * 32)
    assert "another master key" in lab.sealwax("keys", "audit", "-c", str(file)).stderr
    SCHEMA.downgrade_one_step(database)
    assert "start the service first" in lab.sealwax("keys", "stamp", "-c", str(file)).stderr
    assert SCHEMA.state(database).status is SchemaStatus.OLDER
