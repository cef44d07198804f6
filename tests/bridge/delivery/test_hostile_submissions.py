"""Submissions that are none: refused with a sentence, and nothing of them is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.servers.bridge import API, error_of
from tests.support.servers.parcels import Draft, Rig, Sender

pytestmark = pytest.mark.server

DRAFT = Draft()


WRONG: dict[str, list[Any]] = {
    "id": [None, 7, "", "A" * 21, "A" * 23, "A" * 21 + "B", "../" + "A" * 19, ["A" * 22]],
    "to": [
        *(None, [], {}, "bob@example.test", [7], [{}], [{"address": "bob"}]),
        [{"address": "bob@example.test\r\nBcc: x@y.z", "language": "en"}],
        [{"address": "bob@example.test", "language": "en\n"}],
        [{"address": "bob@example.test", "language": 7}],
        [{"address": "bob@example.test", "language": "e" * 1_000}],
        [{"address": "bob@example.test"}, {"address": "BOB@example.test"}],
        [{"address": "bob@b\u00fccher.test"}, {"address": "bob@xn--bcher-kva.test"}],
        [{"address": f"p{number}@example.test"} for number in range(51)],
    ],
    "salt": [None, "", "A" * 21, "A" * 23, "+" * 22, "A" * 22 + "=="],
    "proof": [None, "", "A" * 42, "A" * 44, 7],
    "certificates": [None, "AAAA", [7], ["!"], ["A"], ["A" * 100_000], ["AAAA"] * 201],
    "kind": [None, "", "letter", 7, ["files"]],
    "objects": [None, {}, "1", [0], [-1], [1.5], [True], ["1"], [10**30], [17 * 1024**2 + 1], [1] * 20_001],
    "manifest": [None, 0, -1, 1.5, "1", True, 17 * 1024**2 + 1],
    "days": [None, 0, 91, -1, 1.5, "7", True],
    "downloads": [0, -1, 1.5, "7", True, 10**9],
    "whole": [None, 1, "true", []],
}


@pytest.mark.parametrize("member", WRONG)
def test_a_submission_with_a_wrong_member_is_refused(sender: Sender, rig: Rig, member: str) -> None:
    for value in WRONG[member]:
        answer = sender.create(DRAFT, changes={member: value})
        assert error_of(answer) == (400, "bad-request"), repr(value)[:80]
    assert (rig.rows(), rig.used()) == ([], {})


def test_addresses_of_two_people_are_not_one(sender: Sender) -> None:
    # The Kelvin sign is another letter than k, though its small letter is k.
    two = [{"address": "kay@example.test"}, {"address": "\u212aay@example.test"}]
    assert sender.create(DRAFT, changes={"to": two}).status_code == 201


def post(sender: Sender, body: bytes) -> tuple[int, str]:
    return error_of(sender.client.post("/api/parcels", base_url=API, headers=sender.headers, data=body))


@pytest.mark.parametrize(
    "body",
    [b"", b"\n", b"x\n", b"[]\n", b"7\n", b"null\n", b"\xff\xfe\n", b"{" * 100_000, b"[" * 100_000 + b"\n",
     b'{"id": ' + b"9" * 10_000 + b"}\n", b'{"id": NaN}\n', b'{"id": "\\ud800"}\n'],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
def test_a_line_that_is_no_submission_is_refused(sender: Sender, body: bytes) -> None:
    assert post(sender, body) == (400, "bad-request")


def test_a_line_without_an_end_is_refused(sender: Sender) -> None:
    assert post(sender, b" " * (2 * 1024 * 1024)) == (400, "bad-request")


@pytest.mark.parametrize("further", [b"", b"more than was announced"])
def test_the_bytes_of_a_whole_parcel_have_to_be_all_of_them(
    sender: Sender, rig: Rig, store: Path, further: bytes
) -> None:
    body = DRAFT.body(whole=True)
    changed = body + further if further else body[:-1]
    assert post(sender, changed) == (400, "bad-request")
    assert rig.rows() == []
    assert not store.exists() or [file for file in store.rglob("*") if file.is_file()] == []


def test_bytes_after_the_line_of_a_parcel_in_parts_are_refused(sender: Sender) -> None:
    assert post(sender, DRAFT.body(whole=False) + b"x") == (400, "bad-request")


def test_a_parcel_that_is_too_large_for_one_request_is_refused(sender: Sender, rig: Rig) -> None:
    draft = Draft(chunks=(b"x" * (1024 * 1024),), manifest=b"m")
    assert error_of(sender.create(draft, whole=True)) == (413, "parcel-too-large")
    assert error_of(sender.create(draft, changes={"objects": [17 * 1024**2] * 2_000})) == (413, "parcel-too-large")
    assert rig.rows() == []


def test_a_line_may_lack_its_end_when_nothing_follows(sender: Sender) -> None:
    body = DRAFT.body(whole=False).rstrip(b"\n")
    answer = sender.client.post("/api/parcels", base_url=API, headers=sender.headers, data=body)
    assert answer.status_code == 201


def test_an_address_with_letters_beyond_ascii_is_a_recipient(sender: Sender) -> None:
    draft = Draft(to=("b\u00f6b@b\u00fccher.example",))
    assert sender.create(draft).status_code == 201
    assert sender.show(draft)["to"][0]["address"] == draft.to[0]


@pytest.mark.parametrize("parcel_id", ["x", "A" * 22 + "x", "%00" * 22, "..%2f..", "\u00e9" * 22])
def test_an_address_that_has_no_id_is_no_parcel(sender: Sender, parcel_id: str) -> None:
    answer = sender.client.get(f"/api/parcels/{parcel_id}", base_url=API, headers=sender.headers)
    assert answer.status_code == 404
    assert answer.get_json()["code"] in ("no-such-parcel", "not-found")


@pytest.mark.parametrize("before", ["x", "", "A" * 22])
def test_a_page_after_no_parcel_is_refused(sender: Sender, before: str) -> None:
    answer = sender.client.get(f"/api/parcels?before={before}", base_url=API, headers=sender.headers)
    assert error_of(answer) == (404, "no-such-parcel")
