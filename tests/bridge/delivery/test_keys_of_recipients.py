"""Keys of recipients' own: offered at the second parcel, confirmed by a code from the mail, and attacked."""

from __future__ import annotations

import re
import shutil
import socket
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update
from werkzeug.test import TestResponse
from werkzeug.wrappers import Response

from sealwax.authority.certifying import Terms
from sealwax.authority.folder import AuthorityFolder, Role
from sealwax.notices.submission import Submission
from sealwax.service import TryLater, serve
from smime_core.blocking import run
from smime_core.ca.certification_request import build_certification_request, certification_request_to_pem
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from smime_core.x509 import parse_certificate
from tests.support.authority_folders import found
from tests.support.clock import FakeClock
from tests.support.parcel_rows import config_of
from tests.support.servers.bridge import error_of
from tests.support.servers.certifier import certified, certifying, socket_path
from tests.support.servers.mailboxes import ALICE, BOB
from tests.support.servers.parcels import DAY, Draft, House, Recipient, Sender, bridge_config, store_config, text_of
from tests.support.servers.post import Post
from webbridge import create_app
from webbridge.database.tables import PARCEL_KEY_REQUEST, PARCEL_NOTICE
from webbridge.delivery.limits import CODE_SECONDS, CODE_TRIES, KEPT_SECONDS
from webbridge.delivery.own_keys.certifier import Certifier
from webbridge.delivery.own_keys.requests import MAX_CODES
from webbridge.delivery.pepper import Pepper
from webbridge.services import services_of

pytestmark = [pytest.mark.server, pytest.mark.in_turn]

PROVIDER = NativeProvider()
CAROL = "carol@example.org"
ASK, CONFIRM = "/api/open/key", "/api/open/key/confirm"


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return found(tmp_path_factory.mktemp("founded") / "ca").path


@pytest.fixture
def authority(founded: Path, tmp_path: Path) -> AuthorityFolder:
    return AuthorityFolder(Path(shutil.copytree(founded, tmp_path / "ca")))


@pytest.fixture
def path() -> Iterator[Path]:
    with socket_path() as found_path:
        yield found_path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "directory"
    folder.mkdir()
    return folder


@pytest.fixture
def house(
    database_url: str, store: Path, clock: FakeClock, submission: Submission, path: Path, directory: Path
) -> Iterator[House]:
    config = bridge_config(database_url, clock, store_config(store, key_socket=path))
    app = create_app(replace(config, parcel_notices=config_of(submission), directory_folder=directory))
    yield House(app, clock)
    services_of(app).close()


@pytest.fixture
def service(authority: AuthorityFolder, path: Path, clock: FakeClock, directory: Path) -> Iterator[None]:
    with certifying(authority, path, clock=clock, directory=directory):
        yield


@pytest.fixture
def send(house: House, post: Post) -> Callable[[], None]:
    """Send the mails that are due, and keep only those with a code."""

    def send_due() -> None:
        protection = services_of(house.app).protection
        assert protection is not None
        assert protection.notices is not None
        protection.notices.send_due()
        post.mails[:] = [mail for mail in post.mails if "the code" in str(mail["Subject"]) or "Code" in mail["Subject"]]

    return send_due


def request_for(address: str) -> bytes:
    key = run(PROVIDER.generate_key(NewKey.P256))
    return certification_request_to_pem(run(build_certification_request(key, [address], PROVIDER)))


def opened(sender: Sender, recipient: Recipient, to: tuple[str, ...] = (BOB,)) -> Draft:
    draft = Draft(to=to)
    sender.send_whole(draft)
    recipient.ticket(draft)
    return draft


@pytest.fixture
def ticket(sender: Sender, recipient: Recipient, send: Callable[[], None]) -> str:
    """The ticket of the second parcel, for Bob and Carol. Only Bob has had another one, which was opened."""
    opened(sender, recipient)
    second = opened(sender, recipient, (BOB, CAROL))
    send()
    return recipient.ticket(second)


def ask(recipient: Recipient, ticket: str, address: str, request: bytes) -> TestResponse:
    return recipient.post(ASK, {"address": address, "request": b64encode(request).decode()}, ticket=ticket)


def confirm(recipient: Recipient, ticket: str, address: str, request: bytes, code: str) -> TestResponse:
    members = {"address": address, "digest": text_of(sha256(request).digest()), "code": code}
    return recipient.post(CONFIRM, members, ticket=ticket)


def code_in(post: Post, index: int = -1) -> str:
    """The code in the newest mail, or another one."""
    body = post.mails[index].get_body(("plain",))
    assert body is not None
    match = re.search(r"\b([0-9]{4}) ([0-9]{4})\b", body.get_content())
    assert match is not None
    return match[1] + match[2]


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08}"


@pytest.mark.usefixtures("service")
def test_a_code_from_the_mail_gets_a_certificate_that_senders_find(
    recipient: Recipient,
    ticket: str,
    send: Callable[[], None],
    post: Post,
    authority: AuthorityFolder,
    house: House,
) -> None:
    request = request_for(BOB)
    asked = ask(recipient, ticket, BOB, request)
    assert (asked.status_code, asked.get_json()) == (200, {"seconds": CODE_SECONDS})
    send()
    (mail,) = post.mails
    code = code_in(post)
    assert (mail["To"], mail["Auto-Submitted"]) == (BOB, "auto-generated")
    assert code[:4] not in str(mail["Subject"])
    answer = confirm(recipient, ticket, BOB, request, code)
    assert answer.status_code == 200, answer.get_json()
    certificates = [parse_certificate(b64decode(one)) for one in answer.get_json()["certificates"]]
    assert [entry.certificate for entry in certified(authority)] == certificates[:1]
    assert certificates[1:] == [authority.certificate(Role.ISSUING), authority.certificate(Role.ROOT)]
    assert certificates[0].email_addresses == (BOB,)
    found_by_senders = services_of(house.app).people.search(BOB)
    assert certificates[0] in [one.certificate for one in found_by_senders.found]
    # The same again, as after a lost answer: the same certificate.
    assert confirm(recipient, ticket, BOB, request, code).get_json() == answer.get_json()


def test_a_first_parcel_offers_no_key_and_a_second_one_does(sender: Sender, recipient: Recipient, house: House) -> None:
    first, second, other = Draft(), Draft(), Draft(to=(CAROL,))
    for draft in (first, second, other):
        sender.send_whole(draft)
    assert recipient.open(first.id, first.proof).get_json()["key"] is None
    assert recipient.open(second.id, second.proof).get_json()["key"] == {"seconds": CODE_SECONDS}
    assert recipient.open(other.id, other.proof).get_json()["key"] is None
    # With several recipients it says nothing about one of them.
    both = Draft(to=(CAROL, "dora@example.org"))
    sender.send_whole(both)
    assert recipient.open(both.id, both.proof).get_json()["key"] == {"seconds": CODE_SECONDS}
    assert house.rows(PARCEL_KEY_REQUEST) == []


@pytest.mark.parametrize("address", [CAROL, ALICE, "nobody@example.net"])
def test_the_answers_tell_nothing_of_other_addresses(
    recipient: Recipient, ticket: str, send: Callable[[], None], post: Post, house: House, address: str
) -> None:
    ours, theirs = request_for(BOB), request_for(address)
    assert ask(recipient, ticket, BOB, ours).get_json() == ask(recipient, ticket, address, theirs).get_json()
    send()
    assert [mail["To"] for mail in post.mails] == [BOB]
    for left in range(CODE_TRIES - 1, 0, -1):
        wrong = [
            confirm(recipient, ticket, who, request, other_than(code_in(post)))
            for who, request in ((BOB, ours), (address, theirs))
        ]
        assert [one.get_json() for one in wrong] == [{**wrong[0].get_json(), "triesLeft": left}] * 2
        assert wrong[0].status_code == 403
    for who, request in ((BOB, ours), (address, theirs)):
        assert error_of(confirm(recipient, ticket, who, request, other_than(code_in(post)))) == (410, "code-ended")
    # The code of an address that gets no mail does not count either.
    (row,) = (one for one in house.rows(PARCEL_KEY_REQUEST) if one.address == address)
    assert row.mailbox == ""


@pytest.mark.usefixtures("service")
def test_even_the_code_of_another_address_of_the_parcel_does_not_count(
    recipient: Recipient, ticket: str, house: House, authority: AuthorityFolder
) -> None:
    request = request_for(CAROL)
    ask(recipient, ticket, CAROL, request)
    (row,) = house.rows(PARCEL_KEY_REQUEST)
    pepper = Pepper(house.delivery.config.pepper)
    code = pepper.key_code(row.parcel, bytes(row.digest), bytes(row.nonce))
    assert error_of(confirm(recipient, ticket, CAROL, request, code)) == (403, "wrong-code")
    assert certified(authority) == []


@pytest.mark.usefixtures("service")
def test_a_code_counts_for_no_other_request(
    recipient: Recipient, ticket: str, send: Callable[[], None], post: Post, authority: AuthorityFolder
) -> None:
    """A co-recipient who knows of the first request puts another one beside it, and gets nothing by the first code."""
    ours, swapped = request_for(BOB), request_for(BOB)
    ask(recipient, ticket, BOB, ours)
    send()
    code = code_in(post)
    ask(recipient, ticket, BOB, swapped)
    assert error_of(confirm(recipient, ticket, BOB, swapped, code)) == (403, "wrong-code")
    assert certified(authority) == []
    assert confirm(recipient, ticket, BOB, ours, code).status_code == 200
    never_asked = request_for(BOB)
    assert error_of(confirm(recipient, ticket, BOB, never_asked, code)) == (410, "code-ended")
    assert len(certified(authority)) == 1


@pytest.mark.usefixtures("service")
def test_a_code_counts_for_no_other_parcel(
    recipient: Recipient, ticket: str, sender: Sender, send: Callable[[], None], post: Post, authority: AuthorityFolder
) -> None:
    third = opened(sender, recipient, (BOB,))
    request = request_for(BOB)
    ask(recipient, ticket, BOB, request)
    ask(recipient, recipient.ticket(third), BOB, request)
    send()
    codes = {mail["Subject"]: mail for mail in post.mails}
    assert len(codes) == 2
    here = code_in(post)
    post.mails.pop()
    there = code_in(post)
    assert {
        confirm(recipient, one, BOB, request, code).status_code
        for one, code in ((ticket, here), (recipient.ticket(third), there))
    } in ({200}, {403})
    assert len(certified(authority)) <= 1


@pytest.mark.usefixtures("service")
def test_two_confirmations_at_once_make_one_certificate(
    recipient: Recipient, ticket: str, send: Callable[[], None], post: Post, house: House, authority: AuthorityFolder
) -> None:
    request = request_for(BOB)
    ask(recipient, ticket, BOB, request)
    send()
    code = code_in(post)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: confirm(house.recipient(), ticket, BOB, request, code).get_json(), range(4)))
    assert answers == [answers[0]] * 4
    assert len(certified(authority)) == 1


def test_five_wrong_codes_at_once_are_counted_one_by_one(
    recipient: Recipient, ticket: str, send: Callable[[], None], post: Post, house: House
) -> None:
    request = request_for(BOB)
    ask(recipient, ticket, BOB, request)
    send()
    wrong = other_than(code_in(post))
    with ThreadPoolExecutor(6) as pool:
        codes = [
            one.get_json()["code"]
            for one in pool.map(lambda _: confirm(house.recipient(), ticket, BOB, request, wrong), range(8))
        ]
    assert sorted(codes) == ["code-ended"] * 4 + ["wrong-code"] * 4
    assert error_of(confirm(recipient, ticket, BOB, request, code_in(post))) == (410, "code-ended")


@pytest.mark.usefixtures("service")
def test_a_code_counts_for_half_an_hour(
    recipient: Recipient,
    ticket: str,
    send: Callable[[], None],
    post: Post,
    house: House,
    authority: AuthorityFolder,
) -> None:
    request = request_for(BOB)
    ask(recipient, ticket, BOB, request)
    send()
    code = code_in(post)
    house.clock.advance(seconds=CODE_SECONDS)
    assert error_of(confirm(recipient, ticket, BOB, request, code)) == (410, "code-ended")
    # The same request gets another code, and the old one counts no more.
    assert ask(recipient, ticket, BOB, request).get_json() == {"seconds": CODE_SECONDS}
    send()
    assert len(post.mails) == 2
    assert error_of(confirm(recipient, ticket, BOB, request, code)) == (403, "wrong-code")
    assert confirm(recipient, ticket, BOB, request, code_in(post)).status_code == 200
    assert len(certified(authority)) == 1


@pytest.mark.usefixtures("service")
def test_a_database_that_is_moved_back_gives_no_second_certificate(
    recipient: Recipient, ticket: str, send: Callable[[], None], post: Post, house: House, authority: AuthorityFolder
) -> None:
    """After a backup was restored, an old code is asked again: within its time it gives what it gave before."""
    request = request_for(BOB)
    ask(recipient, ticket, BOB, request)
    send()
    code, rows = code_in(post), house.rows(PARCEL_KEY_REQUEST)
    first = confirm(recipient, ticket, BOB, request, code).get_json()
    database = services_of(house.app).database

    def restore() -> None:
        with database.transaction() as connection:
            connection.execute(delete(PARCEL_KEY_REQUEST))
            connection.execute(insert(PARCEL_KEY_REQUEST), [row._asdict() for row in rows])

    restore()
    assert confirm(recipient, ticket, BOB, request, code).get_json() == first
    house.clock.advance(seconds=CODE_SECONDS)
    restore()
    assert error_of(confirm(recipient, ticket, BOB, request, code)) == (410, "code-ended")
    # A clock that is set back by a day makes no code count longer.
    house.clock.advance(seconds=-DAY)
    restore()
    assert error_of(confirm(recipient, ticket, BOB, request, code)) in ((410, "code-ended"), (401, "ticket-ended"))
    assert len(certified(authority)) == 1


def test_a_service_that_is_down_costs_no_code(
    recipient: Recipient,
    ticket: str,
    send: Callable[[], None],
    post: Post,
    authority: AuthorityFolder,
    path: Path,
    clock: FakeClock,
) -> None:
    request = request_for(BOB)
    ask(recipient, ticket, BOB, request)
    send()
    code = code_in(post)
    for _ in range(CODE_TRIES + 1):
        answer = confirm(recipient, ticket, BOB, request, code)
        assert error_of(answer) == (503, "authority-unavailable")
        assert "Try again later" in answer.get_json()["message"]
    with certifying(authority, path, clock=clock):
        assert confirm(recipient, ticket, BOB, request, code).status_code == 200


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        (Terms(domains=frozenset({"example.com"})), (422, "not-certified")),
        (Terms(domains=frozenset({"*"}), per_day=1), (429, "try-later")),
    ],
)
def test_the_bounds_of_the_authority_are_said(
    recipient: Recipient,
    ticket: str,
    send: Callable[[], None],
    post: Post,
    authority: AuthorityFolder,
    path: Path,
    clock: FakeClock,
    terms: Terms,
    error: tuple[int, str],
) -> None:
    request = request_for(BOB)
    ask(recipient, ticket, BOB, request)
    send()
    with certifying(authority, path, clock=clock, terms=terms) as desk:
        desk.certify("zoe@example.com", request_for("zoe@example.com"), at=clock())
        assert error_of(confirm(recipient, ticket, BOB, request, code_in(post))) == error
    assert [entry.addresses for entry in certified(authority)] == [("zoe@example.com",)]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7), ("999999", 999_999), *((other, 60) for other in ("", "9" * 5_000, "\xb2", "-1", "1.5", "never"))],
)
def test_the_authority_says_when_it_goes_on_or_a_minute_counts(path: Path, said: str, seconds: int) -> None:
    refusal = Response("{}", status=429, headers={"Retry-After": said})
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(path))
    bound.listen()
    with serve(refusal, bound), pytest.raises(TryLater) as refused:
        Certifier(path).certify(BOB, b"request")
    assert refused.value.retry_after_seconds == seconds


def test_an_address_gets_few_codes_in_a_day(
    recipient: Recipient, ticket: str, sender: Sender, send: Callable[[], None], post: Post, house: House
) -> None:
    same = request_for(BOB)
    for _ in range(10):
        assert ask(recipient, ticket, BOB, same).status_code == 200
    for _ in range(MAX_CODES - 1):
        assert ask(recipient, ticket, BOB, request_for(BOB)).status_code == 200
    refused = ask(recipient, ticket, BOB, request_for(BOB))
    assert error_of(refused) == (429, "try-later")
    assert int(refused.headers["Retry-After"]) > 0
    send()
    assert len(post.mails) == MAX_CODES
    # At another parcel nothing is said, because that would tell of this one. But no further mail goes out.
    third = recipient.ticket(opened(sender, recipient))
    assert ask(recipient, third, BOB.upper(), request_for(BOB)).status_code == 200
    send()
    assert len(post.mails) == MAX_CODES
    house.clock.advance(seconds=DAY)
    assert ask(recipient, recipient.ticket(opened(sender, recipient)), BOB, request_for(BOB)).status_code == 200
    send()
    assert len(post.mails) == MAX_CODES + 1


# Each is the address of Bob, and equal to no other as a text.
SPELLINGS = (
    '"bob"@example.test',
    '"b\\ob"@example.test',
    '"bo\\b"@example.test',
    '"Bob"@Example.test',
    '"\\b\\o\\b"@example.test',
)


def test_no_spelling_of_an_address_gets_a_code_more(
    recipient: Recipient, ticket: str, sender: Sender, send: Callable[[], None], post: Post
) -> None:
    asked = [ask(recipient, ticket, address, request_for(BOB)).status_code for address in (BOB, *SPELLINGS)]
    assert asked == [200] * MAX_CODES + [429]
    # At another parcel nothing is said.
    third = recipient.ticket(opened(sender, recipient))
    assert ask(recipient, third, SPELLINGS[-1], request_for(BOB)).status_code == 200
    send()
    assert len(post.mails) == MAX_CODES


@pytest.mark.usefixtures("service")
def test_a_request_by_another_spelling_of_the_address_takes_no_code_from_its_owner(
    recipient: Recipient, ticket: str, send: Callable[[], None], post: Post
) -> None:
    ours, theirs = request_for(BOB), request_for(BOB)
    for address, request in ((SPELLINGS[0], theirs), (BOB, ours), (SPELLINGS[1], request_for(BOB))):
        assert ask(recipient, ticket, address, request).status_code == 200
    send()
    assert len(post.mails) == 3
    codes = [code_in(post, index) for index in range(3)]
    assert 200 in [confirm(recipient, ticket, BOB, ours, code).status_code for code in codes]


def test_requests_that_are_none_are_refused(recipient: Recipient, ticket: str, house: House) -> None:
    damaged = bytearray(b64decode(b"".join(request_for(BOB).splitlines()[1:-1])))
    damaged[-1] ^= 1
    for request in (b"x", bytes(damaged), request_for(CAROL), bytes(16_000)):
        assert error_of(ask(recipient, ticket, BOB, request)) == (422, "request-unusable")
    assert error_of(ask(recipient, ticket, "no address", request_for(BOB))) == (400, "bad-request")
    assert error_of(ask(recipient, ticket, BOB, bytes(17_000))) == (400, "bad-request")
    assert error_of(ask(recipient, "x", BOB, request_for(BOB))) == (401, "ticket-ended")
    for code in ("", "1", "123456789", "1234567a", "１２３４５６７８"):
        assert error_of(confirm(recipient, ticket, BOB, b"", code)) == (400, "bad-request")
    assert house.rows(PARCEL_KEY_REQUEST) == []


def test_the_database_has_no_code(
    recipient: Recipient, ticket: str, send: Callable[[], None], post: Post, house: House
) -> None:
    ask(recipient, ticket, BOB, request_for(BOB))
    send()
    code = code_in(post)
    stored = repr([house.rows(table) for table in (PARCEL_KEY_REQUEST, PARCEL_NOTICE)])
    assert code not in stored
    assert code[:4] + " " + code[4:] not in stored


def test_a_code_of_a_withdrawn_parcel_goes_to_nobody(
    recipient: Recipient, sender: Sender, send: Callable[[], None], post: Post
) -> None:
    opened(sender, recipient)
    second = opened(sender, recipient)
    ticket, request = recipient.ticket(second), request_for(BOB)
    ask(recipient, ticket, BOB, request)
    sender.call(second, "withdraw")
    send()
    assert post.mails == []
    assert error_of(confirm(recipient, ticket, BOB, request, "00000000")) == (410, "withdrawn")


def test_a_recipient_who_wants_no_mails_gets_no_code(
    recipient: Recipient, ticket: str, send: Callable[[], None], post: Post, house: House, clock: FakeClock
) -> None:
    protection = services_of(house.app).protection
    assert protection is not None
    protection.blocks.refuse(BOB, clock())
    assert ask(recipient, ticket, BOB, request_for(BOB)).status_code == 200
    send()
    assert post.mails == []


def test_requests_and_their_mails_are_swept(
    recipient: Recipient, ticket: str, send: Callable[[], None], house: House
) -> None:
    for address in (BOB, CAROL):
        ask(recipient, ticket, address, request_for(address))
    send()
    house.delivery.sweep.run()
    assert len(house.rows(PARCEL_KEY_REQUEST)) == 2
    house.clock.advance(seconds=CODE_SECONDS)
    house.delivery.sweep.run()
    assert house.rows(PARCEL_KEY_REQUEST) == []
    assert {row.kind for row in house.rows(PARCEL_NOTICE)} == {"parcel"}


def test_requests_go_with_their_parcel(recipient: Recipient, ticket: str, house: House) -> None:
    ask(recipient, ticket, BOB, request_for(BOB))
    with services_of(house.app).database.transaction() as rows:
        rows.execute(update(PARCEL_KEY_REQUEST).values(ends_at=house.clock().timestamp() + CODE_SECONDS))
    for _ in range(4):
        house.clock.advance(seconds=KEPT_SECONDS)
        house.delivery.sweep.run()
    assert house.rows(PARCEL_KEY_REQUEST) == []


def test_without_the_setting_there_is_no_key(
    database_url: str, store: Path, clock: FakeClock, submission: Submission
) -> None:
    config = bridge_config(database_url, clock, store_config(store))
    app = create_app(replace(config, parcel_notices=config_of(submission)))
    house = House(app, clock)
    recipient, sender = house.recipient(), house.sender()
    opened(sender, recipient)
    second = Draft()
    sender.send_whole(second)
    answer = recipient.open(second.id, second.proof).get_json()
    assert answer["key"] is None
    assert error_of(ask(recipient, answer["ticket"], BOB, request_for(BOB))) == (404, "no-keys")
    services_of(app).close()


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ar"])
def test_the_mail_speaks_five_languages(
    recipient: Recipient, sender: Sender, send: Callable[[], None], post: Post, language: str, house: House
) -> None:
    for _ in range(2):
        draft = Draft()
        to = [{"address": BOB, "language": language}]
        assert sender.create(draft, whole=True, changes={"to": to}).status_code == 201
        ticket = recipient.ticket(draft)
    request = request_for(BOB)
    ask(recipient, ticket, BOB, request)
    protection = services_of(house.app).protection
    assert protection is not None
    assert protection.notices is not None
    protection.notices.send_due()
    mail = post.mails[-1]
    parts = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert parts == (["text/plain", "text/html"] if language == "ar" else ["text/plain"])
    assert mail["Content-Language"] in (language, None)
    assert code_in(post)
