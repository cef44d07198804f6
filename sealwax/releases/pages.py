"""The pages of an origin, fetched and compared with the list that the release key signed.

A server can recognise this program, and answer a browser differently. It can also have files that the list does not
name, because a client cannot find out the names of all files.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from sealwax.deadline import Deadline
from sealwax.lookups.fetch import FetchAnswer, FetchPolicy, FetchRequest, LookupFailed, LookupFailure, fetch_answer
from sealwax.releases.document import CONFIGURATION, DOCUMENT, find_references
from sealwax.releases.findings import Finding, Outcome, compare
from sealwax.releases.header_fields import check_header_fields
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_LISTED_SERVERS, MAX_RELEASE_BYTES
from smime_core.own_content import MANIFEST_NAME, Release, ReleasedFile
from smime_core.text import JsonObject, is_loopback, parse_json

_CONFIGURATION_BYTES: Final = 65_536
_PORTS: Final = {"https": 443, "http": 80}
_PARALLEL: Final = 4
_DISCOVERY: Final = "discovery"
_STORE: Final = "parcelStore"
_NOT_FOUND: Final = (404, 410)


class BadAddress(ValueError):
    """Pages cannot be checked at this address. The text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesReport:
    """The findings on the pages of an origin. `problems` are about the document and the configuration.

    `connections` are the addresses with which the pages exchange mail and keys. The operator chooses these addresses,
    so no signature covers them, and the user has to check them.
    """

    findings: tuple[Finding, ...]
    problems: tuple[str, ...]
    connections: dict[str, str]


@dataclass(frozen=True, slots=True)
class PagesSource:
    """The address of the pages, ending with a slash, and the time in which everything has to be fetched."""

    base: str
    deadline: Deadline

    def fetch(self, path: str, *, max_bytes: int) -> FetchAnswer:
        """The answer for a path. No redirect is followed. Raises LookupFailed."""
        parts = urlsplit(self.base)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        policy = FetchPolicy(
            # The user named this host, so its IP address may be private.
            allowed_hosts=frozenset({f"{host}:{parts.port or _PORTS[parts.scheme]}"}),
            timeout_seconds=self.deadline.left(),
            max_body_bytes=max_bytes,
        )
        return fetch_answer(FetchRequest(url=self.base + path), policy)


def check_address(url: str) -> str:
    """The address in a normal form that ends with a slash. `seen` stores the newest version under this form.

    Raises BadAddress unless the address is https, or http on this machine.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadAddress(f"{url} is no address") from error
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise BadAddress(f"{url} does not begin with https://")
    if not host or parts.query or parts.fragment or "@" in parts.netloc:
        raise BadAddress(f"{url} is not the address of pages, such as https://pages.example.org")
    shown_host = f"[{host}]" if ":" in host else host
    shown_port = "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{shown_host}{shown_port}{parts.path.rstrip('/')}/"


def fetch_signed_list(source: PagesSource) -> bytes:
    """The signed list of the pages. Raises LookupFailed."""
    return source.fetch(MANIFEST_NAME, max_bytes=MAX_RELEASE_BYTES).body


def compare_pages(release: Release, source: PagesSource) -> PagesReport:
    """Fetch the document, the configuration and each file of the list, and compare them with the list."""
    # Browsers fetch the document at the address of its folder, so only the answer at that address is compared.
    files = [file for file in release.files if file.path != DOCUMENT]
    with ThreadPoolExecutor(_PARALLEL) as threads:
        findings = threads.map(lambda file: _compare_served(file, source), files)
        connections, wrong = _read_configuration(source)
        document, problems = _compare_document(
            release, source, {_origin(connection) for connection in connections.values()}
        )
    return PagesReport(findings=(document, *findings), problems=(*wrong, *problems), connections=connections)


def _compare_served(file: ReleasedFile, source: PagesSource) -> Finding:
    try:
        answer = source.fetch(file.path, max_bytes=file.bytes)
    except LookupFailed as failure:
        return _failed(file.path, failure)
    return compare(file, answer.body)


def _failed(path: str, failure: LookupFailed) -> Finding:
    outcome = Outcome.NOT_READ
    if failure.status in _NOT_FOUND:
        outcome = Outcome.MISSING
    elif failure.failure in (LookupFailure.TOO_LARGE, LookupFailure.REDIRECT, LookupFailure.HTTP_STATUS):
        outcome = Outcome.DIFFERS
    return Finding(path=path, outcome=outcome, detail=str(failure))


def _origin(address: str) -> str:
    """The source expression that allows an address in a policy, or "" if it is not the address of one server."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc and "*" not in parts.netloc else ""


def _compare_document(
    release: Release, source: PagesSource, connections: Collection[str]
) -> tuple[Finding, Sequence[str]]:
    listed = {file.path: file for file in release.files}
    if DOCUMENT not in listed:
        return Finding(path=DOCUMENT, outcome=Outcome.ADDITIONAL, detail="the signed list has no document"), ()
    file = listed[DOCUMENT]
    try:
        # A document that is longer than the signed one is read completely, so that the added markup is reported.
        answer = source.fetch("", max_bytes=max(file.bytes, MAX_RELEASE_BYTES))
    except LookupFailed as failure:
        return _failed(DOCUMENT, failure), ()
    references = find_references(answer.body.decode("utf-8", "replace"), listed)
    head = check_header_fields(answer.fields, connections=connections, is_https=source.base.startswith("https:"))
    # Python skips the lines after a line that is no header field. Browsers read them, so such a line is reported.
    unread = () if answer.is_head_read else ("its head has a line that is no header field",)
    problems = (*unread, *head, *references)
    return compare(file, answer.body), [f"{DOCUMENT}: {text}" for text in problems]


def _connections(value: object) -> dict[str, str]:
    """The addresses in a configuration, each by the name of its member. Raises MalformedMessage."""
    present = value.keys() if isinstance(value, dict) else ()
    names = ("api", "keyServer", *((_STORE,) if _STORE in present else ()))
    is_followed = _DISCOVERY in present
    members = JsonObject.of(value, (*names, _DISCOVERY) if is_followed else names, CONFIGURATION)
    servers = {name: members.text(name) for name in names}
    if not is_followed:
        return servers
    discovery = JsonObject.of(members.value(_DISCOVERY), ("key", "url", "keyServers"), CONFIGURATION)
    others = discovery.texts("keyServers", limit=MAX_LISTED_SERVERS)
    further = {f"keyServer {number}": address for number, address in enumerate(others, 2)}
    return servers | further | {f"{_DISCOVERY} signed by {discovery.text('key')}": discovery.text("url")}


def _read_configuration(source: PagesSource) -> tuple[dict[str, str], Sequence[str]]:
    """The addresses of API and key server, and what is wrong with the configuration."""
    try:
        body = source.fetch(CONFIGURATION, max_bytes=_CONFIGURATION_BYTES).body
        value = parse_json(body, CONFIGURATION, max_bytes=_CONFIGURATION_BYTES)
        return _connections(value), ()
    except LookupFailed as failure:
        return {}, [f"{CONFIGURATION}: {failure}"]
    except MalformedMessage as error:
        return {}, [str(error)]
