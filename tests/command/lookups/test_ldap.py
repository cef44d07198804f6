"""LDAP directories: a real OpenLDAP, and servers that lie, flood and hang."""

from __future__ import annotations

import datetime
import functools
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sealwax.lookups.directory_failure import DirectoryFailed, DirectoryProblem
from sealwax.lookups.ldap import ATTRIBUTES, LdapSecurity, address_filter, find_in_ldap, parse_ldap_url
from smime_core import Certificate, Identity
from smime_core.blocking import run
from smime_core.ca.demo import Authority, Details, create_authority, issue_identity
from smime_core.cms import build_certificates_only
from smime_core.cms.signed_data import build_signed_data
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.errors import LimitExceeded
from smime_core.provider import NewKey
from smime_core.trust.contacts import CertificateSource
from tests.support.people import NOW, PROVIDER, anchor, person
from tests.support.servers.directory_servers import (
    BASE,
    BIND_NAME,
    HOST,
    PASSWORD,
    SLAPD,
    Entry,
    Slapd,
    ldap_done,
    ldap_entry,
    ldap_referral,
    run_lying_ldap,
    run_slapd,
)
from webbridge.demo.tls import write_tls_files

pytest.importorskip("bonsai", reason="bonsai is not installed", exc_type=ImportError)
pytestmark = pytest.mark.server

BOB = "bob@example.test"
ODD_ADDRESSES = (
    "o'brien*(x)@example.test",
    "back\\slash@example.test",
    "jörg@bücher.example",
    '"two words"@example.test',
    "a/b&c|d!e=f@example.test",
)
MANY = "everybody@example.test"


@functools.cache
def of(address: str, key: NewKey = NewKey.P256) -> Identity:
    """An identity for the directory; the entry may have any address."""
    return run(
        issue_identity(
            _middle(), "odd@example.test", provider=PROVIDER, at=NOW, key=key, details=Details(common_name=address)
        )
    )


@functools.cache
def _middle() -> Authority:
    return run(create_authority("Middle CA", provider=PROVIDER, at=NOW, key=NewKey.P256))


def signed_smime_certificate(identity: Identity) -> bytes:
    """A userSMIMECertificate (RFC 2798 section 2.8): SignedData by the person, with certificates and no content."""
    return run(
        build_signed_data(
            b"",
            Signing(identities=[identity], signing_time=NOW, form=SignatureForm.DETACHED),
            content_type="1.2.840.113549.1.7.1",
            provider=PROVIDER,
        )
    )


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory, tls_folder: Path) -> Iterator[Slapd]:
    if SLAPD is None:
        pytest.skip("slapd is not installed")
    bob, carol, dave = person("bob"), person("carol"), person("dave")
    entries = [
        Entry(name="Bob", mail=BOB, attributes=(("userCertificate;binary", bob.certificate.der),)),
        Entry(
            name="Carol",
            mail="carol@example.test",
            attributes=(("userSMIMECertificate", build_certificates_only([carol.certificate, anchor()])),),
        ),
        Entry(
            name="Dave",
            mail="dave@example.test",
            attributes=(
                ("userCertificate;binary", dave.certificate.der),
                ("userSMIMECertificate", signed_smime_certificate(dave)),
                ("userSMIMECertificate", b"no CMS at all"),
            ),
        ),
        Entry(name="Nobody", mail="nobody@example.test"),
        Entry(
            name="Erin",
            mail="erin@xn--bcher-kva.example",
            attributes=(("userCertificate;binary", bob.certificate.der),),
        ),
        Entry(
            name="Hidden",
            mail="hidden@example.test",
            attributes=(("userCertificate;binary", bob.certificate.der),),
            hidden=True,
        ),
        *(
            Entry(name=f"odd{number}", mail=mail, attributes=(("userCertificate;binary", of(mail).certificate.der),))
            for number, mail in enumerate(ODD_ADDRESSES)
            if mail.isascii()
        ),
        *(
            Entry(name=f"many{number}", mail=MANY, attributes=(("userCertificate;binary", bob.certificate.der),))
            for number in range(10_000)
        ),
    ]
    with run_slapd(entries, folder=tmp_path_factory.mktemp("slapd"), tls_folder=tls_folder) as server:
        yield server


def certificates(address: str, url: str, tls_folder: Path, **changes: object) -> list[Certificate]:
    directory = replace(parse_ldap_url(url, ca_file=tls_folder / "tls_ca.pem"), **changes)  # type: ignore[arg-type]
    return [candidate.certificate for candidate in find_in_ldap(address, directory)]


def problem(address: str, url: str, tls_folder: Path, **changes: object) -> DirectoryProblem:
    with pytest.raises(DirectoryFailed) as failed:
        certificates(address, url, tls_folder, **changes)
    assert "\n" not in str(failed.value)
    return failed.value.problem


@pytest.mark.parametrize("way", ["plain_url", "tls_url"])
def test_a_certificate_is_found_by_starttls_and_by_tls(slapd: Slapd, tls_folder: Path, way: str) -> None:
    url = getattr(slapd, way)
    assert certificates(BOB, url, tls_folder) == [person("bob").certificate]
    assert certificates("BOB@EXAMPLE.TEST", url, tls_folder) == [person("bob").certificate]


def test_a_domain_beyond_ascii_is_found_by_its_a_labels(slapd: Slapd, tls_folder: Path) -> None:
    for address in ("erin@xn--bcher-kva.example", "erin@bücher.example", "ERIN@BÜCHER.example"):
        assert certificates(address, slapd.tls_url, tls_folder) == [person("bob").certificate]
    for address in ("erín@bücher.example", "erin@bucher.example", "jörg@bücher.example"):
        assert certificates(address, slapd.tls_url, tls_folder) == []


def test_both_kinds_of_attribute_are_read_each_certificate_once(slapd: Slapd, tls_folder: Path) -> None:
    assert certificates("dave@example.test", slapd.tls_url, tls_folder) == [person("dave").certificate]
    directory = parse_ldap_url(slapd.tls_url, ca_file=tls_folder / "tls_ca.pem")
    (carol,) = find_in_ldap("carol@example.test", directory)
    assert carol.certificate == person("carol").certificate
    assert carol.intermediates == (anchor(),)
    assert (carol.source, carol.detail) == (CertificateSource.LDAP, HOST)


@pytest.mark.parametrize(
    "address", ["nobody@example.test", "missing@example.test", "hidden@example.test", "*", "b*", ""]
)
def test_nothing_is_found_where_there_is_nothing(slapd: Slapd, tls_folder: Path, address: str) -> None:
    assert certificates(address, slapd.tls_url, tls_folder) == []


@pytest.mark.parametrize("address", [address for address in ODD_ADDRESSES if address.isascii()])
def test_special_characters_in_an_address_mean_themselves(slapd: Slapd, tls_folder: Path, address: str) -> None:
    assert certificates(address, slapd.tls_url, tls_folder) == [of(address).certificate]


@pytest.mark.parametrize(
    "address", ["x)(mail=bob@example.test", "*)(objectClass=*", "bob@example.test)(|(mail=*", "\0"]
)
def test_no_address_becomes_part_of_the_filter(slapd: Slapd, tls_folder: Path, address: str) -> None:
    assert certificates(address, slapd.tls_url, tls_folder) == []


def test_a_login_opens_what_is_hidden(slapd: Slapd, tls_folder: Path) -> None:
    answer = certificates("hidden@example.test", slapd.plain_url, tls_folder, bind_name=BIND_NAME, password=PASSWORD)
    assert answer == [person("bob").certificate]


def test_a_wrong_password_is_said(slapd: Slapd, tls_folder: Path) -> None:
    refused = problem(BOB, slapd.tls_url, tls_folder, bind_name=BIND_NAME, password="wrong")
    assert refused is DirectoryProblem.LOGIN_REFUSED


@pytest.mark.parametrize("way", ["plain_url", "tls_url"])
def test_a_server_that_cannot_prove_its_name_is_not_asked(slapd: Slapd, tmp_path: Path, way: str) -> None:
    write_tls_files(tmp_path, at=datetime.datetime.now(datetime.UTC))
    assert problem(BOB, getattr(slapd, way), tmp_path) is DirectoryProblem.UNREACHABLE


def test_plain_ldap_is_spoken_only_where_that_was_allowed(slapd: Slapd, tls_folder: Path) -> None:
    plain = {"security": LdapSecurity.PLAIN_ALLOWED, "ca_file": None}
    assert certificates(BOB, slapd.plain_url, tls_folder, **plain) == [person("bob").certificate]


def test_a_server_without_starttls_is_not_asked(tls_folder: Path) -> None:
    requests = []

    def answers(message_id: int) -> Iterator[bytes]:
        requests.append(message_id)
        yield ldap_done(message_id)

    with run_lying_ldap(answers) as port:
        outcome = problem(BOB, f"ldap://{HOST}:{port}/{BASE}", tls_folder)
    assert outcome is DirectoryProblem.REFUSED
    assert not requests


def test_ten_thousand_entries_are_too_many(slapd: Slapd, tls_folder: Path) -> None:
    assert problem(MANY, slapd.tls_url, tls_folder) is DirectoryProblem.TOO_MANY


def test_nothing_is_found_below_a_base_that_is_not_there(slapd: Slapd, tls_folder: Path) -> None:
    assert certificates(BOB, slapd.tls_url.replace("example", "other"), tls_folder) == []


def lying(port: int) -> tuple[str, dict[str, object]]:
    return f"ldap://{HOST}:{port}/{BASE}", {"security": LdapSecurity.PLAIN_ALLOWED, "timeout_seconds": 5.0}


def test_a_server_that_ignores_the_size_limit_is_bounded(tls_folder: Path) -> None:
    def answers(message_id: int) -> Iterator[bytes]:
        for number in range(10_000):
            yield ldap_entry(message_id, number, [b"x"])
        yield ldap_done(message_id)

    with run_lying_ldap(answers) as port:
        url, how = lying(port)
        assert problem(BOB, url, tls_folder, **how) is DirectoryProblem.TOO_MANY


def test_an_entry_of_many_megabytes_is_bounded(tls_folder: Path) -> None:
    def answers(message_id: int) -> Iterator[bytes]:
        yield ldap_entry(message_id, 1, [bytes(5_000_000)])
        yield ldap_done(message_id)

    with run_lying_ldap(answers) as port:
        url, how = lying(port)
        assert problem(BOB, url, tls_folder, **how) is DirectoryProblem.TOO_MANY


def test_a_flood_without_end_is_ended(tls_folder: Path) -> None:
    def answers(message_id: int) -> Iterator[bytes]:
        while True:
            yield ldap_entry(message_id, 1, [bytes(100_000)])

    with run_lying_ldap(answers) as port:
        url, how = lying(port)
        outcome = problem(BOB, url, tls_folder, **{**how, "timeout_seconds": 3.0})
    # Either the time is over first, or the bound on memory is reached, at which libldap drops the connection.
    assert outcome in (DirectoryProblem.TIMEOUT, DirectoryProblem.UNREACHABLE)


def test_a_server_that_hangs_is_left(tls_folder: Path) -> None:
    with run_lying_ldap(lambda _: iter(())) as port:
        url, how = lying(port)
        assert problem(BOB, url, tls_folder, **{**how, "timeout_seconds": 1.0}) is DirectoryProblem.TIMEOUT


def test_referrals_are_not_followed(tls_folder: Path) -> None:
    requests: list[int] = []

    def elsewhere(message_id: int) -> Iterator[bytes]:
        requests.append(message_id)
        yield ldap_done(message_id)

    with run_lying_ldap(elsewhere) as other:

        def answers(message_id: int) -> Iterator[bytes]:
            yield ldap_referral(message_id, f"ldap://{HOST}:{other}/{BASE}")
            yield ldap_done(message_id)

        with run_lying_ldap(answers) as port:
            url, how = lying(port)
            assert certificates(BOB, url, tls_folder, **how) == []
    assert not requests


def test_octets_that_are_no_certificate_hide_no_other(tls_folder: Path) -> None:
    def answers(message_id: int) -> Iterator[bytes]:
        yield ldap_entry(message_id, 1, [b"", b"\x30\x80", b"\xff" * 50, person("bob").certificate.der])
        yield ldap_done(message_id)

    with run_lying_ldap(answers) as port:
        url, how = lying(port)
        assert certificates(BOB, url, tls_folder, **how) == [person("bob").certificate]


@pytest.mark.parametrize(
    "odd",
    [
        {"name": b"\xff\xfe=\xff"},
        {"name": b"\xed\xa0\x80=1"},
        {"name": b"cn=x;\xff"},
        {"attribute": b"\xff\x00"},
        {"attribute": b"\xe9"},
        {"name": b"hello"},
        {"name": b"=,=+\\"},
    ],
)
def test_an_entry_whose_names_cannot_be_read_is_said_as_such(tls_folder: Path, odd: dict[str, bytes]) -> None:
    def answers(message_id: int) -> Iterator[bytes]:
        yield ldap_entry(message_id, 1, [b"x"], **odd)
        yield ldap_done(message_id)

    with run_lying_ldap(answers) as port:
        url, how = lying(port)
        with pytest.raises(DirectoryFailed, match=r"cannot be read|it refuses \(") as failed:
            certificates(BOB, url, tls_folder, **how)
    assert failed.value.problem is DirectoryProblem.REFUSED


def test_the_process_of_a_search_answers_whatever_the_server_says() -> None:
    """The process must print an answer in JSON, and no traceback."""

    def answers(message_id: int) -> Iterator[bytes]:
        yield ldap_entry(message_id, 1, [b"x"], name=b"\xff")
        yield ldap_done(message_id)

    with run_lying_ldap(answers) as port:
        question = {
            "url": f"ldap://{HOST}:{port}",
            "startTls": False,
            "caFile": "",
            "bindName": "",
            "password": "",
            "base": BASE,
            "filter": address_filter(BOB),
            "attributes": list(ATTRIBUTES),
            "maxEntries": 20,
            "timeoutSeconds": 5.0,
        }
        done = subprocess.run(
            [sys.executable, "-m", "sealwax.lookups.ldap_query"],
            input=json.dumps(question).encode(),
            capture_output=True,
            check=True,
        )
    assert (json.loads(done.stdout), done.stderr) == (
        {"problem": "refused", "text": "it gives an answer that cannot be read"},
        b"",
    )


def test_too_many_certificates_in_one_value_are_refused(tls_folder: Path) -> None:
    bag = build_certificates_only([of(str(number), NewKey.P256).certificate for number in range(101)])

    def answers(message_id: int) -> Iterator[bytes]:
        for number in range(0, 101, 20):
            part = [of(str(index)).certificate.der for index in range(number, min(101, number + 20))]
            yield ldap_entry(message_id, number, [*part, bag])
        yield ldap_done(message_id)

    with run_lying_ldap(answers) as port:
        url, how = lying(port)
        with pytest.raises(LimitExceeded):
            certificates(BOB, url, tls_folder, **how)


def test_nobody_listens(tls_folder: Path) -> None:
    with run_lying_ldap(lambda _: iter(())) as port:
        pass
    url, how = lying(port)
    assert problem(BOB, url, tls_folder, **how) is DirectoryProblem.UNREACHABLE


def test_the_filter_is_the_one_that_other_programs_read(slapd: Slapd, tls_folder: Path) -> None:
    if shutil.which("ldapsearch") is None:
        pytest.skip("ldapsearch is not installed")
    for address in ODD_ADDRESSES[:2]:
        command = ["ldapsearch", "-x", "-LLL", "-H", f"ldap://{HOST}:{slapd.plain_port}", "-b", BASE]
        done = subprocess.run([*command, address_filter(address), "mail"], capture_output=True, check=True)
        assert done.stdout.count(b"dn:") == 1
