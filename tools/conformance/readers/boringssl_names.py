"""BoringSSL's cases for names: name constraints with the names that they allow, and pairs of names that are the same.

The verdicts are those of `pki/name_constraints_unittest.cc` and `verify_name_match_unittest.cc` of the same version.
BoringSSL's tests compare some pairs of names; here the verdicts are extended to all pairs of files.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.pem import find_pem_blocks
from tools.conformance.case import Case, Skip
from tools.conformance.checks.paths import NamesAllowed, NamesMatch

_SET: Final = "boringssl-pki"

# In each line the file of the constraints, then files of subjects and subjectAltNames. "+" means that the name is
# allowed, "-" that it is refused, "~" that critical constraints refuse it.
_FILES: Final = """
directoryname: +name-us +name-us-arizona -name-us-california -name-us-california-mountain_view -name-de -name-jp
directoryname: +name-jp-tokyo -name-ca +san-permitted +san-excluded-dnsname -san-excluded-directoryname
directoryname: +san-excluded-ipaddress +name-us-arizona-email +name-us-arizona-email-invalidstring
directoryname-excluded: +name-us -name-us-california -name-us-california-mountain_view
directoryname-excludeall: -name-us -name-us-california -name-jp
directoryname_and_dnsname: +name-us-arizona-foo.com +name-us-arizona-permitted.example.com
directoryname_and_dnsname: -name-us-california-permitted.example.com
directoryname_and_dnsname_and_ipaddress: +name-us-arizona-1.1.1.1 +name-us-arizona-192.168.1.1
directoryname_and_dnsname_and_ipaddress: -name-us-california-192.168.1.1 +name-us-arizona-ipv6
dnsname: +san-permitted -san-excluded-dnsname +san-excluded-directoryname +san-excluded-ipaddress
ipaddress: +san-permitted +san-excluded-dnsname +san-excluded-directoryname -san-excluded-ipaddress
othername-permitted: ~san-othername
othername-excluded: ~san-othername +san-rfc822name-quoted
rfc822name-permitted: +san-rfc822name +san-rfc822name-domaincase -san-rfc822name-localpartcase -san-rfc822name-no-at
rfc822name-permitted: -san-rfc822name-two-ats -san-rfc822name-subdomain -san-rfc822name-multiple
rfc822name-permitted: -name-us-arizona-email -san-rfc822name-ipv4 -san-rfc822name-quoted
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
rfc822name-permitted-hostnamewithat: -san-rfc822name-localpartcase
rfc822name-excluded-hostnamewithat: -san-rfc822name-empty-localpart -san-rfc822name -san-rfc822name-domaincase
rfc822name-excluded-hostnamewithat: -san-rfc822name-subdomain -san-rfc822name-no-at -san-rfc822name-two-ats
rfc822name-excluded-hostnamewithat: -san-rfc822name-localpartcase
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
x400address-permitted: ~san-x400address
x400address-excluded: ~san-x400address
edipartyname-permitted: ~san-edipartyname
edipartyname-excluded: ~san-edipartyname
uri-permitted: ~san-uri
uri-excluded: ~san-uri
registeredid-permitted: ~san-registeredid
registeredid-excluded: ~san-registeredid
"""
# BoringSSL cannot read these constraints. The core must refuse at least names of the form that is damaged in them.
_DAMAGED: Final = """
dnsname-with_min_0: -san-permitted
dnsname-with_min_1: -san-permitted
dnsname-with_min_0_and_max: -san-permitted
dnsname-with_min_1_and_max: -san-permitted
dnsname-with_max: -san-permitted
ipaddress-invalid_mask_not_contiguous_1: -san-ipaddress4
ipaddress-invalid_mask_not_contiguous_2: -san-ipaddress4
ipaddress-invalid_mask_not_contiguous_3: -san-ipaddress4
ipaddress-invalid_mask_not_contiguous_4: -san-ipaddress4
ipaddress-invalid_addr: -san-ipaddress4
invalid-no_subtrees: -name-us
invalid-empty_permitted_subtree: -name-us
invalid-empty_excluded_subtree: -name-us
"""
# Host names; "" is the empty name.
_HOSTS: Final = """
dnsname: +permitted.example.com +permitted.example.com. +a.permitted.example.com -apermitted.example.com
dnsname: -apermitted.example.com. +alsopermitted.example.com -excluded.permitted.example.com
dnsname: -a.excluded.permitted.example.com -stillnotpermitted.excluded.permitted.example.com
dnsname: -a.stillnotpermitted.excluded.permitted.example.com -extraneousexclusion.example.com
dnsname: -a.extraneousexclusion.example.com -other.example.com -other.com -*.permitted.example.com
dnsname: -*.excluded.permitted.example.com +*.foo.permitted.example.com +*.alsopermitted.example.com -*.example2.com
dnsname: +*xcluded.permitted.example.com +exclude*.permitted.example.com +excl*ded.permitted.example.com
dnsname: -*. -*.* -.* -* +permitted.example3.com +permitted.example3.com. +a.permitted.example3.com
dnsname: +a.permitted.example3.com.
dnsname2: +com +bar.com +baz.bar.com -foo.bar.com -baz.foo.bar.com +*.baz.bar.com +*.com -*.bar.com -*.foo.bar.com
dnsname-permitted_with_leading_dot: -com -bar.com -foobar.com +foo.bar.com +*.bar.com
dnsname-excluded_with_leading_dot: +com +bar.com +foobar.com -foo.bar.com -*.bar.com
dnsname-permitted_two_dot: -com -com. -foo.com -*.com
dnsname-excluded: +"" +foo.com +permitted.example.com -excluded.permitted.example.com
dnsname-excluded: -a.excluded.permitted.example.com
dnsname-excludeall: -"" -foo.com -permitted.example.com -foo.permitted.example.com
dnsname-exclude_dot: -foo.com +permitted.example.com +foo.permitted.example.com
"""
_ADDRESSES: Final = """
ipaddress: -192.169.0.1 +192.168.0.1 -192.168.5.1 -192.168.5.33 -192.167.5.31 +192.167.5.32 +192.167.5.63
ipaddress: -192.167.5.64 -192.166.5.32 -102:304:506:708:90a:b0d:0:1 +102:304:506:708:90a:b0c:0:1
ipaddress: -102:304:506:708:90a:b0c:500:1 -102:304:506:708:90a:b0c:521:1 -102:304:506:708:90a:b0b:51f:ffff
ipaddress: +102:304:506:708:90a:b0b:520:0 +102:304:506:708:90a:b0b:53f:ffff -102:304:506:708:90a:b0b:540:0
ipaddress: -102:304:506:708:90a:b0a:521:1
ipaddress-excluded: +192.168.0.1 -192.168.5.1 +102:304:506:708:90a:b0d:0:1
ipaddress-excludeall: -192.168.0.1 -1.1.1.1 -201:101:101:101:101:101:101:101 -102:304:506:708:90a:b0d:0:1
ipaddress-permit_singlehost: -0.0.0.0 -192.168.1.1 -192.168.1.2 +192.168.1.3 -192.168.1.4 -255.255.255.255
ipaddress-permit_prefix31: -0.0.0.0 -192.168.1.1 +192.168.1.2 +192.168.1.3 -192.168.1.4 -192.168.1.5 -255.255.255.255
ipaddress-permit_prefix1: -0.0.0.0 -127.255.255.255 +128.0.0.0 +255.255.255.255
ipaddress-permit_all: +0.0.0.0 +192.168.1.1 +255.255.255.255
ipaddress-mapped_addrs: +192.168.1.0 -::ffff:c0a8:100 -192.168.1.1 +192.168.1.2 +::ffff:c0a8:200 -192.168.2.0
ipaddress-mapped_addrs: -::ffff:c0a8:201 +::ffff:c0a8:202
"""
# Directory names in a subjectAltName, by their files.
_DIRECTORIES: Final = """
directoryname-excluded: +name-empty
directoryname-excludeall: -name-empty
"""
_DOT: Final = Skip(
    reason="who excludes the names below a host, by a dot before it, excludes the host as well",
    link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10",
)
_LONE_DOT: Final = Skip(
    reason="a dot alone is a damaged constraint on hosts, and refuses every name of one",
    link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10",
)
_URIS: Final = Skip(
    reason="constraints on URIs are processed, and hold whether they are critical or not",
    link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10",
)
_SKIPS: Final = {
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
    "uri-permitted ~san-uri, not critical": _URIS,
    "uri-excluded ~san-uri, not critical": _URIS,
    "dnsname-excluded_with_leading_dot +bar.com": _DOT,
    "dnsname-exclude_dot +permitted.example.com": _LONE_DOT,
    "dnsname-exclude_dot +foo.permitted.example.com": _LONE_DOT,
    'dnsname-excluded +""': Skip(
        reason="what is no name of a host is not allowed where some are excluded",
        link="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10",
    ),
}
_TELETEX: Final = Skip(
    reason="a TeletexString compares as the text that its writers mean by it, and not octet by octet",
    link="https://www.rfc-editor.org/rfc/rfc5280#section-8",
)
_STRINGS: Final = ("PRINTABLESTRING", "T61STRING", "UTF8", "BMPSTRING", "UNIVERSALSTRING")


def read_name_constraints(folder: Path) -> Iterator[Case]:
    """Constraints with names, each in an extension that is critical and in one that is not."""
    if not folder.is_dir():
        return
    for table, read in (
        (_FILES, _read_file),
        (_DAMAGED, _read_file),
        (_HOSTS, _read_host),
        (_ADDRESSES, _read_address),
        (_DIRECTORIES, _read_directory),
    ):
        yield from _read_table(folder, table, read)
    octets = _octets(folder / "dnsname.pem")
    damaged = octets.replace(b"permitted.example2.com", b"\xffermitted.example2.com")
    for name, constraints in (("no constraints", b""), ("dnsname with an octet beyond ASCII", damaged)):
        names = _octets(folder / "san-permitted.pem")
        task = NamesAllowed(constraints=constraints, alternative_names=names, is_allowed=False)
        yield Case(set=_SET, name=name, task=task, source="name_constraints_unittest")


def _read_table(folder: Path, table: str, read: Callable[[Path, str], tuple[bytes, bytes | None]]) -> Iterator[Case]:
    for line in table.strip().splitlines():
        constraints, _, names = line.partition(": ")
        octets = _octets(folder / f"{constraints}.pem")
        for verdict, name in ((word[0], word[1:]) for word in names.split()):
            subject, alternative_names = read(folder, name)
            for is_critical in (True, False):
                label = f"{constraints} {verdict}{name}{'' if is_critical else ', not critical'}"
                task = NamesAllowed(
                    constraints=octets,
                    is_critical=is_critical,
                    subject=subject,
                    alternative_names=alternative_names,
                    is_allowed=verdict == "+" or (verdict == "~" and not is_critical),
                )
                skip = _SKIPS.get(label) or _SKIPS.get(label.removesuffix(", not critical"))
                yield Case(set=_SET, name=label, task=task, source="name_constraints_unittest", skip=skip)


def _read_file(folder: Path, name: str) -> tuple[bytes, bytes | None]:
    octets = _octets(folder / f"{name}.pem")
    return (der.sequence(), octets) if name.startswith("san-") else (octets, None)


def _read_host(folder: Path, name: str) -> tuple[bytes, bytes | None]:
    del folder
    return der.sequence(), der.sequence(der.element(0x82, name.strip('"').encode()))


def _read_address(folder: Path, name: str) -> tuple[bytes, bytes | None]:
    del folder
    return der.sequence(), der.sequence(der.element(0x87, ipaddress.ip_address(name).packed))


def _read_directory(folder: Path, name: str) -> tuple[bytes, bytes | None]:
    return der.sequence(), der.sequence(der.explicit(4, _octets(folder / f"{name}.pem")))


def read_names(folder: Path) -> Iterator[Case]:
    """Pairs of names that are the same or not, and names that are in a subtree or not."""
    # Files whose file names begin with the same words have the same distinguished name in different encodings.
    paths = sorted(folder.glob("*.pem"))
    for file, other in itertools.combinations_with_replacement(paths, 2):
        is_damaged = any(path.stem.startswith("invalid-") for path in (file, other))
        is_same = None if is_damaged else _meaning(file.stem) == _meaning(other.stem)
        if is_damaged and file != other:
            continue
        task = NamesMatch(names=(_octets(file), _octets(other)), is_same=is_same)
        is_read_otherwise = is_same is False and _text_meaning(file.stem) == _text_meaning(other.stem)
        if is_read_otherwise and not _is_compared(file.stem, other.stem):
            continue
        skip = _TELETEX if is_read_otherwise else None
        yield Case(
            set=_SET, name=f"{file.stem} {other.stem}", task=task, source="verify_name_match_unittest", skip=skip
        )
    if paths:
        yield from _read_subtrees(folder)
        yield from _read_damaged_texts(folder)


def _meaning(stem: str) -> str:
    # BoringSSL compares a TeletexString as bytes and not as text.
    words = stem.split("-")
    return "-".join(words[:3]) + _text_meaning(stem) if "T61STRING" in words else _text_meaning(stem)


def _is_compared(stem: str, other: str) -> bool:
    # With a TeletexString the tests compare plain names of all types, and a plain name with its other spellings.
    kinds, spellings = zip(stem.split("-", 2)[1:], other.split("-", 2)[1:], strict=True)
    is_plain = [spelling == "unmangled" for spelling in spellings]
    is_spelling = set(spellings) <= {"unmangled", "case_swap", "extra_whitespace"}
    return all(is_plain) or (is_spelling and any(is_plain) and kinds[0] == kinds[1])


def _text_meaning(stem: str) -> str:
    # In "ascii-UTF8-case_swap-extra_attr" the type UTF8 and the spelling case_swap do not matter; extra_attr does.
    kind, *words = stem.split("-")
    if kind == "ascii" and "mixed" not in words and "sorting" not in stem:
        return "-".join([kind, *words[2:]])
    return kind if kind.startswith("unicode") else stem.removesuffix("_1").removesuffix("_2")


def _read_subtrees(folder: Path) -> Iterator[Case]:
    # A subtree contains names with further RDNs after those of its base. It contains no names that have a further
    # attribute in one of the base's RDNs.
    for kind, other in itertools.product(_STRINGS, repeat=2):
        is_comparable = kind == other or "T61STRING" not in (kind, other)
        skip = None if is_comparable else _TELETEX
        plain, base = f"ascii-{kind}-unmangled", f"ascii-{other}-unmangled"
        yield _below(folder, plain, base, is_allowed=is_comparable, skip=skip)
        yield _below(folder, f"{plain}-extra_rdn", base, is_allowed=is_comparable, skip=skip)
        yield _below(folder, f"{plain}-extra_attr", base, is_allowed=False)
        yield _below(folder, plain, f"{base}-extra_rdn", is_allowed=False)
        yield _below(folder, plain, f"{base}-extra_attr", is_allowed=False)
    empty, plain, damaged = "valid-Name-empty", "ascii-PRINTABLESTRING-unmangled", "invalid-RDN-empty"
    yield _below(folder, empty, empty, is_allowed=True)
    yield _below(folder, plain, empty, is_allowed=True)
    yield _below(folder, empty, plain, is_allowed=False)
    for name, base in ((plain, damaged), (damaged, plain), (damaged, damaged)):
        yield _below(folder, name, base, is_allowed=False)


def _below(folder: Path, name: str, base: str, *, is_allowed: bool, skip: Skip | None = None) -> Case:
    subtree = der.sequence(der.explicit(4, _octets(folder / f"{base}.pem")))
    task = NamesAllowed(
        constraints=der.sequence(der.explicit(0, subtree)),
        alternative_names=der.sequence(der.explicit(4, _octets(folder / f"{name}.pem"))),
        is_allowed=is_allowed,
    )
    return Case(set=_SET, name=f"{name} below {base}", task=task, source="verify_name_match_unittest", skip=skip)


def _read_damaged_texts(folder: Path) -> Iterator[Case]:
    # Names with characters that their string type does not allow. BoringSSL refuses all these names.
    skip = Skip(
        reason="a text with characters that its type does not have is compared all the same, and equals itself alone",
        link="https://www.rfc-editor.org/rfc/rfc5280#section-7.1",
    )
    for stem, old, new in (
        ("ascii-PRINTABLESTRING-unmangled", b"0123456789", b"@123456789"),
        ("ascii-mixed-rdn_dupetype_sorting_1", b"eXaMple", b"\x80XaMple"),
        ("unicode_bmp-BMPSTRING-unmangled", b"\x67\x71\x4e\xac", b"\xd8\x35\xdc\x00"),
    ):
        octets = _octets(folder / f"{stem}.pem").replace(old, new)
        task = NamesMatch(names=(octets, octets), is_same=None)
        name = f"{stem} with other characters"
        yield Case(set=_SET, name=name, task=task, source="verify_name_match_unittest", skip=skip)


def _octets(path: Path) -> bytes:
    return find_pem_blocks(path.read_bytes())[0].octets
