"""A letter that goes as a parcel: the question, the upload and the words, as a person meets them."""

from __future__ import annotations

import re
import time
from pathlib import Path

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.parcels import ParcelRig

CAROL, DORA = "carla@elsewhere.test", "dora@elsewhere.test"
LINK = re.compile(r"https?://[^\s/]+(/parcel\.html#[\w-]{22})")
WORDS = """(words) => [...document.querySelectorAll(`${words} li`)].map(({ textContent }) => textContent).join(" ")"""

NOTICE_SECONDS = 30
MISSING = """(count) => {
  const found = [...document.querySelectorAll('[data-test="recipient"]')].map(({ dataset }) => dataset.readiness);
  return found.filter((kind) => kind === "cannot").length === count && !found.includes("asking");
}"""


class ParcelLetter:
    """A letter of the first account, in one tab."""

    def __init__(self, browser: Browser, rig: ParcelRig, *, beside: Page | None = None) -> None:
        self._use(MailPages(browser, rig.stack.pages_url, rig.stack.accounts[0], beside=beside))
        self.pages.enter()

    @classmethod
    def of(cls, pages: MailPages) -> ParcelLetter:
        """A letter in a tab whose keys are unlocked."""
        written = cls.__new__(cls)
        written._use(pages)
        return written

    def _use(self, pages: MailPages) -> None:
        self.pages = pages
        self.page: Page = pages.page

    def write(self, *to: str, subject: str = "The plans", text: str = "The gate opens at one.") -> None:
        self.pages.write(to=",".join(to), subject=subject, text=text)

    def attach(self, *files: Path) -> None:
        self.page.choose_files(named("compose-file"), list(files))

    def wait_for_way(self) -> None:
        """Wait for the button beside a recipient without a certificate, and until all files are read."""
        self.page.wait_for_selector(named("remedy-parcel"), timeout_seconds=OPERATION_SECONDS)
        reading = f"{named('obstacle')}[data-code=reading]"
        self.page.wait_for("(reading) => document.querySelector(reading) === null", reading)

    def wait_for_missing(self, count: int) -> None:
        """Wait until so many recipients are known to have no certificate, and nobody is looked up any more."""
        self.page.wait_for(MISSING, count, timeout_seconds=OPERATION_SECONDS)

    def ask(self) -> str:
        """Press "Send as a parcel", and return the text of the question."""
        self.wait_for_way()
        self.page.click(named("remedy-parcel"))
        self.page.wait_for_selector(named("parcel-question"), timeout_seconds=OPERATION_SECONDS)
        self.page.wait_until_calm()
        return self.page.text(named("parcel-dialog"))

    def go(self) -> None:
        self.page.click(named("parcel-go"))

    def wait_until_sent(self) -> str:
        """Wait for the words, and return them."""
        self.page.wait_for_selector(named("parcel-words"), timeout_seconds=OPERATION_SECONDS)
        words: str = self.page.js(WORDS, named("parcel-words"))
        return words

    def wait_for_error(self) -> str:
        selector = named("parcel-send-error")
        self.page.wait_for(
            "(selector) => Boolean(document.querySelector(selector)?.textContent)",
            selector,
            timeout_seconds=OPERATION_SECONDS,
        )
        return self.page.text(selector)

    def finish(self) -> None:
        """Close the words, and wait for the notice in the mail."""
        self.page.click(named("parcel-done"))
        self.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)

    def close(self) -> None:
        self.pages.close()


def notices_to(rig: ParcelRig, address: str) -> list[str]:
    """The texts of the notices to a person, the oldest first."""
    mails = zip(rig.post.recipients, rig.post.mails, strict=False)
    bodies = [mail.get_body(("plain",)) for recipients, mail in mails if address in recipients]
    return [str(body.get_content()) for body in bodies if body is not None]


def notice_to(rig: ParcelRig, address: str, *, count: int) -> str:
    """The text of the latest notice, when there are `count` of them."""
    deadline = time.monotonic() + NOTICE_SECONDS
    while len(notices := notices_to(rig, address)) < count:
        assert time.monotonic() < deadline, f"{address} has {len(notices)} notices"
        rig.send_mails()
    return notices[-1]


def answers_to(rig: ParcelRig, *, count: int) -> list[bytes]:
    """The mails with answers that the sender gets, when there are `count` of them."""
    deadline = time.monotonic() + NOTICE_SECONDS
    while True:
        # The bridge may be sending one of them itself at this moment.
        rig.send_mails()
        mails = zip(rig.post.mails, list(rig.post.raw), strict=False)
        answers = [raw for mail, raw in mails if "Reply to" in mail["Subject"]]
        if len(answers) >= count or time.monotonic() > deadline:
            return answers
        time.sleep(0.1)
