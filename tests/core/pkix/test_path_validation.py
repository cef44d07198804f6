"""Each check on a path, by its label in RFC 5280 section 6.1: one that passes and one that fails (MUSTS 37 and 38)."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import hashlib
from typing import Final

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from smime_core import blocking
from smime_core.algorithms import (
    HashName,
    SignatureAlgorithm,
    SignatureScheme,
    build_signature_identifier,
    parse_signature_identifier,
)
from smime_core.asn1 import der
from smime_core.ca.extensions import (
    build_address_constraints,
    build_basic_constraints,
    build_certificate_policies,
    build_extended_key_usage,
    build_key_usage,
    build_subject_alt_name,
)
from smime_core.errors import CertificateExpired, MalformedMessage, PathError, UntrustedAnchor
from smime_core.pkix import (
    CertificateUse,
    Outcome,
    PathRules,
    PolicyRequirements,
    Purpose,
    RevocationPolicy,
    TrustAnchor,
    TrustStore,
    ValidatedPath,
    trail_of,
)
from smime_core.pkix.purposes import OCSP_SIGNING, TIME_STAMPING
from smime_core.policy import Policy
from smime_core.x509.certificate import EMAIL_PROTECTION, Certificate, Extension, KeyUsage, parse_certificate
from tests.support.path_pki import YEAR, Rig, issue, key, root, with_version, without_extensions
from tests.support.people import NOW, PROVIDER

SERVER_AUTH: Final = "1.3.6.1.5.5.7.3.1"
ANY_EXTENDED: Final = "2.5.29.37.0"
ALICE: Final = "alice@example.test"
ROOT: Final = root()
ISSUING: Final = ROOT.issue("Issuing CA")


def validate(
    certificate: Certificate,
    *intermediates: Rig | Certificate,
    anchor: TrustAnchor | Rig = ROOT,
    purpose: Purpose | CertificateUse = Purpose.SIGN,
    at: datetime.datetime = NOW,
    requirements: PolicyRequirements | None = None,
    policy: Policy = Policy.RECEIVE,
) -> ValidatedPath:
    trusted = TrustAnchor(certificate=anchor.certificate) if isinstance(anchor, Rig) else anchor
    return blocking.validate_path(
        certificate,
        purpose,
        PathRules(
            TrustStore(
                anchors=(trusted,),
                revocation=RevocationPolicy.NOT_CHECKED,
                requirements=requirements or PolicyRequirements(),
            ),
            at,
            known=[
                intermediate.certificate if isinstance(intermediate, Rig) else intermediate
                for intermediate in intermediates
            ],
            policy=policy,
        ),
        PROVIDER,
    )


def refusal(certificate: Certificate, *intermediates: Rig | Certificate, **options: object) -> tuple[str, int, str]:
    """The label, the position and the text of the failed step, which is the last one of the trail."""
    with pytest.raises(PathError) as raised:
        validate(certificate, *intermediates, **options)  # type: ignore[arg-type]
    error = raised.value
    trail = trail_of(error)
    assert trail is not None
    last = trail.steps[-1]
    assert last.outcome is Outcome.FAILED
    assert last.label == error.rfc5280_step
    assert last.text == str(error)
    return last.label, last.position, last.text


def extension(oid: str, value: bytes, *, critical: bool = True) -> Extension:
    return Extension(oid=oid, critical=critical, value=value)


def test_a_path_explains_itself_step_by_step_from_the_anchor_down() -> None:
    path = validate(ISSUING.certify(ALICE), ISSUING)
    steps = path.trail.steps
    assert path.trail.anchor is not None
    assert {step.outcome for step in steps[:-1]} == {Outcome.PASSED}
    assert steps[-1].label == "6.1.3 (a)(3)"
    assert steps[-1].outcome is Outcome.NOTED
    positions = [step.position for step in steps[:-1]]
    assert positions == sorted(positions, reverse=True)
    assert {"6.1.1 (d)", "6.1.3 (a)(1)", "6.1.3 (a)(2)", "6.1.3 (a)(4)", "6.1.4 (k)", "6.1.5 (f)"} <= {
        step.label for step in steps
    }


def test_validity_ends_with_the_second_that_it_names() -> None:
    alice = ISSUING.certify(ALICE, not_after=NOW)
    validate(alice, ISSUING, at=NOW + datetime.timedelta(microseconds=500_000))
    assert refusal(alice, ISSUING, at=NOW + datetime.timedelta(seconds=1))[:2] == ("6.1.3 (a)(2)", 0)


@pytest.mark.parametrize("days", [-400, 400])
def test_an_issuer_and_an_anchor_outside_their_validity_are_refused(days: int) -> None:
    shift = datetime.timedelta(days=days)
    old = ROOT.issue("Old CA", not_before=NOW - YEAR + shift, not_after=NOW + YEAR + shift - YEAR)
    alice = old.certify(ALICE, not_before=NOW - 3 * YEAR, not_after=NOW + 3 * YEAR)
    with pytest.raises(CertificateExpired):
        validate(alice, old)
    assert refusal(ISSUING.certify(ALICE, not_after=NOW + 9 * YEAR), ISSUING, at=NOW + 3 * YEAR)[1] == 2


def test_only_archived_mail_may_rest_on_sha1() -> None:
    sha1 = SignatureAlgorithm(scheme=SignatureScheme.ECDSA, hash_name=HashName.SHA1)
    fields = [field.encoded for field in der.read_children(der.read_one(ISSUING.certify(ALICE).tbs_der))]
    tbs_der = der.sequence(*fields[:2], build_signature_identifier(sha1), *fields[3:])
    private = serialization.load_der_private_key(key("Issuing CA").pkcs8_der, None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    bits = der.element(0x03, b"\0", private.sign(tbs_der, ec.ECDSA(hashes.SHA1())))  # noqa: S303
    weak = parse_certificate(der.sequence(tbs_der, build_signature_identifier(sha1), bits))
    assert refusal(weak, ISSUING)[:2] == ("6.1.3 (a)(1)", 0)
    path = validate(weak, ISSUING, policy=Policy.ARCHIVE)
    assert "6.1.3 (a)(1)" in {step.label for step in path.trail.steps if step.outcome is Outcome.NOTED}


@functools.cache
def rsa_key(bits: int) -> tuple[int, int]:
    """A modulus and its private exponent for 65,537, computed here because libraries refuse to make keys this small."""
    primes: list[int] = []
    candidate = (3 << bits // 2 - 2) | 1
    while len(primes) < 2:
        if all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3, 5, 7)) and candidate % 65_537 != 1:
            primes.append(candidate)
        candidate += 2
    first, other = primes
    return first * other, pow(65_537, -1, (first - 1) * (other - 1))


def rsa_spki(modulus: int) -> bytes:
    key_der = der.sequence(der.integer(modulus), der.integer(65_537))
    return der.sequence(der.sequence(der.oid("1.2.840.113549.1.1.1"), b"\x05\x00"), der.element(0x03, b"\0", key_der))


def with_rsa_key(certificate: Certificate, modulus: int, signer: str) -> Certificate:
    """The certificate with an RSA key in the place of its own, signed again by the key of the named signer."""
    fields = [bytes(field.encoded) for field in der.read_sequence(certificate.tbs_der)]
    tbs_der = der.sequence(*fields[:6], rsa_spki(modulus), *fields[7:])
    algorithm = parse_signature_identifier(certificate.signature_algorithm_der)
    signature = blocking.run(PROVIDER.sign(key(signer), algorithm, tbs_der))
    bits = der.element(0x03, b"\0", signature)
    return parse_certificate(der.sequence(tbs_der, certificate.signature_algorithm_der, bits))


def signed_by_rsa(certificate: Certificate, modulus: int, exponent: int) -> Certificate:
    """The certificate signed again by an RSA key, with RSASSA-PKCS1-v1_5 and SHA-256 (RFC 8017 section 9.2)."""
    rsa = build_signature_identifier(
        SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA256)
    )
    fields = [bytes(field.encoded) for field in der.read_sequence(certificate.tbs_der)]
    tbs_der = der.sequence(*fields[:2], rsa, *fields[3:])
    sha256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), b"\x05\x00")
    digest_info = der.sequence(sha256, der.octet_string(hashlib.sha256(tbs_der).digest()))
    length = (modulus.bit_length() + 7) // 8
    padded = b"\x00\x01" + b"\xff" * (length - 3 - len(digest_info)) + b"\x00" + digest_info
    signature = pow(int.from_bytes(padded, "big"), exponent, modulus).to_bytes(length, "big")
    return parse_certificate(der.sequence(tbs_der, rsa, der.element(0x03, b"\0", signature)))


@pytest.mark.parametrize("bits", [768, 1_022, 1_024])
def test_only_archived_mail_may_rest_on_rsa_keys_below_1024_bits(bits: int) -> None:
    modulus, exponent = rsa_key(bits)
    assert modulus.bit_length() == bits
    small_authority = with_rsa_key(ISSUING.certificate, modulus, "Root")
    leaf = signed_by_rsa(ISSUING.certify(ALICE), modulus, exponent)
    small_leaf = with_rsa_key(ISSUING.certify(ALICE), modulus, "Issuing CA")
    for certificate, authority, position in ((leaf, small_authority, 1), (small_leaf, ISSUING, 0)):
        validate(certificate, authority, policy=Policy.ARCHIVE)
        if bits >= 1_024:
            validate(certificate, authority)
        else:
            assert refusal(certificate, authority)[:2] == ("6.1.3 (a)(1)", position)


def test_names_and_signatures_have_to_chain() -> None:
    stranger = issue("Issuing CA", "somebody else's key", ROOT, ISSUING.certificate.extensions[2:])
    with pytest.raises(UntrustedAnchor):
        validate(ISSUING.certify(ALICE), stranger)


def test_an_authority_needs_the_flag_the_key_usage_and_the_version() -> None:
    plain = ROOT.issue("Plain", is_ca=False)
    assert refusal(plain.certify(ALICE), plain)[:2] == ("6.1.4 (k)", 1)

    mute = issue("Mute", "Mute", ROOT, (build_basic_constraints(is_ca=True), build_key_usage(KeyUsage.CRL_SIGN)))
    rig = Rig(name="Mute", certificate=mute, key_name="Mute")
    assert refusal(rig.certify(ALICE), rig)[:2] == ("6.1.4 (n)", 1)
    ancient = without_extensions(ISSUING.certificate, "Root")
    assert refusal(ISSUING.certify(ALICE), ancient)[:2] == ("6.1.4 (k)", 1)


def test_an_anchor_of_version_1_is_an_authority_because_it_was_chosen() -> None:
    ancient = without_extensions(ROOT.certificate, "Root")
    assert ancient.version == 1
    validate(ROOT.certify(ALICE), anchor=TrustAnchor(certificate=ancient))


@pytest.mark.parametrize("version", [-1, 0, 1, 2, 4])
def test_extensions_belong_to_version_3(version: int) -> None:
    odd = with_version(ISSUING.certify(ALICE), version, "Issuing CA")
    assert refusal(odd, ISSUING)[:2] == ("4.1.2.1", 0)


def test_the_path_length_counts_authorities_that_are_not_self_issued() -> None:
    top = root("Short root", path_length=1)
    first = top.issue("First")
    rollover = issue("First", "First's next key", first, ISSUING.certificate.extensions[2:])
    renewed = Rig(name="First", certificate=rollover, key_name="First's next key")
    validate(renewed.certify(ALICE), first, renewed, anchor=top)
    second = first.issue("Second")
    label, position, text = refusal(second.certify(ALICE), first, second, anchor=top)
    assert (label, position) == ("6.1.4 (m)", 3)
    assert text == "the path is too long"
    zero = ROOT.issue("Zero", path_length=0)
    below = zero.issue("Below")
    validate(zero.certify(ALICE), zero)
    assert refusal(below.certify(ALICE), zero, below)[:2] == ("6.1.4 (m)", 2)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_an_unknown_critical_extension_refuses_wherever_it_stands(position: int) -> None:
    for critical in (False, True):
        unknown = extension("1.2.3.4", b"\x05\x00", critical=critical)
        own = [(unknown,) if number == position else () for number in range(3)]
        top = root("Top", *own[2])
        middle = top.issue("Middle", *own[1])
        alice = middle.certify(ALICE, *own[0])
        if critical:
            assert refusal(alice, middle, anchor=top)[1] == position
        else:
            validate(alice, middle, anchor=top)


def test_a_damaged_extension_is_a_fault_of_the_path() -> None:
    broken = extension("2.5.29.32", b"\x30\x00", critical=False)
    label, position, text = refusal(ISSUING.certify(ALICE, broken), ISSUING)
    assert (label, position) == ("4.2", 0)
    assert "certificatePolicies" in text


def test_name_constraints_bind_what_is_below() -> None:
    narrow = ROOT.issue("Narrow", build_address_constraints(permitted=("example.test",)))
    validate(narrow.certify("bob@example.test"), narrow)
    assert refusal(narrow.certify("bob@elsewhere.test"), narrow)[:2] == ("6.1.3 (b)", 0)
    without = ROOT.issue("Without", build_address_constraints(excluded=("example.test",)))
    assert refusal(without.certify("bob@example.test"), without)[:2] == ("6.1.3 (c)", 0)


def test_name_constraints_of_the_anchor_and_of_each_authority_add_up() -> None:
    top = root("Constrained root", build_address_constraints(permitted=(".test",)))
    wide = top.issue("Wide", build_address_constraints(permitted=("example.test", "example.com")))
    validate(wide.certify("bob@example.test"), wide, anchor=top)
    assert refusal(wide.certify("bob@example.com"), wide, anchor=top)[:2] == ("6.1.3 (b)", 0)


def test_a_self_issued_authority_is_exempt_and_a_self_issued_end_is_not() -> None:
    narrow = ROOT.issue("Narrow", build_address_constraints(permitted=("example.test",)))
    alien = build_subject_alt_name(("ca@elsewhere.test",))
    renewed_certificate = issue("Narrow", "Narrow's next key", narrow, (*ISSUING.certificate.extensions[2:], alien))
    renewed = Rig(name="Narrow", certificate=renewed_certificate, key_name="Narrow's next key")
    validate(renewed.certify(ALICE), narrow, renewed)
    assert refusal(renewed_certificate, narrow, purpose=CertificateUse(name="anything"))[:2] == ("6.1.3 (b)", 0)


POLICY: Final = "1.2.3.4"
EXPLICIT: Final = PolicyRequirements(require_explicit_policy=True)


def test_a_policy_that_is_demanded_has_to_hold_all_the_way() -> None:
    certified = build_certificate_policies((POLICY,))
    issuing = ROOT.issue("Policy CA", certified)
    path = validate(issuing.certify(ALICE, certified), issuing, requirements=EXPLICIT)
    assert path.policies == {POLICY}
    assert refusal(issuing.certify(ALICE), issuing, requirements=EXPLICIT)[:2] == ("6.1.3 (f)", 0)
    other = PolicyRequirements(initial_policies=frozenset({"1.2.3.5"}), require_explicit_policy=True)
    assert refusal(issuing.certify(ALICE, certified), issuing, requirements=other)[:2] == ("6.1.5 (g)", 0)


def test_an_authority_can_demand_a_policy() -> None:
    demand = extension("2.5.29.36", der.sequence(der.element(0x80, b"\0")))
    issuing = ROOT.issue("Demanding CA", build_certificate_policies((POLICY,)), demand)
    validate(issuing.certify(ALICE, build_certificate_policies((POLICY,))), issuing)
    assert refusal(issuing.certify(ALICE), issuing)[:2] == ("6.1.3 (f)", 0)


def test_usage_is_judged_by_operation_and_by_kind_of_key() -> None:
    alice = ISSUING.certify(ALICE)
    validate(alice, ISSUING, purpose=Purpose.ENCRYPT)

    def with_usage(usage: KeyUsage) -> Certificate:
        basic = build_basic_constraints(is_ca=False)
        return issue("usage", "usage", ISSUING, (basic, build_key_usage(usage), build_subject_alt_name((ALICE,))))

    # The key is an EC key: it can do key agreement, but no key transport.
    assert refusal(with_usage(KeyUsage.KEY_ENCIPHERMENT), ISSUING, purpose=Purpose.ENCRYPT)[0] == "4.2.1.3"
    validate(with_usage(KeyUsage.KEY_AGREEMENT), ISSUING, purpose=Purpose.ENCRYPT)
    assert refusal(with_usage(KeyUsage.KEY_AGREEMENT), ISSUING)[0] == "4.2.1.3"
    validate(with_usage(KeyUsage.NON_REPUDIATION), ISSUING)
    assert refusal(with_usage(KeyUsage.DIGITAL_SIGNATURE), ISSUING, purpose=Purpose.CRL)[0] == "4.2.1.3"


@pytest.mark.parametrize(
    ("purpose", "usages", "critical", "is_fit"),
    [
        (Purpose.SIGN, (EMAIL_PROTECTION, SERVER_AUTH), False, True),
        (Purpose.SIGN, (ANY_EXTENDED,), False, True),
        (Purpose.SIGN, (SERVER_AUTH,), False, False),
        (Purpose.OCSP, (OCSP_SIGNING,), False, True),
        (Purpose.OCSP, (ANY_EXTENDED,), False, False),
        (Purpose.TIMESTAMP, (TIME_STAMPING,), False, False),
        (Purpose.TIMESTAMP, (TIME_STAMPING, EMAIL_PROTECTION), True, False),
        (Purpose.CRL, (SERVER_AUTH,), False, False),
    ],
)
def test_extended_key_usage_is_judged_by_purpose(
    purpose: Purpose, usages: tuple[str, ...], critical: bool, is_fit: bool
) -> None:
    certificate = ISSUING.certify(ALICE, build_extended_key_usage(*usages, critical=critical))
    if is_fit:
        validate(certificate, ISSUING, purpose=purpose)
    else:
        assert refusal(certificate, ISSUING, purpose=purpose)[0].startswith("4.2.1.")


def test_an_authority_for_servers_vouches_for_no_mail() -> None:
    servers = ROOT.issue("Server CA", build_extended_key_usage(SERVER_AUTH))
    assert refusal(servers.certify(ALICE), servers)[:2] == ("4.2.1.12", 1)
    mail = ROOT.issue("Mail CA", build_extended_key_usage(SERVER_AUTH, EMAIL_PROTECTION))
    validate(mail.certify(ALICE), mail)


def test_an_anchor_for_some_addresses_vouches_for_those_alone() -> None:
    anchor = TrustAnchor(certificate=ROOT.certificate, addresses=("@example.test",))
    both = ISSUING.certify(ALICE, build_subject_alt_name((ALICE, "alice@elsewhere.test")))
    assert validate(both, ISSUING, anchor=anchor).addresses == (ALICE,)
    assert validate(both, ISSUING).addresses == (ALICE, "alice@elsewhere.test")
    with pytest.raises(UntrustedAnchor, match=r"only for .*@example\.test"):
        validate(ISSUING.certify("bob@elsewhere.test"), ISSUING, anchor=anchor)


def test_an_exact_anchor_is_the_certificate_and_nothing_below_it() -> None:
    alice = root("Stranger").certify(ALICE)
    exact = TrustAnchor(certificate=alice, is_exact=True)
    assert validate(alice, anchor=exact).certificates == (alice,)
    issuing = dataclasses.replace(TrustAnchor(certificate=ISSUING.certificate), is_exact=True)
    with pytest.raises(UntrustedAnchor):
        validate(ISSUING.certify(ALICE), ISSUING, anchor=issuing)
    assert refusal(alice, anchor=exact, at=NOW + 2 * YEAR)[0] == "6.1.3 (a)(2)"


def test_an_exact_anchor_needs_no_word_on_revocation() -> None:
    alice = root("Stranger").certify(ALICE)
    store = TrustStore(anchors=(TrustAnchor(certificate=alice, is_exact=True),), revocation=RevocationPolicy.REQUIRED)
    path = blocking.validate_path(alice, Purpose.SIGN, PathRules(store, NOW), PROVIDER)
    assert path.certificates == (alice,)


def test_certificates_issued_after_the_day_of_distrust_do_not_count() -> None:
    anchor = TrustAnchor(certificate=ROOT.certificate, distrust_after=NOW - datetime.timedelta(days=30))
    validate(ISSUING.certify(ALICE), ISSUING, anchor=anchor)
    late = ISSUING.certify(ALICE, not_before=NOW - datetime.timedelta(days=29))
    with pytest.raises(UntrustedAnchor, match="issued after"):
        validate(late, ISSUING, anchor=anchor)


def test_one_certificate_may_be_an_anchor_on_several_conditions() -> None:
    conditions = (("@elsewhere.test",), ("@example.test",))
    store = TrustStore(
        anchors=tuple(TrustAnchor(certificate=ROOT.certificate, addresses=condition) for condition in conditions),
        revocation=RevocationPolicy.NOT_CHECKED,
    )
    path = blocking.validate_path(
        ISSUING.certify(ALICE), Purpose.SIGN, PathRules(store, NOW, known=[ISSUING.certificate]), PROVIDER
    )
    assert path.trail.anchor == store.anchors[1]


@pytest.mark.parametrize(
    "value",
    [
        der.sequence(b"\x01\x01\xff", der.integer(0), b"\x05\x00"),
        der.sequence(der.integer(0), b"\x01\x01\xff"),
        der.sequence(b"\x05\x00"),
    ],
)
def test_a_path_length_cannot_be_hidden_behind_other_fields(value: bytes) -> None:
    with pytest.raises(MalformedMessage, match="basicConstraints"):
        issue("Odd", "Odd", ROOT, (extension("2.5.29.19", value),))


def test_a_negative_path_length_lets_nothing_pass() -> None:
    value = der.sequence(b"\x01\x01\xff", der.integer(-1))
    odd = Rig(name="Odd", certificate=issue("Odd", "Odd", ROOT, (extension("2.5.29.19", value),)), key_name="Odd")
    assert refusal(odd.certify(ALICE), odd)[:2] == ("6.1.4 (m)", 1)
