"""Takes the pictures of the documentation: `python -m tools.pictures docs/pictures`.

The pictures show the running demonstration, and the extension in a page with a form and in Roundcube.
"""

from __future__ import annotations

import argparse
import datetime
import tempfile
from contextlib import ExitStack
from pathlib import Path

from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Browser, launch
from tests.support.browser.page import ESCAPE, Page
from tests.support.extension.driver import Extension, Frame, running_site, textarea
from tests.support.extension.imitated_webmails import sign_in_to_menus
from tests.support.extension.key_accounts import KeyServers, act, connect
from tests.support.extension.toolbar import open_window
from tests.support.extension.webmail import RoundcubePages
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.parcel_letters import WORDS
from tests.support.pages.parcels import ParcelPage
from tests.support.project import ROOT
from tests.support.servers.mail_host import run_mail_host
from tests.support.servers.mailboxes import ALICE, PASSWORDS
from tests.support.servers.roundcube import run_roundcube
from tests.support.webmails.menus import run_menus_webmail
from webbridge.demo.accounts import EXPIRING, REVOKED, Account, build_welcome, certificate_pem
from webbridge.demo.stack import DemoStack
from webbridge.demo.tls import write_tls_files

DESKTOP_WIDTH = 1100
PHONE_WIDTH = 390
STRANGER = "carla@elsewhere.example"
EXTENSION = ROOT / "dist" / "extension_test"

NEWEST_PARCEL = """async (url) => {
  const answer = await fetch(url, { credentials: "include" });
  return (await answer.json()).parcels[0].id;
}"""

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
    """Take pictures of writing and reading mail in the pages of the demonstration."""
    alice, bob = (MailPages(browser, demo.pages_url, account) for account in demo.accounts)
    alice.page.activate()
    alice.enter()
    alice.write(to=bob.account.address, subject="Thursday", text=LETTER)
    alice.wait_until_sendable()
    take(alice.page, folder / "compose.png", DESKTOP_WIDTH, 1310)
    take(alice.page, folder / "compose-phone.png", PHONE_WIDTH, 1490)
    alice.send()

    bob.page.activate()
    bob.enter()
    bob.open_message(demo.mail_server.messages(bob.account.address)[-1].uid)
    take(bob.page, folder / "reading.png", DESKTOP_WIDTH, 840)
    bob.page.click(f"{named('why')} > summary")
    bob.page.screenshot(folder / "why.png", width=DESKTOP_WIDTH, height=840)

    alice.page.activate()
    alice.write(to=f"{bob.account.address},{EXPIRING},{REVOKED}", subject="Thursday", text=LETTER)
    alice.page.wait_for_text("revoked", selector=named("obstacle"), timeout_seconds=OPERATION_SECONDS)
    take(alice.page, folder / "recipients.png", DESKTOP_WIDTH, 420)
    alice.discard()
    picture_parcel(alice, demo, folder)


def picture_parcel(alice: MailPages, demo: DemoStack, folder: Path) -> None:
    """Take pictures of a parcel: the question before it goes, its words, and how somebody without keys opens it."""
    page = alice.page
    page.js("() => { location.hash = '#/folder/inbox'; }")
    alice.write(to=STRANGER, subject="Thursday", text=LETTER)
    page.wait_for_selector(named("remedy-parcel"), timeout_seconds=OPERATION_SECONDS)
    page.set_viewport(DESKTOP_WIDTH, 900)
    page.click(named("remedy-parcel"))
    page.wait_for_selector(named("parcel-question"), timeout_seconds=OPERATION_SECONDS)
    page.wait_until_calm()
    page.screenshot(folder / "parcel-question.png")
    page.click(named("parcel-go"))
    page.wait_for_selector(named("parcel-words"), timeout_seconds=OPERATION_SECONDS)
    page.screenshot(folder / "parcel-words.png")
    words = page.js(WORDS, named("parcel-words"))
    page.click(named("parcel-done"))
    parcel = page.js(NEWEST_PARCEL, f"{demo.api_url}/api/parcels")
    stranger = ParcelPage(page.browser, f"{demo.pages_url}/parcel.html#{parcel}")
    stranger.type_words(words)
    take(stranger.page, folder / "parcel-open.png", PHONE_WIDTH, 844)
    stranger.press_open()
    stranger.wait_until_opened()
    stranger.page.wait_for_selector(named("write-answer"), timeout_seconds=OPERATION_SECONDS)
    take(stranger.page, folder / "parcel-opened.png", PHONE_WIDTH, 844)
    stranger.page.click(named("write-answer"))
    stranger.page.wait_for_selector(named("answer-text"), timeout_seconds=OPERATION_SECONDS)
    stranger.page.fill(named("answer-text"), "Hello Alice, Thursday suits me.")
    stranger.page.js("(form) => document.querySelector(form).scrollIntoView({ block: 'center' })", named("answer-text"))
    stranger.page.wait_until_calm()
    stranger.page.screenshot(folder / "parcel-reply.png")
    stranger.close()


def picture_extension(browser: Browser, demo: DemoStack, folder: Path) -> None:
    """Take pictures of the extension with Alice's keys: in pages of other sites, its windows, and its page of keys."""
    alice, bob = demo.accounts
    extension = Extension(browser, EXTENSION)
    extension.unlock(demo.folder / "alice.p12", alice.key_passphrase)
    certificate = demo.folder / "bob.pem"
    certificate.write_text(certificate_pem(bob.identity.certificate))
    extension.keep(anchors=[demo.folder / "ca.pem"], people=[certificate])
    picture_field(extension, bob, folder)
    picture_webmail(extension, demo, folder)
    picture_any_webmail(extension, demo, folder)
    keys = extension.open_options()
    keys.wait_for_selector("[data-test=identity]")
    take(keys, folder / "extension-keys.png", DESKTOP_WIDTH, 850)
    picture_key_server(keys, demo, folder)
    keys.close()


def picture_key_server(keys: Page, demo: DemoStack, folder: Path) -> None:
    """Take a picture of the account at the key server, in the page of keys."""
    alice, _ = demo.accounts
    servers = KeyServers(passphrase=alice.key_passphrase, key_server=demo.keys_url)
    connect(keys, servers, alice.address)
    act(keys, "key-log-in", servers.passphrase)
    keys.wait_for_selector("[data-test=remove-account]", timeout_seconds=OPERATION_SECONDS)
    keys.set_viewport(DESKTOP_WIDTH, 850)
    keys.js("() => document.querySelector('#key-server-title').scrollIntoView({ block: 'start' })")
    keys.wait_until_calm()
    keys.screenshot(folder / "extension-key-server.png")


def picture_field(extension: Extension, reader: Account, folder: Path) -> None:
    """Take pictures of the private editor in a page, and of the window that asks before it signs and encrypts."""
    with running_site() as site:
        markup = "<p>Your answer, seen by the moderators:</p>" + textarea(
            "answer", data_smime="sign encrypt", data_smime_to=reader.address
        )
        page = extension.browser.open(site.page_with(markup))
        frame: Frame = extension.write(page, "#answer", "Only Bob reads this; the forum sees an encrypted block.")
        take(page, folder / "extension.png", DESKTOP_WIDTH, 470)
        frame.around.click("[data-test=encrypt]")
        window = extension.window()
        take(window, folder / "extension-window.png", 560, 850)
        with window.closing():
            window.click("[data-test=refuse]")
        page.close()


def picture_webmail(extension: Extension, demo: DemoStack, folder: Path) -> None:
    """Take pictures of an encrypted mail, decrypted in Roundcube, and of the window for writing the answer."""
    alice, bob = demo.accounts
    now = datetime.datetime.now(datetime.UTC)
    passwords = {account.address: account.mail_password for account in demo.accounts}
    tls_folder = demo.folder / "tls"
    tls_folder.mkdir()
    write_tls_files(tls_folder, at=now)
    with run_mail_host(passwords, tls_folder=tls_folder) as mail, run_roundcube(mail) as roundcube:
        letter = build_welcome(bob, alice, provider=NativeProvider(), at=now)
        pages = RoundcubePages(extension.browser.open("about:blank"), roundcube, address=alice.address)
        # The frame around a mail follows the height of the window. In a low window, the buttons of the frame are below
        # the edge.
        pages.page.set_viewport(DESKTOP_WIDTH, 970)
        pages.show(mail.append(alice.address, letter))
        around = pages.open_shown(extension)
        take(pages.page, folder / "extension-mail.png", DESKTOP_WIDTH, 970)
        around.click("[data-test=reply]")
        pages.page.wait_for("() => document.querySelector('body.action-compose') !== null")
        window = pages.write_encrypted(extension)
        window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=OPERATION_SECONDS)
        window.wait_for_selector("[data-test=original-state]", timeout_seconds=OPERATION_SECONDS)
        window.click("[data-test=compose-text]")
        window.js("() => document.activeElement.setSelectionRange(0, 0)")
        window.type("Hello Bob,\n\nyour letter came, and I could open it.\n\nAlice\n")
        take(window, folder / "extension-writing.png", 720, 1680)
        window.close()
        pages.close()


def picture_any_webmail(extension: Extension, demo: DemoStack, folder: Path) -> None:
    """Take pictures of a webmail that the extension does not know: its button, and the window of the toolbar."""
    alice, bob = demo.accounts
    with run_menus_webmail(PASSWORDS) as webmail:
        letter = build_welcome(bob, alice, provider=NativeProvider(), at=datetime.datetime.now(datetime.UTC))
        webmail.mailbox(ALICE).append(letter)
        tab = extension.browser.open(webmail.url)
        tab.set_viewport(DESKTOP_WIDTH, 520)
        sign_in_to_menus(tab, webmail)
        window = open_window(extension, tab)
        take(window, folder / "toolbar.png", 440, 800)
        with window.closing():
            window.press(ESCAPE)
        tab.activate()
        tab.click(".message-row")
        tab.wait_for_selector("a.file-chip")
        extension.wait_for_button_above(tab, ".chips")
        take(tab, folder / "any-webmail.png", DESKTOP_WIDTH, 520)
        tab.close()


def take(page: Page, path: Path, width: int, height: int) -> None:
    """Take a picture of the top of the view in a window of this size."""
    page.show_top(width, height)
    # After the change of size, buttons to agree are drawn as disabled for a second (`calm.js`).
    page.wait_until_calm()
    page.screenshot(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.pictures", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder for the pictures")
    main(parser.parse_args().folder)
