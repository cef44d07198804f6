"""Mailboxes of an address field (RFC 5322 section 3.4), strict enough to compare a From with a certificate.

The parser never raises and never drops an element. An element that it cannot parse is a Mailbox with an empty address.
Such a mailbox equals no certificate's address. It still counts as a mailbox. So a caller that requires exactly one
readable mailbox refuses the field. A decoded encoded-word is a display name, never syntax. Source routes and blanks
around dots (RFC 5322 section 4.4) cannot be parsed.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from smime_core.mime.encoded_words import decode_words, encode_words
from smime_core.mime.headers import Headers, parse_headers
from smime_core.mime.parameters import unquote_pairs
from smime_core.text.mail_address import parse_address

_TOKEN: Final = re.compile(
    r"""(?P<blank>[ \t]+)
    |(?P<word>=\?[^?\s]{1,60}\?[bBqQ]\?[^?\s]*\?=)
    |"(?P<quoted>(?>(?:[^"\\\x00-\x08\x0a-\x1f\x7f]++|\\[^\x00-\x1f\x7f])*))"
    |(?P<literal>\[[^\[\]\\\s\x00-\x1f\x7f]*\])
    |(?P<atom>[^\s()<>\[\]:;@\\,"\x00-\x1f\x7f]+)
    |(?P<special>[<>,;:@])
    |(?P<open>\()
    |(?P<bad>.)""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT_MARK: Final = re.compile(r"[()]|\\.", re.DOTALL)
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]+")
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ATOMS: Final = re.compile(rf"{_ATOM}(?: {_ATOM})*")
# One mailbox without comments, groups and obsolete syntax (RFC 5322 section 3.4), in ASCII.
_STRING: Final = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'
_CANONICAL: Final = re.compile(
    rf"""(?:(?:{_ATOM}|{_STRING})(?:[ \t]+(?:{_ATOM}|{_STRING}))*[ \t]*)?<(?P<named>[^<>]+)>|(?P<bare>[^<> \t]+)"""
)
# A comment in round brackets, without characters that another program could take for a part of an address.
_COMMENT: Final = re.compile(r"""\([^()<>@,;:"\\\x00-\x08\x0a-\x1f\x7f]*\)""")
# A mailbox in which each token is replaced by the first letter of its kind, and special characters stay. It is a name
# and an address in angle brackets, or only an address.
_USUAL_MAILBOX: Final = "(?:[awq]*<[aq]@a>|[aq]@a)"
_USUAL: Final = re.compile(f"{_USUAL_MAILBOX}(?:,{_USUAL_MAILBOX})*")
_LONE_CR: Final = re.compile(rb"\r(?!\n|\Z)")
# An optional mbox line, then the fields up to a line that is not a field. A field with an obsolete blank before its
# colon ends the match.
_USUAL_FIELDS: Final = re.compile(rb"(?:>?From [^:\s][^\n]*+\n)?(?:[!-9;-~]++:[^\n]*+(?:\n[ \t][^\n]*+)*(?:\n|\Z))*")
_BETWEEN_ADDRESSES: Final = re.compile(r"""[\s<>()\[\]",:;]+""")
_MAX_CACHED_CHARACTERS: Final = 256

_Token = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name, which proves nothing, and an address, which is empty if it could not be parsed."""

    name: str
    address: str


def from_addresses(headers: Headers) -> tuple[Mailbox, ...]:
    """All mailboxes of all From fields.

    The author check requires exactly one mailbox: RFC 5322 section 3.6 allows one field, and we allow one mailbox in
    it.
    """
    return tuple(mailbox for field in headers.find("From") for mailbox in addresses(field.unfolded))


def addresses(header_value: str) -> tuple[Mailbox, ...]:
    """The mailboxes of an unfolded address field, including those in groups. Pass `Headers.get_unfolded`, not `get`."""
    return _parse_once(header_value) if len(header_value) <= _MAX_CACHED_CHARACTERS else _parse(header_value)


@functools.lru_cache(maxsize=1024)
def _parse_once(header_value: str) -> tuple[Mailbox, ...]:
    # Cached, because a list of messages names the same few people again and again.
    return _parse(header_value)


def canonical_mailbox(header_value: str) -> Mailbox | None:
    """The only mailbox of an unfolded address field that every reader of mail reads alike, or None for other fields.

    Such a mailbox has the form of RFC 5322 section 3.4, in ASCII, without obsolete forms, comments and groups.
    """
    match = _CANONICAL.fullmatch(header_value)
    mailboxes = addresses(header_value) if match else ()
    if match is None or len(mailboxes) != 1:
        return None
    (mailbox,) = mailboxes
    # Debian's Python reads no address with a domain in brackets.
    is_usual = mailbox.address == (match["named"] or match["bare"]) and not mailbox.address.endswith("]")
    return mailbox if is_usual else None


def is_read_alike(headers: Headers) -> bool:
    """Whether other programs read the same authors in From: one field with mailboxes as people usually write them.

    Unlike canonical mailboxes, these may have comments in brackets, and dots and non-ASCII letters in the name.
    `tests/interop/test_senders.py` compares the authors that other programs read.
    """
    named = headers.find("From")
    if _LONE_CR.search(headers.raw):
        return False  # Python's `email` ends a line at a lone CR, and other programs do not.
    if len(named) != 1:
        return not named
    if not _is_found_by_all(headers):
        return False
    value = _COMMENT.sub(" ", named[0].unfolded)
    signs = "".join(text if kind == "special" else kind[0] for kind, text in _read_tokens(value))
    return _USUAL.fullmatch(signs) is not None and all(mailbox.address for mailbox in from_addresses(headers))


def _is_found_by_all(headers: Headers) -> bool:
    """Whether From comes before each line that is not a field. Some programs read nothing after such a line."""
    usual = _USUAL_FIELDS.match(headers.raw)
    return usual is not None and bool(parse_headers(usual[0]).find("From"))


def first_addresses(header_value: str, most: int) -> tuple[tuple[Mailbox, ...], int]:
    """Returns (the first mailboxes of a field, at most `most`; the number of all). Only the first are parsed."""
    elements = _read_elements(header_value)
    first = tuple(_parse_mailbox(element) for element in itertools.islice(elements, most))
    return first, len(first) + sum(1 for _ in elements)


def find_addresses(text: str) -> tuple[Mailbox, ...]:
    """The mailboxes in a text that a page shows. The text may have other words between the addresses.

    A text that is an address field is parsed as such. In any other text, the words that are addresses are found. Nobody
    vouches for such a text, so its addresses may only be proposed to a person.
    """
    mailboxes = addresses(text)
    if mailboxes and all(mailbox.address for mailbox in mailboxes):
        return mailboxes
    candidates = (parse_address(word) for word in _BETWEEN_ADDRESSES.split(text))
    return tuple(dict.fromkeys(Mailbox("", address.text) for address in candidates if address is not None))


def _parse(header_value: str) -> tuple[Mailbox, ...]:
    return tuple(map(_parse_mailbox, _read_elements(header_value)))


def _read_elements(header_value: str) -> Iterator[list[_Token]]:
    # Each element of the list becomes one mailbox. A group is no element, but its members are.
    element: list[_Token] = []
    # A run of words before a colon is the name of a group.
    in_group, is_phrase = False, True
    for kind, text in itertools.chain(_read_tokens(header_value), (("special", ","),)):
        if kind == "comment":
            continue
        if kind == "special" and text == ":" and not in_group and is_phrase and element:
            in_group, element = True, []
        elif kind == "special" and text in ",;":
            # A semicolon ends a group. Outside a group it separates mailboxes, because some programs write it in place
            # of a comma.
            in_group = in_group and text == ","
            if element:
                yield element
            element, is_phrase = [], True
        else:
            element.append((kind, text))
            is_phrase = is_phrase and kind in ("atom", "word", "quoted")


def format_mailbox(mailbox: Mailbox) -> str:
    """The mailbox as text for a header field: the name quoted or encoded if needed, a long mailbox folded."""
    name = mailbox.name
    if not name:
        return mailbox.address
    if len(name) > 60 or not name.isascii() or "=?" in name:
        return f"{encode_words(name)}\r\n <{mailbox.address}>"
    if not _ATOMS.fullmatch(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        name = f'"{escaped}"'
    return f"{name}\r\n <{mailbox.address}>" if len(name) + len(mailbox.address) > 60 else f"{name} <{mailbox.address}>"


def _read_tokens(value: str) -> Iterator[_Token]:
    # Blanks and comments separate tokens (CFWS, RFC 5322 section 3.2.2). Blanks are dropped; a comment is a token
    # without its text.
    position = 0
    while position < len(value):
        match = _TOKEN.match(value, position)
        if match is None or match.lastgroup is None:
            return
        kind, position = match.lastgroup, match.end()
        if kind == "open":
            position = _skip_comment(value, position)
            if position < 0:
                yield "bad", "("
                return
            yield "comment", ""
        elif match[0] == '"':
            # After an unclosed quote, the rest is not read. Searching from each quote to the end would take quadratic
            # time.
            yield "bad", '"'
            return
        elif kind != "blank":
            yield kind, match[kind]


def _skip_comment(value: str, position: int) -> int:
    # Returns the offset after the comment, or -1. Comments nest.
    depth = 1
    for mark in _COMMENT_MARK.finditer(value, position):
        depth += {"(": 1, ")": -1}.get(mark[0], 0)
        if not depth:
            return mark.end()
    return -1


def _parse_mailbox(element: list[_Token]) -> Mailbox:
    # mailbox = name-addr / addr-spec. Text before the angle bracket is only a name, even if it is an address.
    if ("special", "<") not in element:
        address = _parse_addr_spec(element)
        return Mailbox("" if address else _join_words(element), address)
    opening = element.index(("special", "<"))
    name = _join_words(element[:opening])
    if any(kind == "bad" for kind, _ in element) or element[-1] != ("special", ">"):
        return Mailbox(name, "")
    return Mailbox(name, _parse_addr_spec(element[opening + 1 : -1]))


def _parse_addr_spec(tokens: list[_Token]) -> str:
    # addr-spec = local-part "@" domain (section 3.4.1). Returns "" for other tokens.
    if len(tokens) != 3 or tokens[1] != ("special", "@"):
        return ""
    (local_kind, local), _, (domain_kind, domain) = tokens
    if local_kind not in ("quoted", "atom") or domain_kind not in ("literal", "atom"):
        return ""
    address = parse_address(f'"{local}"@{domain}' if local_kind == "quoted" else f"{local}@{domain}")
    return address.text if address is not None else ""


def _join_words(tokens: list[_Token]) -> str:
    words = [unquote_pairs(text) if kind == "quoted" else text for kind, text in tokens]
    return _CONTROLS.sub(" ", decode_words(" ".join(words))).strip()
