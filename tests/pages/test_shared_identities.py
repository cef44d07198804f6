"""Identities that several people share, in the view of the keys: taking, leaving, and what only the owner changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from roaming_keys.protocol.groups.known import known_groups
from roaming_keys.protocol.groups.membership import with_identities
from roaming_keys.protocol.groups.messages import ListedGroup, ListedGroups
from roaming_keys.protocol.steps import KeyServerError
from roaming_keys.server.accounts.groups import GroupStore
from smime_core import blocking
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.identity import Identity, export_identity
from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.keys.elsewhere import log_in_elsewhere
from tests.support.keys.people import PROVIDER
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.shared_identities import (
    Owner,
    card,
    fresh,
    issue_shared,
    show_keys,
    show_people,
    take,
    unmarked,
    wait_for_card,
    wait_for_problem,
)
from tests.support.pages.signed_in import alice_in_her_inbox as alice_in_her_inbox
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server]
WARD: Final = "ward3@example.test"


@pytest.fixture(scope="module")
def stack() -> Iterator[DemoStack]:
    with DemoStack(shared_addresses=(WARD,)) as stack:
        yield stack


@pytest.fixture(scope="module")
def ward(stack: DemoStack) -> Identity:
    return issue_shared(stack, WARD, "Ward 3")


@pytest.fixture(scope="module")
def owner(stack: DemoStack) -> Owner:
    """Alice, by another program."""
    return Owner(stack, stack.accounts[0])


@pytest.fixture
def bob(browser: Browser, stack: DemoStack) -> Iterator[MailPages]:
    pages = MailPages(browser, stack.pages_url, stack.accounts[1])
    pages.enter()
    yield pages
    pages.close()


def wait_until_said(pages: MailPages, text: str) -> None:
    """Wait for words in the announcement, whose values are between marks of direction."""
    has_text = (
        r"(text) => document.querySelector('#announcer').textContent.replace(/[\u2066-\u2069]/gu, '').includes(text)"
    )
    pages.page.wait_for(has_text, text, timeout_seconds=OPERATION_SECONDS)


def file_of(folder: Path, identity: Identity) -> Path:
    """A key file, under the words `file words`."""
    path = folder / f"{identity.certificate.fingerprint}.p12"
    path.write_bytes(blocking.run(export_identity(identity, b"file words", provider=PROVIDER, iterations=1000)))
    return path


def give_file(page: Page, form: str, file: Path) -> None:
    """Fill in a dialog that asks for a key file, and send it."""
    page.choose_files(named(f"{form}-file"), [file])
    page.click(f"{named(form)} {named('passphrase')}")
    page.type("file words")
    page.click(named(f"{form}-go"))


def users_of(page: Page, id: str) -> list[str]:
    """The addresses in the list of people."""
    members = "(place) => [...document.querySelectorAll(place)].map((one) => one.dataset.user)"
    addresses: list[str] = page.js(members, card(id, "shared-member"))
    return addresses


def test_a_member_takes_an_identity_and_uses_it_at_once(
    bob: MailPages, owner: Owner, ward: Identity, stack: DemoStack
) -> None:
    member = stack.accounts[1]
    ward3 = fresh("ward3")
    owner.make(ward3, "Ward 3", member, identity=ward)
    mail = f"From: {member.address}\r\nTo: {WARD}\r\nSubject: beds\r\n\r\nAre there beds?\r\n".encode()
    stack.mail_server.append(
        member.address, blocking.encrypt_message(mail, Encrypting(recipients=[ward.certificate]), PROVIDER)
    )
    page = show_keys(bob)
    assert "alice@example.test owns it" in unmarked(page.text(card(ward3)))
    assert find_violations(page) == []
    take(page, ward3)
    wait_for_card(page, ward3, "taken")
    wait_until_said(bob, "The key of Ward 3 is with your keys.")
    assert page.js("() => document.activeElement.textContent") == "Ward 3"
    show_people(page, ward3)
    assert users_of(page, ward3) == [account.address for account in stack.accounts]
    # The same as the command stores.
    session, _ = log_in_elsewhere(stack.keys_url, member.address, member.key_passphrase)
    assert known_groups(session.opened.state)[ward3].name == "Ward 3"
    stored = [identity.certificate for identity in session.opened.identities]
    assert stored[0] == member.identity.certificate
    assert ward.certificate in stored
    bob.write(to=stack.accounts[0].address, subject="Beds", text="None.")
    offered = "(from, ward) => [...document.querySelector(from)?.options ?? []].some(({ value }) => value === ward)"
    page.wait_for(offered, named("compose-from"), WARD, timeout_seconds=OPERATION_SECONDS)
    page.js("() => { location.hash = '#/folder/inbox'; }")
    bob.open_message(stack.mail_server.messages(member.address)[-1].uid)
    assert "Are there beds?" in bob.body


@pytest.mark.thorough
def test_a_new_version_waits_and_the_newest_certificate_signs(bob: MailPages, owner: Owner, stack: DemoStack) -> None:
    first, second = (issue_shared(stack, "office@example.test", "Office") for _ in range(2))
    office = fresh("office")
    owner.make(office, "Office", stack.accounts[1], identity=first)
    page = show_keys(bob)
    take(page, office)
    wait_for_card(page, office, "taken")
    owner.store(office, 2, with_identities(owner.open(office).content, [second]))
    show_keys(bob)
    wait_for_card(page, office, "newer")
    take(page, office)
    wait_for_card(page, office, "taken")
    shown = page.js(
        "(place) => [...document.querySelectorAll(place)].map((one) => one.textContent)",
        f"{named('identities')} .fingerprint, {named('identities')} dd",
    )
    text = "".join(shown).replace(" ", "").lower()
    assert text.index(second.certificate.fingerprint) < text.index(first.certificate.fingerprint)


@pytest.mark.thorough
def test_a_member_leaves_after_a_question_and_keeps_the_key(bob: MailPages, owner: Owner, stack: DemoStack) -> None:
    night = fresh("night")
    owner.make(night, "Night shift", stack.accounts[1], identity=issue_shared(stack, "night@example.test", "Night"))
    day = fresh("day")
    owner.make(day, "Day shift", stack.accounts[1], identity=issue_shared(stack, "day@example.test", "Day"))
    page = show_keys(bob)
    take(page, night)
    wait_for_card(page, night, "taken")
    page.click(card(night, "shared-leave"))
    page.wait_for_text("mail that you could read stays readable", selector="dialog")
    page.click(named("shared-leave-go"))
    wait_for_card(page, night, "left")
    wait_until_said(bob, "You have left Night shift.")
    assert "night@example.test" in page.text(named("identities"))
    assert owner.open(night).left == (stack.accounts[1].address,)
    # A shared identity that was not taken leaves nothing here.
    page.click(card(day, "shared-leave"))
    page.wait_for_text("You have not taken its key", selector="dialog")
    page.click(named("shared-leave-go"))
    page.wait_for("(place) => !document.querySelector(place)", card(day), timeout_seconds=OPERATION_SECONDS)
    assert not page.js("(list) => document.querySelector(list).textContent.includes('day@')", named("identities"))


@pytest.mark.thorough
def test_the_owner_removes_renews_and_adds(alice: MailPages, owner: Owner, stack: DemoStack, tmp_path: Path) -> None:
    other = stack.accounts[1].address
    owner.log_in()
    lab = fresh("lab")
    owner.make(lab, "Laboratory", stack.accounts[1], identity=issue_shared(stack, "lab@example.test", "Laboratory"))
    page = show_keys(alice)
    # The account in this page is from before: another program has made the identity since.
    take(page, lab)
    wait_for_card(page, lab, "taken")
    show_people(page, lab)
    page.click(card(lab, "shared-remove"))
    page.wait_for_text("was readable for", selector="dialog")
    page.click(named("shared-remove-go"))
    page.wait_for_selector(card(lab, "shared-removed"), timeout_seconds=OPERATION_SECONDS)
    assert f"still with the key of lab@example.test: {other}" in unmarked(page.text(card(lab, "shared-removed")))
    wait_until_said(alice, f"{other} is not in Laboratory any more, and still has the key.")
    assert find_violations(page) == []
    owner.log_in()
    opened = owner.open(lab)
    assert (opened.version.number, opened.content.removed) == (2, (other,))
    assert known_groups(owner.session.opened.state)[lab].version == 2
    page.click(card(lab, "shared-renew-open"))
    give_file(page, "shared-renew", file_of(tmp_path, issue_shared(stack, "lab@example.test", "Laboratory")))
    wait_until_said(alice, "Laboratory has the new certificate.")
    page.wait_for_selector(card(lab, "shared-member"), timeout_seconds=OPERATION_SECONDS)
    assert not page.js("(place) => document.querySelector(place)", card(lab, "shared-removed"))
    for typed, sentence in (("nobody", "whole address"), ("stranger@example.test", "No certificate of")):
        page.fill(card(lab, "shared-add-address"), typed)
        page.click(card(lab, "shared-add"))
        page.wait_for_text(sentence, selector=card(lab, "shared-add-problem"), timeout_seconds=OPERATION_SECONDS)
    page.fill(card(lab, "shared-add-address"), other)
    page.click(card(lab, "shared-add"))
    wait_until_said(alice, f"{other} is in Laboratory now")
    assert [member.user for member in owner.open(lab).content.members] == [owner.account.address, other]
    assert owner.open(lab).content.removed == ()
    page.click(card(lab, "shared-delete"))
    page.wait_for_text("Nobody can take its key any more.", selector="dialog")
    page.click(named("shared-delete-go"))
    wait_until_said(alice, "Laboratory is deleted.")
    wait_for_card(page, lab, "left")
    assert "lab@example.test" in page.text(named("identities"))
    owner.log_in()
    with pytest.raises(KeyServerError, match="You are in no such group"):
        owner.open(lab)


@pytest.mark.thorough
def test_a_person_shares_an_identity_from_a_file(
    alice: MailPages, owner: Owner, stack: DemoStack, tmp_path: Path
) -> None:
    page = show_keys(alice)
    page.click(named("shared-create-open"))
    assert find_violations(page) == []
    name = fresh("Reception ")
    page.fill(named("shared-name"), name)
    give_file(page, "shared-create", file_of(tmp_path, stack.accounts[0].identity))
    page.wait_for_text("your own certificate", selector=named("shared-create-problem"), timeout_seconds=60)
    page.choose_files(
        named("shared-create-file"), [file_of(tmp_path, issue_shared(stack, "desk@example.test", "Desk"))]
    )
    page.click(named("shared-create-go"))
    wait_until_said(alice, f"{name} is made.")
    assert not page.js("() => document.querySelector('dialog')")
    owner.log_in()
    (id,) = [id for id, group in known_groups(owner.session.opened.state).items() if group.name == name]
    wait_for_card(page, id, "taken")
    assert [member.user for member in owner.open(id).content.members] == [owner.account.address]


def test_a_list_of_a_hostile_server_takes_nothing_away(
    bob: MailPages, owner: Owner, stack: DemoStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic = fresh("clinic")
    owner.make(clinic, "Clinic", stack.accounts[1], identity=issue_shared(stack, "clinic@example.test", "Clinic"))
    page = show_keys(bob)
    take(page, clinic)
    wait_for_card(page, clinic, "taken")
    right = ListedGroup(id=clinic, owner=owner.account.address, version=1)
    bodies = [
        ListedGroups(groups=[replace(right, id=f"a{count}") for count in range(201)]).to_json(),
        json.dumps({"groups": [{"id": clinic, "owner": right.owner, "version": 1, "name": "Clinic"}]}).encode(),
        b"<html>a proxy</html>",
    ]
    identities = page.text(named("identities"))
    for body in bodies:
        monkeypatch.setattr(ListedGroups, "to_json", lambda _self, body=body: body)
        show_keys(bob)
        page.wait_for_text("cannot be read, so nothing of it is used", selector=named("shared-error"))
        # The list from before stays.
        assert page.text(card(clinic, "shared-state")) == "Its key is with your keys."
    monkeypatch.undo()
    for lie, sentence in (
        (replace(right, version=1), ""),
        (replace(right, owner=stack.accounts[1].address), "names another owner than before"),
    ):
        monkeypatch.setattr(GroupStore, "list_of", lambda _self, _user, lie=lie: [lie])
        show_keys(bob)
        assert sentence in (wait_for_problem(page, clinic) if sentence else "")
    assert page.text(named("identities")) == identities
