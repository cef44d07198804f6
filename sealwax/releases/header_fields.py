"""The header fields of the pages' document: the fields that our server sends, and a check of another server's answer.

The server and the check use the same lists. Some other fields, such as `Link`, `Refresh` or `Set-Cookie`, have an
effect that does not depend on the document's bytes. So another server or a proxy may add only fields that are known to
be harmless.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from sealwax.releases.document import CONFIGURATION, shown

# The hash of the only script in the frame that draws a PDF file (`webbridge/pages/reading/pdf/pdf_frame.js`). That
# frame inherits the policy of the pages.
_PDF_FRAME_SCRIPT: Final = "'sha384-76IsHbqTAw+XCn9bMK0boLO7ysCz83brDzYkQTC7t4o/hyWDAYeQkL97NtjPXDPo'"
PAGES_POLICY: Final = {
    "default-src": "'none'",
    "script-src": f"'self' 'wasm-unsafe-eval' {_PDF_FRAME_SCRIPT}",
    # The PDF frame starts a worker from a blob: URL, whose bytes the pages have compared with their hash. In the pages
    # themselves, Trusted Types forbid such a URL.
    "worker-src": "'self' blob:",
    # The frame of a formatted message inherits this policy and needs the message's own styles.
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "sealwax sealwax-markup",
}
"""The Content-Security-Policy of the pages, without `connect-src`, which names the operator's API and key server."""
CONNECT: Final = "connect-src"
DOCUMENT_TYPE: Final = "text/html; charset=utf-8"
FEATURES: Final = ("browsing-topics", "camera", "display-capture", "geolocation", "microphone", "payment", "usb")
PAGES_FIELDS: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""The other header fields that restrict a browser, each with its only value."""
_PERMISSIONS: Final = "Permissions-Policy"
ISOLATION: Final = {**PAGES_FIELDS, _PERMISSIONS: ", ".join(f"{feature}=()" for feature in FEATURES)}
TRANSPORT: Final = "Strict-Transport-Security"
TRANSPORT_SECONDS: Final = 31_556_926  # A year.
TRANSPORT_VALUE: Final = f"max-age={TRANSPORT_SECONDS}; includeSubDomains"

_CACHE: Final = "Cache-Control"
_POLICY: Final = "Content-Security-Policy"
_TYPE: Final = "Content-Type"
# Header fields that have no effect on the document: about the connection, the cache, and the number of the request.
_HARMLESS_FIELDS: Final = frozenset(
    {"accept-ranges", "age", "alt-svc", "cache-control", "connection", "content-disposition", "content-length", "date"}
    | {"etag", "expires", "keep-alive", "last-modified", "pragma", "server", "transfer-encoding", "vary", "via"}
    | {"x-request-id"}
)
_EXPECTED: Final = frozenset(name.lower() for name in (*ISOLATION, TRANSPORT, _POLICY, _TYPE))
# Earlier versions do not send this directive. Without it, default-src forbids the manifest, so no policy is weaker.
_MAY_BE_MISSING: Final = frozenset({"manifest-src"})
_HARMLESS_DIRECTIVE: Final = "upgrade-insecure-requests"
_REPORTS: Final = ("report-uri", "report-to")
_NO_FEATURE: Final = re.compile(r"[a-z][a-z0-9-]*=\(\)")
_MAX_AGE: Final = re.compile(r"max-age=\"?([0-9]{1,12})\"?")

Fields = Sequence[tuple[str, str]]


def check_header_fields(fields: Fields, *, connections: Collection[str], is_https: bool) -> list[str]:
    """A sentence for each header field of the document that is missing, unknown or different from the expected value.

    `connections` are the origins that the policy may allow besides the pages' own. `is_https` says whether the server
    has to send Strict-Transport-Security.
    """
    # Values with characters beyond ASCII are reported: Python treats some of them as blanks, and browsers do not.
    unclear = sorted({name for name, value in fields if not _is_plain(value)})
    return [
        *(f"the header field {shown(name)} has characters other than ASCII" for name in unclear),
        *_added(fields),
        *_check_type(fields),
        *(text for name, value in PAGES_FIELDS.items() for text in _check_value(fields, name, value)),
        *_check_permissions(fields),
        *_check_cache(fields),
        *(_check_transport(fields) if is_https else ()),
        *_check_policies(fields, {"'self'", "'none'", *connections}),
    ]


def _is_plain(value: str) -> bool:
    return value.isascii() and value.replace("\t", " ").isprintable()


def _added(fields: Fields) -> Iterator[str]:
    for name in dict.fromkeys(name for name, _ in fields):
        if name.lower() not in _EXPECTED | _HARMLESS_FIELDS:
            yield f"the header field {shown(name)} adds to the page"


def _check_type(fields: Fields) -> Iterator[str]:
    values = _values(fields, _TYPE)
    # Another charset turns the same bytes into other text.
    if [re.sub(r"[ \t\"]", "", value).lower() for value in values] != [DOCUMENT_TYPE.replace(" ", "")]:
        yield f"the content type is {_listed(values)}, {DOCUMENT_TYPE} was expected"


def _check_value(fields: Fields, name: str, expected: str) -> Iterator[str]:
    values = _values(fields, name)
    if not any(values):
        yield f"the header field {name}: {expected} is missing"
    elif [value.lower() for value in values] != [expected.lower()]:
        yield f"the header field {name} is {_listed(values)}, {expected} was expected"


def _check_permissions(fields: Fields) -> Iterator[str]:
    # A browser ignores the whole field if one member has another syntax, and obeys the last member for each feature.
    members = [member.strip(" \t") for value in _values(fields, _PERMISSIONS) for member in value.split(",")]
    missing = [feature for feature in FEATURES if f"{feature}=()" not in members]
    wrong = [member for member in members if not _NO_FEATURE.fullmatch(member)]
    if not any(members):
        yield f"the header field {_PERMISSIONS} is missing"
    elif missing or wrong:
        yield f"the header field {_PERMISSIONS} allows {_listed(missing or wrong)}"


def _check_cache(fields: Fields) -> Iterator[str]:
    values = _values(fields, _CACHE)
    if not {"no-cache", "no-store"} & {
        directive.strip(" \t").lower() for value in values for directive in value.split(",")
    }:
        yield f"the header field {_CACHE} is {_listed(values)}, no-cache was expected"


def _check_transport(fields: Fields) -> Iterator[str]:
    values = _values(fields, TRANSPORT)
    # RFC 6797 section 8.1: if there are several fields, the first one counts.
    directives = [directive.strip(" \t").lower() for directive in values[0].split(";")] if values else []
    ages = [int(match[1]) for match in map(_MAX_AGE.fullmatch, directives) if match]
    if len(ages) != 1 or ages[0] < TRANSPORT_SECONDS or "includesubdomains" not in directives:
        yield f"the header field {TRANSPORT} is {_listed(values)}, {TRANSPORT_VALUE} was expected"


def _check_policies(fields: Fields, connections: Collection[str]) -> list[str]:
    policies = _policies(fields)
    if not policies:
        return [f"the header field {_POLICY} is missing"]
    # A browser obeys all policies together, so one strict policy is enough. It also sends the reports of all policies.
    reported = [f"{name} {shown(policy[name])}" for policy in policies for name in _REPORTS if name in policy]
    weaknesses = min((list(_weaknesses(policy, connections)) for policy in policies), key=len)
    return [*weaknesses, *(f"the policy has {report}, so that a server learns of visits" for report in reported)]


def _weaknesses(policy: Mapping[str, str], connections: Collection[str]) -> Iterator[str]:
    for name, expected in PAGES_POLICY.items():
        if name in policy and not set(policy[name].split()) <= set(expected.split()):
            yield f"the policy has {name} {shown(policy[name])}, {expected} was expected"
        elif name not in policy and name not in _MAY_BE_MISSING:
            yield f"the policy lacks {name} {expected}"
    for name in policy.keys() - PAGES_POLICY.keys() - {*_REPORTS, _HARMLESS_DIRECTIVE, CONNECT}:
        # A further directive, such as script-src-elem, may allow more than the directive that it overrides.
        yield f"the policy has the directive {shown(name)}, which the pages do not use"
    for source in policy.get(CONNECT, "").split():
        if source not in connections:
            yield f"the policy allows connections to {shown(source)}, which {CONFIGURATION} does not name"


def _policies(fields: Fields) -> list[dict[str, str]]:
    texts = [text for value in _values(fields, _POLICY) for text in value.split(",")]
    return [_parse_policy(text) for text in texts if text.strip()]


def _parse_policy(text: str) -> dict[str, str]:
    policy: dict[str, str] = {}
    for directive in text.split(";"):
        name, _, sources = directive.strip().partition(" ")
        # If a directive occurs twice, the first one counts (CSP Level 3 section 2.2.1).
        if name:
            policy.setdefault(name.lower(), " ".join(sources.split()))
    return policy


def _listed(values: Sequence[str]) -> str:
    return shown(", ".join(values)) or "missing"


def _values(fields: Fields, name: str) -> list[str]:
    return [value.strip(" \t") for field_name, value in fields if field_name.lower() == name.lower()]
