"""Shared identities that are refused, by the pages as by the command, and the question about an unknown owner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import click
import pytest

from roaming_keys.client.command.groups.opening import OwnerTrust, open_listed
from roaming_keys.client.command.login import Roaming
from roaming_keys.protocol.groups.calls import fetch_group, prepare_group
from roaming_keys.protocol.groups.content import GroupVersion
from roaming_keys.protocol.groups.known import known_groups
from roaming_keys.protocol.groups.messages import GroupPush, ListedGroup, StoredGroup
from roaming_keys.server.accounts.groups import GroupStore
from sealwax.cli.options.trust import TrustOptions
from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.errors import SmimeError
from smime_core.identity import Identity
from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.keys.elsewhere import log_in_elsewhere
from tests.support.keys.people import PROVIDER
from tests.support.pages.driver import MailPages, named
from tests.support.pages.shared_identities import (
    Owner,
    card,
    fresh,
    issue_shared,
    show_keys,
    take,
    unmarked,
    wait_for_card,
    wait_for_problem,
)
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/shared_refusals.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]
Lie = Callable[[StoredGroup], StoredGroup]
# The code of the command's error, where the pages have another word.
COMMAND: Final = {"group-not-for-you": "no-matching-recipient", "group-owner-not-verified": "group-key-refused"}


@pytest.fixture(scope="module")
def stack() -> Iterator[DemoStack]:
    with DemoStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def owner(stack: DemoStack) -> Owner:
    """Alice, by another program."""
    return Owner(stack, stack.accounts[0])


@pytest.fixture
def bob(browser: Browser, stack: DemoStack, owner: Owner) -> Iterator[MailPages]:
    pages = MailPages(browser, stack.pages_url, stack.accounts[1])
    pages.enter()
    yield pages
    pages.close()


def stranger_for(address: str) -> Identity:
    """An identity for an address, by an authority that nobody trusts."""
    at = datetime.now(UTC)
    authority = run(create_authority("Nobody's authority", PROVIDER, at=at))
    return run(issue_identity(authority, address, provider=PROVIDER, at=at))


def forged_by(signer: Identity, owner: Owner, id: str) -> StoredGroup:
    """The group as a server would give it that signs it with a key of its own."""
    session = owner.session
    forger = replace(session, opened=replace(session.opened, identities=(signer,)))
    version = GroupVersion(id=id, owner=owner.account.address, number=1)
    content = owner.open(id).content
    prepared = run(prepare_group(forger, version, content, PROVIDER, at=datetime.now(UTC)))
    push = GroupPush.from_json(prepared.call.body)
    return StoredGroup(owner=version.owner, version=1, bundle=push.bundle, members=push.members[1:])


def refusal_of_command(stack: DemoStack, listed: ListedGroup) -> str:
    """The code of the error by which the command refuses a group."""
    member = stack.accounts[1]
    session, setting = log_in_elsewhere(stack.keys_url, member.address, member.key_passphrase)
    trust = TrustOptions(
        anchors=(str(stack.folder / "ca.pem"),),
        mozilla=False,
        decisions_file=None,
        timestamp_anchors=(),
        revocation=None,
        no_revocation=True,
        crl_files=(),
        ocsp_files=(),
        certificate_files=(),
        fetch=False,
        fetch_issuers=False,
        fetch_hosts=(),
    )
    roaming = Roaming(session=session, passphrase=b"", setting=setting)
    with pytest.raises((click.ClickException, SmimeError)) as refused:
        open_listed(roaming, listed, OwnerTrust(trust=trust, accepted=None))
    error: BaseException | None = refused.value
    while isinstance(error, click.ClickException):
        error = error.__cause__ or error.__context__
    assert isinstance(error, SmimeError)
    return error.code


def test_the_pages_and_the_command_agree_on_what_they_refuse(
    bob: MailPages, owner: Owner, stack: DemoStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, address = bob.page, owner.account.address
    ward, trap = fresh("ward3"), fresh("trap")
    owner.make(ward, "Ward 3", stack.accounts[1], identity=issue_shared(stack, "ward3@example.test", "Ward 3"))
    owner.make(trap, "Trap", stack.accounts[1], identity=issue_shared(stack, bob.account.address, "Bob"))
    find, ward_group = GroupStore.find, run(fetch_group(owner.session, owner.setting, ward))
    owners = ward_group.members[0].wrap
    forged = forged_by(stranger_for(address), owner, ward)
    lies: list[tuple[str, Lie]] = [
        ("group-key-refused", lambda stored: replace(stored, bundle=bytes([stored.bundle[0] ^ 1]) + stored.bundle[1:])),
        ("group-without-key", lambda stored: replace(stored, members=[])),
        ("group-not-for-you", lambda stored: replace(stored, members=[replace(stored.members[0], wrap=owners)])),
        ("group-owner-not-verified", lambda _one: forged),
    ]
    for code, lie in lies:
        monkeypatch.setattr(GroupStore, "find", lambda store, group, user, lie=lie: lie(find(store, group, user)))
        show_keys(bob)
        take(page, ward)
        page.wait_for_selector(card(ward, "shared-problem") + f'[data-code="{code}"]', timeout_seconds=60)
        page.js("() => document.querySelector('dialog[open]')?.close()")
        listed = ListedGroup(id=ward, owner=address, version=1)
        assert refusal_of_command(stack, listed) == COMMAND.get(code, code)
    monkeypatch.undo()
    show_keys(bob)
    take(page, trap)
    assert "your own address" in wait_for_problem(page, trap)
    assert refusal_of_command(stack, ListedGroup(id=trap, owner=address, version=1)) == "group-of-own-address"
    # A refused one keeps nobody from the others.
    take(page, ward)
    wait_for_card(page, ward, "taken")


def test_an_owner_whom_nobody_vouches_for_is_asked_about(
    bob: MailPages, owner: Owner, stack: DemoStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    annex = fresh("annex")
    owner.make(annex, "Annex", stack.accounts[1], identity=issue_shared(stack, "annex@example.test", "Annex"))
    signer = stranger_for(owner.account.address)
    forged = forged_by(signer, owner, annex)
    monkeypatch.setattr(GroupStore, "find", lambda _store, _group, _user: forged)
    page = show_keys(bob)
    take(page, annex)
    dialog = named("shared-agreement")
    page.wait_for_text("No authority that you trust vouches for this certificate", selector=dialog, timeout_seconds=60)
    assert find_violations(page) == []
    shown = unmarked(page.text(f"{dialog} .fingerprint")).replace(" ", "").lower()
    assert shown == signer.certificate.fingerprint
    page.click(named("shared-agree"))
    page.wait_for_text("Compare the fingerprint first", selector=dialog)
    page.click(named("shared-compared"))
    page.click(named("shared-agree"))
    wait_for_card(page, annex, "taken")
    member = stack.accounts[1]
    session, _ = log_in_elsewhere(stack.keys_url, member.address, member.key_passphrase)
    assert known_groups(session.opened.state)[annex].certificate == signer.certificate


def test_a_list_that_never_comes_hides_nothing_of_the_account(bob: MailPages) -> None:
    page = bob.page
    page.js(IN_PAGE["aListThatNeverComesHidesNothingOfTheAccount"])
    page.wait_for_selector(f"{named('shared-identities')}[aria-busy=true]")
    page.wait_for(f"() => document.querySelector('{named('key-account')}')?.checkVisibility()")
