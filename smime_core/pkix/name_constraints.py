"""Name constraints: which names an authority may certify (RFC 5280 section 4.2.1.10, RFC 9549, RFC 9598 section 6).

rfc822Name, dNSName, directoryName, URI and iPAddress are compared. A constraint may be on another form, or have fields
without a meaning here (`minimum`, `maximum`, a mask with holes). Certificates with a name of that form are then
refused.

A search among ten thousand subtrees takes hardly longer than one comparison. Hosts, mailboxes and directory names are
in sets, in which a name and its parents are looked up. Networks are in sorted lists.
"""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.asn1.distinguished_name import ComparableName, comparable_name
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_NAME_CONSTRAINTS, check_limit
from smime_core.pkix.constrained_names import (
    DIRECTORY_NAME,
    DNS_NAME,
    IP_ADDRESS,
    OTHER_NAME,
    RFC822_NAME,
    URI,
    ConstrainedName,
    form_of,
    normal_host,
)
from smime_core.text.mail_address import MailAddress, parse_address
from smime_core.x509.mail_names import SMTP_UTF8_MAILBOX

_COMPARED: Final = frozenset({RFC822_NAME, DNS_NAME, DIRECTORY_NAME, URI, IP_ADDRESS})
# Constraints on these forms always count, whether the extension is critical or not.
_ALWAYS: Final = _COMPARED | {f"{OTHER_NAME} {SMTP_UTF8_MAILBOX}"}
_PERMITTED: Final = 0xA0
_EXCLUDED: Final = 0xA1
_MINIMUM_0: Final = b"\x80\x01\x00"  # `minimum` 0, the default. DER forbids encoding a default, but some CAs encode it.


@dataclass(slots=True)
class Subtrees:
    """The permitted or the excluded subtrees of one extension, by form.

    The pairs (form, host) in `hosts` match only this host; those in `domains` match the names below the host.
    `wildcards` are the parent domains of the dNSNames, for comparison with names such as "*.example.test".
    `folded_mailboxes` have local parts in folded case. `lengths` are the lengths of `directories`, in RDNs. `networks`
    has a list for each length of an address in bytes: the (first, last) address of each network that is not inside
    another one, in ascending order.
    """

    forms: set[str] = field(default_factory=set)
    mailboxes: set[tuple[str, str]] = field(default_factory=set)
    folded_mailboxes: set[tuple[str, str]] = field(default_factory=set)
    hosts: set[tuple[str, str]] = field(default_factory=set)
    domains: set[tuple[str, str]] = field(default_factory=set)
    wildcards: set[str] = field(default_factory=set)
    directories: set[ComparableName] = field(default_factory=set)
    lengths: set[int] = field(default_factory=set)
    networks: dict[int, list[tuple[int, int]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameConstraints:
    """One extension. `unprocessed` are the forms with a constraint that is not processed here."""

    permitted: Subtrees
    excluded: Subtrees
    unprocessed: frozenset[str]


@functools.lru_cache(maxsize=256)
def parse_name_constraints(value: bytes, *, critical: bool) -> NameConstraints:
    """Parse a NameConstraints extension. If it is not critical, forms that are not compared are ignored (section 4.2).

    Raises MalformedMessage or LimitExceeded.
    """
    where = "nameConstraints"
    fields = der.read_sequence(value, where)
    if not fields or [member.tag for member in fields] not in ([_PERMITTED], [_EXCLUDED], [_PERMITTED, _EXCLUDED]):
        raise MalformedMessage("neither permitted nor excluded subtrees, or other fields", where)
    permitted, excluded, unprocessed = Subtrees(), Subtrees(), set[str]()
    for member in fields:
        children = der.read_children(member, where)
        check_limit("name constraints", len(children), MAX_NAME_CONSTRAINTS)
        if not children:
            raise MalformedMessage("an empty list of subtrees", where)
        subtrees = permitted if member.tag == _PERMITTED else excluded
        for child in children:
            parts = der.read_fields(child, where)
            if not parts:
                raise MalformedMessage("an empty subtree", where)
            form, is_whole = form_of(parts[0]), all(bytes(part.encoded) == _MINIMUM_0 for part in parts[1:])
            if form in _COMPARED and is_whole and _add_subtree(subtrees, form, parts[0]):
                subtrees.forms.add(form)
            elif critical or form in _ALWAYS:
                unprocessed.add(form)
        subtrees.networks = {length: _outermost(networks) for length, networks in subtrees.networks.items()}
    return NameConstraints(permitted=permitted, excluded=excluded, unprocessed=frozenset(unprocessed))


def _add_subtree(subtrees: Subtrees, form: str, base: Tlv) -> bool:
    # Returns True if names can be compared with this base.
    content = bytes(base.content)
    if form == DIRECTORY_NAME:
        directory = comparable_name(bytes(der.read_one(content, where=form).encoded))
        subtrees.directories.add(directory)
        subtrees.lengths.add(len(directory))
        return True
    if form == IP_ADDRESS:
        return _add_network(subtrees, content)
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        return False
    if form == DNS_NAME and not text.startswith("."):
        # Section 4.2.1.10: a dNSName matches the name itself and every name below it. The empty name matches all.
        name = normal_host(text)
        if name is not None:
            subtrees.hosts.add((form, name))
        return _add_domain(subtrees, form, text, is_any=not text)
    if form == RFC822_NAME and "@" in text:
        address = parse_address(text)
        if address is None or address.is_literal:
            return False
        subtrees.mailboxes.add((address.local_part, address.domain))
        subtrees.folded_mailboxes.add((address.local_part.casefold(), address.domain))
        return True
    if text.startswith("."):
        # The RFC gives a leading dot in dNSName no meaning. CAs that write it mean the names below, as in other forms.
        return _add_domain(subtrees, form, text[1:])
    host = normal_host(text)
    if host is not None:
        subtrees.hosts.add((form, host))
    return host is not None


def _add_domain(subtrees: Subtrees, form: str, text: str, *, is_any: bool = False) -> bool:
    host = "" if is_any else normal_host(text)
    if host is None or "*" in host:
        return False
    subtrees.domains.add((form, host))
    if form == DNS_NAME:
        subtrees.wildcards.add(host.partition(".")[2])
    return True


def _add_network(subtrees: Subtrees, content: bytes) -> bool:
    if len(content) not in (8, 32):
        return False
    half = len(content) // 2
    address, mask = (int.from_bytes(octets, "big") for octets in (content[:half], content[half:]))
    bits = mask ^ ((1 << 8 * half) - 1)
    if bits & (bits + 1):  # RFC 4632: a mask is ones, then zeros.
        return False
    subtrees.networks.setdefault(half, []).append((address & mask, address | bits))
    return True


def _outermost(networks: list[tuple[int, int]]) -> list[tuple[int, int]]:
    # Leaves out each network that is inside another one. Two networks never overlap only in part.
    outermost: list[tuple[int, int]] = []
    for first, last in sorted(networks, key=lambda network: (network[0], -network[1])):
        if not outermost or first > outermost[-1][1]:
            outermost.append((first, last))
    return outermost


def find_violation(names: Sequence[ConstrainedName], constraints: NameConstraints) -> tuple[str, str] | None:
    """The first name that the constraints forbid, as (step of RFC 5280 section 6.1.3, sentence), or None."""
    for name in names:
        label = name.text if name.text.isprintable() else "a name"
        if name.form in constraints.unprocessed:
            return "6.1.3 (b)", f"a constraint on {name.form} is not understood, and {label} is such a name"
        permitted, excluded = constraints.permitted, constraints.excluded
        # A name that cannot be read counts as excluded and as not permitted.
        if name.form in excluded.forms and _holds(excluded, name, is_excluded=True):
            return "6.1.3 (c)", f"an authority above it may not certify {label}"
        if name.form in permitted.forms and not _holds(permitted, name, is_excluded=False):
            return "6.1.3 (b)", f"an authority above it may certify other names, not {label}"
    return None


def _holds(subtrees: Subtrees, name: ConstrainedName, *, is_excluded: bool) -> bool:
    value = name.value
    if isinstance(value, MailAddress):
        return _holds_mailbox(subtrees, value, is_excluded=is_excluded)
    if isinstance(value, tuple):
        # Hashing a prefix takes time, so only prefixes as long as one of the subtrees are looked up.
        return any(value[:length] in subtrees.directories for length in subtrees.lengths if length <= len(value))
    if isinstance(value, bytes):
        return _is_in_network(subtrees.networks.get(len(value), []), int.from_bytes(value, "big"))
    if value is None:
        return is_excluded
    if name.form == DNS_NAME:
        return _holds_dns_name(subtrees, value, is_excluded=is_excluded)
    return (name.form, value) in subtrees.hosts or _is_below(subtrees, name.form, value)


def _is_in_network(networks: list[tuple[int, int]], address: int) -> bool:
    # Only the last network that begins at or before the address can contain it.
    position = bisect_right(networks, address, key=lambda network: network[0])
    return position > 0 and address <= networks[position - 1][1]


def _holds_mailbox(subtrees: Subtrees, mailbox: MailAddress, *, is_excluded: bool) -> bool:
    if (RFC822_NAME, mailbox.domain) in subtrees.hosts or _is_below(subtrees, RFC822_NAME, mailbox.domain):
        return True
    if is_excluded:
        # Section 7.5 compares local parts exactly. Exclusions ignore the case, because mail to ALICE@ usually reaches
        # alice@.
        return (mailbox.local_part.casefold(), mailbox.domain) in subtrees.folded_mailboxes
    return (mailbox.local_part, mailbox.domain) in subtrees.mailboxes


def _holds_dns_name(subtrees: Subtrees, host: str, *, is_excluded: bool) -> bool:
    if (DNS_NAME, host) in subtrees.hosts or _is_below(subtrees, DNS_NAME, host):
        return True
    if is_excluded and (DNS_NAME, host) in subtrees.domains:
        return True  # An exclusion with a leading dot covers the name itself, too.
    # A wildcard matches every host one label below its domain. It is refused if any of these hosts is excluded.
    return is_excluded and host.startswith("*.") and host[2:] in subtrees.wildcards


def _is_below(subtrees: Subtrees, form: str, host: str) -> bool:
    return any((form, parent) in subtrees.domains for parent in _parents(host))


def _parents(host: str) -> Iterator[str]:
    while host:
        host = host.partition(".")[2]
        yield host
