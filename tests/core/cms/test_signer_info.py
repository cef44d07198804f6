"""SignerInfo: the algorithms that may be combined, and the rules for each attribute."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
from dataclasses import dataclass

import pytest

from smime_core.algorithms import (
    HASH_OIDS,
    NULL,
    PURE_SCHEME_OIDS,
    HashName,
    SignatureAlgorithm,
    SignatureScheme,
    build_digest_identifier,
    build_hash_identifier,
    build_signature_identifier,
)
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.attributes import (
    ALGORITHM_PROTECTION,
    CONTENT_TYPE,
    ENCRYPTION_KEY_PREFERENCE,
    MESSAGE_DIGEST,
    MICROSOFT_KEY_PREFERENCE,
    RESORTED,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
    SMIME_CAPABILITIES,
    Attributes,
    build_attribute,
)
from smime_core.cms.certificate_id import IssuerAndSerial, KeyIdentifier
from smime_core.cms.content_info import FIELD, ID_DATA
from smime_core.cms.key_holder import KeyHolder
from smime_core.cms.signed_attributes import (
    LOOSE_TIME,
    OFFSET_TIME,
    build_algorithm_protection,
    build_key_preference,
    build_microsoft_key_preference,
    build_signing_certificate,
    is_worth_remembering,
    parse_key_preference,
    parse_signing_certificate,
)
from smime_core.cms.signed_content import OctetsContent
from smime_core.cms.signed_data import build_signed_data, find_signer_certificates
from smime_core.cms.signer_info import verify_signed_attributes, verify_signer
from smime_core.cms.signing import AttributesForm, SignerIdentifierForm, SignerOptions, Signing
from smime_core.errors import (
    AlgorithmForbidden,
    MalformedMessage,
    SignatureMismatch,
    SmimeError,
    UnsupportedAlgorithm,
)
from smime_core.identity.identity import Identity
from smime_core.policy import Policy, is_weak_signature
from smime_core.provider import NewKey, PrivateKey, PssRestriction
from smime_core.x509.certificate import Certificate
from tests.support.people import NOW, PROVIDER, person
from tests.support.signed_structures import (
    CONTENT,
    DIGEST,
    RSA_SHA256,
    parse,
    signed_attrs,
    signed_data,
    signer_info,
    signer_of,
    verify,
)

BARE = SignerOptions(attributes=AttributesForm.NONE)
BY_KEY_IDENTIFIER = SignerOptions(sid_form=SignerIdentifierForm.SUBJECT_KEY_IDENTIFIER)
NEW_KEYS = [
    NewKey.RSA_2048,
    NewKey.P256,
    NewKey.P521,
    NewKey.ED25519,
    NewKey.ED448,
    NewKey.ML_DSA_44,
    NewKey.ML_DSA_65,
    NewKey.ML_DSA_87,
]


@dataclass(frozen=True)
class Holder:
    """A signer whose certificate object or private key a test has replaced."""

    certificate: Certificate
    private_key: PrivateKey
    chain: tuple[Certificate, ...] = ()


def sign(
    holder: KeyHolder,
    *,
    options: SignerOptions | None = None,
    scheme: SignatureScheme | None = None,
    content_type: str = ID_DATA,
) -> bytes:
    return run(
        build_signed_data(
            CONTENT,
            Signing(identities=[holder], signing_time=NOW, scheme=scheme, options=options or SignerOptions()),
            content_type=content_type,
            provider=PROVIDER,
        )
    )


def by(
    identity: Identity,
    algorithm: SignatureAlgorithm,
    *more: bytes,
    digest: HashName | None = None,
    signature_identifier: bytes | None = None,
    digest_identifier: bytes | None = None,
) -> bytes:
    """SignedData with attributes, built by hand, whose identifiers may name other algorithms than those used."""
    hashed = PROVIDER.digest(digest or algorithm.hash_name, CONTENT)
    info = signer_info(
        signed_attrs(run(hashed), *more),
        identity=identity,
        algorithm=algorithm,
        digest=digest,
        signature_identifier=signature_identifier,
        digest_identifier=digest_identifier,
    )
    return signed_data(info)


def with_attributes(*more: bytes, unsigned: list[bytes] | None = None) -> bytes:
    return signed_data(signer_info(signed_attrs(DIGEST, *more), unsigned=unsigned))


def two_values(attribute_type: str, value: bytes) -> bytes:
    return der.sequence(der.oid(attribute_type), der.element(der.SET, value, value))


@pytest.mark.parametrize("options", [SignerOptions(), BARE, BY_KEY_IDENTIFIER], ids=["standard", "bare", "key-id"])
@pytest.mark.parametrize("key", NEW_KEYS)
def test_must_13_what_any_kind_of_key_signs_verifies(key: NewKey, options: SignerOptions) -> None:
    """MUSTS 10, 13 and 32, RFC 9882: with and without attributes, by either identifier of the signer."""
    cms = sign(person("alice", key), options=options)
    verify(cms)
    with pytest.raises(SmimeError):
        verify(cms.replace(CONTENT, CONTENT.replace(b"hello", b"jello")))


@pytest.mark.parametrize(
    ("options", "content_type", "versions"),
    [
        (SignerOptions(), ID_DATA, (1, 1)),
        (BARE, ID_DATA, (1, 1)),
        (BY_KEY_IDENTIFIER, ID_DATA, (3, 3)),
        (SignerOptions(), FIELD, (3, 1)),
    ],
)
def test_must_32_versions_follow_from_what_is_inside(
    options: SignerOptions, content_type: str, versions: tuple[int, int]
) -> None:
    signed = parse(sign(person("alice"), options=options, content_type=content_type))
    assert (signed.version, signer_of(signed).version) == versions


def test_must_32_a_wrong_version_alone_refuses_nothing() -> None:
    """MUSTS 45 too: a signature with an unknown version number is verified like any other."""
    right = signer_info(signed_attrs())
    fields = der.read_children(der.read_one(right))
    cms = signed_data(der.sequence(der.integer(9), *(field.encoded for field in fields[1:])))
    verify(cms)
    assert signer_of(parse(cms)).version == 9


def test_must_9_the_key_identifier_is_the_extensions_value() -> None:
    signer = signer_of(parse(sign(person("alice"), options=BY_KEY_IDENTIFIER)))
    assert signer.sid == KeyIdentifier(value=person("alice").certificate.subject_key_identifier or b"")


def test_must_9_names_nobody_by_a_key_identifier_that_the_certificate_lacks() -> None:
    alice = person("alice")
    nameless = Holder(dataclasses.replace(alice.certificate, subject_key_identifier=None), alice.private_key)
    with pytest.raises(UnsupportedAlgorithm, match="subjectKeyIdentifier"):
        sign(nameless, options=BY_KEY_IDENTIFIER)


def test_must_2_signs_without_attributes_id_data_alone() -> None:
    with pytest.raises(MalformedMessage, match="with attributes only"):
        sign(person("alice"), options=BARE, content_type=FIELD)


def test_refuses_attributes_that_nothing_would_sign() -> None:
    options = SignerOptions(
        attributes=AttributesForm.NONE, further_attributes=(build_key_preference(person("bob").certificate),)
    )
    with pytest.raises(MalformedMessage, match="none are to be signed"):
        sign(person("alice"), options=options)


def test_refuses_to_sign_an_attribute_twice() -> None:
    twice = SignerOptions(further_attributes=(build_attribute(CONTENT_TYPE, der.oid(FIELD)),))
    with pytest.raises(MalformedMessage, match="2 values, expected 1"):
        sign(person("alice"), options=twice)


def test_refuses_to_sign_what_no_verifier_would_accept() -> None:
    options = SignerOptions(further_attributes=(two_values(ENCRYPTION_KEY_PREFERENCE, der.integer(1)),))
    with pytest.raises(MalformedMessage, match="2 values"):
        sign(person("alice"), options=options)


LOOSE = {
    NewKey.RSA_2048: SignatureScheme.RSA_PKCS1_V15,
    NewKey.P256: SignatureScheme.ECDSA,
}


@pytest.mark.parametrize("key", LOOSE)
@pytest.mark.parametrize("used", [HashName.SHA256, HashName.SHA512, HashName.SHA384])
def test_must_10_where_two_hashes_are_named_the_signature_may_be_by_either(key: NewKey, used: HashName) -> None:
    """The digest is by SHA-512, the identifier of the signature names SHA-256, and `used` is the hash that was used."""
    alice = person("alice", key)
    named = build_signature_identifier(SignatureAlgorithm(scheme=LOOSE[key], hash_name=HashName.SHA256))
    algorithm = SignatureAlgorithm(scheme=LOOSE[key], hash_name=used)
    cms = by(alice, algorithm, digest=HashName.SHA512, signature_identifier=named)
    if used is HashName.SHA384:
        with pytest.raises(SignatureMismatch):
            verify(cms, certificates=(alice.certificate,))
    else:
        verify(cms, certificates=(alice.certificate,))


@pytest.mark.parametrize("weak", ["digest", "signature"])
def test_a_weak_hash_beside_a_strong_one_is_weak(weak: str) -> None:
    alice, scheme = person("alice"), SignatureScheme.RSA_PKCS1_V15
    digest = HashName.SHA1 if weak == "digest" else HashName.SHA256
    named = SignatureAlgorithm(scheme=scheme, hash_name=HashName.SHA256 if weak == "digest" else HashName.SHA1)
    cms = by(alice, named, digest=digest)
    with pytest.raises(AlgorithmForbidden):
        verify(cms)
    assert is_weak_signature(verify(cms, policy=Policy.ARCHIVE))


PSS = SignatureAlgorithm(scheme=SignatureScheme.RSA_PSS, hash_name=HashName.SHA256, salt_length=32)


def test_must_10_refuses_pss_with_another_digest() -> None:
    verify(by(person("alice"), PSS))
    with pytest.raises(UnsupportedAlgorithm, match="expected the same"):
        verify(by(person("alice"), PSS, digest=HashName.SHA512))


def test_must_10_refuses_pss_without_parameters() -> None:
    bare = der.sequence(der.oid("1.2.840.113549.1.1.10"))
    with pytest.raises(UnsupportedAlgorithm, match="parameters are absent"):
        verify(by(person("alice"), PSS, signature_identifier=bare))


@pytest.mark.parametrize("mask", [HashName.SHA1, HashName.SHA256, HashName.SHA512])
def test_must_10_reads_pss_whose_mask_has_another_hash(mask: HashName) -> None:
    algorithm = dataclasses.replace(PSS, mgf_hash=None if mask is PSS.hash_name else mask)
    assert verify(by(person("alice"), algorithm)) == algorithm
    other = build_signature_identifier(dataclasses.replace(PSS, mgf_hash=HashName.SHA384))
    with pytest.raises(SignatureMismatch):
        verify(by(person("alice"), algorithm, signature_identifier=other))


def bound(parameters: SignatureAlgorithm | None) -> Holder:
    alice = person("alice")
    key = dataclasses.replace(alice.certificate.public_key, pss=PssRestriction(parameters=parameters))
    return Holder(dataclasses.replace(alice.certificate, public_key=key), alice.private_key)


def verify_as(holder: Holder, cms: bytes) -> None:
    """Verify with the holder's certificate object, which can differ from its DER and from the message's certificate."""
    run(
        verify_signer(
            signer_of(parse(cms)),
            OctetsContent(CONTENT, provider=PROVIDER),
            content_type=ID_DATA,
            certificate=holder.certificate,
            provider=PROVIDER,
        )
    )


SHA512_PSS = SignatureAlgorithm(scheme=SignatureScheme.RSA_PSS, hash_name=HashName.SHA512, salt_length=64)


@pytest.mark.parametrize("parameters", [None, PSS, SHA512_PSS])
def test_must_10_a_key_for_pss_signs_by_pss_as_its_certificate_binds_it(parameters: SignatureAlgorithm | None) -> None:
    holder = bound(parameters)
    cms = sign(holder)
    verify_as(holder, cms)
    assert signer_of(parse(cms)).signature_algorithm_der == build_signature_identifier(parameters or PSS)


def test_must_10_refuses_other_parameters_than_the_certificates() -> None:
    shorter = SignatureAlgorithm(scheme=SignatureScheme.RSA_PSS, hash_name=HashName.SHA256, salt_length=31)
    longer = SignatureAlgorithm(scheme=SignatureScheme.RSA_PSS, hash_name=HashName.SHA256, salt_length=33)
    verify_as(bound(PSS), by(person("alice"), longer))
    for other in (shorter, SHA512_PSS):
        with pytest.raises(SignatureMismatch, match="bound to"):
            verify_as(bound(PSS), by(person("alice"), other))


@pytest.mark.parametrize("parameters", [None, PSS])
def test_must_10_refuses_rsa_v1_5_by_a_key_for_pss(parameters: SignatureAlgorithm | None) -> None:
    with pytest.raises(SignatureMismatch, match="bound to RSA-PSS"):
        verify_as(bound(parameters), signed_data(signer_info(signed_attrs())))
    with pytest.raises(UnsupportedAlgorithm):
        sign(bound(parameters), scheme=SignatureScheme.RSA_PKCS1_V15)


@pytest.mark.parametrize(
    ("key", "scheme"), [(NewKey.P256, SignatureScheme.RSA_PSS), (NewKey.RSA_2048, SignatureScheme.ED25519)]
)
def test_refuses_a_scheme_that_is_not_the_keys(key: NewKey, scheme: SignatureScheme) -> None:
    with pytest.raises(UnsupportedAlgorithm):
        sign(person("alice", key), scheme=scheme)


def test_a_key_that_signs_nothing_signs_nothing() -> None:
    holder = Holder(person("alice").certificate, run(PROVIDER.generate_key(NewKey.X25519)))
    with pytest.raises(UnsupportedAlgorithm, match="x25519"):
        sign(holder)


ED25519 = SignatureAlgorithm(scheme=SignatureScheme.ED25519, hash_name=HashName.SHA512)


def test_must_13_refuses_ed25519_with_another_digest_than_sha512() -> None:
    alice = person("alice", NewKey.ED25519)
    verify(by(alice, ED25519), certificates=(alice.certificate,))
    with pytest.raises(UnsupportedAlgorithm, match="expected the same"):
        verify(by(alice, ED25519, digest=HashName.SHA256), certificates=(alice.certificate,))


def test_must_13_ignores_parameters_of_ed25519() -> None:
    alice = person("alice", NewKey.ED25519)
    identifier = der.sequence(der.oid(PURE_SCHEME_OIDS[SignatureScheme.ED25519]), NULL)
    verify(by(alice, ED25519, signature_identifier=identifier), certificates=(alice.certificate,))


@pytest.mark.parametrize("parameters", [b"", NULL, der.oid("1.2.840.10045.3.1.7"), der.sequence(der.integer(1))])
@pytest.mark.parametrize("oid", ["1.2.840.10045.2.1", "1.2.840.10045.4.3.2"])
def test_parameters_that_a_signature_algorithm_does_not_have_are_ignored(oid: str, parameters: bytes) -> None:
    """Some signers write the curve of the key behind id-ecPublicKey. OpenSSL ignores it too."""
    alice = person("alice", NewKey.P256)
    ecdsa = SignatureAlgorithm(scheme=SignatureScheme.ECDSA, hash_name=HashName.SHA256)
    cms = by(alice, ecdsa, signature_identifier=der.sequence(der.oid(oid), parameters))
    assert verify(cms, certificates=(alice.certificate,)) == ecdsa


def test_must_13_ed448_names_its_digest_as_each_form_demands() -> None:
    """RFC 8419 sections 3.1 and 3.2."""
    alice = person("alice", NewKey.ED448)
    with_length = der.sequence(der.oid("2.16.840.1.101.3.4.2.18"), der.integer(512))
    assert signer_of(parse(sign(alice))).digest_algorithm_der == with_length
    without = der.sequence(der.oid("2.16.840.1.101.3.4.2.12"))
    assert signer_of(parse(sign(alice, options=BARE))).digest_algorithm_der == without


ML_DSA_KEYS = {
    SignatureScheme.ML_DSA_44: NewKey.ML_DSA_44,
    SignatureScheme.ML_DSA_65: NewKey.ML_DSA_65,
    SignatureScheme.ML_DSA_87: NewKey.ML_DSA_87,
}


@pytest.mark.parametrize(
    ("scheme", "digest", "is_strong_enough"),
    [
        (SignatureScheme.ML_DSA_44, HashName.SHA256, True),
        (SignatureScheme.ML_DSA_44, HashName.SHAKE128, True),
        (SignatureScheme.ML_DSA_44, HashName.SHA224, False),
        (SignatureScheme.ML_DSA_65, HashName.SHA384, True),
        (SignatureScheme.ML_DSA_65, HashName.SHA3_256, False),
        (SignatureScheme.ML_DSA_65, HashName.SHAKE128, False),
        (SignatureScheme.ML_DSA_87, HashName.SHA3_512, True),
        (SignatureScheme.ML_DSA_87, HashName.SHAKE256, True),
        (SignatureScheme.ML_DSA_87, HashName.SHA384, False),
    ],
)
def test_ml_dsa_takes_digests_of_its_own_strength(
    scheme: SignatureScheme, digest: HashName, is_strong_enough: bool
) -> None:
    """RFC 9882 section 3.3."""
    alice = person("alice", ML_DSA_KEYS[scheme])
    cms = by(alice, SignatureAlgorithm(scheme=scheme, hash_name=digest))
    if is_strong_enough:
        verify(cms, certificates=(alice.certificate,))
    else:
        with pytest.raises(UnsupportedAlgorithm, match="weaker"):
            verify(cms, certificates=(alice.certificate,))


def test_ml_dsa_without_attributes_ignores_the_digest() -> None:
    alice = person("alice", NewKey.ML_DSA_87)
    info = signer_info(
        None,
        identity=alice,
        algorithm=SignatureAlgorithm(scheme=SignatureScheme.ML_DSA_87, hash_name=HashName.SHA256),
    )
    verify(signed_data(info), certificates=(alice.certificate,))


@pytest.mark.parametrize("parameters", [b"", NULL])
def test_must_14_reads_digest_parameters_absent_and_null(parameters: bytes) -> None:
    identifier = der.sequence(der.oid(HASH_OIDS[HashName.SHA256]), parameters)
    verify(by(person("alice"), RSA_SHA256, digest_identifier=identifier))


def test_must_14_ignores_other_digest_parameters_of_a_signer() -> None:
    identifier = der.sequence(der.oid(HASH_OIDS[HashName.SHA256]), der.integer(1))
    verify(by(person("alice"), RSA_SHA256, digest_identifier=identifier))


def test_must_14_refuses_other_hash_parameters_inside_pss() -> None:
    odd = der.sequence(der.oid(HASH_OIDS[HashName.SHA256]), der.integer(1))
    identifier = der.sequence(der.oid("1.2.840.113549.1.1.10"), der.sequence(der.explicit(0, odd)))
    with pytest.raises(UnsupportedAlgorithm, match="neither absent nor NULL"):
        verify(by(person("alice"), PSS, signature_identifier=identifier))


def test_must_14_writes_digest_parameters_absent() -> None:
    assert signer_of(parse(sign(person("alice")))).digest_algorithm_der == build_hash_identifier(HashName.SHA256)
    assert build_hash_identifier(HashName.SHA256) == der.sequence(der.oid(HASH_OIDS[HashName.SHA256]))


def test_weak_algorithms_need_policy_archive() -> None:
    sha1 = SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA1)
    verify(by(person("alice"), sha1), policy=Policy.ARCHIVE)
    with pytest.raises(AlgorithmForbidden):
        verify(by(person("alice"), sha1))


def test_must_6_policy_send_demands_der() -> None:
    attributes = sorted(signed_attrs(), reverse=True)
    cms = signed_data(signer_info(attributes, sort=False, signed=der.set_of(attributes)))
    verify(cms)
    assert signer_of(parse(cms)).tolerances == (RESORTED,)
    with pytest.raises(MalformedMessage, match=RESORTED):
        verify(cms, policy=Policy.SEND)
    assert signer_of(parse(with_attributes())).tolerances == ()


def test_must_6_an_unsorted_set_that_was_signed_in_no_order_is_refused() -> None:
    attributes = sorted(signed_attrs(), reverse=True)
    cms = signed_data(signer_info(attributes, sort=False, signed=b"something else"))
    with pytest.raises(SignatureMismatch):
        verify(cms)


TIME = der.element(0x17, b"260601120000Z")


def test_must_15_reads_an_offset_by_name_and_not_by_policy_send() -> None:
    cms = with_attributes(build_attribute(SIGNING_TIME, der.element(0x17, b"260601103000-0130")))
    verify(cms)
    assert signer_of(parse(cms)).signing_time == NOW
    assert signer_of(parse(cms)).tolerances == (OFFSET_TIME,)
    with pytest.raises(MalformedMessage, match=OFFSET_TIME):
        verify(cms, policy=Policy.SEND)
    east = with_attributes(build_attribute(SIGNING_TIME, der.element(0x17, b"260601130000+0100")))
    assert signer_of(parse(east)).signing_time == NOW


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        (0x17, b"2606011200Z"),
        (0x17, b"260601120000.25Z"),
        (0x17, b"2606011330+0130"),
        (0x18, b"20260601120000.5Z"),
        (0x18, b"20260601120000,999999999Z"),
        (0x18, b"202606011200Z"),
        (0x18, b"2026060112Z"),
        (0x18, b"2026060111.99999999Z"),
        (0x18, b"20260601133000.5+0130"),
        (0x18, b"20260601070000.1-05"),
    ],
)
def test_must_15_reads_a_time_without_seconds_or_with_a_fraction_by_name(tag: int, written: bytes) -> None:
    cms = with_attributes(build_attribute(SIGNING_TIME, der.element(tag, written)))
    verify(cms)
    signing_time = signer_of(parse(cms)).signing_time
    assert signing_time is not None
    assert abs(signing_time - NOW) <= datetime.timedelta(seconds=1)
    assert signing_time.microsecond == 0
    assert LOOSE_TIME in signer_of(parse(cms)).tolerances
    with pytest.raises(MalformedMessage, match=LOOSE_TIME):
        verify(cms, policy=Policy.SEND)


@pytest.mark.parametrize(
    "value",
    [
        der.element(0x17, b"260601120000-2400"),
        der.element(0x17, b"260601120000-0060"),
        der.element(0x17, b"261301120000Z"),
        der.element(0x17, b"260601120000"),
        der.element(0x17, b"26060112Z"),
        der.element(0x18, b"2026060112000Z"),
        der.element(0x18, b"00010101000000+1400"),
        der.element(0x18, b"20260601120000.Z"),
        der.octet_string(b"260601120000Z"),
    ],
)
def test_must_15_a_signing_time_that_names_no_moment_says_nothing_against_the_content(value: bytes) -> None:
    cms = with_attributes(build_attribute(SIGNING_TIME, value))
    verify(cms)
    with pytest.raises(MalformedMessage, match="signingTime"):
        _ = signer_of(parse(cms)).signing_time


EMPTY = der.sequence()
PROTECTION = build_algorithm_protection(build_digest_identifier(RSA_SHA256), build_signature_identifier(RSA_SHA256))


@pytest.mark.parametrize(
    ("attribute", "name"),
    [
        (build_attribute(SIGNING_TIME, TIME), "signing-time"),
        (build_attribute(SMIME_CAPABILITIES, EMPTY), "SMIMECapabilities"),
        (build_key_preference(person("alice").certificate), "encryptionKeyPreference"),
        (build_microsoft_key_preference(person("alice").certificate), "Microsoft"),
        (build_signing_certificate(person("alice").certificate), "signingCertificate"),
        (PROTECTION, "CMSAlgorithmProtection"),
    ],
)
def test_must_16_signed_attributes_stand_once_with_one_value_and_are_signed(attribute: bytes, name: str) -> None:
    """MUSTS 15 to 17 and 50: a breach makes the whole signature invalid."""
    verify(with_attributes(attribute))
    attribute_type, values = der.read_sequence(attribute)
    doubled = der.sequence(attribute_type.encoded, der.element(der.SET, values.content, values.content))
    with pytest.raises(MalformedMessage, match=f"{name}.* has 2 values"):
        verify(with_attributes(doubled))
    with pytest.raises(MalformedMessage, match=f"{name}.* has 0 values"):
        verify(with_attributes(der.sequence(attribute_type.encoded, der.element(der.SET))))
    with pytest.raises(MalformedMessage, match="2 values, expected 1"):
        verify(with_attributes(attribute, attribute))
    with pytest.raises(MalformedMessage, match="is not signed"):
        verify(with_attributes(unsigned=[attribute]))


def test_unsigned_attributes_that_nobody_knows_are_nobodys_concern() -> None:
    stamp = build_attribute("1.2.840.113549.1.9.16.2.14", der.sequence())
    cms = with_attributes(unsigned=[stamp, stamp])
    verify(cms)
    assert len(signer_of(parse(cms)).unsigned_attributes["1.2.840.113549.1.9.16.2.14"]) == 2


def certificate_hash(
    hash_name: HashName, *, of: str = "alice", identifier: bytes = b"", issuer: str | None = None
) -> bytes:
    certificate = person(of).certificate
    digest = der.octet_string(hashlib.new(hash_name, certificate.der).digest())
    if issuer is None:
        return der.sequence(identifier, digest)
    named = person(issuer).certificate
    names = der.sequence(der.element(0xA4, named.issuer_der))
    return der.sequence(identifier, digest, der.sequence(names, der.integer(named.serial_number)))


def v2(*hashes: bytes) -> bytes:
    return build_attribute(SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(*hashes)))


def v1(*hashes: bytes) -> bytes:
    return build_attribute(SIGNING_CERTIFICATE, der.sequence(der.sequence(*hashes)))


DIRECTORY_NAMES = der.sequence(der.element(0xA4, person("alice").certificate.issuer_der))
SHA512_IDENTIFIER = build_hash_identifier(HashName.SHA512)


@pytest.mark.parametrize(
    "attributes",
    [
        [v2(certificate_hash(HashName.SHA256))],
        [v2(certificate_hash(HashName.SHA512, identifier=SHA512_IDENTIFIER))],
        [v2(certificate_hash(HashName.SHA256, issuer="alice"))],
        [v2(certificate_hash(HashName.SHA256), certificate_hash(HashName.SHA256, of="bob"))],
        [v1(certificate_hash(HashName.SHA1))],
        [v1(certificate_hash(HashName.SHA1)), v2(certificate_hash(HashName.SHA256))],
    ],
)
def test_must_17_accepts_signing_certificates_that_name_the_signer_first(attributes: list[bytes]) -> None:
    verify(with_attributes(*attributes))


@pytest.mark.parametrize(
    "attributes",
    [
        [v2(certificate_hash(HashName.SHA256, of="bob"))],
        [v2(certificate_hash(HashName.SHA1))],
        [v2(certificate_hash(HashName.SHA256, issuer="bob"))],
        [v2(certificate_hash(HashName.SHA256, of="bob"), certificate_hash(HashName.SHA256))],
        [v1(certificate_hash(HashName.SHA256))],
        [v1(certificate_hash(HashName.SHA1, of="bob"))],
        [v1(certificate_hash(HashName.SHA1, of="bob")), v2(certificate_hash(HashName.SHA256))],
        [v1(certificate_hash(HashName.SHA1)), v2(certificate_hash(HashName.SHA256, of="bob"))],
    ],
)
def test_must_17_refuses_signing_certificates_that_name_another(attributes: list[bytes]) -> None:
    with pytest.raises(SignatureMismatch, match="another certificate"):
        verify(with_attributes(*attributes))


@pytest.mark.parametrize(
    "attribute",
    [
        build_attribute(SIGNING_CERTIFICATE_V2, der.sequence()),
        v2(),
        v2(der.sequence()),
        v2(der.sequence(der.integer(1))),
        v2(der.sequence(der.octet_string(b"x"), der.sequence(), der.sequence())),
        v2(der.sequence(der.octet_string(b"x"), der.sequence(der.sequence()))),
        v2(der.sequence(der.octet_string(b"x"), der.sequence(der.sequence(), der.integer(1)))),
        v2(der.sequence(der.octet_string(b"x"), der.sequence(DIRECTORY_NAMES, der.integer(1), der.integer(1)))),
        v1(certificate_hash(HashName.SHA1, identifier=build_hash_identifier(HashName.SHA1))),
    ],
)
def test_must_17_refuses_a_damaged_signing_certificate(attribute: bytes) -> None:
    with pytest.raises(MalformedMessage, match=r"signingCertificate|issuerSerial"):
        verify(with_attributes(attribute))


def test_the_signer_names_its_own_certificate_and_then_those_of_its_path() -> None:
    hashes = (certificate_hash(HashName.SHA256), certificate_hash(HashName.SHA256, of="bob", issuer="bob"))
    references = parse_signing_certificate(signer_of(parse(with_attributes(v2(*hashes)))).attributes)
    assert [
        each.matches(person(name).certificate) for each, name in zip(references, ("alice", "bob"), strict=True)
    ] == [
        True,
        True,
    ]
    assert parse_signing_certificate({}) == ()


def test_must_17_a_built_signature_names_its_certificate_by_hash_issuer_and_serial_number() -> None:
    (own,) = parse_signing_certificate(signer_of(parse(sign(person("alice")))).attributes)
    assert own.hash_name is HashName.SHA256
    assert own.issuer_and_serial is not None
    assert own.matches(person("alice").certificate)


def test_finds_all_certificates_that_a_signer_may_mean_and_of_those_the_one_it_names() -> None:
    """One key certified twice has one key identifier."""
    alice, bob = person("alice").certificate, person("bob").certificate
    renewed = dataclasses.replace(alice, der=b"the same key, certified again")
    options = dataclasses.replace(BARE, sid_form=SignerIdentifierForm.SUBJECT_KEY_IDENTIFIER)
    bare = signer_of(parse(sign(person("alice"), options=options)))
    assert find_signer_certificates(bare, [bob, renewed, alice, alice]) == (renewed, alice)
    named = signer_of(parse(sign(person("alice"), options=BY_KEY_IDENTIFIER)))
    assert find_signer_certificates(named, [bob, renewed, alice]) == (alice,)


def protection(digest: bytes, signature: bytes) -> bytes:
    return build_attribute(ALGORITHM_PROTECTION, der.sequence(digest, b"\xa1" + signature[1:]))


DIGEST_ID = build_digest_identifier(RSA_SHA256)
SIGNATURE_ID = build_signature_identifier(RSA_SHA256)
PSS_ID = build_signature_identifier(PSS)
# The same parameters with the default trailerField written out, which DER omits.
_PSS_OID, _PSS_PARAMETERS = der.read_sequence(PSS_ID)
PSS_ID_IN_FULL = der.sequence(_PSS_OID.encoded, der.sequence(_PSS_PARAMETERS.content, der.explicit(3, der.integer(1))))
OTHER_PSS_ID = build_signature_identifier(dataclasses.replace(PSS, salt_length=20))


def test_must_50_what_is_built_protects_its_algorithms() -> None:
    attributes = signer_of(parse(sign(person("alice")))).attributes
    assert attributes[ALGORITHM_PROTECTION] == (der.sequence(DIGEST_ID, b"\xa1" + SIGNATURE_ID[1:]),)


@pytest.mark.parametrize(
    ("digest", "signature"),
    [
        (DIGEST_ID, SIGNATURE_ID),
        (der.sequence(der.oid(HASH_OIDS[HashName.SHA256]), NULL), SIGNATURE_ID),
        (DIGEST_ID, der.sequence(der.oid("1.2.840.113549.1.1.11"))),
    ],
    ids=["equal", "digest-null", "signature-absent"],
)
def test_must_50_algorithm_protection_compares_values(digest: bytes, signature: bytes) -> None:
    verify(with_attributes(protection(digest, signature)))


@pytest.mark.parametrize(
    ("digest", "signature"),
    [
        (build_hash_identifier(HashName.SHA512), SIGNATURE_ID),
        (DIGEST_ID, build_signature_identifier(dataclasses.replace(RSA_SHA256, hash_name=HashName.SHA512))),
        (DIGEST_ID, PSS_ID),
    ],
)
def test_must_50_refuses_other_algorithms_than_were_protected(digest: bytes, signature: bytes) -> None:
    with pytest.raises(SignatureMismatch, match="protected other algorithms"):
        verify(with_attributes(protection(digest, signature)))


def test_must_50_algorithm_protection_compares_pss_parameters_by_what_they_say() -> None:
    assert PSS_ID_IN_FULL != PSS_ID
    verify(by(person("alice"), PSS, protection(DIGEST_ID, PSS_ID_IN_FULL)))
    with pytest.raises(SignatureMismatch, match="protected other algorithms"):
        verify(by(person("alice"), PSS, protection(DIGEST_ID, OTHER_PSS_ID)))
    without = der.sequence(_PSS_OID.encoded)
    with pytest.raises(SignatureMismatch, match="protected other algorithms"):
        verify(by(person("alice"), PSS, protection(DIGEST_ID, without)))


def test_must_50_refuses_an_algorithm_protection_for_a_mac() -> None:
    mac = build_attribute(ALGORITHM_PROTECTION, der.sequence(DIGEST_ID, b"\xa2" + SIGNATURE_ID[1:]))
    both = build_attribute(
        ALGORITHM_PROTECTION, der.sequence(DIGEST_ID, b"\xa1" + SIGNATURE_ID[1:], b"\xa2" + SIGNATURE_ID[1:])
    )
    for attribute in (mac, both):
        with pytest.raises(MalformedMessage, match="CMSAlgorithmProtection"):
            verify(with_attributes(attribute))


def test_must_16_reads_every_form_of_key_preference() -> None:
    bob = person("bob").certificate
    named = IssuerAndSerial(issuer_der=bob.issuer_der, serial_number=bob.serial_number)
    by_key = KeyIdentifier(value=b"key")
    key, date = der.octet_string(b"key"), der.element(0x18, b"20260601120000Z")
    forms = {
        build_key_preference(bob): named,
        build_microsoft_key_preference(bob): named,
        build_attribute(ENCRYPTION_KEY_PREFERENCE, der.element(0xA1, key)): by_key,
        build_attribute(ENCRYPTION_KEY_PREFERENCE, der.element(0xA1, key, date)): by_key,
        build_attribute(ENCRYPTION_KEY_PREFERENCE, der.element(0x82, b"key")): by_key,
    }
    for attribute, preference in forms.items():
        assert parse_key_preference(signer_of(parse(with_attributes(attribute))).attributes) == preference
    assert parse_key_preference({}) is None


def test_must_16_the_standard_preference_goes_before_microsofts() -> None:
    alice, bob = person("alice").certificate, person("bob").certificate
    cms = with_attributes(build_key_preference(bob), build_microsoft_key_preference(alice))
    preference = parse_key_preference(signer_of(parse(cms)).attributes)
    assert preference is not None
    assert preference.matches(bob)


@pytest.mark.parametrize("value", [der.integer(1), der.element(0xA1), der.element(0xA0, der.sequence())])
def test_must_16_refuses_a_damaged_key_preference(value: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_key_preference({ENCRYPTION_KEY_PREFERENCE: (value,)})


def test_must_16_a_signer_can_say_which_key_to_encrypt_for() -> None:
    bob = person("bob").certificate
    options = SignerOptions(further_attributes=(build_key_preference(bob), build_microsoft_key_preference(bob)))
    cms = sign(person("alice"), options=options)
    verify(cms)
    assert MICROSOFT_KEY_PREFERENCE in signer_of(parse(cms)).attributes


@pytest.mark.parametrize("missing", [CONTENT_TYPE, MESSAGE_DIGEST])
def test_must_2_demands_content_type_and_message_digest(missing: str) -> None:
    attributes = [a for a in signed_attrs() if der.oid(missing) not in a]
    with pytest.raises(MalformedMessage, match="0 values"):
        verify(signed_data(signer_info(attributes)))


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [der.integer(1)] * 4,
        [der.integer(1)] * 5,
        [der.integer(1), EMPTY, EMPTY, EMPTY, der.octet_string(b""), der.integer(1)],
        [der.integer(1), EMPTY, EMPTY, EMPTY, der.octet_string(b""), der.element(0xA1), der.element(0xA1)],
    ],
)
def test_must_45_what_is_no_signer_info_is_its_error(fields: list[bytes]) -> None:
    signed = parse(signed_data(der.sequence(*fields), signer_info(signed_attrs())))
    assert sorted(isinstance(each, MalformedMessage) for each in signed.signer_infos) == [False, True]


@pytest.mark.parametrize("extra", [der.sequence(), der.element(0xA2), der.element(0xA1) * 2])
def test_must_45_fields_that_no_signer_info_has_make_it_unreadable(extra: bytes) -> None:
    fields = der.read_children(der.read_one(signer_info(signed_attrs())))
    with pytest.raises(MalformedMessage, match="unexpected fields"):
        verify(signed_data(der.sequence(*(field.encoded for field in fields), extra)))


def test_a_set_that_is_absent_was_not_verified() -> None:
    bare = signer_of(parse(signed_data(signer_info(None))))
    with pytest.raises(MalformedMessage, match="absent"):
        run(
            verify_signed_attributes(
                bare,
                RSA_SHA256,
                certificate=person("alice").certificate,
                provider=PROVIDER,
                policy=Policy.RECEIVE,
            )
        )


def test_must_16_remembers_what_is_newer_and_not_of_the_future() -> None:
    def says(time: bytes | None) -> Attributes:
        return {} if time is None else {SIGNING_TIME: (der.element(0x17, time),)}

    assert is_worth_remembering(says(b"260601120000Z"), at=NOW)
    assert is_worth_remembering(says(b"260602110000Z"), at=NOW), "clocks go wrong"
    assert not is_worth_remembering(says(b"260603120000Z"), at=NOW)
    assert not is_worth_remembering(says(None), at=NOW)
    earlier, later = NOW - datetime.timedelta(days=1), NOW + datetime.timedelta(hours=1)
    assert is_worth_remembering(says(b"260601120000Z"), at=NOW, remembered=earlier)
    assert not is_worth_remembering(says(b"260601120000Z"), at=NOW, remembered=later)
    assert not is_worth_remembering(says(b"260601120000Z"), at=NOW, remembered=NOW)
