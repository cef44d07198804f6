"""The manifest comes with the submission, and has at most the bytes that were announced for it."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest
from werkzeug.test import TestResponse

from tests.support.servers.bridge import API, error_of
from tests.support.servers.mailboxes import ALICE
from tests.support.servers.parcels import Draft, Rig, Sender
from webbridge.delivery.store import Uploads

pytestmark = pytest.mark.server

MANIFEST = b"the manifest"
MOST = len(MANIFEST) + 50


def submit(sender: Sender, draft: Draft, manifest: bytes = MANIFEST) -> TestResponse:
    return sender.client.post(
        f"/api/parcels/{draft.id}/submit",
        base_url=API,
        headers=sender.headers,
        data=manifest,
        content_type="application/octet-stream",
        buffered=True,
    )


def upload(sender: Sender, draft: Draft) -> None:
    """Announce the parcel with the most bytes of its manifest, and upload its chunks."""
    assert sender.create(draft, changes={"manifest": MOST}).status_code == 201
    for number, chunk in enumerate(draft.chunks):
        assert sender.begin(draft, str(number), len(chunk), chunk).status_code == 201


def test_a_smaller_manifest_is_taken_and_its_room_given_back(sender: Sender, rig: Rig) -> None:
    draft = Draft(manifest=MANIFEST)
    upload(sender, draft)
    assert rig.used() == {ALICE: sum(map(len, draft.chunks)) + MOST}
    assert submit(sender, draft).get_json()["state"] == "submitted"
    assert rig.used() == {ALICE: sum(map(len, draft.objects.values()))}
    assert sender.show(draft)["bytes"] == sum(map(len, draft.objects.values()))
    recipient = rig.recipient()
    assert recipient.open(draft.id, draft.proof).get_json()["manifest"] == len(MANIFEST)
    assert recipient.fetch(recipient.ticket(draft), "manifest").data == MANIFEST


def test_the_same_submission_again_changes_nothing(sender: Sender, rig: Rig) -> None:
    draft = Draft(manifest=MANIFEST)
    upload(sender, draft)
    first = submit(sender, draft).get_json()
    assert submit(sender, draft).get_json() == first
    assert submit(sender, draft, b"another one").get_json() == first
    recipient = rig.recipient()
    assert recipient.fetch(recipient.ticket(draft), "manifest").data == MANIFEST
    assert rig.used() == {ALICE: sum(map(len, draft.objects.values()))}


@pytest.mark.parametrize("manifest", [b"", b"m" * (MOST + 1)])
def test_a_byte_too_many_or_none_submits_nothing(sender: Sender, rig: Rig, manifest: bytes) -> None:
    draft = Draft(manifest=MANIFEST)
    upload(sender, draft)
    assert error_of(submit(sender, draft, manifest)) == (400, "bad-request")
    assert sender.show(draft)["state"] == "uploading"
    assert rig.recipient().open(draft.id, draft.proof).status_code == 403
    assert submit(sender, draft, b"m" * MOST).status_code == 200


def test_a_manifest_without_all_chunks_submits_nothing(sender: Sender) -> None:
    draft = Draft(manifest=MANIFEST)
    assert sender.create(draft, changes={"manifest": MOST}).status_code == 201
    answer = submit(sender, draft)
    refusal = answer.get_json()
    assert (answer.status_code, refusal["code"], refusal["missing"]) == (409, "incomplete", ["0", "1"])
    assert sender.offset(draft, "manifest") is None


def test_of_two_submissions_at_once_one_counts(sender: Sender, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    draft, replace = Draft(manifest=MANIFEST), Uploads.replace
    upload(sender, draft)
    with ThreadPoolExecutor(1) as pool:
        later: list[Future[TestResponse]] = []

        def replace_slowly(uploads: Uploads, folder: str, name: str, data: bytes) -> None:
            if not later:
                other = Sender(rig.app.test_client(), sender.token)
                later.append(pool.submit(submit, other, draft, b"another manifest, of another size"))
                wait(later, timeout=0.3)
            replace(uploads, folder, name, data)

        monkeypatch.setattr(Uploads, "replace", replace_slowly)
        assert submit(sender, draft).status_code == 200
        assert later[0].result(10).status_code == 200
    recipient = rig.recipient()
    assert recipient.open(draft.id, draft.proof).get_json()["manifest"] == len(MANIFEST)
    assert recipient.fetch(recipient.ticket(draft), "manifest").data == MANIFEST


def test_an_older_program_uploads_the_manifest_like_a_chunk(sender: Sender, rig: Rig) -> None:
    draft = Draft(manifest=MANIFEST)
    assert sender.send_parts(draft).get_json()["state"] == "submitted"
    recipient = rig.recipient()
    assert recipient.fetch(recipient.ticket(draft), "manifest").data == MANIFEST


def test_a_manifest_that_was_begun_is_replaced(sender: Sender, rig: Rig) -> None:
    draft = Draft(manifest=MANIFEST)
    upload(sender, draft)
    assert sender.begin(draft, "manifest", MOST, b"a part").status_code == 201
    assert submit(sender, draft).status_code == 200
    recipient = rig.recipient()
    assert recipient.fetch(recipient.ticket(draft), "manifest").data == MANIFEST
