"""Searches in all directories at once: the order of the results, and the results if one directory fails."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.lookups.directory_failure import DirectoryProblem
from sealwax.lookups.fetch import FetchPolicy, LookupFailed, LookupFailure
from sealwax.lookups.found_certificates import found_in, read_certificates
from sealwax.lookups.ldap import LdapSecurity, parse_ldap_url
from sealwax.lookups.search import Directories, SearchResult, find_at_url, search
from sealwax.lookups.smimea import NameServer, owner_name
from smime_core import blocking
from smime_core.asn1.pem import build_pem
from smime_core.cms import build_certificates_only
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.trust.contacts import CertificateSource, Contact, Contacts, KnownCertificate
from tests.support.people import NOW, PROVIDER, anchor, person
from tests.support.servers.directory_servers import (
    BASE,
    HOST,
    Zone,
    ldap_done,
    ldap_entry,
    run_dns,
    run_lying_ldap,
    smimea,
)
from tests.support.servers.web_servers import WebServer, reply_with, run_web_server

pytestmark = pytest.mark.server

BOB = "bob@example.test"
BOBS = person("bob").certificate
ALICES = person("alice").certificate


def policy(server: WebServer) -> FetchPolicy:
    return FetchPolicy(allowed_hosts=frozenset({server.host}), timeout_seconds=2.0)


@pytest.mark.parametrize(
    "body",
    [
        BOBS.der,
        build_pem("CERTIFICATE", BOBS.der),
        build_certificates_only([BOBS, anchor()]),
        build_pem("PKCS7", build_certificates_only([anchor(), BOBS])),
    ],
    ids=["DER", "PEM", "p7c", "p7b"],
)
def test_a_certificate_is_read_from_a_web_address_in_every_form(body: bytes) -> None:
    with run_web_server(reply_with(body)) as server:
        (candidate,) = find_at_url(server.url("/bob"), policy(server))
    assert (candidate.certificate, candidate.source, candidate.detail) == (
        BOBS,
        CertificateSource.URL,
        server.url("/bob"),
    )


@pytest.mark.parametrize("body", [b"", b"<html>", b"\x30\x80", BOBS.der[:200]])
def test_a_page_that_is_no_certificate_is_said(body: bytes) -> None:
    with run_web_server(reply_with(body)) as server, pytest.raises(MalformedMessage):
        find_at_url(server.url(), policy(server))


def test_an_encrypted_message_is_no_certificate() -> None:
    encrypted = blocking.encrypt_bytes(b"x", Encrypting(recipients=[BOBS]), provider=PROVIDER)
    with pytest.raises(MalformedMessage, match="carries no certificates"):
        read_certificates(encrypted)


def test_a_hundred_certificates_are_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealwax.lookups.found_certificates.MAX_FOUND_CERTIFICATES", 1)
    ders = [BOBS.der, ALICES.der]
    with pytest.raises(LimitExceeded):
        read_certificates(b"".join(build_pem("CERTIFICATE", der) for der in ders))
    with pytest.raises(LimitExceeded):
        found_in(ders, CertificateSource.LDAP, detail="")


def test_a_large_body_is_not_read() -> None:
    with run_web_server(reply_with(bytes(4_000_001))) as server, pytest.raises(LookupFailed) as failed:
        find_at_url(server.url(), policy(server))
    assert failed.value.failure is LookupFailure.TOO_LARGE


def test_a_private_address_is_not_asked() -> None:
    with run_web_server(reply_with(BOBS.der)) as server, pytest.raises(LookupFailed):
        find_at_url(server.url())
    assert not server.asked


def sources(result: SearchResult) -> list[CertificateSource]:
    return [candidate.source for candidate in result.found]


def contacts() -> Contacts:
    known = KnownCertificate(certificate=ALICES, source=CertificateSource.HARVEST, first_seen=NOW, last_seen=NOW)
    return Contacts(people=(Contact(address=BOB, certificates=(known,)),))


def test_everything_is_listed_in_the_order_of_the_sources() -> None:
    pytest.importorskip("bonsai", reason="bonsai is not installed", exc_type=ImportError)

    def answers(message_id: int) -> Iterator[bytes]:
        yield ldap_entry(message_id, 1, [BOBS.der])
        yield ldap_done(message_id)

    with (
        run_web_server(reply_with(BOBS.der)) as web,
        run_dns(Zone(records={owner_name(BOB): [smimea(3, 0, 0, BOBS.der)]})) as zone,
        run_lying_ldap(answers) as ldap_port,
    ):
        ldap_url = f"ldap://{HOST}:{ldap_port}/{BASE}"
        result = search(
            BOB,
            Directories(
                contacts=contacts(),
                folder=lambda address: [BOBS.der] if address == BOB else [],
                ldap=(parse_ldap_url(ldap_url, security=LdapSecurity.PLAIN_ALLOWED),),
                name_servers=(NameServer(address=HOST, port=zone.port, is_trusted=True),),
                urls=(web.url(),),
                fetch_policy=policy(web),
            ),
        )
    assert not result.problems
    assert sources(result) == [
        CertificateSource.HARVEST,
        CertificateSource.BRIDGE,
        CertificateSource.LDAP,
        CertificateSource.SMIMEA,
        CertificateSource.URL,
    ]
    assert result.found[0].certificate == ALICES
    assert "as the signed DNS says" in result.found[2].detail


def test_a_certificate_that_the_signed_dns_does_not_name_is_said() -> None:
    record = smimea(1, 1, 1, hashlib.sha256(ALICES.public_key.spki_der).digest())
    with run_dns(Zone(records={owner_name(BOB): [record]})) as zone:
        servers = (NameServer(address=HOST, port=zone.port, is_trusted=True),)
        (candidate,) = search(BOB, Directories(folder=lambda _: [BOBS.der], name_servers=servers)).found
        zone.authentic = False
        (unsigned,) = search(BOB, Directories(folder=lambda _: [BOBS.der], name_servers=servers)).found
    assert candidate.detail == "not the one that the signed DNS names"
    assert unsigned.detail == ""


def test_a_failed_source_is_reported_and_hides_no_other(tmp_path: Path) -> None:
    def unreadable(_: str) -> list[bytes]:
        return [(tmp_path / "missing").read_bytes()]

    with run_dns(Zone(bogus=True, extended_error=6)) as zone, run_web_server(reply_with(b"", status=404)) as web:
        result = search(
            BOB,
            Directories(
                contacts=contacts(),
                folder=unreadable,
                ldap=(parse_ldap_url("ldaps://127.0.0.1:1/dc=example"),),
                name_servers=(NameServer(address=HOST, port=zone.port),),
                urls=("ftp://example.test/bob", web.url()),
                fetch_policy=policy(web),
            ),
        )
    assert sources(result) == [CertificateSource.HARVEST]
    reports = [(problem.source, problem.code) for problem in result.problems]
    assert reports[0] == (CertificateSource.BRIDGE, "unreachable")
    assert reports[1][0] is CertificateSource.LDAP
    assert reports[1][1] in ("unreachable", "not-installed")
    assert reports[2:] == [
        (CertificateSource.SMIMEA, "not-authentic"),
        (CertificateSource.URL, "bad-url"),
        (CertificateSource.URL, "http-status"),
    ]
    assert all(problem.text for problem in result.problems)


def test_a_directory_that_hangs_is_not_waited_for() -> None:
    with run_dns(Zone(silent=True)) as zone:
        servers = (NameServer(address=HOST, port=zone.port),)
        result = search(BOB, Directories(folder=lambda _: [BOBS.der], name_servers=servers), seconds=0.3)
    assert sources(result) == [CertificateSource.BRIDGE]
    assert [problem.code for problem in result.problems] == [DirectoryProblem.TIMEOUT.value]
