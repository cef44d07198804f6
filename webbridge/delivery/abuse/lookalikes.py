"""Domains of senders that look like a domain that the recipient knows: the recipient's, or a domain of this service.

Names with further words, such as `example-payments.test`, and the same name under another top-level domain are not
found, because they may belong to the same people.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from smime_core.text import parse_address
from webbridge.delivery.abuse.shapes import shape_of

# Unicode Technical Standard 39, section 5.2 (highly restrictive): the scripts that people write in one word.
_TOGETHER: Final = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
_A_LABEL: Final = "xn--"
_LONGEST_SECOND_LEVEL: Final = 3  # The letters before the dot in "co.uk" and "com.au".
_COUNTRY: Final = 2


def has_mixed_scripts(domain: str) -> bool:
    """Return whether a label of a domain mixes scripts that people do not use together in one word."""
    return any(_is_mixed(label) for label in _u_labels(domain).split("."))


def find_lookalike(domain: str, known: Iterable[str]) -> str | None:
    """Return the known domain that `domain` imitates, or None.

    A domain does not imitate another domain of its owner. An IP address among the known domains is skipped. Raises
    ValueError for a text that is no domain.
    """
    mine = _read(domain)
    if mine is None:
        raise ValueError("a domain is expected")
    for theirs in filter(None, map(_read, known)):
        if not _have_one_owner(mine, theirs) and _is_alike(mine, theirs):
            return theirs
    return None


def _read(domain: str) -> str | None:
    """The domain in A-labels, or None for a text that is no domain."""
    address = parse_address(f"somebody@{domain.rstrip('.')}")
    return None if address is None or address.is_literal else address.domain


def _is_alike(mine: str, theirs: str) -> bool:
    own, other = _forms(mine), _forms(theirs)
    if own & other:
        return True
    # "example.org.evil.test" and "example.org-mail.test" show the known name first.
    first = shape_of(_u_labels(mine))
    return any(first.startswith((f"{form}.", f"{form}-")) for form in map(shape_of, _names(theirs)))


def _forms(domain: str) -> set[str]:
    """The shapes of a domain and its parent domains. Dots and hyphens are left out, because readers overlook them."""
    return {shape_of(name).replace("-", "").replace(".", "") for name in _names(domain)}


def _names(domain: str) -> list[str]:
    """A domain and its parent domains, except public ones such as `co.uk`."""
    labels = _u_labels(domain).split(".")
    names = [".".join(labels[start:]) for start in range(max(1, len(labels) - 1))]
    return [name for name in names if not _is_public(name)] or [_u_labels(domain)]


def _have_one_owner(mine: str, theirs: str) -> bool:
    """Return whether two domains end in the same registered name."""
    return not set(_names(mine)).isdisjoint(_names(theirs))


def _is_public(name: str) -> bool:
    """Return whether anybody can register names below this name.

    This is a guess, since the full list changes weekly.
    """
    labels = name.split(".")
    is_country = len(labels) == 2 and len(labels[1]) == _COUNTRY
    return len(labels) == 1 or (is_country and len(labels[0]) <= _LONGEST_SECOND_LEVEL)


def _u_labels(domain: str) -> str:
    """The domain as programs show it. A label that cannot be read stays as it is."""
    return ".".join(_u_label(label) for label in domain.lower().split("."))


def _u_label(label: str) -> str:
    if not label.startswith(_A_LABEL):
        return label
    try:
        return label.removeprefix(_A_LABEL).encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def _is_mixed(label: str) -> bool:
    scripts = {_script(letter) for letter in label if unicodedata.category(letter).startswith("L")}
    return len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER)


def _script(letter: str) -> str:
    """The script of a letter, which is the first word of its name."""
    return unicodedata.name(letter, "UNKNOWN").split(" ")[0]
