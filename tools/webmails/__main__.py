"""`python -m tools.webmails`: reads four mails and writes two in each webmail that can be started, in both browsers.

Prints what happened, writes build/webmails.json, and with `--page` the table of docs/extension.md. Needs root; takes 15
minutes.
"""

from __future__ import annotations

import argparse
import datetime
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.support.browser.bidi import BidiError
from tests.support.browser.browsers import Browser, launch
from tests.support.browser.page import JavaScriptError
from tests.support.extension.driver import Extension
from tests.support.extension.mail_letters import PASSPHRASE, Letters, make_letters
from tests.support.project import ROOT
from tests.support.servers.mail_host import MailHost, run_mail_host
from tests.support.servers.mailboxes import ALICE, PASSWORDS
from tools.bench.machine import describe_machine
from tools.bench.results import write_results
from tools.webmails.driven import WEBMAILS, Webmail, running
from tools.webmails.meeting import READINGS, WRITINGS, Met, letter, read, write
from tools.webmails.page import TABLE, Row, draw, limits
from wasm_build.bundle.build import build
from webbridge.demo.tls import write_tls_files

_PASSWORD: Final = "the harbour"
_BROWSERS: Final = ("chromium", "firefox")


@contextmanager
def rig() -> Iterator[tuple[MailHost, Letters]]:
    """The mailboxes of Alice and Bob, and their keys."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        write_tls_files(folder, at=datetime.datetime.now(datetime.UTC))
        letters = make_letters(folder)
        with run_mail_host(dict.fromkeys(PASSWORDS, _PASSWORD), tls_folder=folder) as host:
            for account in PASSWORDS:
                # SqWebMail refuses a login if the mailbox does not exist yet.
                host.append(account, letter(letters, "signed clear"))
            yield host, letters


@contextmanager
def browser_with_keys(engine: str, letters: Letters) -> Iterator[tuple[Browser, Extension]]:
    """A new browser with the extension, which has Alice's keys, Bob's certificate and their authority."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        build(ROOT, folder / "built")
        browser = launch("firefox" if engine == "firefox" else "chromium", folder / "profile")
        stack.callback(browser.close)
        extension = Extension(browser, folder / "built" / "extension_test")
        extension.unlock(letters.folder / "alice.p12", PASSPHRASE)
        extension.keep(anchors=[letters.folder / "ca.der"], people=[letters.folder / "bob.der"])
        yield browser, extension


def meet(webmail: Webmail, browser: Browser, extension: Extension, host: MailHost, letters: Letters) -> dict[str, Met]:
    """Read and write all mails in one webmail."""
    met: dict[str, Met] = {}
    tab = browser.open("about:blank")
    with running(webmail, host, tab) as driven:

        def reading(kind: str) -> Met:
            host.empty(ALICE)
            return read(extension, tab, driven, host.append(ALICE, letter(letters, kind)), READINGS[kind])

        def writing(kind: str) -> Met:
            return write(extension, tab, driven, host, letters, kind)

        for act, kinds in ((reading, READINGS), (writing, WRITINGS)):
            for kind in kinds:
                met[kind] = _tried(act, kind)
                print(f"  {kind}: {met[kind].said}", flush=True)
                browser.close_pages("compose.html", "toolbar.html", "prompt.html", "viewer.html")
    tab.close()
    return met


def _tried(act: Callable[[str], Met], kind: str) -> Met:
    try:
        return act(kind)
    except (AssertionError, BidiError, JavaScriptError, TimeoutError) as error:
        return Met(good=False, presses=0, said=f"failed: {str(error)[:300]}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="python -m tools.webmails", description=__doc__)
    parser.add_argument("--only", default="", help="a part of the names of webmails")
    parser.add_argument("--browser", choices=_BROWSERS)
    parser.add_argument("--page", type=Path, help="the page with the table")
    options = parser.parse_args(arguments)
    machine = describe_machine()
    chosen = [webmail for webmail in WEBMAILS if options.only.lower() in webmail.name.lower()]
    absent = {webmail.name: webmail.absence() or "" for webmail in chosen}
    met: dict[str, dict[str, dict[str, Met]]] = {webmail.name: {} for webmail in chosen}
    for engine in [options.browser] if options.browser else _BROWSERS:
        with rig() as (host, letters), browser_with_keys(engine, letters) as (browser, extension):
            for webmail in chosen:
                print(f"{webmail.name} {webmail.version()}, {engine}: {absent[webmail.name]}", flush=True)
                if not absent[webmail.name]:
                    met[webmail.name][engine] = meet(webmail, browser, extension, host, letters)
    rows = [
        Row(choice.name, choice.version(), met[choice.name], absent[choice.name], choice.reason) for choice in chosen
    ]
    row_limits = limits(rows)
    write_results(ROOT / "build" / "webmails.json", machine, [], row_limits)
    if options.page:
        TABLE.write(options.page, draw(rows))
    return 0 if all(limit.holds for limit in row_limits) else 1


if __name__ == "__main__":
    raise SystemExit(main())
