"""Letters that the person's bridge sends: the sign-in window, the three outcomes, and nothing twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from smime_core.report.report import State
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.compose_driver import Webmail, address, send as send_now
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import People
from tests.support.extension.letters_from_bob import SECRET_WORDS, opened_by
from tests.support.extension.own_bridge import (
    OwnBridge,
    name_bridge,
    open_sign_in,
    own_bridge,
    sign_in,
    type_password,
)
from tests.support.pages.draft_messages import PAGES_FIELDS, build_draft, read_draft
from tests.support.servers.lying_server import Close, TakeMessage
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from tests.support.servers.tls import tls_folder as tls_folder

IN_PAGE = page_scripts("extension/compose/bridge.js")


CAROL = "carol@example.test"
FORGET_DRAFTS = IN_PAGE["forgetDrafts"]

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


@pytest.fixture(scope="module")
def running(extension: Extension, tls_folder: Path) -> Iterator[OwnBridge]:
    with own_bridge(tls_folder, origins=[extension.base.rstrip("/")]) as bridge:
        name_bridge(extension, bridge.url)
        yield bridge


@pytest.fixture
def bridge(running: OwnBridge) -> OwnBridge:
    running.forget()
    return running


def write(webmail: Webmail) -> Page:
    """Open a window with a letter to Bob."""
    window = webmail.write(to=[BOB], text=SECRET_WORDS)
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    return window


def signed_in(extension: Extension, webmail: Webmail) -> Page:
    """Open a window with a letter to Bob that the bridge sends."""
    window = write(webmail)
    window.wait_for_selector("[data-test=bridge-sends], [data-test=bridge-sign-in]")
    if not window.js("() => Boolean(document.querySelector('[data-test=bridge-sends]'))"):
        sign_in(extension, window)
    return window


def press(window: Page, button: str, expected: str) -> None:
    """Press a button, and wait for the words of the outcome."""
    window.click(f"[data-test={button}]")
    window.wait_for_text(expected, selector="[data-test=send-error]", timeout_seconds=60)


def typed(window: Page) -> str:
    text: str = window.js("() => document.querySelector('[data-test=compose-text]').value")
    return text


def test_a_sign_in_that_the_bridge_answers_for_another_address_is_not_kept(
    extension: Extension, webmail: Webmail, bridge: OwnBridge
) -> None:
    window = write(webmail)
    bridge.signs_in = "malic@example.test"
    prompt = open_sign_in(extension, window)
    type_password(prompt)
    prompt.wait_for_text("for another address", selector="[data-test=sign-in-problem]", timeout_seconds=30)
    window.wait_for_selector("[data-test=bridge-sign-in]")
    prompt.close()
    window.close()


@pytest.mark.thorough(False)
def test_a_person_signs_in_and_the_bridge_sends_what_the_vault_made(
    extension: Extension, webmail: Webmail, bridge: OwnBridge, people: People
) -> None:
    window = write(webmail)
    prompt = open_sign_in(extension, window)
    assert prompt.js("() => document.querySelector('[data-test=bridge-address]').value") == ALICE
    type_password(prompt, "wrong")
    prompt.wait_for_text("refused the address or the password", timeout_seconds=30)
    type_password(prompt)
    window.activate()
    window.wait_for_text(f"Send by {bridge.host}", selector="[data-test=send]", timeout_seconds=30)
    send_now(window)
    window.wait_for_text("kept a copy in Sent", selector="[data-test=sent-copy]")
    (message,) = bridge.sent()
    assert bridge.in_sent()[-1] == message
    report = opened_by(people.bob, message, people)
    assert report.state is State.VERIFIED
    assert webmail.page.js("() => document.documentElement.dataset.taken ?? ''") == ""


def test_a_refusal_names_the_recipients_and_keeps_the_letter(
    extension: Extension, webmail: Webmail, bridge: OwnBridge
) -> None:
    window = signed_in(extension, webmail)
    for reply, is_temporary in ((b"550 5.1.1 no such user\r\n", "false"), (b"450 4.2.0 greylisted\r\n", "true")):
        bridge.smtp.answers["RCPT TO"] = [reply]
        press(window, "send", "Nobody got the message")
        window.wait_for_selector(f"[data-test=refused-one][data-address='{BOB}'][data-temporary={is_temporary}]")
        assert SECRET_WORDS in typed(window)
    bridge.forget()
    send_now(window)
    assert len(bridge.sent()) == 1


def test_a_message_that_was_perhaps_sent_is_looked_for_and_never_simply_sent_again(
    extension: Extension, webmail: Webmail, bridge: OwnBridge
) -> None:
    window = signed_in(extension, webmail)
    bridge.smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), Close()]
    press(window, "send", "Perhaps sent")
    bridge.smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), b"250 taken\r\n"]
    for button in ("look-again", "send"):
        press(window, button, "Perhaps sent")
        assert len(bridge.sent()) == 1
    # The mail server keeps a copy by itself.
    bridge.mailboxes.append(ALICE, bridge.sent()[0], "Sent")
    window.click("[data-test=look-again]")
    window.wait_for_selector("[data-test=sent]", timeout_seconds=60)
    assert len(bridge.sent()) == 1


def test_a_person_may_send_what_was_perhaps_sent_after_a_question(
    extension: Extension, webmail: Webmail, bridge: OwnBridge
) -> None:
    window = signed_in(extension, webmail)
    bridge.smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), Close()]
    press(window, "send", "Perhaps sent")
    bridge.forget()
    window.click("[data-test=send-twice]")
    window.click("[data-test=send-twice-confirm]")
    window.wait_for_selector("[data-test=sent]", timeout_seconds=60)
    assert len(bridge.sent()) == 1


def test_a_lost_answer_and_a_closed_window_send_nothing_twice(
    extension: Extension, webmail: Webmail, bridge: OwnBridge
) -> None:
    window = signed_in(extension, webmail)
    window.click("[data-test=compose-text]")
    window.type("P.S. ")
    window.wait_for_selector("[data-test=draft-state][data-state=kept]", timeout_seconds=30)
    bridge.loses_answers = True
    press(window, "send", "No answer came")
    assert len(bridge.sent()) == 1
    window.close()
    bridge.loses_answers = False
    again = webmail.write()
    again.wait_for_selector("[data-test=draft-continue]")
    again.click("[data-test=draft-continue]")
    again.wait_for("(words) => document.querySelector('[data-test=compose-text]').value.includes(words)", "P.S. ")
    again.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    send_now(again)
    assert len(bridge.sent()) == 1
    assert bridge.mailboxes.messages(ALICE, "Drafts") == []


def test_changed_words_are_not_shown_as_sent(extension: Extension, webmail: Webmail, bridge: OwnBridge) -> None:
    window = signed_in(extension, webmail)
    bridge.loses_answers = True
    press(window, "send", "No answer came")
    assert len(bridge.sent()) == 1
    bridge.loses_answers = False
    window.click("[data-test=compose-text]")
    window.type("P.S. ")
    press(window, "send", "An earlier version of this message was sent")
    assert len(bridge.sent()) == 1
    window.click("[data-test=send-anew]")
    window.wait_for_selector("[data-test=sent]", timeout_seconds=60)
    assert len(bridge.sent()) == 2


def test_a_letter_that_was_perhaps_sent_is_offered_to_no_other_browser(
    extension: Extension, webmail: Webmail, bridge: OwnBridge
) -> None:
    window = signed_in(extension, webmail)
    window.fill("[data-test=compose-subject]", "Lighthouse")
    wait_for_draft(bridge)
    bridge.smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), Close()]
    press(window, "send", "Perhaps sent")
    assert bridge.mailboxes.messages(ALICE, "Drafts") == []
    window.fill("[data-test=compose-subject]", "Lighthouse, again")
    window.wait_for_selector("[data-test=draft-state][data-state=kept]", timeout_seconds=30)
    press(window, "send", "Perhaps sent")
    assert bridge.mailboxes.messages(ALICE, "Drafts") == []
    assert len(bridge.sent()) == 1


def test_a_session_that_was_ended_elsewhere_costs_no_text(
    extension: Extension, webmail: Webmail, bridge: OwnBridge
) -> None:
    window = signed_in(extension, webmail)
    bridge.end_sessions()
    press(window, "send", "no longer signed in")
    window.wait_for_selector("[data-test=bridge-sign-in]")
    # The window goes on to ask for the bridge: the letter does not slip to the webmail.
    press(window, "send", "no longer signed in")
    assert SECRET_WORDS in typed(window)
    assert bridge.sent() == []
    assert webmail.page.js("() => document.documentElement.dataset.taken ?? ''") == ""
    sign_in(extension, window)
    send_now(window)
    assert len(bridge.sent()) == 1


def test_a_bcc_recipient_gets_a_message_of_their_own_and_only_one_copy_is_kept(
    extension: Extension, webmail: Webmail, bridge: OwnBridge, people: People, tmp_path: Path
) -> None:
    (tmp_path / "carol.der").write_bytes(people.carol.certificate.der)
    extension.keep(people=[tmp_path / "carol.der"])
    window = signed_in(extension, webmail)
    address(window, "compose-bcc", CAROL)
    before = len(bridge.in_sent())
    send_now(window)
    hidden, open_one = bridge.sent()
    assert bridge.smtp.commands("RCPT TO")[-2:] == [f"RCPT TO:<{CAROL}>".encode(), f"RCPT TO:<{BOB}>".encode()]
    assert hidden != open_one
    assert bridge.in_sent()[before:] == [open_one]


def test_a_draft_goes_on_in_another_browser_and_the_bridge_reads_none_of_it(
    extension: Extension, webmail: Webmail, bridge: OwnBridge
) -> None:
    window = signed_in(extension, webmail)
    window.fill("[data-test=compose-subject]", "Lighthouse")
    draft = wait_for_draft(bridge)
    assert all(word not in draft for word in (b"Lighthouse", BOB.encode()))
    window.fill("[data-test=compose-subject]", "Lighthouse, again")
    assert wait_for_draft(bridge, not_like=draft) != draft
    window.close()
    # Another browser has the same keys and no draft.
    options = extension.open_options()
    options.js(FORGET_DRAFTS)
    options.close()
    again = webmail.write()
    again.wait_for_selector("[data-test=draft-continue]", timeout_seconds=30)
    again.click("[data-test=draft-continue]")
    again.wait_for(
        "(text) => document.querySelector('[data-test=compose-subject]').value === text", "Lighthouse, again"
    )
    again.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    assert SECRET_WORDS in typed(again)
    send_now(again)
    assert len(bridge.sent()) == 1
    assert bridge.mailboxes.messages(ALICE, "Drafts") == []


def test_a_draft_of_the_pages_goes_on_in_the_extension(
    extension: Extension, webmail: Webmail, bridge: OwnBridge, people: People
) -> None:
    send_now(signed_in(extension, webmail))
    formatted = f"<p><strong>{SECRET_WORDS}</strong></p>"
    of_pages = {"html": formatted, "sharedFrom": "ward3@example.test", "copy": 30, "doubtful": [CAROL]}
    fields = {**PAGES_FIELDS, "from": ALICE, "to": [BOB], "subject": "Lighthouse", **of_pages}
    draft = build_draft(people.alice, str(uuid4()), fields, SECRET_WORDS, note="A note for other mail programs")
    bridge.mailboxes.append(ALICE, draft, "Drafts")
    window = webmail.write()
    window.click("[data-test=draft-continue]", timeout_seconds=30)
    window.wait_for("(text) => document.querySelector('[data-test=compose-subject]').value === text", "Lighthouse")
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    assert typed(window) == SECRET_WORDS
    # Nobody but the answered message has named her, so the person is still asked.
    assert CAROL in window.text("[data-note=doubtful]")
    # The window sends the words as plain text and from her own address, and says so. What only the pages send goes back
    # to them with the draft.
    window.wait_for_text("sent as plain text", selector="[data-test=formatted-note]")
    window.wait_for_text("To send it from ward3@example.test", selector="[data-test=shared-from-note]")
    window.fill("[data-test=compose-subject]", "Lighthouse 2")
    newer_draft = read_draft(people.alice, wait_for_draft(bridge, not_like=draft))
    assert newer_draft.fields["subject"] == "Lighthouse 2"
    assert {name: newer_draft.fields[name] for name in of_pages} == of_pages
    send_now(window)
    assert len(bridge.sent()) == 2
    assert bridge.mailboxes.messages(ALICE, "Drafts") == []


def wait_for_draft(bridge: OwnBridge, *, not_like: bytes = b"") -> bytes:
    """Wait until Alice's folder for drafts has one message, and another one than before."""
    for _ in range(600):
        drafts = [message.raw for message in bridge.mailboxes.messages(ALICE, "Drafts")]
        if len(drafts) == 1 and drafts[0] != not_like:
            return drafts[0]
        time.sleep(0.05)
    raise AssertionError("the draft did not come")


def test_the_person_may_choose_the_webmail_and_sign_out(
    extension: Extension, webmail: Webmail, bridge: OwnBridge
) -> None:
    window = signed_in(extension, webmail)
    window.click("[data-test=bridge-turn]")
    send_now(window)
    assert len(webmail.taken()) == 1
    assert bridge.sent() == []
    options = extension.open_options()
    options.js("() => { location.hash = '#settings-section'; }")
    options.wait_for_text(f"signed in as {ALICE}", selector="[data-test=bridge-state]")
    options.click("[data-test=bridge-sign-out]")
    options.wait_for_selector("[data-test=bridge-sign-in]")
    options.close()
    window = write(webmail)
    window.wait_for_selector("[data-test=bridge-sign-in]")


def test_a_bridge_that_does_not_admit_the_extension_says_what_to_do(
    extension: Extension, webmail: Webmail, bridge: OwnBridge, tls_folder: Path
) -> None:
    with own_bridge(tls_folder, origins=[]) as stranger:
        name_bridge(extension, stranger.url)
        window = write(webmail)
        prompt = open_sign_in(extension, window)
        type_password(prompt, PASSWORDS[ALICE])
        prompt.wait_for_text(
            "does not admit this extension", selector="[data-test=sign-in-problem]", timeout_seconds=30
        )
        prompt.wait_for_text(extension.base.rstrip("/"), selector="[data-test=own-origin]")
        prompt.close()
        name_bridge(extension, bridge.url)
