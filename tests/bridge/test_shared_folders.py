"""Folders of others: whose they are, what is offered in them, and who has rights, with a real server and lying ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.servers import dovecot
from tests.support.servers.bridge import API, FROM_PAGES, bridge_before, error_of, get, sign_in
from tests.support.servers.hostile_imap import HEALTHY
from tests.support.servers.lying_server import LyingServer
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.gateway import GatewayCode, GatewayError, Level, MailServer, Security
from webbridge.gateway.imap_access import MAX_GRANTS, check_person, level_of, read_grants
from webbridge.gateway.imap_folders import ALL_RIGHTS, FolderFacts, Right, read_folders, read_rights
from webbridge.gateway.imap_namespaces import Namespaces, Place
from webbridge.gateway.imap_syntax import Value
from webbridge.gateway.imap_wire import Answer

pytestmark = pytest.mark.server

Folder = dict[str, Any]


@pytest.fixture(scope="module")
def sharing_address(tls_folder: Path) -> Iterator[Any]:
    if dovecot.BINARY is None:
        pytest.skip("dovecot is not installed")
    folder = dovecot.new_folder()
    settings = dovecot.sharing_settings(folder)
    with dovecot.run_dovecot(PASSWORDS, tls_folder=tls_folder, folder=folder, more_settings=settings) as addresses:
        yield addresses[Security.IMPLICIT_TLS]


@pytest.fixture
def server(sharing_address: Any, memory_server: MemoryMailServer) -> MailServer:
    return replace(memory_server.address, imap=sharing_address)


@pytest.fixture
def alice(server: MailServer) -> Iterator[FlaskClient]:
    """A browser of Alice, who has a folder Ward that nobody else sees."""
    with bridge_before(server) as browser:
        assert sign_in(browser).status_code == 200
        if "Ward" in folders(browser):
            call(browser, "DELETE", at(browser, "Ward"), withMessages=True)
        assert call(browser, "POST", "/api/folders", name="Ward").status_code == 200
        yield browser


@contextmanager
def bob_at(server: MailServer) -> Iterator[FlaskClient]:
    """A browser of Bob. A connection of Dovecot looks for shared folders once."""
    with bridge_before(server) as browser:
        assert sign_in(browser, BOB, PASSWORDS[BOB]).status_code == 200
        yield browser


def seen_by_bob(server: MailServer) -> dict[str, Folder]:
    with bob_at(server) as bob:
        return folders(bob)


def call(browser: FlaskClient, method: str, path: str, **members: object) -> TestResponse:
    return browser.open(path, method=method, base_url=API, headers=FROM_PAGES, json=members)


def folders(browser: FlaskClient) -> dict[str, Folder]:
    return {folder["name"]: folder for folder in get(browser, "/api/folders").get_json()["folders"]}


def at(browser: FlaskClient, name: str) -> str:
    return f"/api/folders/{folders(browser)[name]['id']}"


def share(browser: FlaskClient, level: str, *, name: str = BOB) -> TestResponse:
    return call(browser, "PUT", f"{at(browser, 'Ward')}/access", name=name, level=level)


THEIRS = f"others/{ALICE}/Ward"


def test_a_shared_folder_is_among_those_of_other_users_with_what_is_offered_there(
    alice: FlaskClient, server: MailServer
) -> None:
    own = folders(alice)["Ward"]
    assert (own["place"], own["prefix"]) == ("own", "")
    assert set(own["rights"]) == set(Right)
    assert THEIRS not in seen_by_bob(server)

    answer = share(alice, "read")
    assert answer.status_code == 200
    assert {"name": BOB, "level": "read", "rights": "lrs", "own": False, "person": True} in answer.get_json()["people"]
    theirs = seen_by_bob(server)[THEIRS]
    assert (theirs["place"], theirs["prefix"], theirs["role"]) == ("others", "others/", None)
    assert theirs["rights"] == ["seen"]

    share(alice, "file")
    assert seen_by_bob(server)[THEIRS]["rights"] == ["append", "flags", "seen"]
    share(alice, "all")
    assert set(seen_by_bob(server)[THEIRS]["rights"]) == ALL_RIGHTS


def test_rights_are_withdrawn_and_the_folder_is_gone(alice: FlaskClient, server: MailServer) -> None:
    share(alice, "all")
    assert THEIRS in seen_by_bob(server)
    answer = call(alice, "DELETE", f"{at(alice, 'Ward')}/access", name=BOB)
    assert BOB not in [person["name"] for person in answer.get_json()["people"]]
    assert THEIRS not in seen_by_bob(server)


def test_who_may_only_read_neither_sees_nor_changes_the_rights_of_others(
    alice: FlaskClient, server: MailServer
) -> None:
    share(alice, "read")
    with bob_at(server) as bob:
        path = f"{at(bob, THEIRS)}/access"
        assert error_of(get(bob, path)) == (502, "mail-server-refused")
        assert error_of(call(bob, "PUT", path, name="carol@example.test", level="all")) == (502, "mail-server-refused")


@pytest.mark.parametrize("name", ["anyone", "Anonymous", "authenticated", "owner", "$ward", "-bob", "#x", "a b", ""])
def test_only_people_get_rights(alice: FlaskClient, name: str) -> None:
    answer = share(alice, "read", name=name)
    assert error_of(answer) == (400, "bad-argument")


def test_own_rights_stay(alice: FlaskClient) -> None:
    for method in ("PUT", "DELETE"):
        answer = call(alice, method, f"{at(alice, 'Ward')}/access", name=ALICE.upper(), level="read")
        assert error_of(answer) == (400, "bad-argument")


@pytest.mark.parametrize("level", ["other", "none", "", None, 1])
def test_only_the_three_levels_are_given(alice: FlaskClient, level: object) -> None:
    assert call(alice, "PUT", f"{at(alice, 'Ward')}/access", name=BOB, level=level).status_code == 400


def test_a_server_without_rights_says_so(imap: LyingServer, smtp: LyingServer) -> None:
    imap.answers |= HEALTHY
    with bridge_before(replace(imap.address(timeout_seconds=2.0), smtp=smtp.address().smtp)) as browser:
        assert sign_in(browser).status_code == 200
        answer = get(browser, f"{at(browser, 'Other')}/access")
        assert error_of(answer) == (422, "not-offered")
        assert "share" not in folders(browser)["Other"]["rights"]


@pytest.mark.parametrize(
    "lie",
    [
        b"TAG OK\r\n",
        b"* ACL Sent bob lrs\r\nTAG OK\r\n",
        b"* ACL Other bob\r\nTAG OK\r\n",
        b"* ACL Other (bob) lrs\r\nTAG OK\r\n",
        b"* ACL Other bob NIL\r\nTAG OK\r\n",
        b"* ACL Other bob LRS\r\nTAG OK\r\n",
        b'* ACL Other "" lrs\r\nTAG OK\r\n',
        b"* ACL Other {5}\r\nx\r\ny! lrs\r\nTAG OK\r\n",
        b"* ACL Other bob " + b"l" * 41 + b"\r\nTAG OK\r\n",
        b"* ACL Other " + b"b" * 256 + b" lrs\r\nTAG OK\r\n",
        b"* ACL Other" + b" bob lrs" * (MAX_GRANTS + 1) + b"\r\nTAG OK\r\n",
    ],
)
def test_a_list_of_rights_that_cannot_be_read_is_not_shown(imap: LyingServer, smtp: LyingServer, lie: bytes) -> None:
    """Half of a list could hide the person who reads along."""
    imap.answers |= HEALTHY
    imap.answers["CAPABILITY"] = [b"* CAPABILITY IMAP4rev1 AUTH=PLAIN ACL RIGHTS=texk\r\nTAG OK\r\n"]
    imap.answers["GETACL"] = [lie]
    with bridge_before(replace(imap.address(timeout_seconds=2.0), smtp=smtp.address().smtp)) as browser:
        assert sign_in(browser).status_code == 200
        answer = get(browser, f"{at(browser, 'Other')}/access")
        assert error_of(answer) == (502, "mail-server-unreadable")


@pytest.mark.parametrize(
    ("letters", "offered"),
    [
        ("lr", set()),
        ("lrs", {Right.SEEN}),
        ("lrswi", {Right.SEEN, Right.FLAGS, Right.APPEND}),
        ("lrt", set()),
        ("lre", set()),
        ("lrte", {Right.MOVE, Right.DELETE}),
        # RFC 4314 section 2.1.1: beside the new letters, "d" and "c" say nothing.
        ("lrtd", set()),
        ("lrxc", {Right.FOLDER}),
        ("lrd", {Right.MOVE, Right.DELETE}),
        ("lrc", {Right.FOLDER}),
        ("lra", {Right.SHARE}),
        ("", set()),
    ],
)
def test_a_change_is_offered_only_with_all_its_letters(letters: str, offered: set[Right]) -> None:
    assert read_rights(letters) == offered


@pytest.mark.parametrize(
    ("letters", "level"),
    [
        ("lr", Level.READ),
        ("lrs", Level.READ),
        ("lrsp", Level.READ),
        ("lrswi", Level.FILE),
        ("lrswipcd", Level.ALL),
        ("lrswikxte", Level.ALL),
        ("lrswikxtecd", Level.ALL),
        ("lrswikxtea", Level.OTHER),
        ("lrswit", Level.OTHER),
        ("l", Level.OTHER),
        ("", Level.OTHER),
    ],
)
def test_rights_are_a_level_only_if_they_are_exactly_its_own(letters: str, level: Level) -> None:
    assert level_of(letters) == level


@pytest.mark.parametrize(
    ("name", "place", "prefix"),
    [
        (b"INBOX", Place.OWN, ""),
        (b"Ward", Place.OWN, ""),
        (b"user/bob", Place.OTHERS, "user/"),
        (b"user/bob/Ward", Place.OTHERS, "user/"),
        (b"team/Ward", Place.SHARED, "team/"),
        # The root of a namespace has nothing but its prefix as a name, so it is shown whole.
        (b"team", Place.SHARED, ""),
        (b"teams/Ward", Place.OWN, ""),
        # The most exact namespace decides.
        (b"user/me/Ward", Place.OWN, ""),
        (b"\xff/Ward", Place.OTHERS, "\ufffd\ufffd\xff/"),
        ("\xf6/Ward".encode(), Place.OTHERS, "\ufffd\xf6/"),
    ],
)
def test_the_namespace_says_whose_a_folder_is(name: bytes, place: Place, prefix: str) -> None:
    namespaces = Namespaces(
        personal=(b"", b"user/me/"),
        foreign=frozenset({b"user/", b"team/", b"\xff/", "\xf6/".encode()}),
        shared=frozenset({b"team/"}),
    )
    listed = read_folders([Answer("LIST", None, [[], b"/", name])], namespaces)[-1]
    folder = listed.described(None, FolderFacts(), may_share=True)
    assert (folder.place, folder.prefix) == (place, prefix)


@pytest.mark.parametrize(
    ("name", "personal", "prefix"),
    [
        (b"INBOX", (b"INBOX.",), ""),
        (b"INBOX.Ward", (b"INBOX.",), "INBOX."),
        (b"INBOX.Ward.Old", (b"INBOX.",), "INBOX."),
        (b"Ward", (b"INBOX.",), ""),
        # Typed without its beginning, each of these would be another folder.
        (b"INBOX.INBOX", (b"INBOX.",), ""),
        (b"INBOX.INBOX.Ward", (b"INBOX.",), ""),
        (b"INBOX.user.bob", (b"INBOX.",), ""),
        (b"INBOX.Ward", (b"", b"INBOX."), ""),
        (b"Old.Ward", (b"INBOX.", b"Old."), ""),
    ],
)
def test_the_beginning_of_own_folders_is_told_where_a_name_without_it_means_the_same(
    name: bytes, personal: tuple[bytes, ...], prefix: str
) -> None:
    """Cyrus and Courier keep a person's folders below the inbox."""
    namespaces = Namespaces(personal=personal, foreign=frozenset({b"user."}))
    listed = read_folders([Answer("LIST", None, [[], b".", name])], namespaces)[-1]
    folder = listed.described(None, FolderFacts(), may_share=True)
    assert (folder.place, folder.prefix) == (Place.OWN, prefix)


def test_only_identifiers_of_people_can_be_changed() -> None:
    values: list[Value] = [b"Ward", b"anyone", b"lrs", b"$ward", b"lrs", b"-bob", b"lrs", b"bob", b"lrs"]
    grants = read_grants([Answer("ACL", None, values)], "Ward")
    assert [grant.is_person for grant in grants] == [False, False, False, True]


def test_a_name_of_a_person_has_no_character_that_ends_a_command() -> None:
    for name in ("bob\r\nA1 LOGOUT", "bob\0", "bob x", 'bob"', "b" * 255, "é@example.test"):
        with pytest.raises(GatewayError) as refused:
            check_person(name)
        assert refused.value.code is GatewayCode.BAD_ARGUMENT
    assert check_person("bob+ward@example.test") == "bob+ward@example.test"


def test_a_long_list_of_rights_takes_linear_time() -> None:
    values: list[Value] = [b"Ward", *[b"bob", b"lrs"] * MAX_GRANTS]
    began = time.monotonic()
    assert len(read_grants([Answer("ACL", None, values)], "Ward")) == MAX_GRANTS
    assert time.monotonic() - began < 1
