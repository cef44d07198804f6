"""The path check: certificates that a path vouches for, and others that none does (RFC 5280 section 6.1, MUSTS 38)."""

from __future__ import annotations

import datetime
from typing import Final

import pytest

from smime_core import blocking
from smime_core.blocking import run
from smime_core.ca.demo import Authority, Details, create_authority, issue_identity
from smime_core.errors import CertificateExpired, LimitExceeded, PathError, UntrustedAnchor
from smime_core.pkix import PathRules, Purpose, TrustStore
from smime_core.provider import NewKey
from smime_core.x509.certificate import Certificate, parse_certificate
from tests.support.people import NOW, PROVIDER, anchor, authority, person, trust

SERVER_AUTH: Final = "1.3.6.1.5.5.7.3.1"
YEAR: Final = datetime.timedelta(days=365)


def new_authority(name: str, issuer: Authority | None = None, *, is_ca: bool = True) -> Authority:
    return run(
        create_authority(name, provider=PROVIDER, at=NOW, key=NewKey.P256, issuer=issuer, details=Details(is_ca=is_ca))
    )


def validate(
    certificate: Certificate,
    *intermediates: Certificate,
    store: TrustStore | None = None,
    at: datetime.datetime = NOW,
    purpose: Purpose = Purpose.SIGN,
) -> tuple[Certificate, ...]:
    return blocking.validate_path(
        certificate, purpose, PathRules(store or trust(), at, known=intermediates), PROVIDER
    ).certificates


def test_a_certificate_under_the_anchor_holds() -> None:
    alice = person("alice").certificate
    assert validate(alice) == (alice, anchor())


def test_a_path_over_an_intermediate_is_found() -> None:
    issuing = new_authority("Issuing CA", authority())
    erin = run(issue_identity(issuing, "erin@example.test", provider=PROVIDER, at=NOW, key=NewKey.P256)).certificate
    assert validate(erin, issuing.identity.certificate) == (erin, issuing.identity.certificate, anchor())


def test_nobody_vouches_without_the_anchor() -> None:
    with pytest.raises(UntrustedAnchor):
        validate(person("alice").certificate, anchor(), store=TrustStore(anchors=()))


def test_an_authority_of_the_same_name_does_not_vouch() -> None:
    with pytest.raises(UntrustedAnchor):
        validate(person("alice").certificate, store=trust(new_authority("Test CA").identity.certificate))


@pytest.mark.parametrize("at", [NOW - YEAR, NOW + 5 * YEAR], ids=["before", "after"])
def test_a_certificate_outside_its_validity_is_refused(at: datetime.datetime) -> None:
    with pytest.raises(CertificateExpired) as raised:
        validate(person("alice").certificate, at=at)
    assert raised.value.rfc5280_step == "6.1.3 (a)(2)"


def test_an_ordinary_certificate_cannot_issue() -> None:
    middle = new_authority("No CA", authority(), is_ca=False)
    victim = run(issue_identity(middle, "victim@example.test", provider=PROVIDER, at=NOW, key=NewKey.P256)).certificate
    with pytest.raises(PathError) as raised:
        validate(victim, middle.identity.certificate)
    assert raised.value.rfc5280_step == "6.1.4 (k)"


def test_a_certificate_for_servers_is_refused() -> None:
    server = run(
        issue_identity(
            authority(),
            "www@example.test",
            provider=PROVIDER,
            at=NOW,
            details=Details(extended_key_usage=(SERVER_AUTH,)),
        )
    ).certificate
    with pytest.raises(PathError, match="not for e-mail"):
        validate(server)


def test_an_authority_may_not_sign_mail_nor_receive_it() -> None:
    for purpose in (Purpose.SIGN, Purpose.ENCRYPT):
        with pytest.raises(PathError) as raised:
            validate(anchor(), purpose=purpose)
        assert raised.value.rfc5280_step == "4.2.1.3"


def test_an_altered_certificate_has_no_path() -> None:
    der = person("alice").certificate.der
    position = der.index(b"alice@example.test")
    altered = parse_certificate(der[:position] + b"mallo" + der[position + 5 :])
    with pytest.raises(UntrustedAnchor):
        validate(altered)


def test_a_hostile_pool_of_cross_signed_authorities_is_bounded() -> None:
    root = new_authority("Loop CA")
    pool = [new_authority("Loop CA", root) for _ in range(25)]
    leaf = run(issue_identity(pool[0], "x@example.test", provider=PROVIDER, at=NOW, key=NewKey.P256)).certificate
    with pytest.raises((LimitExceeded, UntrustedAnchor)):
        validate(leaf, *(entry.identity.certificate for entry in pool), root.identity.certificate)
