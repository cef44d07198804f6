"""A webmail in a browser with the extension: log in, go to its views, call the extension's adaptor in its pages."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from urllib.parse import urlencode

from tests.support.browser.bidi import Json
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_program, page_scripts
from tests.support.extension.driver import Extension
from tests.support.servers.roundcube import Roundcube

IN_PAGE = page_scripts("support/extension/webmail.js")

# Calls the adaptor's functions as the extension does, in the isolated world of content scripts. Bytes are in base64.
_CALLS = page_program("support/extension/webmail_calls.js")
_ASK = f"""async (url, name, given) => {{
  const api = globalThis.browser ?? chrome;
  const tabs = await api.tabs.query({{}});
  const tab = tabs.find((one) => one.url === url);
  const func = async (name, given) => {{ {_CALLS} }};
  const [answer] = await api.scripting.executeScript({{ target: {{ tabId: tab.id }}, func, args: [name, given] }});
  return answer.result;
}}"""


# Finds the place of the extension's button by the element before `selector`: the button is in a closed shadow root.
_BUTTON = IN_PAGE["button"]


_IS_DONE = "() => document.querySelector('.state-statement, [data-test=problem]') !== null"
# The first operation waits until Python has started, which takes long on a busy machine.
OPENING_SECONDS = 60


class WebmailProblem(Exception):
    """An adaptor has thrown a problem. The text is the problem's code."""


class Adaptor:
    """Calls the functions of the extension's adaptor in a page."""

    def __init__(self, extension: Extension) -> None:
        self.extension = extension
        # A page of the extension can run functions in the isolated world of its content scripts. A test cannot.
        self._inside = extension.open_options()

    def call(self, page: Page, name: str, *given: Json) -> Json:
        """Call one of the functions of `_CALLS` in the page's top frame. Raises WebmailProblem."""
        answer = self._inside.js(_ASK, page.url, name, list(given))
        if "problem" in answer:
            raise WebmailProblem(answer["problem"])
        return answer["value"]

    def source(self, page: Page) -> bytes:
        """The bytes of the message that the page shows."""
        return base64.b64decode(self.call(page, "source"))

    def original(self, page: Page) -> bytes | None:
        """The bytes of the message that is answered or forwarded; None if there is none."""
        encoded = self.call(page, "original")
        return None if encoded is None else base64.b64decode(encoded)

    def send(
        self, page: Page, message: bytes, *, deliver: str, sender: str, to: str, subject: str = "Encrypted"
    ) -> None:
        """Send a message by the adaptor. `deliver` is "raw" or "attachment"."""
        envelope: Mapping[str, Json] = {"from": sender, "to": [to], "cc": [], "bcc": []}
        done = {"message": base64.b64encode(message).decode(), "envelope": envelope, "deliver": deliver}
        self.call(page, "send", {**done, "subject": subject, "sentence": "See the attachment."})

    def notes(self, page: Page) -> str:
        """The sentences that the extension shows in the page."""
        return "\n".join(self.call(page, "notes"))

    def wait_for_note(self, page: Page, words: str) -> None:
        """Wait until a sentence of the extension in the page has these words."""
        deadline = time.monotonic() + OPENING_SECONDS
        while words not in (notes := self.notes(page)):
            assert time.monotonic() < deadline, f"the page says {notes!r} and not {words!r}"
            time.sleep(0.1)

    def click(self, page: Page, label: str) -> None:
        """Click the extension's button with this label in the page's top frame."""
        deadline = time.monotonic() + OPENING_SECONDS
        while (place := self.call(page, "button", label)) is None:
            assert time.monotonic() < deadline, f"no button {label}"
            time.sleep(0.1)
        page.click_at(place["x"], place["y"])

    def count_offers(self, page: Page) -> None:
        """Start to measure how long the extension searches for mail, which it does after each change of the page."""
        self.call(page, "countOffers")

    def offers(self, page: Page) -> list[float]:
        """The duration of each search since `count_offers`, in milliseconds."""
        durations: list[float] = self.call(page, "offers")
        return durations

    def close(self) -> None:
        self._inside.close()


class RoundcubePages:
    """One person's Roundcube in one tab."""

    def __init__(self, page: Page, roundcube: Roundcube, *, address: str) -> None:
        self.page = page
        self.roundcube = roundcube
        self.address = address
        page.goto(roundcube.url)
        self.login()

    def login(self) -> None:
        """Fill in the login form that is shown, and wait for the list of messages."""
        self.page.fill("#rcmloginuser", self.address)
        self.page.fill("#rcmloginpwd", self.roundcube.mail.passwords[self.address])
        self.page.click("#rcmloginsubmit")
        # The request for the first list writes the session when it ends, and would overwrite the next page's changes.
        self.page.wait_for("() => window.rcmail?.env.messagecount !== undefined")

    def show(self, uid: int) -> None:
        """Go to the page that shows only this message of the inbox."""
        self._go(_action="show", _uid=str(uid), _mbox="INBOX")
        self.page.wait_for("() => window.rcmail?.env.action === 'show'")

    def preview(self, uid: int) -> Page:
        """Go to the inbox and show a message beside the list. Returns the frame with the message."""
        self._go(_mbox="INBOX")
        # The row is not clicked, because Roundcube selects a row already at mousedown.
        self.page.wait_for("(uid) => document.querySelector(`#messagelist tr[id^=rcmrow]`) !== null", uid)
        self.page.js("(uid) => { window.rcmail.show_message(uid, false, true); }", uid)
        return self.page.wait_for_frame(f"_uid={uid}")

    def read_button(self) -> Json:
        """Wait for the extension's button above the message, and return a point of it."""
        return self.page.wait_for(_BUTTON, "#messagebody")

    def click_read_button(self) -> None:
        """Click the extension's button above the message."""
        place = self.read_button()
        self.page.click_at(place["x"], place["y"])

    def is_open(self) -> bool:
        """Whether the extension's frame replaces the message."""
        return any("mail_frame.html" in frame.url for frame in self.page.frames())

    def open_shown(self, extension: Extension) -> Page:
        """Decrypt the shown message, and agree if the extension asks. Returns the frame around the text."""
        self.click_read_button()
        around = self.page.wait_for_frame("mail_frame.html")
        deadline = time.monotonic() + OPENING_SECONDS
        while not around.js(_IS_DONE) and time.monotonic() < deadline:
            if extension.has_window():
                extension.answer()
            time.sleep(0.05)
        around.wait_for(_IS_DONE)
        return around

    def write_encrypted(self, extension: Extension) -> Page:
        """Click the extension's button above the text field. Returns the window for writing."""
        place = self.page.wait_for(_BUTTON, "#composebodycontainer")
        self.page.click_at(place["x"], place["y"])
        return extension.browser.wait_for_page("compose.html")

    def compose(self, **answered: str) -> None:
        """Go to the page for writing, with `_reply_uid`, `_all` or `_forward_uid` as by Roundcube's own buttons."""
        self._go(_action="compose", _mbox="INBOX", **answered)
        self.page.wait_for("() => window.rcmail?.env.action === 'compose'")

    def close(self) -> None:
        self.page.close()

    def _go(self, **query: str) -> None:
        # Wait for the page's requests. Each writes the session when it ends, and would undo the next page's changes.
        self.page.wait_for("() => !window.jQuery || jQuery.active === 0")
        self.page.goto(f"{self.roundcube.url}?{urlencode({'_task': 'mail', **query})}")
