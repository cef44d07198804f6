"""Check a person's certificate against the S/MIME Baseline Requirements, rule by rule (version 1.0.11).

A rule that public linters also check has the same name here, so that findings can be compared. A certificate breaks no
rule if it is older than the requirements, belongs to a CA, or has none of the policies that the requirements reserve.
The rules on validating organisations and persons, and on how a CA works, are not checked.
"""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smime_core.algorithms import Curve, parse_signature_identifier
from smime_core.ca.names import COMMON_NAME, EMPTY_NAME
from smime_core.ca.profile_facts import ProfileFacts
from smime_core.ca.profile_key_usage import KEY_USAGE_RULES
from smime_core.errors import SmimeError
from smime_core.policy import is_weak_signature
from smime_core.provider import KeyType, PublicKey
from smime_core.text.mail_address import parse_address
from smime_core.x509.certificate import (
    ANY_EXTENDED_KEY_USAGE,
    AUTHORITY_KEY_IDENTIFIER,
    EMAIL_PROTECTION,
    KEY_USAGE,
    SUBJECT_ALT_NAME,
    Certificate,
)
from smime_core.x509.distribution_points import AUTHORITY_INFO_ACCESS, CRL_DISTRIBUTION_POINTS

EFFECTIVE: Final = datetime.datetime(2023, 9, 1, tzinfo=datetime.UTC)
MAX_SUBSCRIBER_DAYS: Final = 825  # Section 6.3.2, for strict and multipurpose.
MIN_RSA_BITS: Final = 2048  # section 6.1.5
_CURVES: Final = (Curve.P256, Curve.P384, Curve.P521)
_MAX_LEGACY_DAYS: Final = 1185
_EMAIL_ADDRESS: Final = "1.2.840.113549.1.9.1"
_SERIAL_NUMBER: Final = "2.5.4.5"
_SUBJECT_DIRECTORY_ATTRIBUTES: Final = "2.5.29.9"
_QC_STATEMENTS: Final = "1.3.6.1.5.5.7.1.3"
_ADOBE: Final = ("1.2.840.113583.1.1.9.1", "1.2.840.113583.1.1.9.2")  # Time-stamp, and archived revocation data.
_SERVER_AUTH: Final = "1.3.6.1.5.5.7.3.1"
_CODE_SIGNING: Final = "1.3.6.1.5.5.7.3.3"
_TIME_STAMPING: Final = "1.3.6.1.5.5.7.3.8"
_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(?:[^/?#@]*@)?(?:\[([^\]]*)\]|([^/?#:]*))")
_MIN_SERIAL_BITS: Final = 64
_MAX_SERIAL_BYTES: Final = 20


class Severity(StrEnum):
    """The weight of a rule: ERROR for SHALL in the requirements, WARNING for SHOULD."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule that a certificate breaks. `text` describes the fault."""

    rule: str
    severity: Severity
    text: str


def check_profile(certificate: Certificate) -> tuple[Finding, ...]:
    """The rules that a person's certificate breaks; empty if it breaks none.

    Raises MalformedMessage for an extension that cannot be read.
    """
    if certificate.not_before < EFFECTIVE:
        return ()
    facts = ProfileFacts(certificate=certificate)
    findings = []
    for rule in _RULES:
        text = rule.breach(facts) if rule.applies(facts) else ""
        if text:
            findings.append(Finding(rule=rule.name, severity=rule.severity, text=text))
    return tuple(findings)


def rule_names() -> frozenset[str]:
    """The names of all rules that are checked."""
    return frozenset(rule.name for rule in _RULES)


def _subject_attributes_breach(facts: ProfileFacts) -> str:
    others = [oid for oid, _ in facts.subject_attributes if oid not in (COMMON_NAME, _EMAIL_ADDRESS, _SERIAL_NUMBER)]
    return f"the subject has {', '.join(others)}" if others else ""


def _common_name_breach(facts: ProfileFacts) -> str:
    wrong = [text for oid, text in facts.subject_attributes if oid == COMMON_NAME and parse_address(text) is None]
    return "the common name is not a mail address" if wrong else ""


def _subject_mailbox_breach(facts: ProfileFacts) -> str:
    # Section 7.1.4.2.2: subjectAltName must repeat every mailbox of the subject.
    named = [text for oid, text in facts.subject_attributes if oid in (COMMON_NAME, _EMAIL_ADDRESS) and "@" in text]
    missing = [text for text in named if text not in facts.certificate.alternative_addresses]
    return "the subject names an address that subjectAltName does not" if missing else ""


def _single_mailbox_breach(facts: ProfileFacts) -> str:
    return "" if all(map(parse_address, facts.mailboxes)) else "an rfc822Name is not one address"


def _subject_email_breach(facts: ProfileFacts) -> str:
    texts = [text for oid, text in facts.subject_attributes if oid == _EMAIL_ADDRESS]
    return "" if all(map(parse_address, texts)) else "an emailAddress is not one address"


def _crl_scheme_breach(facts: ProfileFacts) -> str:
    schemes = {_scheme(url) for url in facts.crl_urls}
    if "http" not in schemes:
        return "no distribution point names a revocation list by http"
    others = schemes - {"http"} if facts.is_of("strict", "multipurpose") else set()
    return f"a distribution point by {', '.join(sorted(others))}, expected only http" if others else ""


def _access_schemes(facts: ProfileFacts, method: str) -> set[str]:
    return {_scheme(url) for access_method, url in facts.access_urls if access_method == method}


def _access_breach(facts: ProfileFacts) -> str:
    schemes = {_scheme(url) for _, url in facts.access_urls}
    return "" if schemes <= {"http"} else "authorityInfoAccess names an address that is not http"


def _legacy_access_breach(facts: ProfileFacts) -> str:
    for method in {method for method, _ in facts.access_urls}:
        if "http" not in _access_schemes(facts, method):
            return f"authorityInfoAccess has no http address for {method}"
    return ""


def _internal_name_breach(facts: ProfileFacts) -> str:
    hosts = [_host(url) for _, url in facts.access_urls]
    inside = [host for host in hosts if "." not in host and not _is_address(host)]
    return f"authorityInfoAccess names {', '.join(inside)}, known only to an internal network" if inside else ""


def _scheme(url: str) -> str:
    match = _URL.match(url)
    return match[1].lower() if match else ""


def _host(url: str) -> str:
    match = _URL.match(url)
    return (match[2] or match[3]) if match else ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _authority_key_breach(facts: ProfileFacts) -> str:
    extension = facts.extensions.get(AUTHORITY_KEY_IDENTIFIER)
    if extension is None or facts.certificate.authority_key_identifier is None:
        return "the issuer's key is not named"
    # Section 7.1.2.3: the extension has only the key identifier, without issuer and serial number. The two headers in
    # front of the identifier have 4 bytes.
    only = len(extension.value) == 4 + len(facts.certificate.authority_key_identifier)
    return "" if only and not extension.critical else "the issuer's key is named by more than its identifier"


def _strict_purposes_breach(facts: ProfileFacts) -> str:
    purposes = set(facts.certificate.extended_key_usage or ())
    return "" if purposes == {EMAIL_PROTECTION} else "extended key usage is not only emailProtection"


def _purposes_breach(facts: ProfileFacts) -> str:
    purposes = set(facts.certificate.extended_key_usage or ())
    forbidden = purposes & {_SERVER_AUTH, _CODE_SIGNING, _TIME_STAMPING, ANY_EXTENDED_KEY_USAGE}
    if EMAIL_PROTECTION not in purposes:
        return "extended key usage lacks emailProtection"
    return f"extended key usage has {', '.join(sorted(forbidden))}" if forbidden else ""


def _validity_breach(facts: ProfileFacts) -> str:
    certificate = facts.certificate
    days = _MAX_LEGACY_DAYS if facts.is_of("legacy") else MAX_SUBSCRIBER_DAYS
    # The validity includes its last second, notAfter (section 1.6.1).
    length = certificate.not_after - certificate.not_before + datetime.timedelta(seconds=1)
    return "" if length <= datetime.timedelta(days=days) else f"valid for {length.days} days, expected {days} at most"


def _serial_number_breach(facts: ProfileFacts) -> str:
    number = facts.certificate.serial_number
    if number.bit_length() < _MIN_SERIAL_BITS - 1 or number < 0:
        # The top bit of a random number of 64 bits may be zero, so a length of 63 bits is accepted, too.
        return "the serial number is too short to hold 64 random bits"
    return "the serial number is longer than 20 bytes" if number.bit_length() >= 8 * _MAX_SERIAL_BYTES else ""


def key_fault(key: PublicKey) -> str:
    """The fault of a key under section 6.1.5 in words, or "" if the key has no fault."""
    if key.key_type is KeyType.RSA and (key.bits < MIN_RSA_BITS or key.bits % 8):
        return f"an RSA key of {key.bits} bits, expected {MIN_RSA_BITS} or more, in whole bytes"
    if key.curve is not None and key.curve not in _CURVES:
        return f"a key on curve {key.curve}, expected one of {', '.join(_CURVES)}"
    return f"a key of type {key.key_type}" if key.key_type in (KeyType.UNKNOWN, KeyType.DSA) else ""


def _signature_breach(facts: ProfileFacts) -> str:
    try:
        algorithm = parse_signature_identifier(facts.certificate.signature_algorithm_der)
    except SmimeError:
        return "signed by an algorithm that is not allowed"
    return f"signed by {algorithm.label}" if is_weak_signature(algorithm) else ""


def _alt_name_breach(facts: ProfileFacts) -> str:
    extension = facts.extensions.get(SUBJECT_ALT_NAME)
    if facts.certificate.subject_der != EMPTY_NAME or extension is None or extension.critical:
        return ""
    return "an empty subject with a subjectAltName that is not critical"


def _has(*oids: str) -> Callable[[ProfileFacts], bool]:
    return lambda facts: facts.is_subscriber and any(oid in facts.extensions for oid in oids)


def _lacks(oid: str, text: str) -> Callable[[ProfileFacts], str]:
    return lambda facts: "" if oid in facts.extensions else text


def _critical(*oids: str) -> Callable[[ProfileFacts], str]:
    def breach(facts: ProfileFacts) -> str:
        critical_oids = [oid for oid in oids if oid in facts.extensions and facts.extensions[oid].critical]
        return f"extension {', '.join(critical_oids)} is critical" if critical_oids else ""

    return breach


def _of(*generations: str) -> Callable[[ProfileFacts], bool]:
    return lambda facts: facts.is_of(*generations)


def _subscriber(facts: ProfileFacts) -> bool:
    return facts.is_subscriber


def _mailbox_validated(facts: ProfileFacts) -> bool:
    return facts.is_mailbox_validated


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    severity: Severity
    applies: Callable[[ProfileFacts], bool]
    breach: Callable[[ProfileFacts], str]


_E, _W = Severity.ERROR, Severity.WARNING
_RULES: Final = (
    _Rule("serial_number", _E, _subscriber, _serial_number_breach),
    _Rule("signature_algorithm", _E, _subscriber, _signature_breach),
    _Rule("public_key", _E, _subscriber, lambda facts: key_fault(facts.certificate.public_key)),
    _Rule("validity", _E, _subscriber, _validity_breach),
    _Rule("e_mailbox_validated_allowed_subjectdn_attributes", _E, _mailbox_validated, _subject_attributes_breach),
    _Rule("e_mailbox_validated_enforce_subject_field_restrictions", _E, _mailbox_validated, _subject_attributes_breach),
    _Rule("e_commonname_mailbox_validated", _E, _mailbox_validated, _common_name_breach),
    _Rule("subject_mailbox", _E, _mailbox_validated, _subject_mailbox_breach),
    _Rule("e_single_email_subject_if_present", _E, _subscriber, _subject_email_breach),
    _Rule("e_single_email_if_present", _E, _subscriber, _single_mailbox_breach),
    _Rule("e_san_shall_be_present", _E, _subscriber, _lacks(SUBJECT_ALT_NAME, "there is no subjectAltName")),
    _Rule("subject_alt_name_criticality", _E, _subscriber, _alt_name_breach),
    _Rule(
        "w_san_should_not_be_critical",
        _W,
        lambda facts: facts.is_subscriber and facts.certificate.subject_der != EMPTY_NAME,
        _critical(SUBJECT_ALT_NAME),
    ),
    _Rule("e_key_usage_presence", _E, _subscriber, _lacks(KEY_USAGE, "there is no keyUsage")),
    _Rule(
        "w_key_usage_criticality",
        _W,
        _has(KEY_USAGE),
        lambda facts: "" if facts.extensions[KEY_USAGE].critical else "keyUsage is not critical",
    ),
    _Rule(
        "key_usage_bits",
        _E,
        _has(KEY_USAGE),
        lambda facts: "" if facts.certificate.key_usage else "no key usage at all",
    ),
    *(_Rule(rule.name, _E, rule.applies, rule.breach) for rule in KEY_USAGE_RULES),
    _Rule("e_smime_strict_eku_check", _E, _of("strict"), _strict_purposes_breach),
    _Rule("e_smime_legacy_multipurpose_eku_check", _E, _of("legacy", "multipurpose"), _purposes_breach),
    _Rule("e_authority_key_identifier_correct", _E, _subscriber, _authority_key_breach),
    _Rule(
        "e_subscribers_shall_have_crl_distribution_points",
        _E,
        _subscriber,
        _lacks(CRL_DISTRIBUTION_POINTS, "there is no cRLDistributionPoints"),
    ),
    _Rule("e_subscribers_crl_distribution_points_are_http", _E, _has(CRL_DISTRIBUTION_POINTS), _crl_scheme_breach),
    _Rule("e_smime_strict_aia_shall_have_http_only", _E, _of("strict", "multipurpose"), _access_breach),
    _Rule("e_smime_legacy_aia_shall_have_one_http", _E, _of("legacy"), _legacy_access_breach),
    _Rule("w_smime_aia_contains_internal_names", _W, _has(AUTHORITY_INFO_ACCESS), _internal_name_breach),
    _Rule(
        "e_strict_multipurpose_smime_ext_subject_directory_attr",
        _E,
        _of("strict", "multipurpose"),
        lambda facts: (
            "there are subjectDirectoryAttributes" if _SUBJECT_DIRECTORY_ATTRIBUTES in facts.extensions else ""
        ),
    ),
    _Rule("e_smime_qc_statements_must_not_be_critical", _E, _has(_QC_STATEMENTS), _critical(_QC_STATEMENTS)),
    _Rule("e_adobe_extensions_legacy_multipurpose_criticality", _E, _of("legacy", "multipurpose"), _critical(*_ADOBE)),
    _Rule(
        "e_adobe_extensions_strict_presence",
        _E,
        _of("strict"),
        lambda facts: "there are Adobe's extensions" if set(_ADOBE) & set(facts.extensions) else "",
    ),
)
