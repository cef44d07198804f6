"""One odd value in an answer of the bridge takes nothing from the rest of the answer, in any view that reads it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/odd_answers.js")

pytestmark = [pytest.mark.browser, pytest.mark.server]

# Makes `answers`, by the part of an address that asks for them, and the client of a bridge that gives them. `odd`
# puts each of `VALUES` in each place of a value, one after the other, and yields each answer.
SETUP = IN_PAGE["setup"]
# Loads `list` with each odd answer, and returns those after which a row is missing that the answer still has.
LIST = IN_PAGE["listInPage"]

# Loads a list, then shows the changes that an odd answer names, and returns those answers after which a row is missing.
CHANGES = IN_PAGE["changes"]
# Shows folders, and returns the odd answers after which a folder is missing that the answer still has.
FOLDERS = IN_PAGE["foldersInPage"]
# Asks for something, and returns the odd answers without what they still have.
PARTS = IN_PAGE["parts"]
ANSWER = {"crls": ["AAAA"], "ocsp": ["BBBB"]}
CERTIFICATE = {"certificate": "AAAA", "source": "ldap", "detail": "d", "intermediates": ["BBBB"]}
SESSION = {"id": "i", "started": None, "used": "2026-11-20T10:00:00+00:00", "program": "p", "origin": "", "this": False}
TIME = "2026-11-20T10:00:00+00:00"
PARCEL = {
    "id": "one",
    "reference": "r",
    "state": "opened",
    "kind": "files",
    "to": [{"address": "bob@example.test", "language": "en"}],
    "bytes": 5,
    "created": TIME,
    "expires": TIME,
    "downloads": None,
    "opened": 1,
    "triesLeft": 5,
    "stored": True,
    "states": [
        {"state": "submitted", "at": TIME, "by": "sender"},
        {"state": "opened", "at": TIME, "by": "recipient-claims"},
    ],
}
TOKEN = {"name": "n", "created": TIME, "expires": TIME}
CONFIG = {
    "apiVersion": 2,
    "oldestPages": 2,
    "anchors": ["AAAA", "BBBB"],
    "timestampAnchors": ["AAAA"],
    "trustList": None,
    "timestampHost": "t.example.test",
    "labelPolicy": {"policy": "1.2.3", "name": "n", "classifications": [{"value": 6, "name": "Secret"}]},
    "mozilla": False,
    "revocation": "required",
    "maxMessageBytes": 1000,
    "events": True,
    "push": {"key": "AAAA"},
    "reloadMinutes": 5,
    "parcels": {"maxBytes": 1, "wholeBytes": 1, "maxDays": 1, "maxRecipients": 1, "maxKeptFiles": 1},
}
# An address, a whole answer, the place in it that becomes odd, the call, and what the answer must still give.
ASKED = {
    "certificates": (
        "/api/directory",
        {"found": [CERTIFICATE, {**CERTIFICATE, "certificate": "CCCC"}]},
        ["found", "0"],
        "() => api.certificates.certificatesFor('bob@example.test')",
        "found.at(-1).certificate.byteLength === 3 && found.every(({ source }) => ['ldap', 'bridge'].includes(source))",
    ),
    "issuers": (
        "/api/pki/issuers",
        {"answers": [{"certificates": ["AAAA", "BBBB"]}, {"certificates": ["CCCC"]}]},
        ["answers", "0"],
        "() => api.certificates.findIssuers(new ArrayBuffer(3))",
        "found.at(-1).byteLength === 3",
    ),
    "answers of authorities": (
        "/api/pki/status",
        {"answers": [ANSWER, ANSWER]},
        ["answers", "0"],
        "() => api.certificates.askAuthorities([1, 2].map((id) => ({ id, path: [new ArrayBuffer(id)] })))",
        "found.answer.crls.length >= 1 && !found.unavailable.includes(2)",
    ),
    "sessions": (
        "/api/sessions",
        {"sessions": [SESSION, {**SESSION, "id": "here", "this": True}], "total": 2},
        ["sessions", "0"],
        "() => api.sessions()",
        "found.sessions.some(({ id }) => id === 'here')"
        " && found.sessions.every(({ program }) => program.length <= 300)",
    ),
    "offers": (
        "/api/send",
        {"maxBytes": 1000, "utf8": True, "sharedAddresses": ["ward@example.test", "lab@example.test"]},
        ["sharedAddresses", "0"],
        "() => api.sendingOffers()",
        "found.sharedAddresses.includes('lab@example.test') && found.maxBytes === 1000",
    ),
    "accounts": (
        "/api/accounts",
        {
            "most": 5,
            "accounts": [
                {"address": "alice@example.test", "account": "a"},
                {"address": "bob@example.test", "account": "b"},
            ],
        },
        ["accounts", "0"],
        "() => api.accounts.here()",
        "found.some(({ account }) => account === 'b')"
        " && found.every(({ address }) => typeof address === 'string' && address !== '')",
    ),
    "drafts": (
        "/search$|/api/folders$",
        {
            "folders": [{"id": "d", "name": "Drafts", "role": "drafts", "rights": []}],
            "uidValidity": 9,
            "messages": [
                {
                    "uid": uid,
                    "subject": f"Sealwax draft {uid:08x}-0000-4000-8000-000000000000",
                    "date": None,
                    "flags": [],
                }
                for uid in (1, 2)
            ],
        },
        ["messages", "0"],
        "async () => { const { DraftMailbox } = await import('/source/webbridge/pages/drafts/draft_mailbox.js');"
        " return (await new DraftMailbox(api, '').look('alice@example.test')).found; }",
        "found.some(({ place }) => place.uid === 2)",
    ),
    "parcels": (
        "/api/parcels$",
        {"parcels": [PARCEL, {**PARCEL, "id": "two"}], "next": None, "used": 5, "quota": 9},
        ["parcels", "0"],
        "() => api.parcels.list()",
        "found.parcels.some(({ id }) => id === 'two')"
        " && found.parcels.every(({ to, states }) => Array.isArray(to) && Array.isArray(states))",
    ),
    "states of a parcel": (
        "/api/parcels/one$",
        PARCEL,
        ["states", "0"],
        "() => api.parcels.show('one')",
        "found.states.some(({ state }) => state === 'opened')",
    ),
    "tokens": (
        "/api/parcel-tokens$",
        {"tokens": [TOKEN, {**TOKEN, "name": "other"}]},
        ["tokens", "0"],
        "() => api.parcels.tokens()",
        "found.some(({ name }) => name === 'other')",
    ),
    "the bridge's settings": (
        "/api/config",
        CONFIG,
        ["anchors", "0"],
        "() => api.config()",
        "found.anchors.at(-1) === 'BBBB' && found.parcels.maxDays === 1",
    ),
}


@pytest.fixture(scope="module")
def page(browser: Browser, demo_stack: DemoStack) -> Iterator[Page]:
    """A page of the origin with the client of a bridge whose answers are the test's."""
    page = browser.open(demo_stack.pages_url)
    page.js(SETUP)
    yield page
    page.close()


@pytest.mark.parametrize(
    ("listing", "asked", "threads"),
    [
        ({}, "sort=date", False),
        ({}, "limit=50$", False),
        ({"isThreaded": True}, "/threads", True),
        ({"words": {"place": "text", "text": "word"}}, "/search", False),
    ],
    ids=["by date", "by arrival", "threads", "search"],
)
def test_an_odd_value_in_a_row_takes_no_other_row_away(
    page: Page, listing: dict[str, object], asked: str, threads: bool
) -> None:
    assert page.js(LIST, [listing, asked, threads]) == []


@pytest.mark.parametrize(
    "at", [["messages", "0"], ["flags", "0"], ["vanished"], ["whole"], ["uidValidity"]], ids=lambda at: at[0]
)
def test_an_odd_value_in_the_changes_of_a_list_takes_no_row_away(page: Page, at: list[str]) -> None:
    assert page.js(CHANGES, at) == []


def test_an_odd_value_in_a_folder_takes_no_other_folder_away(page: Page) -> None:
    assert page.js(FOLDERS) == []


@pytest.mark.parametrize("what", ASKED)
def test_an_odd_value_takes_nothing_from_the_rest_of_an_answer(page: Page, what: str) -> None:
    assert page.js(PARTS, list(ASKED[what])) == []


@pytest.mark.parametrize("place", [name for name in CONFIG if not name.startswith(("apiVersion", "oldestPages"))])
def test_an_odd_setting_of_the_bridge_stops_no_start(page: Page, place: str) -> None:
    """Where it says nothing of revocation, the strictest policy counts."""
    take = IN_PAGE["take"]
    still = "['required', 'if-known', 'not-checked'].includes(found.revocation) && Number.isFinite(found.reloadMinutes)"
    assert page.js(PARTS, ["/api/config", CONFIG, [place], take, still]) == []


def test_an_answer_that_is_none_is_an_error_with_a_sentence_of_bounded_length(page: Page) -> None:
    """Both as an answer and as a refusal, of every request that reads something."""
    assert page.js(IN_PAGE["anAnswerThatIsNoneIsAnErrorWithASentenceOfBoundedLength"]) == []


def test_a_bridge_that_gives_the_same_page_again_and_again_ends_a_refresh(page: Page) -> None:
    assert page.js(IN_PAGE["aBridgeThatGivesTheSamePageAgainAndAgainEndsARefresh"]) == ["ended", True]


def test_a_long_set_of_messages_that_are_gone_costs_no_more_than_its_length(page: Page) -> None:
    took = page.js(IN_PAGE["aLongSetOfMessagesThatAreGoneCostsNoMoreThanItsLength"])
    assert took == [[1, 3, 5, 6, 7, 9, 10], True]


@pytest.mark.parametrize("claimed", ["given", "contacts", "harvest"])
def test_no_certificate_of_the_bridge_passes_for_one_of_the_persons_own(page: Page, claimed: str) -> None:
    """The vault prefers those of the person's own, and the page names them so."""
    answer = {"found": [{**CERTIFICATE, "source": claimed}]}
    sources = """async (body) => {
      answers = [["/api/directory", JSON.stringify(body)]];
      return (await api.certificates.certificatesFor("bob@example.test")).map(({ source }) => source);
    }"""
    assert page.js(sources, answer) == ["bridge"]


def test_an_odd_event_stops_no_stream(page: Page) -> None:
    assert page.js(IN_PAGE["anOddEventStopsNoStream"]) == [[], True, True]


@pytest.mark.parametrize(
    "made",
    [
        {"token": "swp_aaaaaaaaaaaaaaaaaaaaaaaa\ntouch taken\n", "address": "alice@example.test"},
        {"token": "swp_aaaaaaaaaaaaaaaaaaaaaaaa; touch taken", "address": "alice@example.test"},
        {"token": "swp_aaaaaaaaaaaaaaaaaaaaaaaa", "address": "a&calc&b@example.test"},
        {"token": {}, "address": "alice@example.test"},
    ],
)
def test_nothing_of_a_bridge_becomes_a_command_in_the_terminal(page: Page, made: dict[str, object]) -> None:
    """People copy a new token, and the command that keeps it, from the page into a terminal."""
    make = """async (body) => {
      answers = [["/api/parcel-tokens$", JSON.stringify(body)]];
      return api.parcels.makeToken("n", 5, "alice@example.test").then(() => "made", ({ code }) => code);
    }"""
    assert page.js(make, made) == "server-error"
    assert page.js(make, {"token": "swp_" + "a-_9" * 8, "address": "alice@example.test"}) == "made"
