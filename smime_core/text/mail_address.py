"""Mail addresses: the only module that makes addresses from text (RFC 5321 section 4.1.2, RFC 9598).

All code that compares, constrains, stores or shows an address uses this module: the author check, name constraints,
trust decisions, contacts and the choice of recipients. Text that is no address becomes None and equals nothing.
`mime.addresses` first removes comments and blanks around the parts (RFC 5322).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from smime_core.limits import MAX_ADDRESS_CHARACTERS, MAX_HOST_CHARACTERS
from smime_core.text.domain_name import find_a_labels
from smime_core.text.shown_name import has_ignorable

# `parse_address` has already checked that characters beyond ASCII are printable and no blanks. The expression lists the
# characters that an atom must not have, because ranges beyond ASCII take milliseconds to compile.
_DOT_ATOM: Final = re.compile(r"""[^\x00-\x20"(),.:;<>@[\\\]\x7f]+(?:\.[^\x00-\x20"(),.:;<>@[\\\]\x7f]+)*""")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)+)"')
_QUOTED_PAIR: Final = re.compile(r"\\(.)")
_HOST: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_LITERAL: Final = re.compile(r"\[[!-Z^-~]+\]")
# RFC 5233: the text after the separator sorts the mail of the mailbox before it, or names a person to a program, as in
# "team-bounces+alice=example.org@lists.example.org".
_DETAIL: Final = "+"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAddress:
    """A mail address. Two addresses are equal if `local_part` and `domain` are equal.

    `local_part` keeps its case and has no quotes. `domain` is in lower case and A-labels, or an address literal in
    brackets. `text` is the address for people: the domain as written, and quotes only where they are needed.
    """

    local_part: str
    domain: str
    text: str = field(compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """A key that is the same for all spellings of one address.

        The case of ASCII letters in the local part does not matter (RFC 8550 section 3: SHOULD). Other letters are
        compared exactly, because such addresses may be different mailboxes: the Kelvin sign is not k, and the sharp s
        is not ss.
        """
        return _lower_ascii(self.local_part), self.domain

    @property
    def is_literal(self) -> bool:
        """Whether the domain is an IP address, "[192.0.2.1]"."""
        return self.domain.startswith("[")


def parse_address(text: str) -> MailAddress | None:
    """Parse an address. Returns None for any other text, including one with blanks, controls or invisible characters.

    An address with an invisible character would look like somebody else's address.
    """
    if len(text) > MAX_ADDRESS_CHARACTERS or not text.isprintable() or "\ufffd" in text or has_ignorable(text):
        return None
    return _parse_once(text)


def addresses_match(one: str, other: str) -> bool:
    """Whether two texts are spellings of the same address; see `MailAddress.key`."""
    first, second = parse_address(one), parse_address(other)
    return first is not None and second is not None and first.key == second.key


def address_key(text: str) -> tuple[str, str]:
    """A key that is the same for all spellings of one address. The key of any other text is the text itself."""
    address = parse_address(text)
    return address.key if address is not None else (text, "")


def normalise_address(text: str) -> str:
    """A text that is the same for all spellings of one address."""
    return "@".join(address_key(text))


def without_detail(local_part: str) -> str:
    """The local part without its detail (RFC 5233), which names the mailbox: "ann" for "ann+list"."""
    return local_part.partition(_DETAIL)[0] or local_part


def normalise_without_detail(text: str) -> str:
    """A text that is the same for all addresses of one mailbox, with a detail or without."""
    local_part, domain = address_key(text)
    return f"{without_detail(local_part)}@{domain}"


def is_covered(address: str, conditions: Iterable[str]) -> bool:
    """Whether one of the conditions, "a@example.test" or "@example.test" for a whole domain, covers the address.

    A domain covers no subdomain.
    """
    parsed = parse_address(address)
    if parsed is None:
        return False
    covering = (parsed.key, ("", parsed.domain))
    return any(condition_key(condition) in covering for condition in conditions)


def is_condition(text: str) -> bool:
    """Whether the text can limit a trust anchor to addresses: "a@example.test" or "@example.test"."""
    return condition_key(text) is not None


def condition_key(condition: str) -> tuple[str, str] | None:
    """A key that is equal for equal conditions, or None if the text is no condition."""
    if condition.startswith("@"):
        domain = _read_domain(condition[1:])
        return None if domain is None else ("", domain)
    address = parse_address(condition)
    return None if address is None else address.key


@functools.lru_cache(maxsize=1024)
def _parse_once(text: str) -> MailAddress | None:
    # Cached, because the same few addresses are compared again and again.
    written, _, shown_domain = text.rpartition("@")
    domain = _read_domain(shown_domain)
    if domain is None:
        return None
    if _DOT_ATOM.fullmatch(written):
        return MailAddress(local_part=written, domain=domain, text=text)
    quoted = _QUOTED.fullmatch(written)
    if quoted is None:
        return None
    local_part = _QUOTED_PAIR.sub(r"\1", quoted[1])
    if _DOT_ATOM.fullmatch(local_part):
        # RFC 5321 section 4.1.2: quotes that are not needed have no meaning.
        return MailAddress(local_part=local_part, domain=domain, text=f"{local_part}@{shown_domain}")
    escaped = local_part.replace("\\", "\\\\").replace('"', '\\"')
    return MailAddress(local_part=local_part, domain=domain, text=f'"{escaped}"@{shown_domain}')


def _read_domain(text: str) -> str | None:
    if text.startswith("["):
        return text.lower() if _LITERAL.fullmatch(text) else None
    domain = find_a_labels(text)
    if domain is None or len(domain) > MAX_HOST_CHARACTERS or not _HOST.fullmatch(domain):
        return None
    # A domain whose last label consists of digits is an IP address.
    return None if domain.rpartition(".")[2].isdigit() else domain


def _lower_ascii(text: str) -> str:
    return text.encode().lower().decode()
