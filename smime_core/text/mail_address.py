"""Mail addresses: the one place where text becomes an address (RFC 5321 section 4.1.2, RFC 9598).

Everything that compares, constrains, keeps or shows an address reads it here: the author check, name constraints, trust
decisions, contacts, the choice of recipients. Text that is no address is None and equals nothing. Leaves out: comments
and blanks around the parts (RFC 5322), which `mime.addresses` takes away before.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from smime_core.domain_name import find_a_labels
from smime_core.limits import MAX_ADDRESS_CHARACTERS, MAX_HOST_CHARACTERS

# Characters beyond ASCII are checked apart: those that can be printed, and no blanks among them.
_DOT_ATOM: Final = re.compile(
    r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
    r"(?:\.[a-zA-Z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+)*"
)
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)+)"')
_QUOTED_PAIR: Final = re.compile(r"\\(.)")
_HOST: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_LITERAL: Final = re.compile(r"\[[!-Z^-~]+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAddress:
    """A mail address. Two are equal when they have the same parts, whatever they look like.

    `local_part` is in its own case and without quotes, `domain` in lower case and A-labels, or an address literal in
    brackets. `text` is the address for people: the domain as it was written, and quotes where they are needed.
    """

    local_part: str
    domain: str
    text: str = field(compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """The form in which addresses are equal that reach the same person.

        The local part is compared without regard to the case of ASCII letters (RFC 8550 section 3: SHOULD). Of other
        letters nobody knows which mailboxes are the same: the Kelvin sign is no k, and the sharp s no ss.
        """
        return _lower_ascii(self.local_part), self.domain

    @property
    def is_literal(self) -> bool:
        """Whether the domain is the address of a machine, "[192.0.2.1]"."""
        return self.domain.startswith("[")


def parse_address(text: str) -> MailAddress | None:
    """The address that the text is, None for anything else: blanks and controls around or inside it too."""
    if len(text) > MAX_ADDRESS_CHARACTERS or not text.isprintable() or "\ufffd" in text:
        return None
    return _parse_once(text)


def addresses_match(one: str, other: str) -> bool:
    """Whether two texts are addresses of the same person, see `MailAddress.key`."""
    first, second = parse_address(one), parse_address(other)
    return first is not None and second is not None and first.key == second.key


def address_key(text: str) -> tuple[str, str]:
    """What texts are found by that are the same address; text that is no address is found by itself only."""
    address = parse_address(text)
    return address.key if address is not None else (text, "")


def is_covered(address: str, conditions: Iterable[str]) -> bool:
    """Whether one of the conditions, "a@example.test" or "@example.test" for a whole domain, covers the address.

    A domain covers no subdomain.
    """
    parsed = parse_address(address)
    if parsed is None:
        return False
    covering = (parsed.key, ("", parsed.domain))
    return any(condition_key(one) in covering for one in conditions)


def is_condition(text: str) -> bool:
    """Whether it is what an anchor may be limited to: "a@example.test" or "@example.test"."""
    return condition_key(text) is not None


def condition_key(condition: str) -> tuple[str, str] | None:
    """The form in which conditions are equal that cover the same, None for what is none."""
    if condition.startswith("@"):
        domain = _read_domain(condition[1:])
        return None if domain is None else ("", domain)
    address = parse_address(condition)
    return None if address is None else address.key


@functools.lru_cache(maxsize=1024)
def _parse_once(text: str) -> MailAddress | None:
    # The same few addresses are compared again and again.
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
        # RFC 5321 section 4.1.2: quotes that are not needed mean nothing.
        return MailAddress(local_part=local_part, domain=domain, text=f"{local_part}@{shown_domain}")
    escaped = local_part.replace("\\", "\\\\").replace('"', '\\"')
    return MailAddress(local_part=local_part, domain=domain, text=f'"{escaped}"@{shown_domain}')


def _read_domain(text: str) -> str | None:
    if text.startswith("["):
        return text.lower() if _LITERAL.fullmatch(text) else None
    domain = find_a_labels(text)
    if domain is None or len(domain) > MAX_HOST_CHARACTERS or not _HOST.fullmatch(domain):
        return None
    # A last label of digits is the address of a machine.
    return None if domain.rpartition(".")[2].isdigit() else domain


def _lower_ascii(text: str) -> str:
    return text.encode().lower().decode()
