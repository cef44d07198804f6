"""Opening by the proof of a secret: five tries, and an unknown id that nobody can tell from a known one."""

from __future__ import annotations

import secrets
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sealwax.service.counter_table import counter_of
from tests.support.servers.bridge import API, error_of
from tests.support.servers.mailboxes import ALICE
from tests.support.servers.parcels import FROM_PAGES, PEPPER, Draft, Recipient, Rig, Sender, text_of
from webbridge.database.tables import PARCEL_NOTICE, TABLES
from webbridge.delivery import openings
from webbridge.delivery.limits import MAX_ENCLOSED_OBJECTS
from webbridge.delivery.pepper import Pepper
from webbridge.delivery.store import DiskStore, StoreFailed

pytestmark = pytest.mark.server

WRONG = (403, "wrong-secret")
TOO_MANY = (429, "too-many-tries")


@pytest.fixture
def draft(sender: Sender) -> Draft:
    draft = Draft()
    sender.send_whole(draft)
    return draft


def try_wrong(recipient: Recipient, parcel_id: str) -> tuple[int, str]:
    return error_of(recipient.open(parcel_id, secrets.token_bytes(32)))


def test_after_five_wrong_proofs_not_even_the_right_one_counts(draft: Draft, recipient: Recipient) -> None:
    assert [try_wrong(recipient, draft.id) for _ in range(7)] == [WRONG] * 5 + [TOO_MANY] * 2
    assert error_of(recipient.open(draft.id, draft.proof)) == TOO_MANY


def test_a_wrong_proof_says_how_many_tries_are_left(draft: Draft, recipient: Recipient) -> None:
    for parcel_id in (draft.id, Draft().id):
        answers = [recipient.open(parcel_id, secrets.token_bytes(32)).get_json() for _ in range(6)]
        assert [answer.get("triesLeft") for answer in answers] == [4, 3, 2, 1, 0, None]


def test_the_sender_is_named_after_a_right_proof_only(draft: Draft, recipient: Recipient) -> None:
    assert ALICE not in recipient.open(draft.id, bytes(32)).get_data(as_text=True)
    assert recipient.open(draft.id, draft.proof).get_json()["from"] == ALICE


def test_revocation_is_looked_up_for_a_ticket_only_and_not_without_end(draft: Draft, recipient: Recipient) -> None:
    assert error_of(recipient.post("/api/open/status", {"paths": []})) == (401, "ticket-ended")
    ticket = recipient.ticket(draft)
    errors = [error_of(recipient.post("/api/open/status", {"paths": []}, ticket=ticket)) for _ in range(61)]
    assert errors == [(400, "bad-request")] * 60 + [(429, "try-later")]


def test_the_objects_of_a_small_parcel_come_along(draft: Draft, recipient: Recipient) -> None:
    enclosed = recipient.open(draft.id, draft.proof).get_json()["enclosed"]
    assert {name: b64decode(text) for name, text in enclosed.items()} == draft.objects
    assert "enclosed" not in recipient.open(draft.id, bytes(32)).get_json()


def test_the_objects_of_a_larger_parcel_are_fetched(sender: Sender, recipient: Recipient) -> None:
    draft = Draft(chunks=(secrets.token_bytes(40_000), secrets.token_bytes(40_000)))
    sender.send_whole(draft)
    assert recipient.open(draft.id, draft.proof).get_json()["enclosed"] == {}
    assert recipient.fetch(recipient.ticket(draft), "1").get_data() == draft.chunks[1]


def test_the_objects_of_a_parcel_of_many_are_fetched(
    sender: Sender, recipient: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a question to the store, and one parcel may have 20,000."""
    read, reads = DiskStore.read, []

    def count(store: DiskStore, folder: str, name: str, start: int, size: int) -> Iterator[bytes]:
        reads.append(name)
        return read(store, folder, name, start, size)

    monkeypatch.setattr(DiskStore, "read", count)
    for chunks, comes_along in ((MAX_ENCLOSED_OBJECTS - 1, True), (MAX_ENCLOSED_OBJECTS, False), (20_000, False)):
        draft = Draft(chunks=(b"x",) * chunks)
        sender.send_whole(draft)
        assert bool(recipient.open(draft.id, draft.proof).get_json()["enclosed"]) is comes_along
    assert len(reads) == MAX_ENCLOSED_OBJECTS


def test_a_parcel_opens_without_its_objects_while_the_store_fails(
    draft: Draft, recipient: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Iterator[bytes]:
        raise StoreFailed

    monkeypatch.setattr(DiskStore, "read", fail)
    opened = recipient.open(draft.id, draft.proof).get_json()
    assert (opened["enclosed"], bool(opened["ticket"])) == ({}, True)


def test_an_unknown_id_answers_as_a_known_one(draft: Draft, recipient: Recipient) -> None:
    stranger = Draft()
    known = [recipient.open(draft.id, bytes(32)) for _ in range(7)]
    unknown = [recipient.open(stranger.id, bytes(32)) for _ in range(7)]
    assert [(answer.status_code, answer.get_json()) for answer in known] == [
        (answer.status_code, answer.get_json()) for answer in unknown
    ]
    fields = {"X-Request-Id", "Date"}
    for answer, other in zip(known, unknown, strict=True):
        assert {name: value for name, value in answer.headers.items() if name not in fields} == {
            name: value for name, value in other.headers.items() if name not in fields
        }


def test_the_salt_of_an_unknown_id_is_made_up_and_stays(draft: Draft, recipient: Recipient, rig: Rig) -> None:
    stranger = Draft()
    known, first, again = (recipient.start(parcel_id).get_json() for parcel_id in (draft.id, stranger.id, stranger.id))
    assert known == {"salt": text_of(draft.salt), "iterations": 600_000}
    assert first == again
    assert first.keys() == known.keys()
    assert first["iterations"] == 600_000
    assert first["salt"] == text_of(Pepper(PEPPER).made_up_salt(stranger.id))
    assert recipient.start(Draft().id).get_json() != first
    assert len(rig.rows()) == 1


def test_an_upload_is_unknown_to_recipients(sender: Sender, recipient: Recipient) -> None:
    draft = Draft()
    sender.create(draft)
    assert recipient.start(draft.id).get_json()["salt"] != text_of(draft.salt)
    assert error_of(recipient.open(draft.id, draft.proof)) == WRONG


def test_the_sender_is_asked_once_and_gives_five_more(
    draft: Draft, recipient: Recipient, sender: Sender, rig: Rig
) -> None:
    for _ in range(7):
        try_wrong(recipient, draft.id)
    notices = [(row.address, row.state) for row in rig.rows(PARCEL_NOTICE) if row.kind == "tries"]
    assert notices == [(ALICE, "pending")]
    assert sender.show(draft)["triesLeft"] == 0
    assert sender.call(draft, "tries").get_json()["triesLeft"] == 5
    assert recipient.open(draft.id, draft.proof).status_code == 200


def test_tries_that_are_given_again_and_again_do_not_add_up(draft: Draft, sender: Sender) -> None:
    assert [sender.call(draft, "tries").get_json()["triesLeft"] for _ in range(3)] == [10, 10, 10]


def test_a_right_proof_gives_the_tries_back(draft: Draft, recipient: Recipient, sender: Sender) -> None:
    for _ in range(4):
        try_wrong(recipient, draft.id)
    assert sender.show(draft)["triesLeft"] == 1
    assert recipient.open(draft.id, draft.proof).status_code == 200
    assert sender.show(draft)["triesLeft"] == 5


def test_tries_at_the_same_time_are_counted_one_by_one(draft: Draft, rig: Rig) -> None:
    def guess(_number: int) -> int:
        return rig.recipient().open(draft.id, secrets.token_bytes(32)).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(guess, range(10)))
    assert sorted(answers) == [403] * 5 + [429] * 5


def test_equal_proofs_of_two_parcels_are_kept_differently(sender: Sender, rig: Rig, draft: Draft) -> None:
    other = replace(Draft(), proof=draft.proof)
    sender.send_whole(other)
    records = {row.id: bytes(row.proof) for row in rig.rows()}
    assert records[other.id] != records[draft.id]


def test_one_network_has_no_guesses_without_end(
    rig: Rig, recipient: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openings, "MAX_WRONG_PER_CLIENT", 3)
    answers = [try_wrong(recipient, Draft().id) for _ in range(4)]
    assert answers == [WRONG] * 3 + [(429, "try-later")]
    names = [row.name for row in rig.rows(counter_of(TABLES))]
    assert not any("127.0.0.1" in name for name in names)


def test_a_guess_beyond_the_limit_of_the_network_is_counted_at_the_parcel(
    draft: Draft, recipient: Recipient, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openings, "MAX_WRONG_PER_CLIENT", 1)
    for _ in range(3):
        try_wrong(recipient, draft.id)
    assert sender.show(draft)["triesLeft"] == 2


def test_counts_at_unknown_ids_are_forgotten_in_the_end(
    rig: Rig, recipient: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [Draft().id for _ in range(5)]
    for parcel_id in ids:
        rig.clock.advance(seconds=1)
        try_wrong(recipient, parcel_id)

    def strangers() -> int:
        return sum(row.kind == "parcel-stranger" for row in rig.rows(counter_of(TABLES)))

    rig.delivery.sweep.run()
    assert strangers() == 5
    rig.clock.advance(seconds=91 * 24 * 60 * 60)
    rig.delivery.sweep.run()
    assert strangers() == 0


@pytest.mark.parametrize(
    "parcel_id",
    [None, 7, "", "x", "A" * 21, "A" * 23, "A" * 21 + "B", "A" * 21 + "=", "\u00e9" * 22, ["A" * 22], "A" * 21 + "\n"],
)
def test_an_id_that_is_none_is_refused(recipient: Recipient, parcel_id: object) -> None:
    for path in ("/api/open/start", "/api/open", "/api/open/challenge"):
        answer = recipient.post(path, {"id": parcel_id, "proof": text_of(bytes(32))})
        assert error_of(answer) == (400, "bad-request")


@pytest.mark.parametrize("proof", [None, 7, "", "A" * 42, "A" * 44, "A" * 42 + "=", "\u00e9" * 43, {}])
def test_a_proof_that_is_none_is_refused_and_not_counted(
    draft: Draft, recipient: Recipient, sender: Sender, proof: object
) -> None:
    answer = recipient.post("/api/open", {"id": draft.id, "proof": proof})
    assert error_of(answer) == (400, "bad-request")
    assert sender.show(draft)["triesLeft"] == 5


def test_no_other_site_opens_a_parcel(draft: Draft, recipient: Recipient) -> None:
    members = {"id": draft.id, "proof": text_of(draft.proof)}
    for headers in ({"Origin": "https://elsewhere.example", "X-Sealwax": "1"}, {"Origin": FROM_PAGES["Origin"]}):
        answer = recipient.client.post("/api/open", base_url=API, headers=headers, json=members)
        assert error_of(answer) == (403, "wrong-origin")


def test_an_extension_opens_a_parcel_without_a_session(draft: Draft, recipient: Recipient) -> None:
    headers = {"Origin": "chrome-extension://" + "a" * 32, "X-Sealwax": "1"}
    members = {"id": draft.id, "proof": text_of(draft.proof)}
    answer = recipient.client.post("/api/open", base_url=API, headers=headers, json=members)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Access-Control-Allow-Origin"] == headers["Origin"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_no_get_says_or_changes_anything(draft: Draft, recipient: Recipient, sender: Sender) -> None:
    before = sender.show(draft)
    for path in ("/api/open", "/api/open/start", "/api/open/challenge", "/api/open/claims", f"/api/open/{draft.id}"):
        assert recipient.client.get(path, base_url=API).status_code in (404, 405)
    for name in ("manifest", "0", draft.id):
        answer = recipient.client.get(f"/api/open/objects/{name}", base_url=API)
        assert error_of(answer) == (401, "ticket-ended")
    assert sender.show(draft) == before
