"""The list of messages before a hostile bridge or mail server: encrypted subjects, and the requests for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/message_list.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

# Makes `list`, which shows the rows of `messages`. The keys decrypt the subject `within` when `readable` resolves.
LIST = IN_PAGE["listInPage"]


@pytest.fixture
def page(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with a list whose bridge and vault are the test's."""
    page = browser.open(demo_stack.pages_url)
    page.js(LIST)
    yield page
    page.close()


def show(page: Page, within: str, rows: str) -> None:
    """Load the list anew with rows that the bridge gives now."""
    page.js(f"async (text) => {{ within = text; messages = {rows}; await list.load('folder-id', {{}}); }}", within)


@pytest.mark.thorough(False)
def test_a_decrypted_subject_never_stands_in_the_row_of_another_message(page: Page) -> None:
    """A server can give the UIDs of a folder anew, to messages of other people."""
    show(page, "For one row", "[row()]")
    page.wait_for("() => subjects()[0] === 'For one row'")
    show(page, "", "[row({ from: 'eve@example.test', subject: 'Plain', protection: null })]")
    assert page.js("() => subjects()") == ["Plain"]
    show(page, "Of another", "[row({ from: 'eve@example.test' })]")
    page.wait_for("() => subjects()[0] === 'Of another'")


def test_a_folder_that_is_numbered_anew_in_between_is_listed_from_its_beginning(page: Page) -> None:
    """The list shows 50 rows, and the page after them is requested."""
    page.js(IN_PAGE["aFolderThatIsNumberedAnewInBetweenIsListedFromItsBeginning"])
    page.wait_for("() => asked.length === 3 && list.element.querySelector('a').hash.endsWith('/10/100')")
    assert page.js("() => [asked, subjects().length]") == [[None, 9, None], 50]


@pytest.mark.thorough(False)
def test_a_press_on_a_row_whose_subject_arrives_opens_the_message(page: Page) -> None:
    page.js("() => { readable = new Promise((resolve) => { globalThis.read = resolve; }); }")
    show(page, "Read meanwhile", "[row({ seen: false })]")
    page.js("() => { globalThis.pressed = list.element.querySelector('.row-subject'); list.markSeen(at(7)); read(); }")
    page.wait_for("() => subjects()[0] === 'Read meanwhile'")
    assert page.js("() => pressed.isConnected && !list.element.querySelector('.row-unseen, .row-state')")


def test_a_long_subject_is_cut_in_its_row(page: Page) -> None:
    """Fifty subjects of a megabyte kept the page from answering for up to 24 seconds, and from locking."""
    show(page, "xx" + "\N{CANDLE}" * 500_000, "[row()]")
    page.wait_for("() => subjects()[0].startsWith('x')")
    assert page.js("() => subjects()") == ["xx" + "\N{CANDLE}" * 498 + "…"]


@pytest.mark.thorough(False)
def test_a_message_that_ends_the_vault_takes_its_own_subject_only(page: Page) -> None:
    """The vault refuses every group with the message of 7 bytes."""
    page.js(IN_PAGE["aMessageThatEndsTheVaultTakesItsOwnSubjectOnly"])
    show(page, "", "Array.from({ length: 25 }, (_, index) => row({ uid: 25 - index }))")
    page.wait_for("() => asked.length === 22")
    page.wait_for("() => subjects().filter((subject) => subject !== 'subject_encrypted').length === 24")
    shown = page.js("() => subjects()")
    assert shown == [f"Subject {uid}" if uid != 7 else "subject_encrypted" for uid in range(25, 0, -1)]
    assert page.js("() => asked") == [20, 5, *[1] * 20]


# Makes `list` with the usual client of a bridge that gives 300 rows. Each row says 10 bytes, and no message ends.
ENDLESS = IN_PAGE["endless"]


@pytest.mark.thorough(False)
def test_a_bridge_chooses_neither_the_rows_nor_the_bytes_that_a_list_fetches(page: Page) -> None:
    page.js(ENDLESS)
    page.js("async () => { await list.load('folder-id', {}); }")
    # Five chunks of 64,000 bytes are more than 256 kB.
    page.wait_for("() => taken >= 250")
    page.js("() => new Promise((resolve) => { setTimeout(resolve, 300); })")
    assert page.js("() => [subjects().length, taken, decrypted]") == [50, 250, 0]
