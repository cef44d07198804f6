"""One person's SOGo in one tab: log in, show a message, begin one."""

from __future__ import annotations

from typing import Final

from tests.support.browser.page import ENTER, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.servers.sogo import Sogo

IN_PAGE = page_scripts("support/extension/sogo_pages.js")

EDITOR: Final = "md-dialog.sg-mail-editor"
# SOGo shows some buttons only while the pointer is on others, so a script clicks them.
_CLICK: Final = IN_PAGE["clickInPage"]
_LOGIN: Final = IN_PAGE["login"]


class SogoPages:
    """The pages of one person."""

    def __init__(self, page: Page, sogo: Sogo, *, address: str) -> None:
        self.page, self._sogo, self._address = page, sogo, address

    def login(self) -> None:
        """Log in. SOGo writes an error into the console when an editor closes."""
        self.page.browser.expect_error("can.t access property|Possibly unhandled rejection|E is null")
        self.page.goto(self._sogo.url)
        assert self.page.js(_LOGIN, self._address, self._sogo.mail.passwords[self._address]) == 200

    def show(self, uid: int) -> None:
        """Go to the page of a message of the inbox."""
        self._go(f"/{uid}")
        self.page.wait_for_selector(".msg-body", timeout_seconds=60)

    def compose(self, to: str, subject: str) -> None:
        """Open the editor for a new message."""
        self._go("")
        self._open_editor("button[ng-click='mailbox.newMessage($event)']")
        self._fill_recipient(f"{EDITOR} input[type=text]:not([name=from], [name=subject])", to)
        self.page.press(ENTER)
        self.page.fill(f"{EDITOR} input[name=subject]", subject)

    def _fill_recipient(self, field: str, to: str) -> None:
        """Write a recipient. SOGo draws the field anew while it opens: a person sees that a letter is missing."""
        self.page.fill(field, to)
        if self.page.value(field) != to:
            self.page.fill(field, to)

    def reply(self) -> None:
        """Open the editor for a reply to the shown message."""
        self._open_editor("[ng-click='viewer.reply($event)']")

    def send(self) -> None:
        """Press SOGo's own button."""
        self.page.click("button[ng-click='editor.send()']")

    def _open_editor(self, button: str) -> None:
        # Angular draws nothing in a tab that is not in front.
        self.page.activate()
        self.page.wait_for(_CLICK, button, timeout_seconds=60)
        self.page.wait_for_selector(f"{EDITOR} textarea")

    def _go(self, rest: str) -> None:
        # The addresses of two messages differ only in the fragment, and a new fragment would load nothing.
        self.page.goto("about:blank")
        self.page.goto(f"{self._sogo.url}so/{self._address}/Mail/view#!/Mail/0/INBOX{rest}")
