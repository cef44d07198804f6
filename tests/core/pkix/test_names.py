"""Names in certificates: verdicts and constraints read them alike, and no bytes in them spoil another's report."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Final

from hypothesis import example, given, settings, strategies as st

from sealwax.cli.judging.verdict_line import verdict_line
from smime_core import Identity, blocking
from smime_core.asn1 import der
from smime_core.asn1.distinguished_name import COMMON_NAME, EMAIL_ADDRESS
from smime_core.blocking import run
from smime_core.ca.extensions import build_extended_key_usage
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.signed_data import build_signed_data
from smime_core.cms.signing import Signing
from smime_core.mime import addresses
from smime_core.pkix import RevocationPolicy, TrustStore
from smime_core.pkix.constrained_names import ConstrainedName, find_constrained_names
from smime_core.pkix.name_constraints import find_violation, parse_name_constraints
from smime_core.report.report import MessageReport, SignerReport
from smime_core.report.report_json import report_to_json
from smime_core.text.mail_address import addresses_match, parse_address
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import EMAIL_PROTECTION, SUBJECT_ALT_NAME, Certificate, Extension
from smime_core.x509.mail_names import SMTP_UTF8_MAILBOX
from tests.support import path_pki
from tests.support.path_pki import Rig
from tests.support.people import NOW, PROVIDER

# Characters that some readers strip, fold, map or take for the end of the text, and other characters of addresses.
ODD: Final = (
    "\t", "\n", "\r", "\0", " ", "\u00a0", "\u2003", "\u200b", "\u200d", "\u202e", "\u3002", "\uff0e", "\uff20",
    ".", "@", '"', "\\", "(x)", "[", "]", "<", ">", ",", "\u00df", "\u0130", "\u212a", "A", "\u00c4", "xn--", "\x7f",
)  # fmt: skip
PIECES: Final = st.sampled_from([*ODD, "alice", "victim.test", "@victim.test", "\u00fc", "stra\u00dfe.test", "1"])
ADDRESS_TEXTS: Final = st.one_of(
    st.tuples(PIECES | st.just(""), st.just("alice@victim.test"), PIECES | st.just("")).map("".join),
    st.lists(PIECES, max_size=6).map("".join),
    st.emails(),
    st.text(max_size=20),
)
STRING_TAGS: Final = (0x0C, 0x12, 0x13, 0x14, 0x16, 0x1A, 0x1C, 0x1E)
KINDS: Final = ("rfc822Name", "SmtpUTF8Mailbox", *STRING_TAGS)


def attribute(oid: str, tag: int, octets: bytes) -> bytes:
    return der.element(der.SET, der.sequence(der.oid(oid), der.element(tag, octets)))


def other_mailbox(tag: int, octets: bytes) -> bytes:
    return der.element(0xA0, der.oid(SMTP_UTF8_MAILBOX), der.explicit(0, der.element(tag, octets)))


def named(kind: str | int, octets: bytes) -> Certificate:
    """A certificate with these bytes as its mail address, and with no other name than a common name."""
    subject = attribute(COMMON_NAME, 0x0C, b"Mallory")
    if isinstance(kind, int):
        return certify(der.sequence(subject, attribute(EMAIL_ADDRESS, kind, octets)), ())
    name = der.element(0x81, octets)
    return certify(der.sequence(subject), (other_mailbox(0x0C, octets) if kind == "SmtpUTF8Mailbox" else name,))


def certify(subject_der: bytes, alternative_names: Sequence[bytes], issuer: Rig | None = None) -> Certificate:
    extensions = [build_extended_key_usage(EMAIL_PROTECTION)]
    if alternative_names:
        value = der.sequence(*alternative_names)
        extensions.append(Extension(oid=SUBJECT_ALT_NAME, critical=False, value=value))
    return path_pki.issue("Mallory", "Mallory", issuer or root(), tuple(extensions), subject_der=subject_der)


@functools.cache
def root() -> Rig:
    return path_pki.root()


def violates(names: Sequence[ConstrainedName], host: str, *, excluded: bool) -> bool:
    """Whether the mail names break a constraint that excludes this host, or one that permits only this host."""
    base = der.sequence(der.element(0x81, host.encode("ascii")))
    value = der.sequence(der.element(0xA1 if excluded else 0xA0, base))
    own = [name for name in names if name.form == "rfc822Name"]
    return find_violation(own, parse_name_constraints(value, critical=True)) is not None


@settings(max_examples=400, deadline=None)
@given(kind=st.sampled_from(KINDS), text=ADDRESS_TEXTS, encoding=st.sampled_from(["utf-8", "latin-1", "utf-16-be"]))
@example(kind="rfc822Name", text="alice@victim.test\t", encoding="utf-8")
@example(kind=0x16, text="alice@victim.test\0", encoding="utf-8")
@example(kind="SmtpUTF8Mailbox", text="alice@victim.test\u00a0", encoding="utf-8")
def test_verdicts_and_constraints_read_the_same_addresses(kind: str | int, text: str, encoding: str) -> None:
    certificate = named(kind, text.encode(encoding, "replace"))
    names = find_constrained_names(certificate)
    if not certificate.email_addresses:
        # A name that is no address counts for no author, and breaks every constraint.
        assert violates(names, "other.test", excluded=True)
        assert violates(names, "victim.test", excluded=False)
    claimed = {text, text.strip(), text.strip("\0."), text.lower(), text.partition("\0")[0], "alice@victim.test"}
    claimed |= {mailbox.address for claim in tuple(claimed) for mailbox in addresses(claim)}
    for author in (*claimed, *certificate.email_addresses):
        if any(addresses_match(author, own) for own in certificate.email_addresses):
            seen = parse_address(author)
            assert seen is not None
            assert seen.is_literal or violates(names, seen.domain, excluded=True)
            assert seen.is_literal or not violates(names, seen.domain, excluded=False)


@settings(max_examples=300, deadline=None)
@given(text=ADDRESS_TEXTS)
def test_the_text_of_an_address_reads_as_the_same_address(text: str) -> None:
    parsed = parse_address(text)
    if parsed is not None:
        again = parse_address(parsed.text)
        assert again == parsed
        assert again is not None
        assert again.text == parsed.text
        # The reader of From fields finds the same address.
        assert [mailbox.address for mailbox in addresses(parsed.text)] == [parsed.text]


# A signer with unreadable names

OCTETS: Final = st.one_of(
    st.binary(max_size=24),
    st.text(max_size=12).map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from([b"\xff", b"\xd8\x00", b"a@xn--strae-oqa.test", b"a@xn--0", b"a@" + b"." * 9, b"\xc3", b"\0", b""]),
)
ATTRIBUTES: Final = st.builds(
    attribute,
    st.sampled_from([COMMON_NAME, EMAIL_ADDRESS, "2.5.4.10", "0.9.2342.19200300.100.1.25", "2.5.4.45", "1.2.3.4"]),
    st.sampled_from([*STRING_TAGS, 0x03, 0x04, 0x05]),
    OCTETS,
)
NAMES: Final = st.lists(ATTRIBUTES, min_size=1, max_size=3).map(lambda members: der.sequence(*members))
ALTERNATIVES: Final = st.lists(
    st.one_of(
        OCTETS.map(lambda octets: der.element(0x81, octets)),
        OCTETS.map(lambda octets: der.element(0x82, octets)),
        OCTETS.map(lambda octets: der.element(0x86, octets)),
        OCTETS.map(lambda octets: der.element(0x87, octets)),
        NAMES.map(lambda name: der.element(0xA4, name)),
        st.builds(other_mailbox, st.sampled_from(STRING_TAGS), OCTETS),
    ),
    max_size=3,
)


@functools.cache
def alice() -> Identity:
    return Identity(certificate=root().certify("alice@victim.test"), private_key=path_pki.key("alice@victim.test"))


def examine(mallory: Certificate, *carried: Certificate) -> MessageReport:
    """The report on a message that Alice and Mallory have both signed."""
    signed = run(
        build_signed_data(
            b"From: alice@victim.test\r\n\r\nx\r\n",
            Signing(
                identities=[alice(), Identity(certificate=mallory, private_key=path_pki.key("Mallory"))],
                signing_time=NOW,
            ),
            content_type=ID_DATA,
            provider=PROVIDER,
            certificates=carried,
        )
    )
    store = TrustStore.of(root().certificate, revocation=RevocationPolicy.NOT_CHECKED)
    return blocking.examine_message(signed, Judging(trust_store=store, at=NOW), provider=PROVIDER)


def report_of_alice(report: MessageReport) -> SignerReport:
    (signer_report,) = [signer for signer in report.signers if signer.certificate == alice().certificate]
    return signer_report


@functools.cache
def expected() -> SignerReport:
    return report_of_alice(examine(root().certify("mallory@victim.test"), root().certificate))


@settings(max_examples=200, deadline=None)
@given(subject=NAMES, issuer=NAMES, alternatives=ALTERNATIVES, is_trusted=st.booleans())
@example(
    subject=der.sequence(attribute(EMAIL_ADDRESS, 0x16, b"m@xn--strae-oqa.test")),
    issuer=der.sequence(attribute(COMMON_NAME, 0x0C, b"\xff")),
    alternatives=[],
    is_trusted=True,
)
def test_no_octets_in_the_names_of_one_signer_change_the_report_of_another(
    subject: bytes, issuer: bytes, alternatives: list[bytes], is_trusted: bool
) -> None:
    authority = root()
    if not is_trusted:
        own = path_pki.issue("Hostile", "Hostile", None, path_pki.authority_extensions(), subject_der=issuer)
        authority = dataclasses.replace(authority, name="Hostile", certificate=own, key_name="Hostile")
    report = examine(certify(subject, alternatives, authority), authority.certificate)
    assert len(report.signers) == 2
    signer_report = report_of_alice(report)
    assert (signer_report, signer_report.signed_attributes) == (expected(), expected().signed_attributes)
    # The report can still be written, as JSON and as one line.
    assert report_to_json(report)["signers"]
    assert verdict_line(report)
