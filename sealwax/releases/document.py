"""The document of the pages: the files to which it refers, and the header fields under which browsers run it.

The bytes of the document are compared with the signed list. The checks here find other mistakes: a document that was
signed although it refers to another place, and a server that sends a weaker policy than the pages'.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

DOCUMENT: Final = "index.html"
CONFIGURATION: Final = "config.json"
PAGES_POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "worker-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "sealwax",
}
"""The Content-Security-Policy of the pages, without `connect-src`, which names the operator's API and key server."""
CONNECT: Final = "connect-src"

_HARMLESS: Final = frozenset({"upgrade-insecure-requests", "report-uri", "report-to"})
# Header fields by which a server adds to a document whatever its bytes are.
_ADDING_FIELDS: Final = ("Link", "Refresh")
# Python takes some further characters for blanks, and browsers take them for letters of a directive or a value.
_COMPARED_FIELDS: Final = ("Content-Type", "X-Content-Type-Options", "Content-Security-Policy")
_ADDRESSES: Final = frozenset(
    {"action", "background", "cite", "data", "formaction", "href", "longdesc", "manifest", "ping", "poster", "src"}
    | {"srcset", "xlink:href"}
)
_UNWANTED: Final = frozenset({"base", "embed", "form", "frame", "iframe", "object", "style", "template"})

Fields = Sequence[tuple[str, str]]


def find_references(html: str, listed: Collection[str]) -> list[str]:
    """A sentence for each thing in the document that is no reference to a file of the list."""
    reader = _Reader(frozenset(listed))
    reader.feed(html)
    reader.close()
    return reader.problems


def check_header_fields(fields: Fields, *, connections: Collection[str]) -> list[str]:
    """A sentence for each header field of the document that the pages' server does not send, or sends otherwise.

    `connections`: the origins that the policy may allow besides the pages' own.
    """
    problems = [f"the header field {name} adds to the page" for name in _ADDING_FIELDS if _values(fields, name)]
    kinds = [value.partition(";")[0].strip().lower() for value in _values(fields, "Content-Type")]
    if kinds != ["text/html"]:
        problems.append(f"the content type is {', '.join(kinds) or 'missing'}, text/html was expected")
    if [value.strip().lower() for value in _values(fields, "X-Content-Type-Options")] != ["nosniff"]:
        problems.append("the header field X-Content-Type-Options: nosniff is missing")
    unclear = [name for name in _COMPARED_FIELDS if not all(map(_is_plain, _values(fields, name)))]
    problems += [f"the header field {name} has characters other than ASCII" for name in unclear]
    return [*problems, *_check_policies(fields, {"'self'", "'none'", *connections})]


def _is_plain(value: str) -> bool:
    return value.isascii() and value.replace("\t", " ").isprintable()


def _check_policies(fields: Fields, connections: Collection[str]) -> list[str]:
    # A browser obeys each of several policies, so one that is strict enough suffices.
    policies = _policies(fields)
    if not policies:
        return ["the header field Content-Security-Policy is missing"]
    return min((list(_weaknesses(policy, connections)) for policy in policies), key=len)


def _weaknesses(policy: Mapping[str, str], connections: Collection[str]) -> Iterator[str]:
    for name, expected in PAGES_POLICY.items():
        if name not in policy:
            yield f"the policy lacks {name} {expected}"
        elif not set(policy[name].split()) <= set(expected.split()):
            yield f"the policy has {name} {policy[name]}, {expected} was expected"
    for name in policy.keys() - PAGES_POLICY.keys() - _HARMLESS - {CONNECT}:
        # A further directive, such as script-src-elem, may allow more than the one that it replaces.
        yield f"the policy has the directive {name}, which the pages do not use"
    for source in policy.get(CONNECT, "").split():
        if source not in connections:
            yield f"the policy allows connections to {source}, which {CONFIGURATION} does not name"


def _policies(fields: Fields) -> list[dict[str, str]]:
    texts = [text for value in _values(fields, "Content-Security-Policy") for text in value.split(",")]
    return [_parse_policy(text) for text in texts if text.strip()]


def _parse_policy(text: str) -> dict[str, str]:
    policy: dict[str, str] = {}
    for directive in text.split(";"):
        name, _, sources = directive.strip().partition(" ")
        # The first directive of a name counts (CSP Level 3 section 2.2.1).
        if name:
            policy.setdefault(name.lower(), " ".join(sources.split()))
    return policy


def _values(fields: Fields, name: str) -> list[str]:
    return [value for given, value in fields if given.lower() == name.lower()]


class _Reader(HTMLParser):
    def __init__(self, listed: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self._listed = listed
        self._is_in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_in_script = tag == "script"
        if tag in _UNWANTED:
            self.problems.append(f"it has an element {tag}")
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.problems.append(f"the element {tag} has the attribute {name}")
            elif tag == "meta" and name == "http-equiv":
                self.problems.append(f"it sets the header field {value}")
            elif name in _ADDRESSES and not self._is_listed(value or ""):
                self.problems.append(f"it refers to {value}, which the list does not name")

    def handle_endtag(self, tag: str) -> None:
        self._is_in_script = False

    def handle_data(self, data: str) -> None:
        if self._is_in_script and data.strip():
            self.problems.append("it has a script of its own")

    def _is_listed(self, address: str) -> bool:
        try:
            parts = urlsplit(address.strip())
        except ValueError:
            return False
        is_path = address.strip() == parts.path and not parts.path.startswith("/")
        return is_path and posixpath.normpath(parts.path) in self._listed
