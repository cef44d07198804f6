"""`python -m tests.webmails`: reads four mails and writes two in every webmail that can be started, in both browsers."""

from __future__ import annotations

import argparse
import datetime
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Literal

from tests.support.browser.bidi import BidiError
from tests.support.browser.browsers import Browser, launch
from tests.support.browser.page import JavaScriptError
from tests.support.extension.driver import Extension
from tests.support.extension.mail_letters import PASSPHRASE, Letters, make_letters
from tests.support.project import ROOT
from tests.support.servers.mail_host import MailHost, run_mail_host
from tests.support.servers.mailboxes import ALICE, PASSWORDS
from tests.webmails.driven import WEBMAILS, Webmail, running
from tests.webmails.meeting import READINGS, WRITINGS, Met, letter, read, write
from wasm_build.bundle.build import build
from webbridge.demo.tls import write_tls_files

_PASSWORD: Final = "the harbour"
_BROWSERS: Final[tuple[Literal["chromium", "firefox"], ...]] = ("chromium", "firefox")


@contextmanager
def house() -> Iterator[tuple[MailHost, Letters]]:
    """The mailboxes of Alice and Bob, and their keys."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tls_files(folder, at=datetime.datetime.now(datetime.UTC))
        letters = make_letters(folder)
        with run_mail_host(dict.fromkeys(PASSWORDS, _PASSWORD), tls_folder=folder) as host:
            for account in PASSWORDS:
                # SqWebMail admits nobody whose mailbox is not there yet.
                host.append(account, letter(letters, "signed clear"))
            yield host, letters


@contextmanager
def browser_with_keys(engine: Literal["chromium", "firefox"], letters: Letters) -> Iterator[tuple[Browser, Extension]]:
    """A new browser with the extension, which has Alice's keys, Bob's certificate and their authority."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        build(ROOT, folder / "built")
        browser = launch(engine, folder / "profile")
        stack.callback(browser.close)
        extension = Extension(browser, folder / "built" / "extension_test")
        extension.unlock(letters.folder / "alice.p12", PASSPHRASE)
        extension.keep(anchors=[letters.folder / "ca.der"], people=[letters.folder / "bob.der"])
        yield browser, extension


def meet(webmail: Webmail, browser: Browser, extension: Extension, host: MailHost, letters: Letters) -> dict[str, Met]:
    """All readings and writings in one webmail."""
    met: dict[str, Met] = {}
    tab = browser.open("about:blank")
    with running(webmail, host, tab) as driven:
        for kind, wanted in READINGS.items():
            host.empty(ALICE)
            uid = host.append(ALICE, letter(letters, kind))
            met[kind] = _tried(lambda uid=uid, wanted=wanted: read(extension, tab, driven, uid, wanted))
            print(f"  {kind}: {met[kind]}", flush=True)
            _tidy(browser)
        for kind in WRITINGS:
            met[kind] = _tried(lambda kind=kind: write(extension, tab, driven, host, letters, kind))
            print(f"  {kind}: {met[kind]}", flush=True)
            _tidy(browser)
    tab.close()
    return met


def _tried(act) -> Met:
    try:
        return act()
    except (AssertionError, BidiError, JavaScriptError, TimeoutError) as error:
        return Met(False, 0, f"failed: {str(error)[:300]}")


def _tidy(browser: Browser) -> None:
    browser.close_pages("compose.html", "toolbar.html", "prompt.html", "viewer.html")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="python -m tests.webmails", description=__doc__)
    parser.add_argument("--only", default="", help="a part of the names of webmails")
    parser.add_argument("--browser", choices=_BROWSERS)
    parser.add_argument("--page", type=Path, help="the page with the table")
    given = parser.parse_args(arguments)
    for engine in [given.browser] if given.browser else _BROWSERS:
        with house() as (host, letters), browser_with_keys(engine, letters) as (browser, extension):
            for webmail in WEBMAILS:
                if given.only.lower() not in webmail.name.lower():
                    continue
                print(f"{webmail.name} {webmail.version()}, {engine}", flush=True)
                if absence := webmail.absence():
                    print(f"  {absence}")
                    continue
                meet(webmail, browser, extension, host, letters)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
