"""A draft that is continued is the same letter in all its parts, in this session and in the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.compose_driver import Webmail, address, quote_original, remove, send, wait_for_obstacles
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import PASSPHRASE, People
from tests.support.extension.letters_from_bob import mail_from_bob, opened_by

IN_PAGE = page_scripts("extension/compose/drafts.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

TWO_LINES = "Der Schlüssel liegt unter dem Leuchtturm.\r\nThe second door on the left."
LETTER = IN_PAGE["letter"]
CLEAR_SESSION = "async () => (globalThis.browser ?? chrome).storage.session.clear()"


def written(webmail: Webmail, people: People, kind: str, note: Path) -> Page:
    """Open a window that answers or forwards an encrypted mail of Bob's, and fill in every part of the letter."""
    mail = mail_from_bob(people, encrypted=True, text=TWO_LINES)
    window = webmail.write(kind="replyAll" if kind == "reply" else "forward", mail=mail)
    quote_original(window)
    if kind == "whole":
        window.click("[data-test=forward-whole]")
        window.wait_for_text("message.eml", selector="[data-test=compose-attachments]", timeout_seconds=30)
        assert "second door" not in window.value("[data-test=compose-text]")
    address(window, "compose-cc", "dora@example.test")
    address(window, "compose-bcc", "erna@example.test")
    window.choose_files("input[data-test=compose-file]", [note])
    window.wait_for_text(note.name, selector="[data-test=compose-attachments]")
    window.fill("[data-test=compose-subject]", "Lighthouse, again")
    window.click("[data-test=switch-sign]")
    window.wait_for_selector("[data-test=draft-state][data-state=kept]", timeout_seconds=60)
    return window


def begin_anew(extension: Extension, people: People) -> None:
    """Begin the next browser session, with nothing left in memory."""
    extension.lock()
    options = extension.open_options()
    options.js(CLEAR_SESSION)
    extension.stop_background()
    options.close()
    extension.unlock(people.folder / "alice.p12", PASSPHRASE)


def continued(webmail: Webmail, people: People) -> Page:
    """Continue the newest draft in a window that was opened to answer another mail."""
    other = mail_from_bob(people, encrypted=True, text="Another letter.")
    window = webmail.write(kind="reply", mail=other)
    window.click("[data-test=draft-continue]")
    # After all recipients have been looked up, nothing moves under the pointer.
    settled = "() => !document.querySelector('[data-note=drafts], [data-readiness=asking]')"
    window.wait_for(settled, timeout_seconds=60)
    return window


@pytest.mark.parametrize("session", ["this", "next"])
@pytest.mark.parametrize("kind", ["reply", "text", "whole"])
def test_a_continued_draft_is_the_same_letter(
    webmail: Webmail, people: People, tmp_path: Path, kind: str, session: str
) -> None:
    note = tmp_path / "note.txt"
    note.write_text("attached words")
    window = written(webmail, people, kind, note)
    before: dict[str, Any] = window.js(LETTER)
    assert all(before[part] for part in ("cc", "bcc", "files", "encrypt"))
    assert before["forward"] == {"reply": [], "text": [False], "whole": [True]}[kind]
    window.close()
    if session == "next":
        begin_anew(webmail.extension, people)
    later = continued(webmail, people)
    assert later.js(LETTER) == before
    # The draft still records that the original was encrypted.
    later.click("[data-test=switch-encrypt]")
    later.wait_for_selector("[data-test=unencrypted-confirm]")
    later.click("dialog button:not(.primary)")
    if kind != "reply":
        check_the_other_way(later, kind, session)
    leave_to_bob(later)
    (taken,) = webmail.taken()
    content = opened_by(people.bob, taken.message, people).content
    assert (b"In-Reply-To: <original@example.test>" in taken.message) == (kind == "reply")
    assert b"note.txt" in content
    assert b"Another letter" not in content


def check_the_other_way(window: Page, kind: str, session: str) -> None:
    """Choose the other way of forwarding, and the first one again."""
    before: dict[str, Any] = window.js(LETTER)
    if kind == "text" and session == "next":
        # The original was lost with the session. The window reports this, and the choice stays as it was.
        window.click("[data-test=forward-whole]")
        window.wait_for_selector("[data-test=send-error]:not(:empty)", timeout_seconds=30)
    else:
        for way in ("text", "whole") if kind == "whole" else ("whole", "text"):
            file = {"whole": "message.eml", "text": "map.txt"}[way]
            window.click(f"[data-test=forward-{way}]")
            window.wait_for_text(file, selector="[data-test=compose-attachments]", timeout_seconds=30)
            assert ("second door" in window.value("[data-test=compose-text]")) == (way == "text")
    after: dict[str, Any] = window.js(LETTER)
    assert {**after, "files": sorted(after["files"])} == {**before, "files": sorted(before["files"])}


def leave_to_bob(window: Page) -> None:
    """Leave only Bob as a recipient, since nobody else has a certificate."""
    for person in window.js(LETTER)["to"] + window.js(LETTER)["cc"] + window.js(LETTER)["bcc"]:
        if person != "bob@example.test":
            remove(window, person)
    if not window.js(LETTER)["to"]:
        address(window, "compose-to", "bob@example.test")
    window.click("[data-test=switch-sign]")
    wait_for_obstacles(window)
    send(window)
