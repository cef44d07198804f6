"""BoringSSL's cases for the parts of a path: names, name constraints, policies, signatures.

The set has no verdicts beside its files; those below are what `pki/*_unittest.cc` of the same version expects of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from smime_core.pem import find_pem_blocks
from tests.conformance.case import Case, Skip
from tests.conformance.checks.paths import NamesAllowed, NamesMatch, Policies, SignedOctets

_SET: Final = "boringssl-pki"

# Constraints, then subjects and subjectAltNames: + allowed, - not.
_NAME_CONSTRAINTS: Final = """
directoryname: +name-us +name-us-arizona -name-us-california -name-us-california-mountain_view -name-de -name-jp
directoryname: +name-jp-tokyo -name-ca +san-permitted +san-excluded-dnsname -san-excluded-directoryname
directoryname: +san-excluded-ipaddress +name-us-arizona-email +name-us-arizona-email-invalidstring
directoryname-excluded: +name-us -name-us-california -name-us-california-mountain_view
directoryname-excludeall: -name-us -name-us-california -name-jp
directoryname_and_dnsname: +name-us-arizona-foo.com +name-us-arizona-permitted.example.com
directoryname_and_dnsname: -name-us-california-permitted.example.com
directoryname_and_dnsname_and_ipaddress: +name-us-arizona-1.1.1.1 +name-us-arizona-192.168.1.1
directoryname_and_dnsname_and_ipaddress: -name-us-california-192.168.1.1
dnsname: +san-permitted -san-excluded-dnsname +san-excluded-directoryname +san-excluded-ipaddress
ipaddress: +san-permitted +san-excluded-dnsname +san-excluded-directoryname -san-excluded-ipaddress
ipaddress-permit_all: +san-ipaddress4
ipaddress-invalid_mask_not_contiguous_1: -san-ipaddress4
ipaddress-invalid_mask_not_contiguous_2: -san-ipaddress4
ipaddress-invalid_mask_not_contiguous_3: -san-ipaddress4
ipaddress-invalid_mask_not_contiguous_4: -san-ipaddress4
ipaddress-invalid_addr: -san-ipaddress4
othername-permitted: -san-othername
othername-excluded: -san-othername +san-rfc822name-quoted
rfc822name-permitted: -san-rfc822name-empty-localpart +san-rfc822name +san-rfc822name-domaincase
rfc822name-permitted: -san-rfc822name-localpartcase -san-rfc822name-no-at -san-rfc822name-two-ats
rfc822name-permitted: -san-rfc822name-subdomain -san-rfc822name-multiple -name-us-arizona-email -san-rfc822name-ipv4
rfc822name-permitted: -san-rfc822name-quoted
rfc822name-permitted: -name-us-arizona-email-localpartcase -name-us-arizona-email-multiple
rfc822name-excluded: -san-rfc822name -san-rfc822name-domaincase +san-rfc822name-localpartcase -san-rfc822name-ipv4
rfc822name-excluded: -san-rfc822name-no-at -san-rfc822name-two-ats +san-rfc822name-subdomain
rfc822name-excluded: +name-us-arizona-email -name-us-arizona-email-localpartcase
rfc822name-excluded: -name-us-arizona-email-multiple
rfc822name-permitted-hostname: +san-rfc822name +san-rfc822name-domaincase +san-rfc822name-localpartcase
rfc822name-permitted-hostname: -san-rfc822name-subdomain -san-rfc822name-no-at -san-rfc822name-two-ats
rfc822name-permitted-hostname: -san-rfc822name-empty-localpart -san-rfc822name-quoted +san-rfc822name-multiple
rfc822name-permitted-hostname: +name-us-arizona-email +name-us-arizona-email-multiple
rfc822name-permitted-hostname: -name-us-arizona-email-invalidstring
rfc822name-excluded-hostname: -san-rfc822name -san-rfc822name-domaincase +san-rfc822name-subdomain
rfc822name-excluded-hostname: -san-rfc822name-no-at -san-rfc822name-two-ats -san-rfc822name-empty-localpart
rfc822name-excluded-hostname: -san-rfc822name-localpartcase
rfc822name-permitted-hostnamewithat: -san-rfc822name-empty-localpart -san-rfc822name -san-rfc822name-domaincase
rfc822name-permitted-hostnamewithat: -san-rfc822name-subdomain -san-rfc822name-no-at -san-rfc822name-two-ats
rfc822name-excluded-hostnamewithat: -san-rfc822name-empty-localpart -san-rfc822name -san-rfc822name-domaincase
rfc822name-excluded-hostnamewithat: -san-rfc822name-subdomain -san-rfc822name-no-at -san-rfc822name-two-ats
rfc822name-permitted-subdomains: -san-rfc822name +san-rfc822name-subdomain +san-rfc822name-subdomaincase
rfc822name-permitted-subdomains: -san-rfc822name-subdomain-no-at -san-rfc822name-subdomain-two-ats
rfc822name-excluded-subdomains: +san-rfc822name -san-rfc822name-subdomain -san-rfc822name-subdomaincase
rfc822name-excluded-subdomains: -san-rfc822name-subdomain-no-at -san-rfc822name-subdomain-two-ats
rfc822name-permitted-empty: -san-rfc822name -san-rfc822name-empty
rfc822name-excluded-empty: -san-rfc822name -san-rfc822name-empty
rfc822name-permitted-ipv4: -san-rfc822name -san-rfc822name-empty -san-rfc822name-ipv4
rfc822name-excluded-ipv4: -san-rfc822name -san-rfc822name-empty -san-rfc822name-ipv4
rfc822name-permitted-quoted: -san-rfc822name-quoted
rfc822name-excluded-quoted: -san-rfc822name-subdomain
x400address-permitted: -san-x400address
x400address-excluded: -san-x400address
edipartyname-permitted: -san-edipartyname
edipartyname-excluded: -san-edipartyname
uri-permitted: -san-uri
uri-excluded: -san-uri
registeredid-permitted: -san-registeredid
registeredid-excluded: -san-registeredid
dnsname-with_min_0: -san-permitted
dnsname-with_min_1: -san-permitted
dnsname-with_min_0_and_max: -san-permitted
dnsname-with_min_1_and_max: -san-permitted
dnsname-with_max: -san-permitted
invalid-no_subtrees: -name-us
invalid-empty_permitted_subtree: -name-us
invalid-empty_excluded_subtree: -name-us
"""
_NAME_SKIPS: Final = {
    "rfc822name-excluded +san-rfc822name-localpartcase": Skip(
        reason="who excludes alice@ excludes Alice@ too, because mail to both reaches the same person",
        link="https://www.rfc-editor.org/rfc/rfc5280#section-7.5",
    ),
    "rfc822name-permitted-hostname -name-us-arizona-email-invalidstring": Skip(
        reason="an emailAddress is read in whatever type of string it stands",
        link="https://www.rfc-editor.org/rfc/rfc2985#section-5.2.1",
    ),
    "dnsname-with_min_0 -san-permitted": Skip(
        reason="a minimum of 0 says nothing, and is read where it is written out",
        link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10",
    ),
    **{
        name: Skip(
            reason="a quoted local part is read as the mailbox that it names, and not refused as such",
            link="https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2",
        )
        for name in (
            "rfc822name-permitted -san-rfc822name-quoted",
            "rfc822name-permitted-hostname -san-rfc822name-quoted",
            "rfc822name-permitted-quoted -san-rfc822name-quoted",
            "rfc822name-excluded-quoted -san-rfc822name-subdomain",
        )
    },
}
_LOOSE_KEY: Final = Skip(
    reason="a key that is written loosely is read: what it verifies is the same",
    link="https://www.rfc-editor.org/rfc/rfc3279#section-2.3.1",
)
_SIGNATURE_SKIPS: Final = {
    "rsa-pkcs1-sha1-key-params-absent": _LOOSE_KEY,
    "rsa-pkcs1-sha256-key-encoded-ber": _LOOSE_KEY,
    "rsa-pkcs1-sha256-spki-non-null-params": _LOOSE_KEY,
    "rsa-pss-sha256-using-pss-key-with-params": Skip(
        reason="keys that are bound to RSASSA-PSS are supported here",
        link="https://www.rfc-editor.org/rfc/rfc4055#section-3.1",
    ),
}
_POLICIES: Final = {
    "anypolicy": ("2.5.29.32.0",),
    "anypolicy_with_qualifier": ("2.5.29.32.0",),
    "policy_1_2_3": ("1.2.3",),
    "policy_1_2_3_and_1_2_4": ("1.2.3", "1.2.4"),
    "policy_1_2_3_and_1_2_4_with_qualifiers": ("1.2.3", "1.2.4"),
    "policy_1_2_3_with_qualifier": ("1.2.3",),
}
_GOOD_SIGNATURES: Final = {
    "ecdsa-prime256v1-sha512",
    "ecdsa-secp384r1-sha256",
    "mldsa-44",
    "mldsa-65",
    "mldsa-87",
    "rsa-pkcs1-sha1",
    "rsa-pkcs1-sha256",
    "rsa-pss-sha256",
    "rsa2048-pkcs1-sha512",
}


def read_path_parts(folder: Path) -> Iterator[Case]:
    """Everything that is a part of a path's validation."""
    yield from _read_name_constraints(folder / "name_constraints_unittest")
    yield from _read_names(folder / "verify_name_match_unittest" / "names")
    yield from _read_policies(folder / "certificate_policies_unittest")
    yield from _read_signatures(folder / "verify_signed_data_unittest")


def _read_name_constraints(folder: Path) -> Iterator[Case]:
    for line in _NAME_CONSTRAINTS.strip().splitlines() if folder.is_dir() else ():
        constraints, _, names = line.partition(": ")
        for verdict, name in ((word[0], word[1:]) for word in names.split()):
            octets = _octets(folder / f"{name}.pem")
            task = NamesAllowed(
                constraints=_octets(folder / f"{constraints}.pem"),
                is_allowed=verdict == "+",
                **({"alternative_names": octets} if name.startswith("san-") else {"subject": octets}),
            )
            label = f"{constraints} {verdict}{name}"
            yield Case(set=_SET, name=label, task=task, source="name_constraints_unittest", skip=_NAME_SKIPS.get(label))


def _read_names(folder: Path) -> Iterator[Case]:
    # Files whose names start alike hold the same name in other words.
    paths = sorted(folder.glob("*.pem"))
    for one, other in itertools.combinations_with_replacement(paths, 2):
        is_damaged = any(path.stem.startswith("invalid-") for path in (one, other))
        is_same = None if is_damaged else _meaning(one.stem) == _meaning(other.stem)
        if is_damaged and one != other:
            continue
        task = NamesMatch(names=(_octets(one), _octets(other)), is_same=is_same)
        yield Case(set=_SET, name=f"{one.stem} {other.stem}", task=task, source="verify_name_match_unittest")


def _meaning(stem: str) -> str:
    # "ascii-UTF8-case_swap-extra_attr": neither the type nor how it is written matters, what was added does.
    kind, *words = stem.split("-")
    if kind == "ascii" and "mixed" not in words and "sorting" not in stem:
        return "-".join([kind, *words[2:]])
    return kind if kind.startswith("unicode") else stem.removesuffix("_1").removesuffix("_2")


def _read_policies(folder: Path) -> Iterator[Case]:
    for path in sorted(folder.glob("*.pem")):
        task = Policies(value=_octets(path), policies=_POLICIES.get(path.stem))
        yield Case(set=_SET, name=path.stem, task=task, source="certificate_policies_unittest")


def _read_signatures(folder: Path) -> Iterator[Case]:
    for path in sorted(folder.glob("*.pem")):
        blocks = {block.label: block.octets for block in find_pem_blocks(path.read_bytes())}
        task = SignedOctets(
            public_key=blocks["PUBLIC KEY"],
            algorithm=blocks["ALGORITHM"],
            octets=blocks["DATA"],
            signature=blocks["SIGNATURE"],
            is_good=path.stem in _GOOD_SIGNATURES,
        )
        skip = _SIGNATURE_SKIPS.get(path.stem)
        yield Case(set=_SET, name=path.stem, task=task, source="verify_signed_data_unittest", skip=skip)


def _octets(path: Path) -> bytes:
    return find_pem_blocks(path.read_bytes())[0].octets
