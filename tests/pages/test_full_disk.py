"""A full disk, in the pages: one sentence, and what is written, sent or answered is there once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.full_disk import full_for
from tests.support.pages.draft_driver import line, wait_for_draft, wait_until
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.parcel_letters import answers_to
from tests.support.pages.parcels import MESSAGE, ParcelRig, letter

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

NO_ROOM = "no room left"
NOTICE = "This browser has no room left, so"
SUBJECT = "The gate on Thursday"


def received(rig: ParcelRig, reader: int, folder: str = "INBOX") -> int:
    """The number of messages in a folder."""
    return len(rig.stack.mail_server.messages(rig.stack.accounts[reader].address, folder))


@pytest.mark.thorough(False)
def test_a_draft_is_kept_once_and_a_message_is_sent_once(
    browser: Browser, parcel_rig: ParcelRig, tmp_path: Path
) -> None:
    stack = parcel_rig.stack
    pages = MailPages(browser, "about:blank", stack.accounts[0])
    with full_for(pages.page):
        pages.page.goto(stack.pages_url)
        pages.enter()
        before, copies = received(parcel_rig, 1), received(parcel_rig, 0, "Sent")
        attached = tmp_path / "plan.txt"
        attached.write_text("Bring wax.")
        pages.write(to=stack.accounts[1].address, subject=SUBJECT, text="It opens at one.")
        pages.page.choose_files(named("compose-file"), [attached])
        wait_for_draft(pages, "mailbox")
        assert NO_ROOM in line(pages)
        # The knowledge about people is not kept either, which the notice above says.
        shown = pages.page.text()
        assert shown.count(line(pages)) == 1
        assert shown.count(NOTICE) <= 1
        assert received(parcel_rig, 0, "Drafts") == 1
        assert received(parcel_rig, 1) == before
        pages.send()
        wait_until(lambda: received(parcel_rig, 0, "Drafts") == 0)
        assert received(parcel_rig, 1) == before + 1
        assert received(parcel_rig, 0, "Sent") == copies + 1
        pages.page.click(f"{named('folder')}[data-folder=Sent]")
        row = f"{named('messages')}[aria-busy=false] {named('message-row')}"
        pages.page.wait_for_text("bob@", selector=row, timeout_seconds=OPERATION_SECONDS)
        assert pages.page.js("(row) => document.querySelectorAll(row).length", row) == copies + 1
        pages.page.click(named("message-row"))
        pages.page.wait_for_text("It opens at one.", selector=named("body"), timeout_seconds=OPERATION_SECONDS)
        shown = pages.page.text()
        assert shown.count("It opens at one.") == 1
        assert shown.count(NOTICE) <= 1
    pages.close()


@pytest.mark.thorough(False)
def test_the_reply_to_a_parcel_is_sent_once(browser: Browser, parcel_rig: ParcelRig) -> None:
    files = {MESSAGE: letter(SUBJECT, "Does Thursday suit you?")}
    sent = parcel_rig.send(files, kind="message", signer=parcel_rig.stack.accounts[1].identity)
    page = browser.open_private("about:blank")
    with full_for(page):
        page.goto(sent.link(parcel_rig.stack.pages_url))
        page.wait_for_selector(named("words"), timeout_seconds=OPERATION_SECONDS)
        page.fill(named("words"), sent.words)
        page.click(named("open-parcel"))
        page.wait_for_selector(named("write-answer"), timeout_seconds=OPERATION_SECONDS)
        assert page.text("main").count("Does Thursday suit you?") == 1
        page.click(named("write-answer"))
        page.wait_for_selector(named("answer-text"), timeout_seconds=OPERATION_SECONDS)
        page.fill(named("answer-text"), "It does.")
        page.click(named("send-answer"))
        page.wait_for_selector(named("answer-sent"), timeout_seconds=OPERATION_SECONDS)
        assert page.js("(sent) => document.querySelectorAll(sent).length", named("answer-sent")) == 1
    assert len(answers_to(parcel_rig, count=1)) == 1
    assert parcel_rig.states_of(sent).count("answered") == 1
    page.close()
