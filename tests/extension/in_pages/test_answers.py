"""Mail is answered and forwarded where it is read: to the right people, encrypted, and without hidden words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from smime_core.report.report import State
from tests.support.browser.page import Page
from tests.support.extension.compose_driver import readiness, send, wait_for_obstacles
from tests.support.extension.driver import Extension, Frame, Site, textarea
from tests.support.extension.field_pages import TEXT, People, agree_if_asked, open_and_agree
from tests.support.extension.hostile_mails import SECRET, counting_server
from tests.support.extension.letters_from_bob import SECRET_WORDS, mail_from_bob, opened_by
from tests.support.extension.mail_letters import html, mail as mail_of, multipart, text
from tests.support.extension.played_bridge import SENT, PlayedBridge, played_bridge
from tests.support.extension.reply_attacks import REWRAPPED, reply_attacks
from tests.support.extension.viewer import open_file

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

READING = "[data-test=reading]"
ASKED = {
    "reply": {"bob@example.test"},
    # Carol is in an unprotected header field, so the window asks before it adds her.
    "replyAll": {"bob@example.test"},
    "forward": set[str](),
}


@pytest.fixture(scope="module")
def bridge() -> Iterator[PlayedBridge]:
    with played_bridge() as bridge:
        yield bridge


@pytest.fixture
def viewer(extension: Extension) -> Iterator[Page]:
    """A new viewer for each test, since the viewers of the test before were closed."""
    viewer = extension.browser.open(extension.base + "viewer/viewer.html")
    viewer.wait_for_text("Choose a file")
    yield viewer
    viewer.close()


@pytest.fixture
def opened(unlocked: Extension, bridge: PlayedBridge, people: People) -> Iterator[tuple[Page, Frame]]:
    """A page of the webmail, and the frame in it that shows an encrypted mail of Bob's."""
    bridge.mail = mail_from_bob(people, encrypted=True)
    bridge.sent.clear()
    bridge.reply = SENT
    page = unlocked.browser.open(bridge.url)
    unlocked.click_button_above(page, READING)
    yield page, agree_if_asked(unlocked, page)
    page.close()


def writing(reader: Page, kind: str) -> Page:
    """Click a button under a mail, and return the window that opens, once it names the original."""
    reader.click(f"[data-test={kind}]")
    window = reader.browser.wait_for_page("compose.html")
    window.wait_for_selector("[data-test=original-state], [data-test=original-problem]", timeout_seconds=60)
    return window


def check(window: Page, kind: str) -> None:
    """Check that the answer has the expected recipients, quotes the words, and will be encrypted."""
    assert window.js("() => document.querySelector('[data-test=original-state]').dataset.state") == "verified"
    assert set(readiness(window)) == ASKED[kind]
    assert SECRET_WORDS in window.value("[data-test=compose-text]")
    assert window.value("[data-test=compose-subject]") == ("Fwd: Lighthouse" if kind == "forward" else "Re: Lighthouse")
    assert window.js("() => document.querySelector('[data-test=switch-encrypt]').checked") is True


def test_the_viewer_answers_and_forwards(unlocked: Extension, viewer: Page, people: People) -> None:
    mail = people.folder / "lighthouse.eml"
    mail.write_bytes(mail_from_bob(people, encrypted=True))
    viewer.activate()
    open_file(viewer, mail)
    for kind in ASKED:
        window = writing(viewer, kind)
        check(window, kind)
        window.close()
        viewer.activate()


def test_an_answer_quotes_the_shown_words_and_no_other_alternative(
    unlocked: Extension, viewer: Page, people: People
) -> None:
    alternatives = multipart("alternative", text("I sell you my house."), html("<p>Lunch at <b>noon</b>?</p>"))
    path = people.folder / "alternatives.eml"
    path.write_bytes(mail_of(alternatives))
    viewer.activate()
    open_file(viewer, path)
    for kind in ("reply", "forward"):
        window = writing(viewer, kind)
        written = window.value("[data-test=compose-text]")
        assert "Lunch at noon?" in written
        assert "house" not in written
        window.close()
        viewer.activate()


@pytest.mark.parametrize("form", ['"Bob <{1}>" <{0}>', "(for <{1}>) {0}", "=?utf-8?q?=3C{1}=3E?= <{0}>"])
def test_a_reply_goes_to_the_proved_sender_in_whatever_form_from_is_written(
    unlocked: Extension, viewer: Page, people: People, form: str
) -> None:
    written = b"From: " + form.format("bob@example.test", "carol@example.test").encode()
    changed = mail_from_bob(people, encrypted=True).replace(b"From: Bob <bob@example.test>", written, 1)
    assert written in changed
    mail = people.folder / "lighthouse.eml"
    mail.write_bytes(changed)
    viewer.activate()
    open_file(viewer, mail)
    window = writing(viewer, "reply")
    assert set(readiness(window)) == {"bob@example.test"}
    assert "carol@example.test" not in window.value("[data-test=compose-text]")
    window.close()
    viewer.activate()


def test_a_mail_in_a_webmails_page_is_answered_and_sent_by_that_webmail(
    opened: tuple[Page, Frame], bridge: PlayedBridge, people: People
) -> None:
    page, frame = opened
    for kind in ASKED:
        window = writing(frame.around, kind)
        check(window, kind)
        if kind == "replyAll":
            assert "carol@example.test" in window.text("[data-note=doubtful]")
            wait_for_obstacles(window)
            send(window)
        window.close()
        page.activate()
    ((recipients, sent),) = bridge.sent
    assert recipients == ["bob@example.test"]
    assert opened_by(people.bob, sent, people).state is State.VERIFIED


@pytest.mark.parametrize(
    ("status", "answer", "is_known"),
    [
        (200, b'{"outcome": "perhaps", "savedTo": null}', False),
        (500, b'{"code": "server-error", "message": "x"}', False),
        (504, b"<h1>Gateway timeout</h1>", False),
        (503, b'{"code": "mail-server-busy", "message": "x"}', True),
        (422, b'{"code": "message-refused", "message": "x"}', True),
    ],
)
def test_a_bridge_that_does_not_confirm_has_perhaps_sent_the_message(
    opened: tuple[Page, Frame], bridge: PlayedBridge, status: int, answer: bytes, is_known: bool
) -> None:
    _page, frame = opened
    bridge.reply = status, answer
    window = writing(frame.around, "reply")
    check(window, "reply")
    window.wait_for_selector("[data-test=send]:not([aria-disabled])", timeout_seconds=60)
    window.click("[data-test=send]")
    window.wait_for_selector("[data-test=save-file]", timeout_seconds=60)
    problem = window.text("[data-test=send-error]")
    assert ("did not send it" in problem) is is_known
    assert ("not known whether the message was sent" in problem) is not is_known
    assert window.js("() => document.querySelector('[data-test=send-again]') !== null") is not is_known
    window.close()


def test_a_mail_in_a_page_is_let_go_when_the_keys_lock(unlocked: Extension, opened: tuple[Page, Frame]) -> None:
    page, frame = opened
    assert SECRET_WORDS in frame.text.text()
    unlocked.lock()
    page.activate()
    frame.around.wait_for_selector("[data-test=locked]")
    assert not [inside for inside in page.frames() if "mail_view" in inside.url]
    assert frame.around.js("() => document.querySelector('[data-test=reply]')") is None
    frame.around.click("[data-test=close]")
    # The extension offers to open the message again.
    unlocked.click_button_above(page, READING)


def test_a_text_in_a_page_is_let_go_when_the_keys_lock(
    unlocked: Extension, page: Page, site: Site, people: People
) -> None:
    armored = people.encrypt(TEXT, origin=site.origin, to=people.alice)
    page.goto(site.page_with(textarea("letter", text=armored)))
    around = open_and_agree(unlocked, page)
    around.wait_for_selector("[data-test=close]")
    unlocked.lock()
    page.activate()
    around.wait_for_selector("[data-test=locked]")
    assert not [inside for inside in page.frames() if inside.url.endswith("/view.html")]


def test_no_answer_carries_encrypted_words_that_were_not_shown_and_agreed_to(
    unlocked: Extension, viewer: Page, people: People
) -> None:
    hidden = people.folder / "attack.eml"
    with counting_server() as server:
        for name, attack in reply_attacks(server.url, people.alice.certificate).items():
            hidden.write_bytes(attack)
            viewer.activate()
            open_file(viewer, hidden)
            if viewer.js("() => document.querySelector('[data-test=reply]')") is None:
                assert viewer.text("[data-test=problem]"), name
                continue
            window = writing(viewer, "reply")
            assert SECRET not in window.value("[data-test=compose-text]"), name
            if name == REWRAPPED:
                window.click("[data-test=quote]")
                assert SECRET in window.value("[data-test=compose-text]")
                assert window.js("() => document.querySelector('[data-test=switch-encrypt]').checked") is True
            window.close()
        assert server.asked == []
