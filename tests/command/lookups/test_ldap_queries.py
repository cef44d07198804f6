"""LDAP searches before anything is sent: the allowed URLs, and the escapes for an address in a filter."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sealwax.lookups import ldap
from sealwax.lookups.directory_failure import DirectoryFailed, DirectoryProblem
from sealwax.lookups.ldap import LdapSecurity, address_filter, find_in_ldap, parse_ldap_url
from sealwax.lookups.ldap_query import search


@pytest.mark.parametrize(
    ("url", "host", "port", "base", "is_tls"),
    [
        ("ldaps://ldap.example.org/dc=example,dc=org", "ldap.example.org", 636, "dc=example,dc=org", True),
        ("ldap://ldap.example.org/dc=example", "ldap.example.org", 389, "dc=example", False),
        ("ldap://127.0.0.1:3890/ou=some%20people,dc=x", "127.0.0.1", 3890, "ou=some people,dc=x", False),
        ("ldaps://[::1]:6360", "::1", 6360, "", True),
    ],
)
def test_a_url_names_host_port_and_base(url: str, host: str, port: int, base: str, is_tls: bool) -> None:
    directory = parse_ldap_url(url)
    assert (directory.host, directory.port, directory.base, directory.is_tls) == (host, port, base, is_tls)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ldap:",
        "ldapi://%2Frun%2Fslapd/dc=x",
        "https://ldap.example.org/dc=x",
        "ldaps:///dc=x",
        "ldaps://user@ldap.example.org/dc=x",
        "ldaps://ldap.example.org/dc=x?mail",
        "ldaps://ldap.example.org/dc=x#f",
        "ldaps://ldap.example.org:port/dc=x",
        "ldaps://ldap example/dc=x",
        "ldaps://ldap.example.org/dc=x\n",
        f"ldaps://ldap.example.org/{'x' * 2_048}",
    ],
)
def test_any_other_url_is_refused(url: str) -> None:
    with pytest.raises(DirectoryFailed) as failed:
        parse_ldap_url(url)
    assert failed.value.problem is DirectoryProblem.BAD_URL


def test_plain_ldap_has_to_be_allowed() -> None:
    assert not parse_ldap_url("ldap://host/dc=x").is_plain
    assert parse_ldap_url("ldap://host/dc=x", security=LdapSecurity.PLAIN_ALLOWED).is_plain
    assert not parse_ldap_url("ldaps://host/dc=x", security=LdapSecurity.PLAIN_ALLOWED).is_plain


def test_the_password_is_in_no_text() -> None:
    assert "secret" not in repr(parse_ldap_url("ldaps://host/dc=x", bind_name="cn=x", password="secret"))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("bob.smith+x@example-1.test", "(mail=bob.smith+x@example-1.test)"),
        ("*", "(mail=\\2a)"),
        ("a)(b=c", "(mail=a\\29\\28b\\3dc)"),
        ("\\\0", "(mail=\\5c\\00)"),
        ("ö@ü", "(|(mail=\\c3\\b6@xn--tda)(mail=\\c3\\b6@\\c3\\bc))"),
        ("bob@\u2028ü", "(mail=bob@\\e2\\80\\a8\\c3\\bc)"),
    ],
)
def test_whatever_could_mean_something_in_a_filter_is_escaped(address: str, expected: str) -> None:
    assert address_filter(address) == expected


def test_without_bonsai_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bonsai", None)
    with pytest.raises(DirectoryFailed, match=r"sealwax\[ldap\]") as failed:
        search({})
    assert failed.value.problem is DirectoryProblem.NOT_INSTALLED


@pytest.mark.parametrize("output", [b"", b"{", b'{"values": ["MII', b'{"problem": "refused"', b'{"values": ["\xff'])
def test_a_search_that_ended_before_its_answer_was_whole_gave_nothing(output: bytes) -> None:
    with pytest.raises(DirectoryFailed, match="cannot be read, or that is too large") as failed:
        ldap._read_answer(output, "host")
    assert failed.value.problem is DirectoryProblem.REFUSED


@pytest.mark.parametrize("module", ["bonsai", "json", "smime_core"])
def test_no_code_of_the_current_folder_is_run(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = tmp_path / "ran"
    (tmp_path / f"{module}.py").write_text(f"open({str(mark)!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DirectoryFailed):
        find_in_ldap("bob@example.test", parse_ldap_url("ldap://127.0.0.1:1/dc=x", security=LdapSecurity.PLAIN_ALLOWED))
    assert not mark.exists()
