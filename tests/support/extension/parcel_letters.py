"""A letter of the extension's window that goes as a parcel, by the person's token or by their session at the bridge."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.support.browser.page import Page
from tests.support.extension.compose_driver import Webmail
from tests.support.extension.driver import Extension
from tests.support.extension.keys_page import show_section
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.parcel_letters import WORDS
from tests.support.pages.parcels import ParcelRig
from webbridge.delivery.parcels import Parcel
from webbridge.demo.accounts import Account

SETTLING_SECONDS = 30
TOKEN_NAME = "extension"
_SAID = "(names) => names.map((name) => document.querySelector(name)?.textContent ?? '').join('')"
_GONE = "(selector) => document.querySelector(selector) === null"


@dataclass(frozen=True, slots=True)
class ParcelSender:
    """Alice with the extension and her keys, a webmail, and a bridge with parcels."""

    extension: Extension
    rig: ParcelRig
    webmail: Webmail

    @property
    def alice(self) -> Account:
        return self.rig.stack.accounts[0]

    def new_token(self, account: Account | None = None) -> str:
        """Make a token, in place of an earlier one."""
        address = (account or self.alice).address
        self.rig.delivery.tokens.revoke(address, TOKEN_NAME)
        return self.rig.delivery.tokens.make(address, TOKEN_NAME, 30)

    def revoke(self) -> None:
        self.rig.delivery.tokens.revoke(self.alice.address, TOKEN_NAME)

    def enter_token(self, token: str, *, url: str | None = None) -> str:
        """Enter a server and a token in the settings, and return what the page says to it."""
        page = self.extension.open_options()
        show_section(page, "writing")
        page.fill(named("parcel-server-address"), self.rig.stack.pages_url if url is None else url)
        page.click(f"{named('parcel-server-token')} {named('passphrase')}")
        page.type(token)
        page.click(named("parcel-server-go"))
        places = [
            named("parcel-server-done"),
            named("parcel-server-problem"),
            f"{named('parcel-server-token')} {named('passphrase-error')}",
        ]
        sentence: str = page.wait_for(_SAID, places, timeout_seconds=OPERATION_SECONDS)
        page.close()
        return sentence

    def write(self, *to: str, text: str = "The gate opens at one.", subject: str = "The plans") -> ParcelWindow:
        """Open the window for a letter, and wait until all recipients are looked up."""
        letter: dict[str, Any] = {"from": self.alice.address, "to": list(to), "subject": subject, "text": text}
        window = self.webmail.write(**letter)
        for recipient in to:
            known = f"[data-test=recipient][data-address='{recipient}']:not([data-readiness=asking])"
            window.wait_for_selector(known, timeout_seconds=OPERATION_SECONDS)
        return ParcelWindow(window)

    def newest(self) -> Parcel:
        """The newest parcel of Alice at the bridge."""
        return self.rig.delivery.parcels.list_own(self.alice.address, before=None).parcels[0].parcel

    def wait_until_deleted(self) -> Parcel:
        """Wait until the bytes of the newest parcel are deleted, and return it."""
        deadline = time.monotonic() + SETTLING_SECONDS
        while (parcel := self.newest()).is_stored:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        return parcel


class ParcelWindow:
    """The window of a letter that goes as a parcel."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def attach(self, *files: Path) -> None:
        self.page.choose_files(named("compose-file"), list(files))

    def ask(self) -> str:
        """Press the button beside a recipient, and return the text of the question."""
        self.page.wait_for_selector(named("remedy-parcel"), timeout_seconds=OPERATION_SECONDS)
        self.page.wait_for(_GONE, f"{named('obstacle')}[data-code=reading]")
        self.page.click(named("remedy-parcel"))
        self.page.wait_for_selector(named("parcel-question"), timeout_seconds=OPERATION_SECONDS)
        self.page.wait_until_calm()
        return self.page.text(named("parcel-dialog"))

    def go(self) -> None:
        self.page.click(named("parcel-go"))

    def wait_until_sent(self) -> str:
        """Wait for the words, and return them."""
        self.page.wait_for_selector(
            f"{named('parcel-words')}, {named('parcel-send-error')}:not(:empty)", timeout_seconds=OPERATION_SECONDS
        )
        words: str = self.page.js(WORDS, named("parcel-words"))
        assert words, self.page.text(named("parcel-send-error"))
        return words

    def wait_for_error(self) -> str:
        selector = f"{named('parcel-send-error')}:not(:empty)"
        self.page.wait_for_selector(selector, timeout_seconds=OPERATION_SECONDS)
        return self.page.text(selector)

    def cancel(self) -> None:
        self.page.click(named("parcel-cancel"))
        self.page.wait_for(_GONE, named("parcel-dialog"))

    def finish(self) -> None:
        """Close the words, and wait for the view of the sent letter."""
        self.page.click(named("parcel-done"))
        self.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)


def with_members(**members: object) -> Callable[[Request, Response], Response]:
    """A change of a JSON answer: other members."""

    def change(_: Request, answer: Response) -> Response:
        answer.set_data(answer.json_module.dumps({**(answer.get_json() or {}), **members}))
        return answer

    return change
