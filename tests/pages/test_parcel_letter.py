"""A letter to a person without a certificate goes as a parcel, and its recipient opens it by the words."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.wrappers import Request, Response

from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser
from tests.support.browser.downloads import WITHOUT_DIALOG, downloads_into, wait_for_download
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.webkit import WebKit
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.parcel_letters import CAROL, DORA, LINK, NOTICE_SECONDS, ParcelLetter, notice_to, notices_to
from tests.support.pages.parcels import ParcelPage, ParcelRig, run_parcel_rig
from tests.support.parcel_secret import shows_secret
from webbridge.delivery.states import Stage

IN_PAGE = page_scripts("pages/parcel_letter.js")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.thorough,
]

CHUNK = 16 * 1024 * 1024
SECTIONS = """(sections) => [...document.querySelectorAll(sections)]
  .map((section) => [section.getAttribute("aria-label"), section.querySelector("ol").textContent])"""
OFFERS = [named("remedy-parcel"), named("parcel-question")]
CHOOSE_WAY = "(select) => { document.querySelector(select).value = 'domains'; }"
# The answers of the announcement and of the submission are lost, and one piece does not arrive.
TEARING = IN_PAGE["tearing"]
# The second piece waits until its request is aborted.
HOLDING = IN_PAGE["holding"]


@pytest.fixture
def letter(browser: Browser, running_rig: ParcelRig) -> Iterator[ParcelLetter]:
    running_rig.changes.clear()
    letter = ParcelLetter(browser, running_rig)
    yield letter
    letter.close()


@pytest.mark.main_way
def test_a_letter_goes_as_a_parcel_and_is_opened_by_the_words(
    browser: Browser, letter: ParcelLetter, running_rig: ParcelRig, tmp_path: Path
) -> None:
    (tmp_path / "downloads").mkdir()
    film = tmp_path / "film.bin"
    film.write_bytes(bytes(range(256)) * (CHUNK // 256) + b"the end")
    before = len(notices_to(running_rig, CAROL))
    letter.page.activate()
    letter.write(CAROL, subject="The plans for Thursday", text="The gate opens at one.")
    letter.attach(film)
    question = letter.ask()
    assert f"{CAROL} cannot receive encrypted mail yet. Send a secure message?" in question
    assert find_violations(letter.page) == []
    letter.go()
    words = letter.wait_until_sent()
    assert len(words.split()) == 6
    assert find_violations(letter.page) == []
    shown = letter.page.text(named("parcel-secret"))
    notice = notice_to(running_rig, CAROL, count=before + 1)
    match = LINK.search(notice)
    assert match, notice
    assert not shows_secret(notice, words)
    assert "The plans for Thursday" not in notice
    letter.finish()
    assert not letter.page.js("(words) => document.documentElement.outerHTML.includes(words)", words)
    reader = ParcelPage(browser, running_rig.stack.pages_url + match[1])
    reader.open(words)
    assert reader.state == "verified"
    assert reader.page.text(named("parcel-heading")) == "The plans for Thursday"
    assert "The gate opens at one." in reader.page.text(named("body"))
    assert reader.file_names() == ["film.bin"]
    assert reader.page.text(named("parcel-reference")) in shown
    reader.page.js(WITHOUT_DIALOG)
    with downloads_into(reader.page, tmp_path / "downloads"):
        reader.save("film.bin")
        reader.wait_for_saving("Passed to your browser’s downloads")
        saved = wait_for_download(tmp_path / "downloads", "film.bin")
    assert hashlib.sha256(saved).digest() == hashlib.sha256(film.read_bytes()).digest()
    reader.close()


def test_people_with_certificates_get_their_mail_beside_the_parcel(
    letter: ParcelLetter, running_rig: ParcelRig
) -> None:
    bob = running_rig.stack.accounts[1]
    server = running_rig.stack.mail_server
    before = {address: len(notices_to(running_rig, address)) for address in (CAROL, DORA)}
    mails_before = len(server.messages(bob.address))
    letter.page.activate()
    letter.write(bob.address, CAROL)
    letter.page.click(named("unfold-cc-bcc"))
    letter.page.fill(named("compose-bcc"), f"{DORA},")
    letter.wait_for_missing(2)
    question = letter.ask()
    assert f"{bob.address} will get this message as encrypted mail, as always." in question
    assert "Each person in Bcc gets a secure message of their own" in question
    letter.go()
    letter.wait_until_sent()
    sections = letter.page.js(SECTIONS, named("parcel-secret"))
    assert [label for label, _ in sections] == [CAROL, DORA]
    assert sections[0][1] != sections[1][1], "whoever opens the one must not open the other"
    for address in (CAROL, DORA):
        notice_to(running_rig, address, count=before[address] + 1)
    mail = server.messages(bob.address)[mails_before:]
    assert [b"application/pkcs7-mime" in message.raw for message in mail] == [True]
    letter.finish()
    letter.page.wait_for_text("as a secure message to those without a certificate")
    assert notices_to(running_rig, bob.address) == [], "nobody gets the parcel and the mail"


def test_words_that_travel_in_the_link_are_named_for_what_they_are(
    browser: Browser, letter: ParcelLetter, running_rig: ParcelRig
) -> None:
    letter.page.activate()
    letter.write(CAROL, subject="By a link")
    question = letter.ask()
    assert "Anyone who can read that link can open the message" in question
    letter.page.click(named("parcel-route-link"))
    letter.page.js("(select) => { document.querySelector(select).value = 'fr'; }", named("parcel-language"))
    letter.go()
    letter.page.wait_for_selector(named("parcel-link-with-words"), timeout_seconds=OPERATION_SECONDS)
    link = letter.page.text(named("parcel-link-with-words"))
    assert "Anyone who can read this link can open the message." in letter.page.text(named("parcel-secret"))
    reader = ParcelPage(browser, link)
    reader.press_open()
    reader.wait_until_opened()
    assert reader.page.text(named("parcel-heading")) == "By a link"
    reader.close()
    letter.page.activate()
    letter.finish()


def test_the_service_writes_to_the_sender_in_the_language_of_the_words(
    letter: ParcelLetter, running_rig: ParcelRig
) -> None:
    letter.page.activate()
    letter.write(CAROL)
    letter.ask()
    letter.page.js("() => { document.documentElement.lang = 'fr'; }")
    letter.go()
    letter.wait_until_sent()
    shown = running_rig.delivery.parcels.list_own(running_rig.stack.accounts[0].address, before=None).parcels
    assert shown[0].parcel.language == "en"
    letter.finish()


def test_a_lost_connection_and_a_lost_answer_send_the_parcel_once(
    browser: Browser, letter: ParcelLetter, running_rig: ParcelRig, tmp_path: Path
) -> None:
    browser.expect_error("ERR_|Failed to|NetworkError|50[03]")
    file = tmp_path / "plan.bin"
    file.write_bytes(bytes(range(256)) * (20 * 4096))
    before = len(notices_to(running_rig, CAROL))
    letter.page.activate()
    letter.write(CAROL)
    letter.attach(file)
    letter.ask()
    letter.page.js(TEARING)
    letter.go()
    letter.wait_until_sent()
    assert letter.page.js("() => torn") == ["create", "piece", "submit"]
    letter.finish()
    notice_to(running_rig, CAROL, count=before + 1)
    shown = running_rig.delivery.parcels.list_own(running_rig.stack.accounts[0].address, before=None).parcels
    newest = shown[0].parcel
    assert newest.stage is Stage.SUBMITTED
    assert [entry.parcel.stage for entry in shown].count(Stage.UPLOADING) == 0
    running_rig.send_mails()
    assert len(notices_to(running_rig, CAROL)) == before + 1


def hold_upload(letter: ParcelLetter, tmp_path: Path) -> None:
    """Send a letter to Carla as a parcel whose upload gets no answer."""
    file = tmp_path / "plan.bin"
    file.write_bytes(bytes(5_000_000))
    letter.page.activate()
    letter.write(CAROL, text="Every word of it.")
    letter.attach(file)
    letter.ask()
    letter.page.js(HOLDING)
    letter.go()
    letter.page.wait_for("() => held", timeout_seconds=OPERATION_SECONDS)


def test_a_cancelled_parcel_is_deleted_and_the_letter_stays(
    letter: ParcelLetter, running_rig: ParcelRig, tmp_path: Path
) -> None:
    hold_upload(letter, tmp_path)
    letter.page.click(named("parcel-cancel"))
    letter.page.wait_for("(dialog) => document.querySelector(dialog) === null", named("parcel-dialog"))
    assert letter.page.value(named("compose-text")) == "Every word of it."
    deadline = time.monotonic() + NOTICE_SECONDS
    owner = running_rig.stack.accounts[0].address
    while (parcel := running_rig.delivery.parcels.list_own(owner, before=None).parcels[0].parcel).is_stored:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert parcel.stage is Stage.WITHDRAWN
    letter.pages.discard()


def test_a_full_quota_says_what_to_do_and_the_letter_stays(
    browser: Browser, letter: ParcelLetter, running_rig: ParcelRig
) -> None:
    browser.expect_error("507")

    def refuse(_: Request, answer: Response) -> Response:
        answer.status_code = 507
        answer.set_data(json.dumps({"code": "quota-exceeded", "message": "full"}))
        return answer

    letter.page.activate()
    letter.write(CAROL, text="Every word of it.")
    letter.ask()
    running_rig.meddle("POST", "/api/parcels", refuse)
    letter.go()
    assert "Withdraw older ones under “Secure messages”" in letter.wait_for_error()
    letter.page.click(named("parcel-cancel"))
    letter.page.wait_for("(dialog) => document.querySelector(dialog) === null", named("parcel-dialog"))
    assert letter.page.value(named("compose-text")) == "Every word of it."
    letter.pages.discard()


def test_the_question_leads_back_and_to_an_unencrypted_message(browser: Browser, letter: ParcelLetter) -> None:
    letter.page.activate()
    letter.write(CAROL)
    letter.ask()
    letter.page.fill(named("parcel-days"), "0")
    letter.go()
    assert "Type a whole number from 1 to 90." in letter.page.wait_for_text(
        "Type a whole", selector=named("parcel-question-error")
    )
    letter.page.click(named("parcel-back"))
    letter.page.wait_for("(dialog) => document.querySelector(dialog) === null", named("parcel-dialog"))
    letter.page.click(named("remedy-parcel"))
    letter.page.wait_for_selector(named("parcel-unencrypted"))
    letter.page.wait_until_calm()
    # The mail server knows nobody of this name, so it refuses the message, which stays.
    browser.expect_error("422|502|400")
    letter.page.click(named("parcel-unencrypted"))
    letter.page.wait_for_text(CAROL, selector=named("send-error"), timeout_seconds=OPERATION_SECONDS)
    letter.pages.discard()


@pytest.fixture(scope="module")
def small_rig(pages_with_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParcelRig]:
    """A demonstration whose mail takes 2 MB."""
    store = tmp_path_factory.mktemp("parcels")
    with run_parcel_rig(pages_with_sources, store, max_message_bytes=2_000_000) as rig:
        yield rig


def test_a_file_too_large_for_mail_goes_as_a_parcel_to_everybody(
    browser: Browser, small_rig: ParcelRig, tmp_path: Path
) -> None:
    large, small = tmp_path / "film.bin", tmp_path / "Film.bin"
    large.write_bytes(bytes(range(256)) * 20_000)
    small.write_bytes(b"The other one.")
    bob = small_rig.stack.accounts[1]
    letter = ParcelLetter(browser, small_rig)
    letter.page.activate()
    letter.write(bob.address, CAROL)
    letter.attach(large)
    letter.attach(small)
    letter.page.wait_for_text("Such a file goes only in a secure message", selector=named("large-files"))
    letter.wait_for_missing(1)
    question = letter.ask()
    assert "This is too large for mail. Send a secure message?" in question
    assert "Everybody gets the secure message, also those with a certificate." in question
    assert letter.page.js("(button) => document.querySelector(button) === null", named("parcel-unencrypted"))
    before = len(notices_to(small_rig, bob.address))
    letter.go()
    words = letter.wait_until_sent()
    link = LINK.search(notice_to(small_rig, bob.address, count=before + 1))
    assert link
    letter.finish()
    reader = ParcelPage(browser, small_rig.stack.pages_url + link[1])
    reader.open(words)
    assert sorted(reader.file_names()) == ["Film.bin", "film (2).bin"]
    reader.close()
    letter.close()


def test_a_lock_ends_the_upload_and_keeps_the_letter(
    letter: ParcelLetter, running_rig: ParcelRig, tmp_path: Path
) -> None:
    hold_upload(letter, tmp_path)
    # The dialog covers the button of the lock. Closing the page, sleep, and time lock too.
    letter.page.js("() => document.dispatchEvent(new Event('freeze'))")
    letter.page.wait_for("(dialog) => document.querySelector(dialog) === null", named("parcel-dialog"))
    letter.page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    owner = running_rig.stack.accounts[0].address
    deadline = time.monotonic() + NOTICE_SECONDS
    while running_rig.delivery.parcels.list_own(owner, before=None).parcels[0].parcel.is_stored:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    letter.pages.unlock()
    letter.page.wait_for("(text) => document.querySelector(text)?.value === 'Every word of it.'", named("compose-text"))
    letter.pages.discard()


def test_a_bridge_without_parcels_offers_none(browser: Browser, running_rig: ParcelRig) -> None:
    def withhold(_: Request, answer: Response) -> Response:
        answer.set_data(json.dumps({**json.loads(answer.get_data()), "parcels": None}))
        return answer

    running_rig.changes.clear()
    running_rig.meddle("GET", "/api/config", withhold)
    letter = ParcelLetter(browser, running_rig)
    letter.page.activate()
    letter.write(CAROL)
    letter.page.wait_for_selector(named("remedy-encrypt-off"), timeout_seconds=OPERATION_SECONDS)
    assert letter.page.js("(names) => names.every((name) => document.querySelector(name) === null)", OFFERS)
    letter.pages.discard()
    letter.close()


def test_an_operator_who_forbids_unencrypted_mail_leaves_the_parcel(browser: Browser, running_rig: ParcelRig) -> None:
    def forbid(_: Request, answer: Response) -> Response:
        policy = {"mode": "never", "neverDomains": []}
        answer.set_data(json.dumps({**json.loads(answer.get_data()), "clearMail": policy}))
        return answer

    running_rig.changes.clear()
    running_rig.meddle("GET", "/api/config", forbid)
    letter = ParcelLetter(browser, running_rig)
    letter.page.activate()
    letter.write(CAROL)
    refused = f"{named('obstacle')}[data-code=clear-refused]"
    sentence = "Your organisation does not allow unencrypted messages."
    letter.page.wait_for_text(sentence, selector=refused, timeout_seconds=OPERATION_SECONDS)
    assert letter.page.js("(name) => document.querySelector(name) === null", named("remedy-encrypt-off"))
    letter.ask()
    assert letter.page.js("(name) => document.querySelector(name) === null", named("parcel-unencrypted"))
    letter.page.click(named("parcel-back"))
    letter.pages.discard()
    letter.close()


def test_a_remembered_parcel_is_what_send_makes(letter: ParcelLetter, running_rig: ParcelRig) -> None:
    letter.page.activate()
    letter.write("emil@remembered.test")
    letter.wait_for_way()
    letter.page.js(CHOOSE_WAY, named("remember-way"))
    letter.ask()
    letter.go()
    letter.wait_until_sent()
    letter.finish()
    letter.write("erna@remembered.test")
    letter.wait_for_way()
    letter.page.click(named("send"))
    letter.page.wait_for_selector(named("parcel-question"), timeout_seconds=OPERATION_SECONDS)
    letter.page.wait_until_calm()
    letter.page.click(named("parcel-back"))
    letter.pages.discard()


def test_webkit_sends_a_letter_as_a_parcel_of_several_chunks(
    webkit: WebKit, running_rig: ParcelRig, tmp_path: Path
) -> None:
    film = tmp_path / "film.bin"
    film.write_bytes(bytes(range(256)) * (CHUNK // 256) + b"the end")
    before = len(notices_to(running_rig, CAROL))
    running_rig.changes.clear()
    letter = ParcelLetter(webkit, running_rig)
    letter.write(CAROL, subject="The plans for Thursday")
    letter.attach(film)
    assert f"{CAROL} cannot receive encrypted mail yet. Send a secure message?" in letter.ask()
    letter.page.show_top(390, 844)
    assert not letter.page.overflows_sideways()
    letter.go()
    words = letter.wait_until_sent()
    assert not letter.page.overflows_sideways()
    link = LINK.search(notice_to(running_rig, CAROL, count=before + 1))
    assert link
    letter.finish()
    letter.close()
    reader = ParcelPage(webkit, running_rig.stack.pages_url + link[1])
    reader.open(words)
    assert (reader.state, reader.file_names()) == ("verified", ["film.bin"])
    (tmp_path / "downloads").mkdir()
    with downloads_into(reader.page, tmp_path / "downloads"):
        reader.save("film.bin")
        reader.wait_for_saving("Passed to your browser’s downloads")
        saved = wait_for_download(tmp_path / "downloads", "film.bin", least_bytes=film.stat().st_size)
    assert hashlib.sha256(saved).digest() == hashlib.sha256(film.read_bytes()).digest()
    reader.close()
