"""The verdicts of other projects on paths with which the core disagrees, with reasons."""

from __future__ import annotations

import re
from typing import Final

from tools.conformance.case import Skip

_SERVER_PROFILE: Final = "https://cabforum.org/working-groups/server/baseline-requirements/"
EXPLICIT_CURVE: Final = Skip(
    reason="explicit parameters whose six values are those of a named curve are that curve; nobody should write them",
    link="https://www.rfc-editor.org/rfc/rfc5480#section-2.1.1",
)
# The first pattern that matches gives the reason.
_LIMBO_SKIPS: Final = (
    (
        r"webpki::san::(mismatch|wildcard|unicode|no-san).*|rfc5280::ca-as-leaf-wrong-san",
        Skip(
            reason="whether a certificate is one for the name of a server is not asked of a path for mail",
            link="https://www.rfc-editor.org/rfc/rfc8550#section-3",
        ),
    ),
    (
        r"rfc5280::san::(underscore-dns|ip-in-dns)",
        Skip(
            reason="how a dNSName is written is looked at where a constraint speaks of it, and not otherwise",
            link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6",
        ),
    ),
    (
        r"webpki::forbidden-weak-rsa-.*",
        Skip(
            reason=(
                "a path takes RSA keys of 1,024 bits and more; a signer below 2,048 is never verified, "
                "which the verdict calls weak-key"
            ),
            link="https://www.rfc-editor.org/rfc/rfc8551#section-4.3",
        ),
    ),
    (
        r"webpki::explicit-curve",
        EXPLICIT_CURVE,
    ),
    (
        r"webpki::malformed-aia",
        Skip(
            reason="where certificates may be fetched is no part of a path, and a damaged address is none",
            link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.2.1",
        ),
    ),
    (
        r"webpki::.*",
        Skip(
            reason="the profile for web servers demands it of who issues; RFC 5280 allows it",
            link=_SERVER_PROFILE,
        ),
    ),
    (
        r"pathlen::max-chain-depth-.*",
        Skip(
            reason="a length of paths that the caller sets: here the certificates do, and one limit for all paths",
            link="https://www.rfc-editor.org/rfc/rfc5280#section-6.1.1",
        ),
    ),
    (
        r"pathological::nc-dos-.*",
        Skip(
            reason="a well-formed path, which others refuse because of its size; here 2,048 names among as many "
            "constraints are looked up, and the path holds",
            link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10",
        ),
    ),
    (
        r"rfc5280::nc::invalid-dnsname-leading-period",
        Skip(
            reason="a dot before a dNSName constraint is read as with the other forms, because it is often written",
            link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10",
        ),
    ),
    (
        r"rfc5280::serial::.*",
        Skip(
            reason="serial numbers that are long, zero or negative must not be issued, and are to be read gracefully",
            link="https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.2",
        ),
    ),
    (
        r"crl::crlnumber-.*",
        Skip(
            reason="the number of a list tells which of two is newer; without one, or with a critical one, it counts",
            link="https://www.rfc-editor.org/rfc/rfc5280#section-5.2.3",
        ),
    ),
    (
        r"rfc5280::(aki|ski)::.*-missing-.*",
        Skip(
            reason="key identifiers help to find a path, and one that is found without them holds as well",
            link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.1",
        ),
    ),
    (
        r"rfc5280::nc::not-allowed-in-ee-.*",
        Skip(
            reason="name constraints in a certificate with none below it constrain nobody",
            link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10",
        ),
    ),
    (
        r"rfc5280::.*critical.*",
        Skip(
            reason="whether an extension that is understood is critical makes no difference to what it says",
            link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2",
        ),
    ),
    (
        r"rfc5280::.*",
        Skip(
            reason="RFC 5280 demands it of who issues, and its validation of paths does not ask for it",
            link="https://www.rfc-editor.org/rfc/rfc5280#section-6.1",
        ),
    ),
)
# Only these testcases are skipped. The core must agree on all other testcases that a pattern matches.
_LIMBO_SKIPPED: Final = """
    crl::crlnumber-missing crl::crlnumber-critical pathlen::max-chain-depth-0-exhausted
    pathlen::max-chain-depth-1-exhausted pathological::nc-dos-1 pathological::nc-dos-2 pathological::nc-dos-3
    rfc5280::aki::critical-aki rfc5280::aki::leaf-missing-aki rfc5280::aki::intermediate-missing-aki
    rfc5280::aki::cross-signed-root-missing-aki rfc5280::nc::permitted-dns-match-noncritical
    rfc5280::nc::invalid-dnsname-leading-period rfc5280::nc::not-allowed-in-ee-noncritical
    rfc5280::nc::not-allowed-in-ee-critical rfc5280::pc::ica-noncritical-pc
    rfc5280::san::noncritical-with-empty-subject rfc5280::san::underscore-dns rfc5280::san::ip-in-dns
    rfc5280::serial::too-long rfc5280::serial::zero rfc5280::serial::negative rfc5280::ski::critical-ski
    rfc5280::ski::root-missing-ski rfc5280::ski::intermediate-missing-ski rfc5280::ca-empty-subject
    rfc5280::root-non-critical-basic-constraints rfc5280::leaf-ku-keycertsign rfc5280::ca-as-leaf-wrong-san
    webpki::aki::root-with-aki-missing-keyidentifier webpki::aki::root-with-aki-authoritycertissuer
    webpki::aki::root-with-aki-authoritycertserialnumber webpki::aki::root-with-aki-all-fields
    webpki::aki::root-with-aki-ski-mismatch webpki::cn::ipv4-hex-mismatch webpki::cn::ipv4-leading-zeros-mismatch
    webpki::cn::ipv6-uppercase-mismatch webpki::cn::ipv6-uncompressed-mismatch webpki::cn::ipv6-non-rfc5952-mismatch
    webpki::cn::punycode-not-in-san webpki::cn::utf8-vs-punycode-mismatch webpki::cn::not-in-san
    webpki::cn::case-mismatch webpki::eku::ee-anyeku webpki::eku::ee-critical-eku webpki::eku::ee-without-eku
    webpki::eku::root-has-eku webpki::san::mismatch-domain-san webpki::san::mismatch-subdomain-san
    webpki::san::mismatch-subdomain-apex-san webpki::san::mismatch-apex-subdomain-san
    webpki::san::public-suffix-wildcard-san webpki::san::public-suffix-multi-label-wildcard-san
    webpki::san::public-suffix-private-namespace-wildcard-san webpki::san::wildcard-embedded-leftmost-san
    webpki::san::wildcard-not-in-leftmost-san webpki::san::wildcard-match-across-labels-san
    webpki::san::wildcard-embedded-ulabel-san webpki::san::unicode-emoji-san webpki::san::no-san
    webpki::san::san-critical-with-nonempty-subject webpki::san::san-wildcard-only
    webpki::san::san-wildcard-only-tld webpki::malformed-aia webpki::forbidden-dsa-leaf
    webpki::forbidden-weak-rsa-key-in-root webpki::forbidden-weak-rsa-in-leaf
    webpki::forbidden-rsa-not-divisible-by-8-in-root webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf
    webpki::v1-cert webpki::explicit-curve webpki::ee-basicconstraints-ca webpki::ca-as-leaf
"""


def limbo_skip(name: str) -> Skip | None:
    """The reason why a testcase of limbo is not expected to hold; None if it has to hold."""
    if name not in _LIMBO_SKIPPED.split():
        return None
    return next(skip for pattern, skip in _LIMBO_SKIPS if re.fullmatch(pattern, name))


_OPENSSL_OPTIONS: Final = "https://docs.openssl.org/3.5/man1/openssl-verification-options/"
_OPENSSL_SKIPS: Final = (
    (
        r".*(trust|mistrust|EKU)\b.*",
        Skip(
            reason="OpenSSL's settings behind a TRUSTED CERTIFICATE, which say what it is trusted for, are not read: "
            "here the trust store says it",
            link=_OPENSSL_OPTIONS,
        ),
    ),
    (
        r"fail client purpose intermediate trusted",
        Skip(
            reason="OpenSSL stops at the trusted authority, which is not for servers; here the search goes on, and "
            "finds the path over the other one",
            link="https://www.rfc-editor.org/rfc/rfc4158#section-2.4.1",
        ),
    ),
    (
        r".*proxy cert.*",
        Skip(
            reason="proxy certificates sign no mail, and are not accepted under any setting",
            link="https://www.rfc-editor.org/rfc/rfc3820",
        ),
    ),
    (
        r".*codesign.*",
        Skip(
            reason="certificates that sign code obey rules of their own, and nothing here asks for one",
            link="https://cabforum.org/working-groups/code-signing/requirements/",
        ),
    ),
    (
        r".*strict.*",
        Skip(
            reason="the option -x509_strict asks for what who issues has to obey; there is no such setting",
            link=_OPENSSL_OPTIONS,
        ),
    ),
    (
        r".*auth level 3.*",
        Skip(
            reason="the option -auth_level 3 demands RSA keys of 3,072 bits; there is no such setting",
            link=_OPENSSL_OPTIONS,
        ),
    ),
    (
        r".*verify_depth.*",
        Skip(
            reason="the option -verify_depth limits paths; here the certificates do, and one limit for all paths",
            link=_OPENSSL_OPTIONS,
        ),
    ),
    (
        r".*(self-issued).*",
        Skip(
            reason="any certificate may be an anchor here, as with OpenSSL's -partial_chain",
            link="https://www.rfc-editor.org/rfc/rfc5280#section-6.1.1",
        ),
    ),
    (
        r".*CN.*",
        Skip(
            reason="a common name is no name of a server here, and constraints on those do not concern it",
            link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10",
        ),
    ),
    (
        r".*CVE-2022-4203.*",
        Skip(
            reason="the constraint is on SRV names, which are not compared here, and is not critical",
            link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10",
        ),
    ),
    (
        r".*Too many names.*",
        Skip(
            reason="a well-formed path, which OpenSSL refuses because of its size; here names are looked up among the "
            "constraints, and the path holds",
            link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10",
        ),
    ),
    (
        r"reject .*explicit curve.*",
        EXPLICIT_CURVE,
    ),
    (
        r".*rsa instead of rsaEncryption",
        Skip(
            reason="a key under X.509's own name for RSA, 2.5.8.1.1, which PKIX does not have, is of an unknown kind",
            link="https://www.rfc-editor.org/rfc/rfc3279#section-2.3.1",
        ),
    ),
)
# The numbers of the skipped tests in the set's list, and the titles of skipped tests that are not in it.
_OPENSSL_NUMBERS: Final = """
    14 17 21 22 24 25 27 28 32 33 50 54 55 56 65 66 67 68 69 70 71 72 73 74 75 86 88 90 101 102 103 104 105 111 112
    115 118 131 132 135 142 145
"""
_OPENSSL_TITLES: Final = {
    "Name Constraints CNs not permitted",
    "Name Constraints CN hostname not permitted",
    "Name Constraints CN BMPSTRING hostname",
    "CVE-2022-4203 type confusion test",
    "Too many names and constraints 1",
    "Too many names and constraints 2",
    "Too many names and constraints 3",
    "Public Key Algorithm rsa instead of rsaEncryption",
}


def openssl_skip(title: str, number: int = 0) -> Skip | None:
    """The reason why a test of OpenSSL is not expected to hold; None if it has to hold.

    `number` is the test's number in the set's list, 0 for a test that is not in the list.
    """
    if str(number) not in _OPENSSL_NUMBERS.split() and title not in _OPENSSL_TITLES:
        return None
    return next(skip for pattern, skip in _OPENSSL_SKIPS if re.fullmatch(pattern, title))
