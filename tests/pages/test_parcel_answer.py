"""A person without keys answers a parcel: the sender reads the answer in ordinary mail, and nobody else does."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from werkzeug.wrappers import Request, Response

from smime_core import Identity, Keys, State
from smime_core.blocking import decrypt_message, examine_message
from smime_core.mail import read_encrypted_payload
from smime_core.mime import parse_entity
from smime_core.trust import Judging
from tests.support.browser.browsers import Browser
from tests.support.browser.webkit import WebKit
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.parcel_letters import answers_to
from tests.support.pages.parcels import MAX_ANSWER_BYTES, MESSAGE, READER, ParcelPage, ParcelRig, Sent, letter
from tests.support.people import PROVIDER, trust

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

SUBJECT = "The plans for Thursday"
ANSWER = "Thursday suits me.\nThe key — under which step?"
ANSWER_ROUTE = ("POST", "/api/open/answer")
SCRIPTS = "() => [...document.scripts].map(({ src }) => src.split('/').at(-1))"


def bob_of(rig: ParcelRig) -> Identity:
    return rig.stack.accounts[1].identity


def send_letter(rig: ParcelRig) -> Sent:
    return rig.send({MESSAGE: letter(SUBJECT, "Does Thursday suit you?")}, kind="message", signer=bob_of(rig))


def open_parcel(browser: Browser | WebKit, rig: ParcelRig, sent: Sent) -> ParcelPage:
    reader = ParcelPage(browser, sent.link(rig.stack.pages_url))
    reader.open(sent.words)
    reader.page.wait_for_selector(f"{named('write-answer')}, {named('no-answer')}", timeout_seconds=OPERATION_SECONDS)
    return reader


def write_answer(reader: ParcelPage, text: str = ANSWER, *files: Path) -> None:
    page = reader.page
    page.click(named("write-answer"))
    page.wait_for_selector(named("answer-text"), timeout_seconds=OPERATION_SECONDS)
    if text:
        page.fill(named("answer-text"), text)
    if files:
        page.choose_files(named("compose-file"), files)
        page.wait_for_text(files[-1].name, selector=named("compose-attachments"))


def press_send(reader: ParcelPage) -> None:
    reader.page.click(named("send-answer"))


def wait_until_sent(reader: ParcelPage) -> str:
    reader.page.wait_for_selector(named("answer-sent"), timeout_seconds=OPERATION_SECONDS)
    return reader.page.text(named("answer-sent"))


def wait_for_problem(reader: ParcelPage) -> str:
    reader.page.wait_for(
        "(selector) => Boolean(document.querySelector(selector)?.textContent)",
        named("answer-error"),
        timeout_seconds=OPERATION_SECONDS,
    )
    return reader.page.text(named("answer-error"))


@pytest.mark.thorough(False)
def test_the_sender_reads_the_answer_and_its_file_in_ordinary_mail(
    browser: Browser, parcel_rig: ParcelRig, tmp_path: Path
) -> None:
    sent = send_letter(parcel_rig)
    note = tmp_path / "signed plan.txt"
    note.write_bytes(b"Signed: Renate")
    reader = open_parcel(browser, parcel_rig, sent)
    assert "parcel_answer.js" not in reader.page.js(SCRIPTS), "it is loaded with the answer"
    write_answer(reader, ANSWER, note)
    assert "nothing proves that you wrote it" in reader.page.text(named("answer-meaning"))
    press_send(reader)
    reference = reader.page.text(named("parcel-reference"))
    assert reference in wait_until_sent(reader)
    (mail,) = answers_to(parcel_rig, count=1)
    for secret in (ANSWER.splitlines()[0], SUBJECT, note.name, "Signed"):
        assert secret.encode() not in mail
    keys = Keys(identities=[bob_of(parcel_rig)])
    message = decrypt_message(mail, keys, PROVIDER)
    read = read_encrypted_payload(message)
    assert ANSWER in read.text.replace("\r\n", "\n")
    assert read.text.startswith(f"Reply to secure message {reference}. Somebody who could open the message wrote it")
    assert [(attachment.filename, attachment.data) for attachment in read.attachments] == [
        (note.name, b"Signed: Renate")
    ]
    report = examine_message(mail, Judging(trust_store=trust(), at=datetime.now(UTC)), PROVIDER, keys)
    assert report.state is State.ENCRYPTED_ONLY
    assert report.protected_headers is not None
    assert report.protected_headers.altered_outside == (), "the mail around it is not called altered"
    head = parse_entity(message).headers
    assert [field.text for field in head.find("Subject")] == [f"Re: {SUBJECT}"]
    assert parcel_rig.states_of(sent)[-1] == "answered"
    assert decrypted_by_openssl(mail, bob_of(parcel_rig), tmp_path).count(b"Thursday suits me.") == 1
    # There may be another one.
    reader.page.click(named("answer-done"))
    reader.page.wait_for_selector(named("write-answer"))
    reader.close()


def test_a_reply_to_the_answer_goes_to_the_people_of_the_parcel_and_never_to_the_service(
    browser: Browser, parcel_rig: ParcelRig
) -> None:
    bob = parcel_rig.stack.accounts[1]
    reader = open_parcel(browser, parcel_rig, send_letter(parcel_rig))
    write_answer(reader)
    press_send(reader)
    reference = reader.page.text(named("parcel-reference"))
    wait_until_sent(reader)
    reader.close()
    (mail,) = answers_to(parcel_rig, count=1)
    # A reply of before, which another parcel has got, is not taken for this one.
    send_letter(parcel_rig)
    uid = parcel_rig.stack.mail_server.append(bob.address, mail)
    pages = MailPages(browser, parcel_rig.stack.pages_url, bob)
    pages.enter()
    pages.open_message(uid)
    assert ANSWER.splitlines()[0] in pages.body
    pages.page.click(named("reply"))
    pages.page.wait_for_text("nothing proves who wrote it", selector=named("service-note"))
    assert pages.page.js("() => document.querySelectorAll('[data-test=recipient]').length") == 0
    pages.page.wait_for_text(f"{READER}, who got secure message {reference}", selector=named("service-people"))
    pages.page.click(named("service-people"))
    pages.page.wait_for_text(READER, selector=named("recipient"))
    pages.page.wait_for_selector(named("remedy-parcel"), timeout_seconds=OPERATION_SECONDS)
    pages.close()


def decrypted_by_openssl(mail: bytes, identity: Identity, folder: Path) -> bytes:
    file, key = folder / "mail.eml", folder / "key.der"
    file.write_bytes(mail)
    key.write_bytes(identity.private_key.pkcs8_der)
    command = ["openssl", "cms", "-decrypt", "-in", str(file), "-inkey", str(key), "-keyform", "DER"]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def test_a_second_press_sends_no_second_answer(browser: Browser, parcel_rig: ParcelRig) -> None:
    reader = open_parcel(browser, parcel_rig, send_letter(parcel_rig))
    write_answer(reader)
    reader.page.js(
        "(selector) => { const one = document.querySelector(selector); one.click(); one.click(); }",
        named("send-answer"),
    )
    wait_until_sent(reader)
    assert len(answers_to(parcel_rig, count=1)) == 1
    reader.close()


def test_an_answer_that_was_lost_on_its_way_is_sent_once(browser: Browser, parcel_rig: ParcelRig) -> None:
    # The answer of the lost request has no header of CORS, so Firefox writes both into its console.
    browser.expect_error("502")
    reader = open_parcel(browser, parcel_rig, send_letter(parcel_rig))
    keys = []

    def lose(request: Request, _: Response) -> Response:
        keys.append(request.headers["Idempotency-Key"])
        return Response(status=502)

    parcel_rig.meddle(*ANSWER_ROUTE, lose)
    write_answer(reader)
    press_send(reader)
    assert wait_for_problem(reader)
    assert reader.page.js("(selector) => document.querySelector(selector).value", named("answer-text")) == ANSWER
    parcel_rig.changes.clear()
    press_send(reader)
    wait_until_sent(reader)
    assert len(keys) == 1
    assert len(answers_to(parcel_rig, count=1)) == 1
    reader.close()


def test_too_much_and_nothing_are_not_sent(browser: Browser, parcel_rig: ParcelRig, tmp_path: Path) -> None:
    reader = open_parcel(browser, parcel_rig, send_letter(parcel_rig))
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(MAX_ANSWER_BYTES))
    write_answer(reader, "", large)
    press_send(reader)
    assert "too large" in wait_for_problem(reader)
    reader.page.click('button[aria-label="Remove large.bin"]')
    press_send(reader)
    assert "Nothing is written yet" in wait_for_problem(reader)
    assert ANSWER_ROUTE not in parcel_rig.asked
    reader.close()


def test_a_ticket_that_ended_is_renewed_once(browser: Browser, parcel_rig: ParcelRig) -> None:
    reader = open_parcel(browser, parcel_rig, send_letter(parcel_rig))

    def end(_: Request, answer: Response) -> Response:
        parcel_rig.changes.clear()
        answer.status_code = 401
        answer.set_data('{"code": "ticket-ended", "message": ""}')
        return answer

    parcel_rig.meddle(*ANSWER_ROUTE, end)
    write_answer(reader)
    press_send(reader)
    wait_until_sent(reader)
    assert parcel_rig.asked.count(ANSWER_ROUTE) == 2
    assert len(answers_to(parcel_rig, count=1)) == 1
    reader.close()


def test_a_parcel_that_was_withdrawn_meanwhile_takes_no_answer(browser: Browser, parcel_rig: ParcelRig) -> None:
    sent = send_letter(parcel_rig)
    reader = open_parcel(browser, parcel_rig, sent)
    write_answer(reader)
    parcel_rig.withdraw(sent)
    press_send(reader)
    assert "The sender has withdrawn this message" in wait_for_problem(reader)
    assert answers_to(parcel_rig, count=0) == []
    reader.close()


def test_a_sender_without_a_verified_certificate_gets_no_answer(browser: Browser, parcel_rig: ParcelRig) -> None:
    reader = open_parcel(browser, parcel_rig, parcel_rig.send({"a.txt": b"A"}))
    assert "cannot encrypt a reply" in reader.page.text(named("no-answer"))
    assert reader.page.js("(selector) => document.querySelector(selector)", named("write-answer")) is None
    reader.close()


def test_closing_the_parcel_deletes_an_answer_that_is_being_written(browser: Browser, parcel_rig: ParcelRig) -> None:
    reader = open_parcel(browser, parcel_rig, send_letter(parcel_rig))
    write_answer(reader)
    reader.page.click(named("close-parcel"))
    reader.page.wait_for_selector(named("closed-note"))
    assert "Thursday suits me" not in reader.page.js("() => document.documentElement.outerHTML")
    reader.close()


def test_webkit_answers_a_parcel(webkit: WebKit, parcel_rig: ParcelRig, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_bytes(b"Signed: Renate")
    reader = open_parcel(webkit, parcel_rig, send_letter(parcel_rig))
    write_answer(reader, ANSWER, note)
    reader.page.show_top(390, 844)
    assert not reader.page.overflows_sideways()
    press_send(reader)
    wait_until_sent(reader)
    (mail,) = answers_to(parcel_rig, count=1)
    read = read_encrypted_payload(decrypt_message(mail, Keys(identities=[bob_of(parcel_rig)]), PROVIDER))
    assert ANSWER in read.text.replace("\r\n", "\n")
    assert [(attachment.filename, attachment.data) for attachment in read.attachments] == [
        (note.name, b"Signed: Renate")
    ]
    reader.close()
