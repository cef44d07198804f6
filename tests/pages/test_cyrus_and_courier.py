"""The pages before a real Cyrus and a real Courier, where all folders are below the inbox, and a mailbox has a quota.

Each state is looked at on a screen of a desk and on one of a phone. `SEALWAX_PICTURES` names a folder for the pictures.
"""

from __future__ import annotations

import imaplib
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import ENTER, Page
from tests.support.pages.driver import named
from tests.support.pages.mail_rig import (
    PASSWORD,
    SETTLED,
    Mailbox,
    MailRig,
    build_message,
    select,
    serve_pages_before,
    subjects,
    wait_for_notice,
    wait_for_subjects,
)
from tests.support.servers import courier, cyrus, roots
from webbridge.gateway import Security, ServerAddress

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

ADMINISTRATOR: Final = "cyrus@example.test"
# Where dots separate folders, Cyrus takes no name of a person with a dot.
ADDRESSES: Final = {name: f"anna-{name}@example.test" for name in ("chromium", "firefox")}
PASSWORDS: Final = dict.fromkeys((*ADDRESSES.values(), ADMINISTRATOR), PASSWORD)
FULL: Final = "Your mailbox is full. Delete messages and empty the trash, then try again."
FILLING_BYTES: Final = 1_000_000
DESKTOP, PHONE = (1280, 800), (390, 844)

Run = Callable[[Path, Path], AbstractContextManager[ServerAddress]]


@contextmanager
def run_cyrus(folder: Path, tls_folder: Path) -> Iterator[ServerAddress]:
    root = roots.unpacked(folder, cyrus.PACKAGES)
    layout = cyrus.Layout.BELOW_WITH_DOTS
    with cyrus.run_cyrus(root, PASSWORDS, tls_folder=tls_folder, layout=layout) as (imap, _pop3):
        yield imap[Security.IMPLICIT_TLS]


@contextmanager
def run_courier(folder: Path, tls_folder: Path) -> Iterator[ServerAddress]:
    root = roots.unpacked(folder, courier.PACKAGES)
    with courier.run_courier(root, PASSWORDS, tls_folder=tls_folder) as (imap, _pop3):
        yield imap[Security.IMPLICIT_TLS]


SERVERS: Final[dict[str, Run]] = {"cyrus": run_cyrus, "courier": run_courier}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def rig(
    server: str, pages_with_sources: Path, tls_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MailRig]:
    """Bridge and pages before this mail server."""
    if absence := roots.absence():
        pytest.skip(absence)
    folder = tmp_path_factory.mktemp(server)
    with ExitStack() as stack:
        try:
            imap = stack.enter_context(SERVERS[server](folder, tls_folder))
        except OSError as error:
            pytest.skip(str(error))
        yield stack.enter_context(serve_pages_before(imap, pages_with_sources, tls_folder, folder))


@pytest.fixture
def mail(rig: MailRig, browser: Browser) -> Iterator[Mailbox]:
    """The mailbox of the person who uses this browser, with three messages."""
    with rig.mailbox(ADDRESSES[browser.name]) as mailbox:
        for number, subject in enumerate(["One", "Two", "Three"]):
            mailbox.append(build_message(subject, days_ago=3 - number))
        yield mailbox


@pytest.fixture
def page(rig: MailRig, mail: Mailbox, browser: Browser) -> Iterator[Page]:
    page = rig.visit(browser, mail.address)
    wait_for_subjects(page, "Three", "Two", "One")
    yield page
    page.close()


def folder_names(mail: Mailbox) -> list[str]:
    """The folders as the server names them."""
    return sorted(str(line).rpartition('" ')[2].strip("\"' ") for line in mail.imap.list()[1])


def look(page: Page, name: str) -> None:
    """Check that the state fits into both screens, and take a picture of each if a folder for them is named."""
    page.wait_for_selector(SETTLED)
    folder = os.environ.get("SEALWAX_PICTURES")
    for width, height in (PHONE, DESKTOP):
        page.show_top(width, height)
        assert not page.overflows_sideways(), (name, width)
        if folder:
            page.screenshot(Path(folder) / f"{name}-{page.browser.name}-{width}.png")


def fill(rig: MailRig, server: str, mail: Mailbox) -> None:
    """Make the mailbox full: at Cyrus by the administrator's quota on a folder, at Courier by messages."""
    if server == "cyrus":
        set_quota(rig, f"user.{mail.address.partition('@')[0]}.Ward 5", kibibytes=0)
        return
    while mail.imap.append("INBOX", "", None, build_message("Large") + b"x" * FILLING_BYTES)[0] == "OK":
        pass


def set_quota(rig: MailRig, folder: str, *, kibibytes: int) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with imaplib.IMAP4_SSL(rig.imap.host, rig.imap.port, ssl_context=context) as administrator:
        administrator.login(ADMINISTRATOR, PASSWORD)
        answer = administrator.setquota(f'"{folder}"', f"(STORAGE {kibibytes})")
        assert answer[0] == "OK", answer


def test_a_folder_is_made_and_renamed_the_trash_is_emptied_and_a_full_mailbox_is_named(
    rig: MailRig, server: str, mail: Mailbox, page: Page
) -> None:
    page.click(named("folder-make"))
    page.type("Ward 4" + ENTER)
    wait_for_notice(page, "Folder Ward 4 made.")
    page.wait_for("() => document.querySelector('.list-title').textContent === 'Ward 4'")
    look(page, f"{server}-new-folder")
    assert folder_names(mail) == ["INBOX", "INBOX.Ward 4"]

    rename_open_folder(page)
    look(page, f"{server}-renamed-folder")
    assert folder_names(mail) == ["INBOX", "INBOX.Ward 5"]

    empty_trash(page)
    look(page, f"{server}-empty-trash")
    assert mail.subjects("INBOX.Trash") == []
    assert len([name for name in folder_names(mail) if "Trash" in name]) == 1

    fill(rig, server, mail)
    open_folder(page, "INBOX", "Inbox")
    page.click(named("refresh"))
    moved = "One" if server == "cyrus" else "Large"
    page.wait_for("(text) => document.querySelector('.rows').textContent.includes(text)", moved)
    before = subjects(page)
    select(page, moved)
    move_to(page, "Ward 5")
    page.wait_for_text(FULL)
    look(page, f"{server}-full-mailbox")
    assert subjects(page) == before
    assert moved in mail.subjects()
    assert mail.subjects("INBOX.Ward 5") == []


def open_folder(page: Page, name: str, title: str) -> None:
    """Open the folder with this name at the server, and this title in the pages."""
    page.click(f'{named("folder")}[data-folder="{name}"]')
    page.wait_for("(title) => document.querySelector('.list-title').textContent === title", title)
    page.wait_for_selector(SETTLED)


def rename_open_folder(page: Page) -> None:
    page.click(named("folder-settings"))
    page.fill(named("folder-name"), "Ward 5")
    page.click(named("folder-name-go"))
    wait_for_notice(page, "Renamed to Ward 5.")
    page.wait_for("() => document.querySelector('.list-title').textContent === 'Ward 5'")


def empty_trash(page: Page) -> None:
    """Delete two messages, and then all in the trash for ever."""
    open_folder(page, "INBOX", "Inbox")
    wait_for_subjects(page, "Three", "Two", "One")
    select(page, "Three", "Two")
    page.click(named("selection-acts-delete"))
    wait_for_notice(page, "2 messages moved to the trash.")
    open_folder(page, "INBOX.Trash", "Trash")
    wait_for_subjects(page, "Three", "Two")
    select(page, "Three")
    page.click(named("select-all"))
    page.click(named("selection-acts-delete"))
    page.click(named("delete-for-ever"))
    wait_for_notice(page, "2 messages deleted for ever.")
    page.wait_for("() => document.querySelectorAll('[data-test=message-row]').length === 0")


def move_to(page: Page, folder: str) -> None:
    page.click(named("selection-acts-move"))
    page.wait_for_selector(named("pick-filter"))
    page.type(folder + ENTER)
