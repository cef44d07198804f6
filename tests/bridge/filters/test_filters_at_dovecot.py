"""Filters by the API on a Dovecot with Pigeonhole, which then delivers mail by them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from sealwax.operation.findings import Level
from tests.support.servers import dovecot
from tests.support.servers.bridge import API, FROM_PAGES, bridge_before, error_of, get, sign_in
from tests.support.servers.filters import EMPTY, filters_of, put_filters, rule_of, vacation_of
from tests.support.servers.mailboxes import ALICE, PASSWORDS, login_at
from tests.support.servers.ports import free_port
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.filters.kept_filters import SCRIPT_NAME
from webbridge.gateway import MailServer, Security, ServerAddress, SieveConnection
from webbridge.gateway.wire import CallDeadline
from webbridge.operation.checking import _check_sieve

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not dovecot.MANAGESIEVE.exists(), reason="not installed: dovecot-managesieved"),
]

NASTY = 'Projekte "& äöü\\'
OTHER = b'require "imap4flags";\r\naddflag "\\\\Flagged";\r\n'


@dataclass(frozen=True, slots=True)
class MailHost:
    """A Dovecot with filters, and the folder in which it is."""

    folder: Path
    server: MailServer

    def deliver(self, subject: str, sender: str = "bob@example.test") -> None:
        message = f"From: Bob <{sender}>\r\nTo: {ALICE}\r\nSubject: {subject}\r\n\r\nHello\r\n"
        dovecot.deliver_by_lda(self.folder, ALICE, message.encode())

    def connect(self) -> SieveConnection:
        return SieveConnection.open(login_at(self.server), CallDeadline(10))

    def scripts(self) -> dict[str, bool]:
        with closing(self.connect()) as connection:
            return {script.name: script.is_active for script in connection.list_scripts()}

    def change(self, name: str, script: bytes, *, activates: bool = False) -> None:
        with closing(self.connect()) as connection:
            connection.put_script(name, script)
            if activates:
                connection.activate(name)


@pytest.fixture(params=list(Security))
def host(request: pytest.FixtureRequest, tls_folder: Path, memory_server: MemoryMailServer) -> Iterator[MailHost]:
    folder = dovecot.new_folder()
    ports = {security: free_port() for security in Security}
    settings = dovecot.sieve_settings(folder, ports)
    with dovecot.run_dovecot(PASSWORDS, tls_folder=tls_folder, folder=folder, more_settings=settings) as imap:
        sieve = ServerAddress(host=dovecot.HOST, port=ports[request.param], security=request.param)
        yield MailHost(folder, replace(memory_server.address, imap=imap[Security.IMPLICIT_TLS], sieve=sieve))


@pytest.fixture
def alice(host: MailHost) -> Iterator[FlaskClient]:
    with bridge_before(host.server) as browser:
        assert sign_in(browser).status_code == 200
        yield browser


def folder_id(browser: FlaskClient, name: str) -> str:
    folders = get(browser, "/api/folders").get_json()["folders"]
    return str(next(folder["id"] for folder in folders if folder["name"] == name))


def make_folder(browser: FlaskClient, name: str) -> str:
    answer = browser.post("/api/folders", base_url=API, headers=FROM_PAGES, json={"name": name})
    assert answer.status_code < 300, answer.get_json()
    return folder_id(browser, name)


def rows_in(browser: FlaskClient, folder: str) -> dict[str, list[str]]:
    rows = get(browser, f"/api/folders/{folder}/messages").get_json()["messages"]
    return {row["subject"]: sorted({*row["flags"]} - {"\\Recent"}) for row in rows}


def test_a_rule_moves_marks_and_copies_the_mail_that_it_is_for(host: MailHost, alice: FlaskClient) -> None:
    projects, copies = make_folder(alice, NASTY), make_folder(alice, "Copies")
    inbox = folder_id(alice, "INBOX")
    condition = {"field": "subject", "match": "is", "text": 'say "no\\yes" ${x}'}
    rules = [
        rule_of(conditions=[condition], moveTo=projects, copyTo=copies, flagged=True, stop=True),
        rule_of(name="off", on=False, moveTo=copies),
        rule_of(conditions=[{"field": "size", "match": "over", "kilobytes": 1024}], moveTo=copies),
        rule_of(conditions=[{"field": "from", "match": "is", "text": "BOB@example.test"}]),
    ]
    answer = put_filters(alice, rules=rules)
    assert answer.status_code == 200, answer.get_json()
    assert (answer.get_json()["rules"], answer.get_json()["active"]) == (rules, True)
    assert filters_of(alice)["rules"] == rules

    host.deliver('say "no\\yes" ${x}')
    host.deliver("other")
    assert rows_in(alice, projects) == {'say "no\\yes" ${x}': ["\\Flagged", "\\Seen"]}
    assert list(rows_in(alice, copies)) == ['say "no\\yes" ${x}']
    assert rows_in(alice, inbox) == {"other": ["\\Seen"]}


def test_the_vacation_answer_is_sent_only_on_its_days(host: MailHost, alice: FlaskClient) -> None:
    sent = host.folder / "mail" / "sent"
    today = datetime.now(UTC).date()
    past = {"first": str(today - timedelta(days=9)), "last": str(today - timedelta(days=3))}
    around = {"first": str(today - timedelta(days=2)), "last": str(today + timedelta(days=2))}
    text = 'Away.\n.\nSay "hi"\\\n#: {}\näöü'
    assert put_filters(alice, vacation=vacation_of(text=text, **past)).status_code == 200
    host.deliver("first")
    assert not sent.exists()
    answer = put_filters(alice, vacation=vacation_of(text=text, subject='Away "now"', **around))
    assert answer.get_json()["vacation"]["text"] == text
    host.deliver("second")
    answered = sent.read_text(encoding="utf-8")
    assert "Away.\n" in answered.replace("\r\n", "\n")
    assert 'Say "hi"\\\n#: {}\n' in answered.replace("\r\n", "\n")
    assert 'Away "now"' in answered


def test_the_script_of_another_program_is_replaced_only_if_the_person_wants(host: MailHost, alice: FlaskClient) -> None:
    host.change("roundcube", OTHER, activates=True)
    assert filters_of(alice)["other"] == "roundcube"
    assert error_of(put_filters(alice, rules=[rule_of()])) == (409, "filters-of-others")
    assert host.scripts() == {"roundcube": True}

    assert error_of(put_filters(alice, include="nothing", replace=True)) == (400, "bad-argument")
    answer = put_filters(alice, rules=[rule_of()], include="roundcube").get_json()
    assert (answer["include"], answer["active"], answer["other"]) == ("roundcube", True, None)
    host.deliver("both")
    assert rows_in(alice, folder_id(alice, "INBOX")) == {"both": ["\\Flagged", "\\Seen"]}

    assert put_filters(alice, rules=[rule_of()]).status_code == 200
    host.deliver("only ours")
    assert rows_in(alice, folder_id(alice, "INBOX"))["only ours"] == ["\\Seen"]
    assert host.scripts() == {"roundcube": False, SCRIPT_NAME: True}


def test_a_person_may_switch_to_these_filters(host: MailHost, alice: FlaskClient) -> None:
    host.change("roundcube", OTHER, activates=True)
    assert put_filters(alice, rules=[rule_of()], replace=True).get_json()["other"] is None
    assert host.scripts() == {"roundcube": False, SCRIPT_NAME: True}


def test_filters_that_were_changed_elsewhere_are_not_overwritten(host: MailHost, alice: FlaskClient) -> None:
    put_filters(alice, rules=[rule_of()])
    seen = filters_of(alice)["version"]
    with closing(host.connect()) as connection:
        script = connection.get_script(SCRIPT_NAME)
    host.change(SCRIPT_NAME, script.replace(b"\\\\Seen", b"\\\\Flagged"))
    kept = filters_of(alice)
    assert (kept["changed"], kept["rules"]) == (True, [])
    assert error_of(put_filters(alice, seen, rules=[rule_of()])) == (409, "filters-changed")
    assert error_of(put_filters(alice, rules=[rule_of()])) == (409, "filters-of-others")
    assert put_filters(alice, rules=[rule_of()], replace=True).get_json()["changed"] is False


def test_a_page_that_saw_earlier_filters_saves_nothing(alice: FlaskClient) -> None:
    seen = filters_of(alice)["version"]
    assert seen == ""
    put_filters(alice, rules=[rule_of()])
    assert error_of(put_filters(alice, seen)) == (409, "filters-changed")
    assert filters_of(alice)["rules"] == [rule_of()]


def test_the_check_of_the_settings_tries_the_server(host: MailHost) -> None:
    sieve = host.server.sieve
    assert sieve is not None
    assert _check_sieve(host.server, sieve).level is Level.OK
    untrusted = replace(host.server, ca_file=None)
    assert "is not trusted" in _check_sieve(untrusted, sieve).text
    absent = replace(sieve, port=1)
    assert _check_sieve(replace(host.server, sieve=absent), absent).level is Level.ERROR


def test_filters_are_offered_only_where_a_server_is_named(host: MailHost, alice: FlaskClient) -> None:
    assert get(alice, "/api/config").get_json()["filters"] is True
    assert all(filters_of(alice)["offers"].values())
    with bridge_before(replace(host.server, sieve=None)) as browser:
        sign_in(browser)
        assert get(browser, "/api/config").get_json()["filters"] is False
        assert error_of(get(browser, "/api/filters")) == (422, "not-offered")
        answer = browser.put(
            "/api/filters", base_url=API, headers=FROM_PAGES, json={**EMPTY, "version": "", "replace": False}
        )
        assert error_of(answer) == (422, "not-offered")
