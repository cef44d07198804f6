"""Takes the pictures of the README from the running demonstration: `python -m tests.browser.pictures docs/pictures`."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.browser.browsers import Browser, launch
from tests.browser.extension_driver import Extension, Frame, running_site, textarea
from tests.browser.mail_pages import OPERATION_SECONDS, MailPages, named
from tests.browser.page import Page
from webbridge.demo.accounts import EXPIRING, REVOKED, certificate_pem
from webbridge.demo.stack import DemoStack

DESKTOP_WIDTH = 1100
PHONE_WIDTH = 390
EXTENSION = Path(__file__).parents[2] / "dist" / "extension_test"

LETTER = """Hello Bob,

let us meet on Thursday at one o'clock, at the lighthouse. Only you and I can read this.

Alice"""


def main(folder: Path) -> None:
    """Take every picture anew."""
    with ExitStack() as stack:
        profile = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sealwax-pictures-")))
        demo = stack.enter_context(DemoStack())
        browser = launch("chromium", profile)
        stack.callback(browser.close)
        picture_mail(browser, demo, folder)
        picture_extension(browser, demo, folder)


def picture_mail(browser: Browser, demo: DemoStack, folder: Path) -> None:
    """Writing and reading in the pages."""
    alice, bob = (MailPages(browser, demo.pages_url, account) for account in demo.accounts)
    alice.page.activate()
    alice.enter()
    alice.write(to=bob.account.address, subject="Thursday", text=LETTER)
    alice.wait_until_sendable()
    take(alice.page, folder / "compose", desktop_height=1210, phone_height=1420)
    alice.send()

    bob.page.activate()
    bob.enter()
    bob.open_message(demo.mail_server.messages(bob.account.address)[-1].uid)
    take(bob.page, folder / "reading", desktop_height=780, phone_height=960)
    bob.page.click(f"{named('why')} > summary")
    bob.page.screenshot(folder / "why.png", width=DESKTOP_WIDTH, height=780)

    alice.page.activate()
    alice.write(to=f"{bob.account.address},{EXPIRING},{REVOKED}", subject="Thursday", text=LETTER)
    alice.page.wait_for_text("revoked", selector=named("obstacle"), timeout_seconds=OPERATION_SECONDS)
    alice.page.js("() => scrollTo(0, 0)")
    alice.page.screenshot(folder / "recipients.png", width=DESKTOP_WIDTH, height=420)


def picture_extension(browser: Browser, demo: DemoStack, folder: Path) -> None:
    """The private editor in somebody else's page, and the window that asks."""
    alice, bob = demo.accounts
    extension = Extension(browser, EXTENSION)
    extension.unlock(demo.folder / "alice.p12", alice.key_passphrase)
    extension.import_certificate("anchors", demo.folder / "ca.pem", expect="demonstration")
    certificate = demo.folder / "bob.pem"
    certificate.write_text(certificate_pem(bob.identity.certificate))
    extension.import_certificate("people", certificate, expect=bob.address)
    with running_site() as site:
        markup = "<p>Your answer, seen by the moderators:</p>" + textarea(
            "answer", data_smime="sign encrypt", data_smime_to=bob.address
        )
        page = browser.open(site.page_with(markup))
        frame: Frame = extension.write(page, "#answer", "Only Bob reads this; the forum sees a sealed block.")
        take(page, folder / "extension", desktop_height=440, phone_height=440)
        frame.around.click("[data-test=seal]")
        window = extension.window()
        window.screenshot(folder / "extension-window.png", width=560, height=900)
        with window.closing():
            window.click("[data-test=refuse]")


def take(page: Page, path: Path, *, desktop_height: int, phone_height: int) -> None:
    """One picture for the desk and one for the phone, each from the top of the view."""
    sizes = ((DESKTOP_WIDTH, desktop_height, path.name), (PHONE_WIDTH, phone_height, f"{path.name}-phone"))
    for width, height, name in sizes:
        page.set_viewport(width, height)
        page.js("() => scrollTo(0, 0)")
        page.screenshot(path.with_name(f"{name}.png"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
