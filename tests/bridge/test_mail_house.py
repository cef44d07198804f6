"""Sending through real servers: Dovecot keeps the mailboxes, Postfix and Dovecot's submission service take the mail."""

from __future__ import annotations

import datetime
import os
import pwd
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from roaming_keys.server.audit import AuditKind
from roaming_keys.server.notices.mail import Letterhead, write_mail
from roaming_keys.server.notices.outbox import Notice
from sealwax.notices.outbox import Attempt
from sealwax.notices.submission import SmtpSecurity, Submission
from sealwax.words import Language
from tests.support.servers import dovecot, postfix
from tests.support.servers.bridge import (
    API,
    FROM_PAGES,
    UPLOAD,
    bridge_before,
    error_of,
    folder_path,
    get,
    send,
    sign_in,
    upload,
)
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from tests.support.servers.ports import free_port
from webbridge.gateway import MailServer, Security, ServerAddress

pytestmark = [
    pytest.mark.server,
    pytest.mark.thorough,
    pytest.mark.skipif(postfix.BINARY is None or dovecot.BINARY is None, reason="Postfix or Dovecot is not installed"),
    pytest.mark.skipif(os.getuid() != 0, reason="Postfix is started by root only"),
]

MESSAGE = (
    b"From: alice@example.test\r\nDate: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <house@example.test>\r\n"
    b"Subject: x\r\n\r\nHello\r\n.dot\r\n"
)
JOSE = "josé@example.test"
CROWD = [f"person{number}@example.test" for number in range(500)]
# Maildir's own files have other sizes, so there is room for one short message and not for a long one.
ROOM_BYTES = 60_000
KEY = "h" * 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """The running servers. `mail` has the Maildir of each address."""

    imap: ServerAddress
    submission: dict[str, ServerAddress]
    tls_folder: Path
    mail: Path
    postfix: postfix.Postfix

    def bridge(self, service: str) -> AbstractContextManager[FlaskClient]:
        """A bridge that sends by one of the submission services."""
        ca_file = self.tls_folder / "tls_ca.pem"
        return bridge_before(MailServer(imap=self.imap, smtp=self.submission[service], ca_file=ca_file))

    def messages(self, address: str) -> list[bytes]:
        """The messages of the inbox that nobody has looked at."""
        return [file.read_bytes() for file in sorted((self.mail / address / "new").glob("*"))]

    def wait_for(self, address: str, count: int = 1) -> list[bytes]:
        """Wait until so many messages have been delivered."""
        deadline = time.monotonic() + 30
        while len(messages := self.messages(address)) < count:
            assert time.monotonic() < deadline, (self.postfix.folder / "postfix.log").read_text()[-3000:]
            time.sleep(0.05)
        return messages


@pytest.fixture(scope="module")
def rig(tls_folder: Path) -> Iterator[Rig]:
    folder = dovecot.new_folder()
    owner = pwd.getpwnam("nobody")
    ports = {Security.IMPLICIT_TLS: free_port(), Security.STARTTLS: free_port()}
    auth_port = free_port()
    mail = folder / "mail"
    with postfix.run_postfix(
        [ALICE, BOB, JOSE, *CROWD],
        tls_folder=tls_folder,
        mail=mail,
        owner=(owner.pw_uid, owner.pw_gid),
        auth_port=auth_port,
    ) as running:
        more = (
            dovecot.auth_settings(auth_port)
            + dovecot.submission_settings(ports, relay_port=running.relay_port)
            + dovecot.quota_settings(ROOM_BYTES)
        )
        with dovecot.run_dovecot(PASSWORDS, tls_folder=tls_folder, folder=folder, more_settings=more) as imap:
            yield Rig(
                imap=imap[Security.IMPLICIT_TLS],
                submission={
                    "postfix": running.addresses[Security.IMPLICIT_TLS],
                    "postfix-starttls": running.addresses[Security.STARTTLS],
                    "dovecot": ServerAddress(host=dovecot.HOST, port=ports[Security.IMPLICIT_TLS]),
                },
                tls_folder=tls_folder,
                mail=mail,
                postfix=running,
            )


@pytest.fixture(autouse=True)
def empty_mailboxes(rig: Rig) -> Iterator[None]:
    yield
    for box in rig.mail.glob("*"):
        shutil.rmtree(box)


@pytest.fixture(params=["postfix", "postfix-starttls", "dovecot"])
def alice(rig: Rig, request: pytest.FixtureRequest) -> Iterator[FlaskClient]:
    yield from signed_in(rig, request.param)


@pytest.fixture
def alice_at_postfix(rig: Rig) -> Iterator[FlaskClient]:
    yield from signed_in(rig, "postfix")


def signed_in(rig: Rig, service: str) -> Iterator[FlaskClient]:
    with rig.bridge(service) as browser:
        assert sign_in(browser).status_code == 200
        yield browser


def send_with(browser: FlaskClient, *recipients: str, reports: Sequence[str] = ()) -> TestResponse:
    body = upload(MESSAGE, *recipients, reports=list(reports))
    return browser.post("/api/send", base_url=API, headers=UPLOAD, data=body)


def test_a_message_arrives_as_it_was_sent(rig: Rig, alice: FlaskClient) -> None:
    answers = [send(alice, MESSAGE, BOB, key=KEY).get_json() for _ in range(2)]
    assert answers == [{"outcome": "sent", "savedTo": "Gesendet"}] * 2
    (arrived,) = rig.wait_for(BOB)
    assert arrived.replace(b"\n", b"\r\n").endswith(MESSAGE)


def test_what_the_services_offer_is_told(rig: Rig, alice_at_postfix: FlaskClient) -> None:
    known = {
        "eightBit": True,
        "utf8": True,
        "reports": True,
        "sharedAddresses": [],
        "maxBytes": postfix.MAX_MESSAGE_BYTES,
    }
    assert get(alice_at_postfix, "/api/send").get_json() == known
    with rig.bridge("dovecot") as browser:
        sign_in(browser)
        assert get(browser, "/api/send").get_json()["eightBit"]


def test_an_unknown_recipient_is_named_and_nobody_gets_the_message(rig: Rig, alice: FlaskClient) -> None:
    answer = send(alice, MESSAGE, BOB, "nobody.here@example.test")
    assert error_of(answer) == (422, "message-refused")
    (refused,) = answer.get_json()["refused"]
    assert (refused["address"], refused["temporary"]) == ("nobody.here@example.test", False)
    assert send(alice, MESSAGE.replace(b"house@", b"second@"), BOB).get_json()["outcome"] == "sent"
    assert len(rig.wait_for(BOB)) == 1


def test_too_large_a_message_is_refused_before_it_is_sent(alice_at_postfix: FlaskClient) -> None:
    large = MESSAGE + (b"x" * 76 + b"\r\n") * 20_000
    assert error_of(send(alice_at_postfix, large, BOB)) == (413, "message-too-large")


def test_addresses_beyond_ascii_arrive(rig: Rig, alice_at_postfix: FlaskClient) -> None:
    assert send(alice_at_postfix, MESSAGE, JOSE).get_json()["outcome"] == "sent"
    assert rig.wait_for(JOSE)


def test_a_report_of_delivery_comes_when_it_is_asked_for(rig: Rig, alice_at_postfix: FlaskClient) -> None:
    assert send_with(alice_at_postfix, BOB, reports=["success"]).get_json()["outcome"] == "sent"
    (report,) = rig.wait_for(ALICE)
    assert b"report-type=delivery-status" in report
    assert b"Hello" not in report  # Only the header fields come back.


def test_five_hundred_recipients_get_one_copy_each(rig: Rig, alice_at_postfix: FlaskClient) -> None:
    assert send_with(alice_at_postfix, *CROWD).get_json()["outcome"] == "sent"
    for address in CROWD:
        assert len(rig.wait_for(address)) == 1


def test_a_service_that_is_gone_and_back_loses_nothing(rig: Rig, alice_at_postfix: FlaskClient) -> None:
    rig.postfix.stop()
    try:
        assert error_of(send(alice_at_postfix, MESSAGE, BOB, key=KEY)) == (502, "mail-server-unreachable")
        assert get(alice_at_postfix, f"/api/send/{KEY}").get_json()["outcome"] == "unknown"
    finally:
        rig.postfix.start()
    assert send(alice_at_postfix, MESSAGE, BOB, key=KEY).get_json()["outcome"] == "sent"
    assert len(rig.wait_for(BOB)) == 1


def test_a_full_mailbox_of_the_sender_keeps_no_copy_and_sends_once(rig: Rig, alice_at_postfix: FlaskClient) -> None:
    full = MESSAGE + (b"x" * 76 + b"\r\n") * (ROOM_BYTES // 78)
    answers = [send(alice_at_postfix, full, BOB, key=KEY).get_json() for _ in range(2)]
    assert answers == [{"outcome": "sent", "savedTo": None}] * 2
    assert len(rig.wait_for(BOB)) == 1


def test_a_full_mailbox_refuses_a_copy_of_a_message_and_keeps_all_that_is_there(
    rig: Rig, alice_at_postfix: FlaskClient
) -> None:
    """A move needs no room, so it still works."""
    large = MESSAGE + (b"x" * 76 + b"\r\n") * (ROOM_BYTES * 2 // 3 // 78)
    body = upload(large, ALICE, copy=False)
    assert alice_at_postfix.post("/api/send", base_url=API, headers=UPLOAD, data=body).status_code == 200
    rig.wait_for(ALICE)
    inbox, sent = folder_path(alice_at_postfix), folder_path(alice_at_postfix, "Gesendet")
    page = get(alice_at_postfix, f"{inbox}/messages").get_json()
    wish = {"uids": [page["messages"][0]["uid"]], "to": sent.rpartition("/")[2]}

    def change(verb: str) -> TestResponse:
        path = f"{inbox}/{page['uidValidity']}/{verb}"
        return alice_at_postfix.post(path, base_url=API, headers=FROM_PAGES, json=wish)

    def totals() -> list[int]:
        return [get(alice_at_postfix, f"{folder}/messages").get_json()["total"] for folder in (inbox, sent)]

    assert error_of(change("copy")) == (507, "mailbox-full")
    assert totals() == [1, 0]
    assert change("move").status_code == 200
    assert totals() == [0, 1]


@pytest.mark.parametrize("service", ["postfix", "postfix-starttls", "dovecot"])
def test_a_notice_of_the_key_server_arrives(rig: Rig, service: str) -> None:
    address = rig.submission[service]
    server = Submission(
        host=address.host,
        port=address.port,
        security=SmtpSecurity(address.security.value),
        ca_file=rig.tls_folder / "tls_ca.pem",
        user=ALICE,
        password=PASSWORDS[ALICE],
    )
    at = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
    notice = Notice(address=BOB, kind=AuditKind.RESET_STARTED, at=at)
    attempt = Attempt(notice=notice, key={}, id="1" * 32, begun_at=at, tries=1, owner="", is_repeated=False)
    mail = write_mail(attempt, Letterhead(origin="https://keys.example.test", sender=ALICE, language=Language("ar")))
    server.send(mail, ALICE, BOB)
    (arrived,) = rig.wait_for(BOB)
    assert arrived.replace(b"\n", b"\r\n").endswith(mail)
