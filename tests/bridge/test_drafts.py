"""Drafts in the folder for drafts: one version of each, whatever is repeated, and no other draft is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.servers.bridge import API, FROM_PAGES, UPLOAD, bridge_before, error_of, folder_path, get, sign_in
from webbridge.gateway import ImapConnection, MailServer, OutgoingMessage

pytestmark = pytest.mark.server


def draft(name: str, text: str = "Hello") -> bytes:
    return (
        f"From: alice@example.test\r\nMessage-ID: <{name}@draft.sealwax.invalid>\r\nSubject: x\r\n\r\n{text}\r\n"
    ).encode()


@pytest.fixture
def alice(mail_server: MailServer) -> Iterator[FlaskClient]:
    """Alice at each mail server in turn."""
    with bridge_before(mail_server) as browser:
        assert sign_in(browser).status_code == 200
        yield browser


def keep(browser: FlaskClient, message: bytes) -> TestResponse:
    return browser.post("/api/drafts", base_url=API, headers=UPLOAD, data=message)


def drop(browser: FlaskClient, message_id: object) -> TestResponse:
    return browser.delete("/api/drafts", base_url=API, headers=FROM_PAGES, json={"messageId": message_id})


def kept(browser: FlaskClient) -> dict[int, bytes]:
    """The messages in the folder for drafts, by UID, without those that are marked as deleted."""
    path = folder_path(browser, "Drafts")
    page = get(browser, f"{path}/messages").get_json()
    uids = [message["uid"] for message in page["messages"] if "\\Deleted" not in message["flags"]]
    return {uid: get(browser, f"{path}/{page['uidValidity']}/{uid}/raw").data for uid in uids}


def clear(browser: FlaskClient) -> None:
    for name in ("one", "two"):
        assert drop(browser, f"<{name}@draft.sealwax.invalid>").status_code == 204


def test_a_draft_is_kept_byte_for_byte_and_replaced(alice: FlaskClient) -> None:
    clear(alice)
    first = keep(alice, draft("one")).get_json()
    assert kept(alice)[first["uid"]] == draft("one")
    second = keep(alice, draft("one", "Hello again")).get_json()
    assert second["uid"] > first["uid"]
    assert (second["folder"], second["uidValidity"]) == (first["folder"], first["uidValidity"])
    assert kept(alice) == {second["uid"]: draft("one", "Hello again")}


def test_a_draft_has_its_flag(alice: FlaskClient) -> None:
    keep(alice, draft("one"))
    rows = get(alice, f"{folder_path(alice, 'Drafts')}/messages").get_json()["messages"]
    assert {"\\Draft", "\\Seen"} <= set(rows[0]["flags"])


def test_a_repeated_request_leaves_one_draft(alice: FlaskClient) -> None:
    clear(alice)
    uids = [keep(alice, draft("one")).get_json()["uid"] for _ in range(3)]
    assert list(kept(alice)) == [uids[-1]]


def test_other_drafts_stay(alice: FlaskClient) -> None:
    clear(alice)
    other = keep(alice, draft("two")).get_json()["uid"]
    keep(alice, draft("one"))
    keep(alice, draft("one", "Hello again"))
    assert drop(alice, "<one@draft.sealwax.invalid>").status_code == 204
    assert kept(alice) == {other: draft("two")}
    clear(alice)
    assert kept(alice) == {}


@pytest.mark.parametrize(
    "message",
    [
        b"Subject: x\r\n\r\nNo Message-ID\r\n",
        b"Message-ID: <a b>\r\n\r\nx\r\n",
        b"",
        b"Message-ID: <a@draft.sealwax.invalid>\r\n\r\nbare\n",
    ],
)
def test_a_draft_without_a_message_id_is_refused(alice: FlaskClient, message: bytes) -> None:
    assert error_of(keep(alice, message)) == (400, "bad-argument")


@pytest.mark.parametrize(
    "message_id", [None, 7, "", "one@draft.sealwax.invalid", "<one>\r\nA1 LOGOUT", "<" + "a" * 600 + ">"]
)
def test_a_wrong_message_id_deletes_nothing(alice: FlaskClient, message_id: object) -> None:
    answer = drop(alice, message_id)
    assert answer.status_code == 400


def test_a_draft_of_another_program_is_neither_replaced_nor_deleted(
    alice: FlaskClient, connect: Callable[[], ImapConnection]
) -> None:
    clear(alice)
    connection = connect()
    for message_id in (
        "<one@example.test>",
        "<one@draft.sealwax.invalid.example.test>",
        "<one@other.draft.sealwax.invalid>",
        "<@draft.sealwax.invalid>",
        "<one@example.test@draft.sealwax.invalid>",
    ):
        other = draft("two").replace(b"<two@draft.sealwax.invalid>", message_id.encode())
        connection.append("Drafts", OutgoingMessage.of(other), ["\\Draft"])
        before = kept(alice)
        assert other in before.values()
        assert error_of(keep(alice, other)) == (400, "bad-argument")
        assert error_of(drop(alice, message_id)) == (400, "bad-argument")
        assert kept(alice) == before
    connection.delete_folder("Drafts", with_messages=True)
