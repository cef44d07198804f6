"""The account that a person means: one for each mailbox, whatever is typed, and only of the operator's domains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from roaming_keys.protocol.tickets import check_ticket, public_key_of
from tests.support.clock import FakeClock
from tests.support.like_ascii import LIKE_ASCII
from tests.support.servers.bridge import API, ENROLMENT_KEY, FROM_PAGES, KEYS, error_of, get, sign_in
from tests.support.servers.lying_server import LyingServer, TakeLine
from tests.support.servers.mailboxes import ALICE, PASSWORDS, SOMEWHERE
from webbridge import BridgeConfig, create_app
from webbridge.accounts.accounts import Accounts
from webbridge.accounts.domains import MailDomain
from webbridge.gateway import GatewayError, ServerAddress
from webbridge.services import services_of

ELSEWHERE = replace(SOMEWHERE, imap=ServerAddress(host="imap.other.test", port=993))


def accounts(*domains: MailDomain, default_domain: str = "") -> Accounts:
    return Accounts(domains, default_domain=default_domain, mail_server=SOMEWHERE, find_accepted=lambda _domain: None)


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("{address}", ALICE),
        ("{local}", "alice"),
        ("{local}+mail", "alice+mail"),
        ("{domain}/{local}", "example.test/alice"),
    ],
)
def test_the_login_name_is_made_from_the_address_by_the_domains_rule(login: str, expected: str) -> None:
    account = accounts(MailDomain(name="example.test", login=login)).account_of(ALICE)
    assert (account.address, account.login) == (ALICE, expected)


@pytest.mark.parametrize("typed", [ALICE, "Alice@Example.TEST", " alice@example.test\n", "alice", "ALICE"])
def test_two_spellings_give_one_account(typed: str) -> None:
    account = accounts(MailDomain(name="example.test"), default_domain="example.test").account_of(typed)
    assert account.address == account.login == ALICE


def test_each_domain_has_its_servers() -> None:
    mail_accounts = accounts(MailDomain(name="example.test"), MailDomain(name="other.test", server=ELSEWHERE))
    assert mail_accounts.account_of("a@example.test").server == SOMEWHERE
    assert mail_accounts.account_of("a@other.test").server == ELSEWHERE


def test_only_small_and_large_ascii_letters_are_the_same() -> None:
    """Each other character makes an address that is refused, also if it becomes an ASCII letter in another form."""
    mail_accounts = accounts(default_domain="example.test")
    for character in LIKE_ASCII:
        for typed in (f"a{character}b", f"a{character}b@example.test", f"alice@a{character}b.test"):
            with pytest.raises(GatewayError):
                mail_accounts.account_of(typed)


@pytest.mark.parametrize("typed", ["", "alice", "alice@", "@example.test", "a b@example.test", "a@b@example.test"])
def test_a_text_that_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(GatewayError):
        accounts(MailDomain(name="example.test")).account_of(typed)


@pytest.mark.parametrize("login", ["", "alice", "{domain}", "{user}", "{local", "{local}}", "{{local}"])
def test_a_rule_without_the_local_part_is_refused(login: str) -> None:
    with pytest.raises(ValueError, match="login name"):
        MailDomain(name="example.test", login=login)


@pytest.mark.parametrize("name", ["", "Example.test", "exa mple.test", "@example.test", "bücher.example"])
def test_a_domain_is_written_as_addresses_are_compared(name: str) -> None:
    with pytest.raises(ValueError, match="domain"):
        MailDomain(name=name)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mail_server": None},
        {"mail_server": None, "domains": (MailDomain(name="example.test"),)},
        {"domains": (MailDomain(name="example.test"), MailDomain(name="example.test"))},
        {"domains": (MailDomain(name="example.test"),), "default_domain": "other.test"},
        {"default_domain": "Example.test"},
    ],
)
@pytest.mark.server
def test_a_configuration_in_which_an_account_has_no_server_is_refused(
    config: BridgeConfig, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"domain|mail_server"):
        replace(config, **wrong)


@pytest.fixture
def browser(config: BridgeConfig, imap: LyingServer) -> Iterator[FlaskClient]:
    """A browser before a bridge for one domain, whose server knows its users by the local part."""
    imap.answers["AUTHENTICATE PLAIN"] = [b"+ \r\n", TakeLine(), b"TAG OK\r\n"]
    domain = MailDomain(name="example.test", login="{local}")
    app = create_app(replace(config, mail_server=imap.address(), domains=(domain,), default_domain="example.test"))
    yield app.test_client()
    services_of(app).close()


@pytest.mark.server
def test_addresses_of_other_domains_reach_no_mail_server(browser: FlaskClient, imap: LyingServer) -> None:
    assert error_of(sign_in(browser, "alice@other.test")) == (403, "domain-not-served")
    assert imap.commands("") == []


@pytest.mark.server
def test_the_session_and_the_ticket_carry_the_address_and_not_the_typed_name(
    browser: FlaskClient, clock: FakeClock
) -> None:
    assert sign_in(browser, "Alice").get_json()["address"] == ALICE
    assert get(browser, "/api/session").get_json()["address"] == ALICE
    ticket = browser.post("/api/enrolment", base_url=API, headers=FROM_PAGES).get_json()["ticket"]
    check_ticket(public_key_of(ENROLMENT_KEY), ticket, audience=KEYS, user=ALICE, at=clock())


@pytest.mark.server
def test_failures_under_two_spellings_count_together(browser: FlaskClient, imap: LyingServer) -> None:
    imap.answers["AUTHENTICATE PLAIN"] = [b"+ \r\n", TakeLine(), b"TAG NO [AUTHENTICATIONFAILED] no\r\n"]
    codes = [sign_in(browser, typed, PASSWORDS[ALICE]).status_code for typed in ("alice", "ALICE", ALICE) * 2]
    assert codes == [401] * 5 + [429]
