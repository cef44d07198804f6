"""Takes the pictures of the README from the running demonstration: `python -m tests.browser.pictures docs/pictures`."""

from __future__ import annotations

import datetime
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from smime_core.providers.native import NativeProvider
from tests.browser.browsers import Browser, launch
from tests.browser.extension_driver import Extension, Frame, running_site, textarea
from tests.browser.mail_pages import OPERATION_SECONDS, MailPages, named
from tests.browser.page import Page
from tests.browser.webmail import RoundcubePages
from tests.servers.mail_host import run_mail_host
from tests.servers.roundcube import run_roundcube
from webbridge.demo.accounts import EXPIRING, REVOKED, Account, build_welcome, certificate_pem
from webbridge.demo.stack import DemoStack
from webbridge.demo.tls import write_tls_files

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
    """The extension with Alice's keys in somebody else's pages, its window that asks, and its own page."""
    alice, bob = demo.accounts
    extension = Extension(browser, EXTENSION)
    extension.unlock(demo.folder / "alice.p12", alice.key_passphrase)
    extension.import_certificate("anchors", demo.folder / "ca.pem", expect="demonstration")
    certificate = demo.folder / "bob.pem"
    certificate.write_text(certificate_pem(bob.identity.certificate))
    extension.import_certificate("people", certificate, expect=bob.address)
    picture_field(extension, bob, folder)
    picture_webmail(extension, demo, folder)
    keys = extension.open_options()
    keys.wait_for_selector("[data-test=identity]")
    keys.show_top(DESKTOP_WIDTH, 800)
    keys.screenshot(folder / "extension-keys.png")
    keys.close()


def picture_field(extension: Extension, reader: Account, folder: Path) -> None:
    """The private editor in a page, and the window that asks before anything is signed and sealed."""
    with running_site() as site:
        markup = "<p>Your answer, seen by the moderators:</p>" + textarea(
            "answer", data_smime="sign encrypt", data_smime_to=reader.address
        )
        page = extension.browser.open(site.page_with(markup))
        frame: Frame = extension.write(page, "#answer", "Only Bob reads this; the forum sees a sealed block.")
        take(page, folder / "extension", desktop_height=340, phone_height=380)
        frame.around.click("[data-test=seal]")
        window = extension.window()
        window.show_top(560, 780)
        window.screenshot(folder / "extension-window.png")
        with window.closing():
            window.click("[data-test=refuse]")
        page.close()


def picture_webmail(extension: Extension, demo: DemoStack, folder: Path) -> None:
    """A sealed mail opened in Roundcube, and the window in which the answer is written."""
    alice, bob = demo.accounts
    now = datetime.datetime.now(datetime.UTC)
    passwords = {account.address: account.mail_password for account in demo.accounts}
    tls_folder = demo.folder / "tls"
    tls_folder.mkdir()
    write_tls_files(tls_folder, at=now)
    with run_mail_host(passwords, tls_folder=tls_folder) as mail, run_roundcube(mail) as roundcube:
        letter = build_welcome(bob, alice, provider=NativeProvider(), at=now)
        pages = RoundcubePages(extension, roundcube, address=alice.address)
        # The frame of a mail takes its size from the window, when it is opened.
        pages.page.set_viewport(DESKTOP_WIDTH, 760)
        pages.show(mail.append(alice.address, letter))
        around = pages.open_shown(extension)
        pages.page.show_top(DESKTOP_WIDTH, 760)
        pages.page.screenshot(folder / "extension-mail.png")
        around.click("[data-test=reply]")
        pages.page.wait_for("() => document.querySelector('body.action-compose') !== null")
        window = pages.write_sealed(extension)
        window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=OPERATION_SECONDS)
        window.fill("[data-test=compose-text]", "Hello Bob,\n\nyour letter came, and I could open it.\n\nAlice")
        window.show_top(760, 1120)
        window.screenshot(folder / "extension-writing.png")
        window.close()
        pages.close()


def take(page: Page, path: Path, *, desktop_height: int, phone_height: int) -> None:
    """One picture for the desk and one for the phone, each from the top of the view."""
    sizes = ((DESKTOP_WIDTH, desktop_height, path.name), (PHONE_WIDTH, phone_height, f"{path.name}-phone"))
    for width, height, name in sizes:
        page.show_top(width, height)
        page.screenshot(path.with_name(f"{name}.png"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
