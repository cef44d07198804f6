"""Known certificates complete a message that lacks its signer's certificate, or one of the path. None is trusted."""

from __future__ import annotations

import base64
import functools
import io
import re

import pytest

from smime_core import Identity, Judging, MessageReport, State, blocking, stream
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.ca.certificate_building import CertificateTemplate, build_certificate, new_serial_number
from smime_core.ca.extensions import build_subject_key_identifier
from smime_core.ca.names import COMMON_NAME, build_name
from smime_core.cms.content_info import parse_content_info
from smime_core.cms.signing import AttributesForm, SignerIdentifierForm, SignerOptions, Signing
from smime_core.keys import public_key_of
from smime_core.pkix import Evidence, RevocationPolicy, TrustStore
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.trust.contacts import NO_CONTACTS, CertificateSource, Contact, Contacts, KnownCertificate
from smime_core.x509.certificate import Certificate
from tests.support import path_pki
from tests.support.people import MESSAGE, NOW, PROVIDER

ALICE = "alice@example.test"
STREAMING = NativeStreamingProvider()
ROOT = path_pki.root("Known Root")
ISSUING = ROOT.issue("Known Issuing CA")
LEAF = ISSUING.certify(ALICE)
STORE = TrustStore.of(ROOT.certificate, revocation=RevocationPolicy.NOT_CHECKED)
MISSING, UNTRUSTED = "signer-certificate-missing", "untrusted-anchor"


def known(certificate: Certificate, *intermediates: Certificate) -> Contacts:
    return contacts_of({certificate.email_addresses[0]: (certificate, *intermediates)})


def contacts_of(people: dict[str, tuple[Certificate, ...]]) -> Contacts:
    return Contacts(
        people=tuple(
            Contact(
                address=address,
                certificates=(
                    KnownCertificate(
                        certificate=own,
                        source=CertificateSource.CONTACTS,
                        first_seen=NOW,
                        last_seen=NOW,
                        intermediates=tuple(intermediates),
                    ),
                ),
            )
            for address, (own, *intermediates) in people.items()
        )
    )


@functools.cache
def signed(
    *carried: Certificate, by_key_identifier: bool = False, attributes: AttributesForm = AttributesForm.STANDARD
) -> bytes:
    """A mail by Alice whose signature carries only these certificates."""
    identity = Identity(certificate=LEAF, private_key=path_pki.key(ALICE), chain=())
    forms = SignerIdentifierForm
    name = forms.SUBJECT_KEY_IDENTIFIER if by_key_identifier else forms.ISSUER_AND_SERIAL
    options = SignerOptions(sid_form=name, attributes=attributes)
    mail = blocking.sign_message(
        MESSAGE, Signing(identities=[identity], signing_time=NOW, options=options), provider=PROVIDER
    )
    encoded = re.findall(rb"\r\n\r\n((?:[A-Za-z0-9+/=]+\r\n)+)", mail)[-1]
    stripped = _with_certificates(base64.b64decode(encoded), carried)
    return mail.replace(encoded, base64.encodebytes(stripped).replace(b"\n", b"\r\n"))


def _with_certificates(cms: bytes, certificates: tuple[Certificate, ...]) -> bytes:
    fields = [bytes(child.encoded) for child in der.read_children(parse_content_info(cms).content)]
    others = [field for field in fields if field[0] != 0xA0]
    carried = [der.set_of([certificate.der for certificate in certificates], tag=0xA0)] if certificates else []
    oid = bytes(der.read_sequence(cms)[0].encoded)
    return der.sequence(oid, der.explicit(0, der.sequence(*others[:3], *carried, *others[3:])))


def examine(mail: bytes, contacts: Contacts = NO_CONTACTS, *given: Certificate) -> MessageReport:
    """The report, by which memory and stream agree."""
    store = STORE.with_evidence(Evidence(certificates=given))
    judging = Judging(trust_store=store, at=NOW, contacts=contacts)
    report = blocking.examine_message(mail, judging, provider=PROVIDER)
    streamed = stream.examine_file(io.BytesIO(mail), judging, STREAMING).report
    assert (streamed.state, streamed.reasons) == (report.state, report.reasons)
    return report


def opinion(report: MessageReport) -> tuple[State, str]:
    return report.state, report.reasons[0].code


VERIFIED = (State.VERIFIED, "revocation-not-checked")


@pytest.mark.parametrize("by_key_identifier", [False, True])
def test_a_signer_whose_certificate_the_message_lacks_is_found_among_the_known_ones(by_key_identifier: bool) -> None:
    mail = signed(by_key_identifier=by_key_identifier)
    assert opinion(examine(mail)) == (State.SIGNED_UNVERIFIED, MISSING)
    assert opinion(examine(mail, known(LEAF, ISSUING.certificate))) == VERIFIED
    assert opinion(examine(mail, NO_CONTACTS, LEAF, ISSUING.certificate)) == VERIFIED
    assert opinion(examine(mail, known(LEAF), ISSUING.certificate)) == VERIFIED
    assert opinion(examine(mail, known(LEAF))) == (State.SIGNED_UNVERIFIED, UNTRUSTED)


def test_an_intermediate_that_the_message_lacks_may_be_one_of_another_contact() -> None:
    mail, colleague = signed(LEAF), ISSUING.certify("carol@example.test")
    assert opinion(examine(mail)) == (State.SIGNED_UNVERIFIED, UNTRUSTED)
    assert opinion(examine(mail, known(colleague, ISSUING.certificate))) == VERIFIED
    assert opinion(examine(mail, NO_CONTACTS, ISSUING.certificate)) == VERIFIED


def test_a_known_certificate_gives_no_trust() -> None:
    foreign = path_pki.root("Foreign Root")
    twin = foreign.issue("Known Issuing CA", key_name="Twin")
    for intermediates in ([], [foreign.certificate], [twin.certificate], [twin.certificate, foreign.certificate]):
        assert opinion(examine(signed(LEAF), known(LEAF, *intermediates))) == (State.SIGNED_UNVERIFIED, UNTRUSTED)


def test_an_intermediate_of_the_same_name_does_not_hide_the_right_one() -> None:
    twins = [path_pki.root(f"Root {number}").issue("Known Issuing CA", key_name="Twin") for number in range(5)]
    people = known(LEAF, *(twin.certificate for twin in twins), ISSUING.certificate)
    assert opinion(examine(signed(LEAF), people)) == VERIFIED
    carried = (LEAF, *(twin.certificate for twin in twins))
    assert opinion(examine(signed(*carried), people)) == VERIFIED


def twin_of_alice() -> Certificate:
    """Mallory's certificate, by the same authority, whose key identifier is that of Alice's."""
    own = build_subject_key_identifier(LEAF.public_key)
    extensions = (own, *path_pki.person_extensions("mallory@example.test"))
    template = CertificateTemplate(
        serial_number=new_serial_number(PROVIDER),
        subject_der=build_name((COMMON_NAME, "Mallory")),
        public_key=public_key_of(path_pki.key("Mallory")),
        not_before=LEAF.not_before,
        not_after=LEAF.not_after,
        extensions=extensions,
    )
    issuer_der, key = ISSUING.certificate.subject_der, path_pki.key(ISSUING.key_name)
    return run(build_certificate(template, issuer_der=issuer_der, signing_key=key, provider=PROVIDER))


@pytest.mark.parametrize("attributes", [AttributesForm.STANDARD, AttributesForm.NONE])
def test_another_persons_certificate_with_the_same_key_identifier_says_nothing(attributes: AttributesForm) -> None:
    # Without attributes, nothing but the key identifier names the certificate.
    mail, twin = signed(by_key_identifier=True, attributes=attributes), twin_of_alice()
    assert twin.subject_key_identifier == LEAF.subject_key_identifier
    report = examine(mail, known(twin, ISSUING.certificate))
    assert opinion(report) == (State.SIGNED_UNVERIFIED, MISSING)
    assert report.signers[0].certificate is None
    both = contacts_of({"mallory@example.test": (twin,), ALICE: (LEAF, ISSUING.certificate)})
    report = examine(mail, both)
    assert opinion(report) == VERIFIED
    assert report.signers[0].certificate == LEAF


def test_a_carried_certificate_of_somebody_else_does_not_hide_the_known_one() -> None:
    mail, people = signed(twin_of_alice(), by_key_identifier=True), known(LEAF, ISSUING.certificate)
    assert opinion(examine(mail)) == (State.INVALID, "signing-certificate-mismatch")
    assert opinion(examine(mail, people)) == VERIFIED


@pytest.mark.parametrize("by_key_identifier", [False, True])
def test_altered_content_is_never_verified_by_a_known_certificate(by_key_identifier: bool) -> None:
    altered = signed(by_key_identifier=by_key_identifier).replace(b"aus K", b"aus L")
    report = examine(altered, known(LEAF, ISSUING.certificate))
    assert opinion(report) == (State.INVALID, "message-digest-mismatch")


def test_a_certificate_in_the_message_precedes_a_known_one() -> None:
    mail = signed(LEAF, ISSUING.certificate).replace(b"aus K", b"aus L")
    assert opinion(examine(mail, known(LEAF))) == (State.INVALID, "message-digest-mismatch")
