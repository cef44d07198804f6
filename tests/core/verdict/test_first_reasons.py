"""The first reason is the true one: what is said of a signer's certificate fits what is known of it."""

from __future__ import annotations

import hashlib
import io

import pytest

from smime_core import blocking, stream
from smime_core.algorithms import HashName, build_hash_identifier
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.attributes import (
    ALGORITHM_PROTECTION,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    build_attribute,
)
from smime_core.cms.certificate_id import IssuerAndSerial, KeyIdentifier
from smime_core.cms.content_info import ID_DATA, ID_SIGNED_DATA, build_content_info
from smime_core.cms.signing import SignerIdentifierForm, SignerOptions, Signing
from smime_core.cms.unreadable_certificates import describe_unreadable
from smime_core.describe import describe_message
from smime_core.errors import SmimeError
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report.report import MessageReport, State
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import parse_certificate
from tests.support.people import NOW, PROVIDER, anchor, authority, person, trust
from tests.support.signed_structures import CONTENT, DIGEST, RSA_SHA256, signed_attrs, signed_data, signer_info

JUDGING = Judging(trust_store=trust(), at=NOW)
UNVERIFIED = State.SIGNED_UNVERIFIED


def altered(name: str, field: int, value: bytes) -> bytes:
    """The certificate of a person with one field of its TBSCertificate replaced, signed by the authority again."""
    tbs, identifier, _ = der.read_sequence(person(name).certificate.der)
    fields = [bytes(child.encoded) for child in der.read_children(tbs)]
    fields[field] = value
    signed = der.sequence(*fields)
    signature = run(PROVIDER.sign(authority().identity.private_key, RSA_SHA256, signed))
    return der.sequence(signed, bytes(identifier.encoded), der.element(0x03, b"\0", signature))


def validity(first: bytes, *, tag: int = 0x17) -> bytes:
    return der.sequence(der.element(tag, first), der.element(0x17, b"340101000000Z"))


UNREADABLE = {
    "UTCTime without seconds": altered("alice", 4, validity(b"2501010000Z")),
    "GeneralizedTime with a fraction": altered("alice", 4, validity(b"20250101000000.5Z", tag=0x18)),
    "no such day": altered("alice", 4, validity(b"250230000000Z")),
    "no validity": altered("alice", 4, der.sequence()),
    "a damaged key": altered("alice", 6, der.sequence()),
    "extensions twice": altered("alice", 7, der.explicit(3, der.sequence()) * 2),
    "nothing but a sequence": der.sequence(b"\x01\x01\xff"),
}


def signed_with(*certificates: bytes, by_key: bool = False) -> bytes:
    """CONTENT signed by Alice, in a message with these certificates."""
    if by_key:
        options = SignerOptions(sid_form=SignerIdentifierForm.SUBJECT_KEY_IDENTIFIER)
        signing = Signing(identities=[person("alice")], signing_time=NOW, options=options)
        cms = blocking.sign_bytes(CONTENT, signing, provider=PROVIDER)
        info = bytes(der.read_children(der.read_sequence(_inside(cms))[-1])[0].encoded)
    else:
        info = signer_info(signed_attrs())
    return build_content_info(
        ID_SIGNED_DATA,
        der.sequence(
            der.integer(1),
            der.set_of([]),
            der.sequence(der.oid(ID_DATA), der.explicit(0, der.octet_string(CONTENT))),
            der.set_of(list(certificates), tag=0xA0),
            der.set_of([info]),
        ),
    )


def _inside(cms: bytes) -> bytes:
    return bytes(der.read_sequence(cms)[1].content)


def examine(cms: bytes) -> MessageReport:
    report = blocking.examine_message(cms, JUDGING, provider=PROVIDER, sender="alice@example.test")
    sender = "alice@example.test"
    streamed = stream.examine_file(io.BytesIO(cms), JUDGING, NativeStreamingProvider(), sender=sender).report
    assert (streamed.state, streamed.reasons) == (report.state, report.reasons)
    return report


def codes(report: MessageReport) -> list[str]:
    return [reason.code for reason in report.reasons]


def test_nothing_is_said_of_the_addresses_of_a_certificate_that_nobody_has() -> None:
    report = examine(signed_with(anchor().der))
    assert (report.state, codes(report)) == (UNVERIFIED, ["signer-certificate-missing"])


@pytest.mark.parametrize("by_key", [False, True], ids=["by name", "by key identifier"])
@pytest.mark.parametrize("name", UNREADABLE)
def test_a_certificate_that_cannot_be_read_is_named_with_its_cause(name: str, by_key: bool) -> None:
    with pytest.raises(SmimeError) as refusal:
        parse_certificate(UNREADABLE[name])
    # Foreign certificates beside it change nothing, wherever they come.
    for others in ((anchor().der,), (anchor().der, person("bob").certificate.der)):
        report = examine(signed_with(UNREADABLE[name], *others, by_key=by_key))
        if by_key and name == "extensions twice":
            assert codes(report)[0] in ("certificate-unreadable", "signer-certificate-missing")
            continue
        assert (report.state, codes(report)) == (UNVERIFIED, ["certificate-unreadable"])
        assert dict(report.reasons[0].values) == {"text": str(refusal.value)}
        assert report.content == CONTENT


@pytest.mark.parametrize("by_key", [False, True])
def test_an_unreadable_certificate_of_another_person_is_not_the_signers(by_key: bool) -> None:
    bobs = altered("bob", 4, validity(b"2501010000Z"))
    assert codes(examine(signed_with(bobs, by_key=by_key))) == ["signer-certificate-missing"]
    beside = examine(signed_with(bobs, person("alice").certificate.der, by_key=by_key))
    assert beside.state is State.VERIFIED


def test_an_unreadable_certificate_is_listed_with_its_name() -> None:
    cms = signed_with(UNREADABLE["UTCTime without seconds"], anchor().der)
    (layer,) = describe_message(cms).layers
    assert layer.certificates == (anchor(),)
    (line,) = layer.unreadable_certificates
    assert "CN=Test CA" in line
    assert "notBefore" in line


def test_the_names_of_an_unreadable_certificate_are_found_as_far_as_they_are_there() -> None:
    alice = person("alice").certificate
    description = describe_unreadable(UNREADABLE["a damaged key"], "why")
    assert description.name == IssuerAndSerial(issuer_der=alice.issuer_der, serial_number=alice.serial_number)
    assert alice.subject_key_identifier is not None
    assert description.key_identifier == KeyIdentifier(value=alice.subject_key_identifier)
    for octets in (b"", b"0", b"0\0", bytes(40), der.sequence(der.sequence(der.integer(1)))):
        nothing = describe_unreadable(octets, "why")
        assert (nothing.name, nothing.key_identifier) == (None, None)
        assert nothing.may_be(KeyIdentifier(value=b"any"))


def essential_hash(name: str, algorithm: str) -> bytes:
    digest = der.octet_string(hashlib.new(algorithm, person(name).certificate.der).digest())
    return der.sequence(der.sequence(der.sequence(digest)))


OTHER_PSS = der.sequence(der.oid("1.2.840.113549.1.1.10"), der.sequence())
PROTECTED = der.sequence(build_hash_identifier(HashName.SHA512), b"\xa1" + OTHER_PSS[1:])


@pytest.mark.parametrize(
    ("attribute", "value", "code"),
    [
        (SIGNING_CERTIFICATE, essential_hash("bob", "sha1"), "signing-certificate-mismatch"),
        (SIGNING_CERTIFICATE_V2, essential_hash("bob", "sha256"), "signing-certificate-mismatch"),
        (ALGORITHM_PROTECTION, PROTECTED, "algorithm-protection-mismatch"),
    ],
)
def test_an_attribute_that_names_something_else_is_the_reason_and_not_the_key(
    attribute: str, value: bytes, code: str
) -> None:
    """The mathematics holds: RFC 5035 section 3 and RFC 6211 section 3 make the signature invalid."""
    info = signer_info(signed_attrs(DIGEST, build_attribute(attribute, value)))
    report = examine(signed_data(info))
    assert (report.state, codes(report)) == (State.INVALID, [code])
    forged = examine(signed_data(info, content=CONTENT.replace(b"hello", b"hallo")))
    assert (forged.state, codes(forged)) == (State.INVALID, ["message-digest-mismatch"])
