"""Identities that several people of a demonstration share: their owner at the key server, and the view of a member."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from roaming_keys.protocol.groups.calls import OpenGroup, fetch_group, open_own_group, store_group
from roaming_keys.protocol.groups.content import GroupContent, GroupMember, GroupVersion
from roaming_keys.protocol.session import Session, Setting
from smime_core.blocking import run
from smime_core.ca.demo import Details, issue_identity
from smime_core.identity import Identity
from tests.support.browser.page import Page
from tests.support.keys.elsewhere import log_in_elsewhere
from tests.support.keys.people import PROVIDER
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

PEOPLE: Final = named("shared-people")


def issue_shared(stack: DemoStack, address: str, name: str) -> Identity:
    """A new identity of the demonstration's authority, for an address that is no person's."""
    details = Details(common_name=name, crl_urls=(stack.list_url,))
    issued = issue_identity(stack.people.authority, address, provider=PROVIDER, at=datetime.now(UTC), details=details)
    return run(issued)


def fresh(name: str) -> str:
    """A new id, because both browsers may run a test with one demonstration."""
    return name + PROVIDER.random_bytes(4).hex()


def member_of(account: Account) -> GroupMember:
    return GroupMember(user=account.address, certificate=account.identity.certificate)


@dataclass
class Owner:
    """The owner of identities, by another program than the pages."""

    stack: DemoStack
    account: Account
    session: Session = field(init=False)
    setting: Setting = field(init=False)

    def __post_init__(self) -> None:
        self.log_in()

    def log_in(self) -> None:
        self.session, self.setting = log_in_elsewhere(
            self.stack.keys_url, self.account.address, self.account.key_passphrase
        )

    def make(self, id: str, name: str, *members: Account, identity: Identity) -> OpenGroup:
        people = tuple(member_of(account) for account in (self.account, *members))
        return self.store(id, 1, GroupContent(name=name, members=people, identities=(identity,)))

    def store(self, id: str, number: int, content: GroupContent) -> OpenGroup:
        version = GroupVersion(id=id, owner=self.account.address, number=number)
        self.session, stored = run(store_group(self.session, self.setting, version, content, at=datetime.now(UTC)))
        return stored

    def open(self, id: str) -> OpenGroup:
        stored = run(fetch_group(self.session, self.setting, id))
        return run(open_own_group(self.session, id, stored, PROVIDER, at=datetime.now(UTC)))


def show_keys(pages: MailPages) -> Page:
    """Show the view of the keys with the latest list of shared identities."""
    page = pages.page
    page.activate()
    page.js("() => { location.hash = '#/people'; }")
    page.wait_for_selector(named("groups"))
    page.js("() => { location.hash = '#/keys'; }")
    page.wait_for_selector(f"{named('shared-identities')}[aria-busy=false]", timeout_seconds=OPERATION_SECONDS)
    return page


def card(id: str, test: str = "", *, state: str = "") -> str:
    """The selector of the card of an identity, or of an element in it."""
    own = f'{named("shared")}[data-id="{id}"]' + (f'[data-state="{state}"]' if state else "")
    return f"{own} {named(test)}" if test else own


def take(page: Page, id: str) -> None:
    """Press the button that takes the key."""
    page.wait_for_selector(card(id, "shared-take"))
    page.click(card(id, "shared-take"))


def wait_for_card(page: Page, id: str, state: str) -> None:
    page.wait_for_selector(card(id, state=state), timeout_seconds=OPERATION_SECONDS)


def wait_for_problem(page: Page, id: str) -> str:
    """The sentence at the card of an identity."""
    page.wait_for_selector(card(id, "shared-problem"), timeout_seconds=OPERATION_SECONDS)
    return unmarked(page.text(card(id, "shared-problem")))


def show_people(page: Page, id: str) -> None:
    """Open the list of people."""
    page.js("(place) => { document.querySelector(place).open = true; }", card(id, "shared-people"))
    page.wait_for_selector(card(id, "shared-member"), timeout_seconds=OPERATION_SECONDS)


def unmarked(text: str) -> str:
    """A text without the marks of direction around its values."""
    return "".join(character for character in text if character not in "\u2066\u2067\u2068\u2069")
