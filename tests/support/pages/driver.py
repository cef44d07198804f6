"""Drives the bridge's mail pages as a person does: sign in, unlock the keys, write, read."""

from __future__ import annotations

from tests.support.browser.browsers import Browser
from tests.support.browser.page import ENTER, Page
from webbridge.demo.accounts import Account


def named(test: str) -> str:
    """The selector of the element with this `data-test` name."""
    return f'[data-test="{test}"]'


# Pyodide starts before the first operation. Its start is slow when two browsers start together.
OPERATION_SECONDS = 60


class MailPages:
    """The mail pages of one account in one tab."""

    def __init__(self, browser: Browser, url: str, account: Account, *, beside: Page | None = None) -> None:
        """Open a tab with separate cookies and storage, or with those of the tab `beside`."""
        self.account = account
        self.page: Page = browser.open_emptied(url) if beside is None else browser.open_beside(beside, url)

    # Accounts

    def sign_in(self, *, password: str | None = None) -> None:
        """Fill in the mail account and press the button. Does not wait for the result."""
        self.page.fill(named("sign-in-address"), self.account.address)
        self.page.fill(named("sign-in-password"), self.account.mail_password if password is None else password)
        self.page.click(named("sign-in-submit"))

    def unlock(self, *, passphrase: str | None = None) -> None:
        """Type the passphrase for the key server and press Enter."""
        self.page.wait_for_selector(named("unlock-form"))
        self.page.click(f"{named('unlock-form')} {named('passphrase')}")
        self.page.type((self.account.key_passphrase if passphrase is None else passphrase) + ENTER)

    def enter(self) -> None:
        """Sign in, unlock the keys, and wait for the inbox."""
        self.sign_in()
        self.unlock()
        self.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)

    def is_unlocked(self) -> bool:
        """Whether the pages' bar says that keys are unlocked."""
        state: str = self.page.js("(bar) => document.querySelector(bar).dataset.unlocked", named("lock"))
        return state == "true"

    def close(self) -> None:
        """Close the tab."""
        self.page.close()

    # Reading

    def show_inbox(self) -> None:
        """Go to the inbox and look for new mail."""
        self.page.js("() => { location.hash = '#/folder/inbox'; }")
        # Wait for the list: a list that is redrawn during a click loses the click.
        settled = f"{named('messages')}[aria-busy=false]"
        self.page.wait_for_selector(settled, timeout_seconds=OPERATION_SECONDS)
        self.page.click(named("refresh"))
        self.page.wait_for_selector(settled, timeout_seconds=OPERATION_SECONDS)

    def open_message(self, uid: int) -> None:
        """Open a message of the inbox, and wait until the message or a problem is shown."""
        self.show_inbox()
        # Otherwise the message that was open before would count as opened.
        self.page.wait_for("() => !document.querySelector('[data-uid][aria-current]')")
        row = f'{named("message-row")}[data-uid="{uid}"]'
        self.page.wait_for_selector(row)
        self.page.click(row)
        done = """(uid) => location.hash.endsWith(`/${uid}`)
          && document.querySelector(`[data-uid="${uid}"][aria-current]`)
          && document.querySelector('[data-test="reading"]').getAttribute("aria-busy") === "false" """
        self.page.wait_for(done, uid, timeout_seconds=OPERATION_SECONDS)

    @property
    def state(self) -> str:
        """The state in the headline of the shown message."""
        state: str = self.page.js("""() => document.querySelector('[data-test="state"]').dataset.state""")
        return state

    @property
    def problem(self) -> str:
        """The text that is shown instead of a message that cannot be shown."""
        return self.page.text(named("reading-error"))

    def shows_a_state(self) -> bool:
        """True when a message is shown, in any state."""
        return bool(self.page.js("""() => document.querySelector('[data-test="state"]') !== null"""))

    @property
    def body(self) -> str:
        """The text of the message that is shown."""
        return self.page.text(named("body"))

    # Writing

    def write(self, *, to: str, subject: str, text: str) -> None:
        """Begin a letter and fill it in."""
        self.send_at_once()
        self.page.click(named("write"))
        self.page.fill(named("compose-to"), to + ",")
        self.page.fill(named("compose-subject"), subject)
        self.page.fill(named("compose-text"), text)

    def send_at_once(self) -> None:
        """Choose that a message leaves at once, unless the test has chosen some seconds for *Undo*."""
        self.page.js("() => { localStorage['sealwax-undo-send'] ??= '0'; }")

    def wait_until_sendable(self) -> None:
        """Wait until the recipients' certificates are found and the letter can be sent."""
        self.send_at_once()
        self.page.wait_for_selector(f"{named('send')}:not([aria-disabled])", timeout_seconds=OPERATION_SECONDS)

    def send(self) -> None:
        """Send the letter, and wait for the notice in the mail that it was sent."""
        self.wait_until_sendable()
        self.page.click(named("send"))
        self.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)

    def discard(self) -> None:
        """Discard the letter, also if the page asks first, and wait until it is gone."""
        self.page.click(named("discard"))
        form, question = (f"document.querySelector('{named(test)}')" for test in ("compose-form", "discard-confirm"))
        # The question comes after a look at what is kept of the draft.
        self.page.wait_for(f"() => {form} === null || {question} !== null", timeout_seconds=OPERATION_SECONDS)
        if self.page.js(f"() => {question} !== null"):
            self.page.click(named("discard-confirm"))
        self.page.wait_for(f"() => {form} === null", timeout_seconds=OPERATION_SECONDS)
