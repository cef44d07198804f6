"""Notices by mail to the owners of keys: each event that they learn brings one mail, which is not lost."""

from __future__ import annotations

import datetime
import threading
from base64 import b32decode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pyotp
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from roaming_keys.protocol.messages.accounts import Device
from roaming_keys.protocol.messages.factors import NewCodes
from roaming_keys.protocol.records.recovery_codes import CODE_BYTES, recovery_keys
from roaming_keys.protocol.tickets import public_key_of
from roaming_keys.server.app import close_app, create_app
from roaming_keys.server.audit import AuditEvent, AuditKind
from roaming_keys.server.config import KeyServerConfig
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import NOTICE
from roaming_keys.server.notices.mail import Letterhead, write_mail
from roaming_keys.server.notices.outbox import TOLD_BY_MAIL, Notice, OwnerOutbox, write_notice
from roaming_keys.server.notices.sender import NoticesByMail, OwnerNoticeSender
from sealwax.notices import submission as submissions
from sealwax.notices.outbox import Attempt
from sealwax.notices.sending import GIVEN_UP_AFTER
from sealwax.notices.submission import SmtpSecurity, Submission
from sealwax.service import Database
from sealwax.words import ENGLISH, WORDS, Language
from smime_core.blocking import run
from tests.support.clock import FakeClock
from tests.support.keys.people import ORIGIN, OTHER_PASSPHRASE, PROVIDER, TICKET_KEY, USER, Person
from tests.support.keys.resets import reset, start, undo
from tests.support.servers.lying_server import SMTP, Close, LyingServer, TakeMessage
from tests.support.servers.post import Post, serving

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("quick_passphrases")]
SENDER = "keys@example.test"
DAY = 24 * 60 * 60
CLICK_HERE = "see https://evil.example/help"


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def by_mail(post: Post) -> Iterator[NoticesByMail]:
    with serving(post) as submission:
        yield way_to(submission)


def way_to(server: Submission, language: Language = ENGLISH) -> NoticesByMail:
    return NoticesByMail(submission=server, head=Letterhead(origin=ORIGIN, sender=SENDER, language=language))


@pytest.fixture
def config(database_url: str, clock: FakeClock, by_mail: NoticesByMail) -> KeyServerConfig:
    return KeyServerConfig(
        origin=ORIGIN,
        database=database_url,
        ticket_key=public_key_of(TICKET_KEY),
        master_key=bytes(32),
        clock=clock,
        notices=by_mail,
    )


@pytest.fixture
def client(config: KeyServerConfig) -> Iterator[FlaskClient]:
    app = create_app(config)
    yield app.test_client()
    close_app(app)


@pytest.fixture
def owner(client: FlaskClient, clock: FakeClock) -> Person:
    person = Person(client, clock)
    person.register()
    return person


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(SCHEMA.open(database_url)) as opened:
        yield opened


@pytest.fixture
def send(database: Database, by_mail: NoticesByMail, clock: FakeClock) -> Callable[[], None]:
    return OwnerNoticeSender(database, by_mail, clock).send_due


def write(database: Database, clock: FakeClock, kind: AuditKind = AuditKind.DEVICE_ADDED, user: str = USER) -> None:
    with database.transaction() as rows:
        write_notice(rows, AuditEvent(kind=kind, at=clock(), user=user))


def waiting(database: Database) -> int:
    with database.reading() as rows:
        return int(rows.execute(select(func.count()).select_from(NOTICE)).scalar_one())


def attempt_at(at: datetime.datetime, kind: AuditKind) -> Attempt[Notice]:
    """The first try to send a notice."""
    notice = Notice(address=USER, kind=kind, at=at)
    return Attempt(notice=notice, key={}, id="1" * 32, begun_at=at, tries=1, owner="", is_repeated=False)


def subject(kind: AuditKind) -> str:
    return TEXTS[ENGLISH][f"kinds_{kind.value.replace('-', '_')}_subject"]


TEXTS = {language: WORDS.of_part(language, "key_mails") for language in WORDS.languages}


def test_each_step_of_an_account_that_matters_brings_one_mail(
    owner: Person, post: Post, send: Callable[[], None], clock: FakeClock
) -> None:
    code = PROVIDER.random_bytes(CODE_BYTES)
    expected: list[AuditKind] = []

    def brings(*kinds: AuditKind) -> None:
        send()
        expected.extend(kinds)
        assert sorted(post.subjects) == sorted(subject(kind) for kind in expected)

    brings()
    session = owner.log_in()
    brings(AuditKind.DEVICE_ADDED)
    session = owner.log_in()
    brings()
    run(session.note_export(owner.setting))
    brings(AuditKind.KEYS_EXPORTED)
    keys = run(recovery_keys(code, PROVIDER))
    session = run(session.rotate(owner.setting, owner.passphrase, recovery=keys))
    owner.known = session.known
    brings(AuditKind.KEYS_ROTATED)
    elsewhere = replace(owner, device=Device(token=bytes(32), name="a phone"))
    elsewhere.log_in()
    brings(AuditKind.DEVICE_ADDED)
    elsewhere.recover(keys)
    brings(AuditKind.RECOVERED)
    start(owner)
    brings(AuditKind.RESET_STARTED)
    run(owner.log_in().stop_reset(owner.setting))
    brings(AuditKind.RESET_STOPPED)
    reset(replace(owner, passphrase=OTHER_PASSPHRASE, known=None))
    # The devices from before are forgotten, so that the one that has reset it is a new one.
    brings(AuditKind.RESET_STARTED, AuditKind.RESET_FINISHED, AuditKind.DEVICE_ADDED)
    session = undo(owner)
    brings(AuditKind.RESET_UNDONE, AuditKind.DEVICE_ADDED)
    run(session.delete(owner.setting))
    brings(AuditKind.ACCOUNT_DELETED)
    assert {tuple(recipient) for recipient in post.recipients} == {(USER,)}


def test_nothing_of_a_deleted_account_stays_once_its_owner_was_told(
    config: KeyServerConfig, clock: FakeClock, by_mail: NoticesByMail, post: Post, tmp_path: Path
) -> None:
    file = tmp_path / "keys.sqlite"
    app = create_app(replace(config, database=file))
    person = Person(app.test_client(), clock)
    person.register()
    run(person.log_in().delete(person.setting))
    assert USER.encode() in b"".join(path.read_bytes() for path in tmp_path.glob("keys.sqlite*"))
    with closing(SCHEMA.open(file)) as database:
        OwnerNoticeSender(database, by_mail, clock).send_due()
        assert subject(AuditKind.ACCOUNT_DELETED) in post.subjects
        assert USER.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("keys.sqlite*"))
    close_app(app)


@pytest.mark.parametrize("language", WORDS.languages)
@pytest.mark.parametrize("kind", sorted(TOLD_BY_MAIL))
def test_each_notice_can_be_read_in_each_language(kind: AuditKind, language: Language) -> None:
    at = datetime.datetime(2026, 3, 1, 12, 30, tzinfo=datetime.UTC)
    head = Letterhead(origin="https://keys.example.org", sender=SENDER, language=language)
    mail = write_mail(attempt_at(at, kind), head)
    read = message_from_bytes(mail, policy=default)
    assert isinstance(read, EmailMessage)
    text = read.get_content()
    texts, stem = TEXTS[language], f"kinds_{kind.replace('-', '_')}"
    assert (read["Subject"], read["To"], read["From"].addresses[0].addr_spec) == (
        texts[f"{stem}_subject"],
        USER,
        SENDER,
    )
    assert (read["Auto-Submitted"], read["Content-Language"]) == ("auto-generated", language)
    for part in (texts[f"{stem}_text"], "2026-03-01 12:30 UTC", USER, "keys.example.org", TEXTS[language]["end"]):
        assert part in text
    # People must not learn to follow links in such mails.
    assert "http" not in text
    assert max(map(len, mail.split(b"\r\n"))) <= 78


def test_the_languages_say_the_same_things() -> None:
    kinds = {kind.value for kind in TOLD_BY_MAIL}
    for language in WORDS.languages:
        text_names = {
            key.removeprefix("kinds_").removesuffix("_text") for key in TEXTS[language] if key.endswith("_text")
        }
        assert text_names == {kind.replace("-", "_") for kind in kinds}


def test_no_word_that_a_stranger_has_chosen_is_in_a_mail(owner: Person, post: Post, send: Callable[[], None]) -> None:
    stranger = replace(owner, device=Device(token=bytes(32), name=CLICK_HERE))
    stranger.log_in()
    send()
    assert len(post.mails) == 1
    assert "evil" not in post.mails[0].as_string()


@pytest.mark.parametrize(
    "user",
    [
        '"a,b"@example.test',
        "<mallory@example.test>@x",
        "a,mallory@example.test",
        "a@[127.0.0.1]",
        "josé@example.test",
        "a@-b:c",
    ],
)
def test_an_address_that_could_name_somebody_else_gets_no_mail(
    user: str, database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    write(database, clock, user=user)
    write(database, clock)
    send()
    assert post.recipients == [[USER]]
    assert waiting(database) == 0


def test_without_a_mail_server_nothing_waits(config: KeyServerConfig, clock: FakeClock, database: Database) -> None:
    app = create_app(replace(config, notices=None))
    person = Person(app.test_client(), clock)
    person.register()
    person.log_in()
    close_app(app)
    assert waiting(database) == 0


def test_an_event_that_is_rolled_back_brings_no_mail(database: Database, clock: FakeClock) -> None:
    def fail() -> None:
        with database.transaction() as rows:
            write_notice(rows, AuditEvent(kind=AuditKind.DEVICE_ADDED, at=clock(), user=USER))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert waiting(database) == 0


def test_a_notice_waits_for_a_mail_server_that_refuses_and_is_given_up_after_days(
    database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    post.refusals[USER] = "550 no such mailbox"
    write(database, clock)
    write(database, clock, user="bob@example.test")
    send()
    # The refusal of one keeps no other from its mail.
    assert post.recipients == [["bob@example.test"]]
    assert waiting(database) == 1
    post.refusals.clear()
    send()
    assert len(post.mails) == 1, "it was tried again at once"
    clock.advance(seconds=2 * 60)
    send()
    assert len(post.mails) == 2
    post.refusals[USER] = "451 later"
    write(database, clock)
    tries = 0
    while waiting(database):
        send()
        clock.advance(seconds=10 * 60)
        tries += 1
    assert 6 * 72 <= tries <= 6 * 72 + 30
    assert clock() - post.mails[-1]["Date"].datetime > GIVEN_UP_AFTER


def test_a_notice_whose_sender_was_killed_is_sent_again_under_the_same_name(
    database: Database, clock: FakeClock, post: Post, by_mail: NoticesByMail, send: Callable[[], None]
) -> None:
    write(database, clock)
    taken = OwnerOutbox(database).take(clock())
    assert taken is not None
    by_mail.submission.send(write_mail(taken, by_mail.head), SENDER, taken.notice.address)
    send()
    assert len(post.mails) == 1, "another process has it"
    clock.advance(seconds=6 * 60)
    send()
    first, second = post.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert waiting(database) == 0


def test_processes_that_send_at_once_take_each_notice_once(
    database: Database, database_url: str, clock: FakeClock, post: Post, by_mail: NoticesByMail
) -> None:
    for number in range(40):
        write(database, clock, user=f"u{number}@example.test")
    others = [SCHEMA.open(database_url) for _ in range(3)]
    senders = [OwnerNoticeSender(other, by_mail, clock) for other in others]
    threads = [threading.Thread(target=sender.send_due) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.close()
    assert sorted(recipient[0] for recipient in post.recipients) == sorted(
        f"u{number}@example.test" for number in range(40)
    )
    assert waiting(database) == 0


def test_a_clock_that_was_set_back_holds_no_notice_up(
    database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    clock.advance(seconds=2 * DAY)
    post.refusals[USER] = "451 later"
    write(database, clock)
    send()
    clock.advance(seconds=-2 * DAY)
    post.refusals.clear()
    send()
    assert len(post.mails) == 1


def test_a_kind_of_a_newer_version_is_left_to_it(
    database: Database, clock: FakeClock, post: Post, send: Callable[[], None]
) -> None:
    write(database, clock)
    with database.transaction() as rows:
        rows.execute(update(NOTICE).values(kind="moon-landed"))
    write(database, clock)
    send()
    assert len(post.mails) == 1
    assert waiting(database) == 1


def test_after_a_lost_answer_a_notice_is_sent_once_more_and_no_third_time(
    database: Database, clock: FakeClock, tls_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submissions, "TRY_SECONDS", 5.0)
    write(database, clock)
    with LyingServer(SMTP, tls_folder=tls_folder) as liar:
        liar.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), Close()]
        server = liar.address().smtp
        security, ca_file = SmtpSecurity.IMPLICIT_TLS, liar.address().ca_file
        way = way_to(Submission(host=server.host, port=server.port, security=security, ca_file=ca_file))
        for _ in range(4):
            OwnerNoticeSender(database, way, clock).send_due()
            clock.advance(seconds=60 * 60)
        assert len(liar.messages) == 2
    assert waiting(database) == 0


def test_a_second_factor_is_told(owner: Person, post: Post, send: Callable[[], None], clock: FakeClock) -> None:
    session = owner.log_in()
    secret = pyotp.random_base32()
    code = pyotp.TOTP(secret).at(clock())
    new = NewCodes(name="an app", secret=b32decode(secret), code=code)
    run(session.add_factor(owner.setting, new))
    factors = run(session.factors(owner.setting))
    run(session.remove_factor(owner.setting, factors.factors[0].id))
    send()
    assert subject(AuditKind.FACTOR_ADDED) in post.subjects
    assert subject(AuditKind.FACTOR_REMOVED) in post.subjects
