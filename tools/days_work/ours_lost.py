"""Our pages, walked with a network that is lost in the middle of each step, and comes back.

The network is lost when a press in a step causes a request: before the request arrives, or, for every second message
that is sent, before its answer. The page then has to report the loss in a sentence, and keep the typed text. After the
network is back, the person presses the button that the page offers, or the same button again. Then the step must
succeed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.support.browser.browsers import Browser
from tests.support.pages.driver import named
from tools.days_work.ours import Ours
from tools.days_work.ours_acts import SECONDS
from tools.days_work.people import CAROL
from tools.days_work.rig import Rig
from tools.days_work.steps import DRAFT_SUBJECT
from tools.days_work.user import REST_SECONDS, becomes_true

_SAYS: Final = """(selector) => [...document.querySelectorAll(selector)].map((one) => one.textContent.trim())
  .find((text) => text)"""
_SAYS_OTHER: Final = f"""(selector, before) => {{
  const text = ({_SAYS})(selector);
  return text !== before && text;
}}"""
_NOTICE: Final = "act-notice-text"
# If the look-ups of certificates fail, the letter is not sent, and the reason is shown beside the button.
_REASON: Final = f"{named('obstacle')}[data-code^=certificate] > span"
_IS_KEPT_HERE: Final = named("draft-state") + "[data-state=device]:not([data-pending])"
_IS_OVER: Final = """() => document.querySelector("[data-test=compose-form]") === null
  || (document.querySelector("[data-test=look-in-sent]").getAttribute("aria-disabled") !== "true"
    && document.querySelector("[data-test=send-error]").textContent !== "")"""


class OursWithLosses(Ours):
    """Our pages with the pointer, and a loss of the network in each step. `sentences` has the page's reports."""

    name = "losses"

    def __init__(self, rig: Rig, browser: Browser, *, rest_seconds: float = REST_SECONDS) -> None:
        self.sentences: list[str] = []
        self._sendings = 0
        super().__init__(rig, browser, rest_seconds=rest_seconds)

    def commit(
        self,
        press: Callable[[], None],
        *,
        report_element: str,
        again: Callable[[], None] | None = None,
        request: tuple[bytes, ...] = (),
    ) -> None:
        says = f"{named(report_element)}, {_REASON}" if request else named(report_element)
        before = self._page.js(_SAYS, says)
        self._sendings += bool(request)
        if request and self._sendings % 2 == 0:
            gate = self._rig.mail_gate
            gate.shut_at_the_answer(request)
            press()
            assert gate.has_dropped.wait(SECONDS), "the request did not reach the server"
            self._rig.key_gate.shut()
        else:
            self._lose()
            press()
        sentence = self._note(says, before)
        self._come_back()
        (again or press)()
        if report_element == _NOTICE:
            self._page.wait_for(_SAYS_OTHER, says, sentence, timeout_seconds=SECONDS)

    def begin_draft(self, line: str) -> None:
        self.to_list()
        before = self._rig.post.count("Drafts")
        self._begin_writing(CAROL, DRAFT_SUBJECT)
        self._lose()
        self.user.type(line)
        self._page.wait_for_selector(_IS_KEPT_HERE, timeout_seconds=SECONDS)
        self._note(named("draft-state"))
        self._come_back()
        is_kept = becomes_true(lambda: self._rig.post.count("Drafts") > before, timeout_seconds=SECONDS)
        assert is_kept, "the draft does not reach the mailbox after the network is back"
        self.user.leave()

    def send_again(self) -> None:
        if self._is_there(named("look-in-sent")):
            self.user.click(named("look-in-sent"))
            self._page.wait_for(_IS_OVER, timeout_seconds=SECONDS)
        if self._is_there(named("compose-form")):
            self.press_send()

    def lock(self) -> None:
        self._lose()
        super().lock()
        self._come_back()

    def _note(self, selector: str, before: str | None = None) -> str:
        """Wait for a sentence that was not there before."""
        sentence: str = self._page.wait_for(_SAYS_OTHER, selector, before, timeout_seconds=SECONDS)
        self.sentences.append(sentence)
        return sentence

    def _lose(self) -> None:
        self._rig.mail_gate.shut()
        self._rig.key_gate.shut()

    def _come_back(self) -> None:
        self._rig.mail_gate.open()
        self._rig.key_gate.open()
