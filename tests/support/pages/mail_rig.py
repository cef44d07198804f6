"""The pages before a real mail server, without keys: a mailbox that tests fill, and a person who has signed in.

The mail server is a Dovecot, unless a test brings another one.
"""

from __future__ import annotations

import imaplib
import itertools
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from sealwax.service.web_server import serve
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.pages.driver import named
from tests.support.servers import dovecot
from tests.support.servers.bridge import ENROLMENT_KEY, KEYS
from tests.support.servers.mailboxes import SOMEWHERE
from tests.support.servers.ports import free_port
from webbridge import BridgeConfig, create_app
from webbridge.config import PagesConfig
from webbridge.gateway import MailServer, Security, ServerAddress
from webbridge.pages_app import create_pages_app
from webbridge.services import services_of

PASSWORD = "correct horse"
SETTLED = f"{named('messages')}[aria-busy=false]"


def build_message(
    subject: str, *, days_ago: float = 0, sender: str = "Bob <bob@example.test>", more: str = ""
) -> bytes:
    """Return a message with a date before now. `more` has further header lines."""
    date = format_datetime(datetime.now(UTC) - timedelta(days=days_ago))
    head = f"From: {sender}\r\nTo: anna@example.test\r\nSubject: {subject}\r\nDate: {date}\r\n{more}"
    return f"{head}\r\nThe text of {subject}.\r\n".encode()


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox at the mail server, by IMAP as any program has it."""

    address: str
    imap: imaplib.IMAP4_SSL

    def append(self, raw: bytes, folder: str = "INBOX", *, flags: str = "") -> int:
        """Store a message, and return its UID."""
        answer = self.imap.append(f'"{folder}"', flags, None, raw)[1][0]
        match = re.search(rb"APPENDUID \d+ (\d+)", answer)
        assert match, answer
        return int(match[1])

    def make(self, *folders: str) -> None:
        for folder in folders:
            self.imap.create(f'"{folder}"')
            self.imap.subscribe(f'"{folder}"')

    def folders(self) -> list[str]:
        return sorted(str(line).rpartition("/")[2].strip("\"' ") for line in self.imap.list()[1] if line)

    def subjects(self, folder: str = "INBOX") -> list[str]:
        """The subjects of a folder that are not marked as deleted, by arrival."""
        if self.imap.select(f'"{folder}"', readonly=True)[0] != "OK":
            return []
        uids = self.imap.uid("SEARCH", "UNDELETED")[1][0].split()
        heads = [self.imap.uid("FETCH", uid, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1][0][1] for uid in uids]
        return [head.decode().partition(":")[2].strip() for head in heads]

    def flags(self, uid: int, folder: str = "INBOX") -> str:
        self.imap.select(f'"{folder}"', readonly=True)
        return str(self.imap.uid("FETCH", str(uid), "(FLAGS)")[1][0])


@dataclass(frozen=True, slots=True)
class MailRig:
    """The pages' address, and the mail server behind them. `folder` is that of a Dovecot."""

    pages_url: str
    imap: ServerAddress
    server: MailServer
    folder: Path | None = None

    @contextmanager
    def mailbox(self, address: str) -> Iterator[Mailbox]:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        imap = imaplib.IMAP4_SSL(self.imap.host, self.imap.port, ssl_context=context)
        imap.login(address, PASSWORD)
        try:
            yield Mailbox(address, imap)
        finally:
            imap.logout()

    def visit(self, browser: Browser, address: str) -> Page:
        """Sign in and wait for the inbox. The keys stay locked."""
        page = browser.open_emptied(self.pages_url)
        page.fill(named("sign-in-address"), address)
        page.fill(named("sign-in-password"), PASSWORD)
        page.click(named("sign-in-submit"))
        page.wait_for("() => location.hash === '#/keys'")
        page.js("() => { location.hash = '#/folder/inbox'; }")
        page.wait_for_selector(SETTLED)
        return page


@contextmanager
def run_mail_rig(
    pages_folder: Path,
    tls_folder: Path,
    folder: Path,
    addresses: list[str],
    *,
    has_sharing: bool = False,
    has_filters: bool = False,
) -> Iterator[MailRig]:
    """Run a Dovecot with bridge and pages for these accounts.

    `has_sharing`: people share folders (RFC 4314). `has_filters`: they change filters (RFC 5804).
    """
    mail = dovecot.new_folder()
    more = dovecot.sharing_settings(mail) if has_sharing else ""
    sieve = None
    if has_filters:
        ports = {security: free_port() for security in Security}
        more += dovecot.sieve_settings(mail, ports)
        sieve = ServerAddress(host=dovecot.HOST, port=ports[Security.STARTTLS], security=Security.STARTTLS)
    passwords = dict.fromkeys(addresses, PASSWORD)
    with (
        dovecot.run_dovecot(passwords, tls_folder=tls_folder, folder=mail, more_settings=more) as imap,
        serve_pages_before(imap[Security.IMPLICIT_TLS], pages_folder, tls_folder, folder, sieve=sieve) as rig,
    ):
        yield replace(rig, folder=mail)


@contextmanager
def serve_pages_before(
    imap: ServerAddress, pages_folder: Path, tls_folder: Path, folder: Path, *, sieve: ServerAddress | None = None
) -> Iterator[MailRig]:
    """Serve bridge and pages before a mail server. Mail that is sent goes nowhere."""
    api_port, pages_port = free_port(), free_port()
    api, pages = f"http://127.0.0.1:{api_port}", f"http://127.0.0.1:{pages_port}"
    with ExitStack() as stack:
        server = replace(SOMEWHERE, imap=imap, sieve=sieve, ca_file=tls_folder / "tls_ca.pem")
        config = BridgeConfig(
            api_origin=api,
            pages_origin=pages,
            key_server_origin=KEYS,
            mail_server=server,
            enrolment_key=ENROLMENT_KEY,
            database=str(folder / "bridge.sqlite"),
        )
        app = create_app(config)
        stack.callback(services_of(app).close)
        stack.enter_context(serve(app, socket.create_server(("127.0.0.1", api_port))))
        static = PagesConfig(pages_origin=pages, api_origin=api, key_server_origin=KEYS, folder=pages_folder)
        stack.enter_context(serve(create_pages_app(static), socket.create_server(("127.0.0.1", pages_port))))
        yield MailRig(pages, imap, server)


_next = itertools.count()
_ADDRESSES = [f"anna{number}@example.test" for number in range(60)]


@pytest.fixture(scope="module")
def rig(pages_with_sources: Path, tls_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailRig]:
    """Bridge, pages and Dovecot for one module of tests."""
    if dovecot.BINARY is None:
        pytest.skip("dovecot is not installed")
    with run_mail_rig(pages_with_sources, tls_folder, tmp_path_factory.mktemp("rig"), _ADDRESSES) as rig:
        yield rig


@pytest.fixture
def mail(rig: MailRig) -> Iterator[Mailbox]:
    """The mailbox of a person whom no other test has."""
    with rig.mailbox(_ADDRESSES[next(_next) % len(_ADDRESSES)]) as mailbox:
        yield mailbox


@pytest.fixture
def inbox(rig: MailRig, mail: Mailbox, browser: Browser) -> Iterator[Page]:
    """The inbox of this person, with six messages: One, the oldest, to Six."""
    mail.make("Archive", "Junk", "Trash", "Invoices")
    for number, subject in enumerate(["One", "Two", "Three", "Four", "Five", "Six"]):
        mail.append(build_message(subject, days_ago=5 - number))
    page = rig.visit(browser, mail.address)
    page.wait_for("() => document.querySelectorAll('[data-test=message-row]').length === 6")
    yield page
    page.close()


def subjects(page: Page) -> list[str]:
    texts: list[str] = page.js("() => [...document.querySelectorAll('.row-subject')].map((each) => each.textContent)")
    return texts


def wait_for_subjects(page: Page, *expected: str) -> None:
    look = """(list) => [...document.querySelectorAll(".row-subject")].map((one) => one.textContent).join("|")
      === list.join("|")"""
    page.wait_for(look, list(expected))


def select(page: Page, *subjects: str) -> None:
    for subject in subjects:
        page.js(
            """(subject) => [...document.querySelectorAll(".rows > li:not(.day)")]
              .find((row) => row.querySelector(".row-subject").textContent === subject)
              .querySelector("input").click()""",
            subject,
        )


def focus(page: Page, subject: str) -> None:
    page.js(
        """(subject) => [...document.querySelectorAll(".row")]
          .find((row) => row.querySelector(".row-subject").textContent === subject).focus()""",
        subject,
    )


def focused(page: Page) -> str:
    subject: str = page.js("() => document.activeElement.querySelector?.('.row-subject')?.textContent ?? ''")
    return subject


def wait_for_notice(page: Page, text: str) -> None:
    page.wait_for_text(text, selector=named("act-notice"))


def open_folder(page: Page, name: str, *, shown: str = "") -> None:
    """Open a folder by its name at the server. `shown` is its name in the pages, if that is another one."""
    page.click(f'{named("folder")}[data-folder="{name}"]')
    page.wait_for("(name) => document.querySelector('.list-title').textContent === name", shown or name)
    page.wait_for_selector(SETTLED)
