"""Releases: the files of a built product, each with its hash, signed by the release key.

The list is signed with one certificate, and has a content type of its own. Each verifier has pinned the SHA-256
fingerprint of the certificate. A verifier that has seen a version refuses an older version, and other files under the
same version. A list has no time of expiry of its own; it counts as long as its signer's certificate is valid. The
signed content is JSON:

    {"format": "sealwax-release-1", "covers": "pages" or "release", "version": "0.2.0", "commit": 40 hexadecimal digits
    or null, "files": [{"path": "main.js", "bytes": number, "integrity": "sha384-" and base64}, ...]}

The paths are sorted, and relative to the folder of the release. For pages, this folder is the root of the origin.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from smime_core.asn1.der import Buffer
from smime_core.cms import KeyHolder, Signing
from smime_core.cms.content_info import RELEASE
from smime_core.errors import MalformedMessage, ReleaseNotNewer, ReleaseOfAnotherKey, ReleaseRefused
from smime_core.limits import (
    MAX_RELEASE_BYTES,
    MAX_RELEASED_FILE_BYTES,
    MAX_RELEASED_FILES,
    MAX_RELEASED_PATH_CHARACTERS,
    check_limit,
)
from smime_core.own_content.own_content import ContentKind, build_members, protect_content
from smime_core.own_content.pinned_signer import examine_pinned, find_named_signer
from smime_core.provider import CryptoProvider
from smime_core.report.report import MessageReport
from smime_core.text import JsonObject, base64_text
from smime_core.x509.certificate import Certificate

FORMAT: Final = "sealwax-release-1"
MANIFEST_NAME: Final = "release.p7s"
"""The file with the signed list, in the folder of the release. The list does not name it."""

_KIND: Final = ContentKind(name="release", content_type=RELEASE)
_WHERE: Final = "release"
_MEMBERS: Final = ("format", "covers", "version", "commit", "files")
_FILE_MEMBERS: Final = ("path", "bytes", "integrity")
_VERSION: Final = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){1,4}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
# No segment has a leading dot, so none is "." or "..". No path has a colon, percent sign or backslash, so none leads to
# another origin.
_PATH: Final = re.compile(r"[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*(?:/[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)*")
_INTEGRITY: Final = re.compile(r"sha384-[A-Za-z0-9+/]{64}")


class Coverage(StrEnum):
    """The part of a release that a list covers: the pages of an origin, or everything that people download."""

    PAGES = "pages"
    RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedFile:
    """A file of a release. `integrity` is its SHA-384 in the form of Subresource Integrity."""

    path: str
    bytes: int
    integrity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The list of a release's files, sorted by path. `commit` is the sources' Git commit, or None if unknown."""

    covers: Coverage
    version: str
    commit: str | None
    files: tuple[ReleasedFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRelease:
    """The newest version that a verifier has seen, and the SHA-256 of its list in hexadecimal."""

    version: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedRelease:
    """A release with a valid signature, its signer, and the `seen` value for the next verification."""

    release: Release
    signer: Certificate
    seen: SeenRelease


def integrity_of(data: Buffer) -> str:
    """The SHA-384 of `data`, in the form of Subresource Integrity."""
    return f"sha384-{base64_text(hashlib.sha384(data).digest())}"


async def sign_release(
    release: Release, provider: CryptoProvider, *, identity: KeyHolder, signing_time: datetime
) -> bytes:
    """DER of the list, signed. Raises MalformedMessage or LimitExceeded for a list that readers would refuse."""
    content = _build(release)
    # Parsing raises an error for a list that readers would refuse.
    _parse(content)
    return await protect_content(content, _KIND, provider, Signing(identities=[identity], signing_time=signing_time))


def find_release_signer(cms: Buffer) -> Certificate:
    """The certificate of the signer that a list names. Nothing is verified.

    Raises MalformedMessage, LimitExceeded, ContentTypeMismatch or UnsupportedAlgorithm.
    """
    return find_named_signer(cms, where=_WHERE, max_bytes=MAX_RELEASE_BYTES)


async def verify_release(
    cms: Buffer,
    provider: CryptoProvider,
    keys: Collection[str],
    covers: Coverage,
    *,
    at: datetime,
    seen: SeenRelease | None = None,
) -> VerifiedRelease:
    """Verify a signed list and return it parsed.

    (0) Its signer's certificate has one of the fingerprints `keys`, SHA-256 in hexadecimal. (1) This certificate signed
    the list with its content type, and is valid at the time `at`. (2) Its JSON has the right members, and `covers` what
    the caller expects. (3) The list is not older than `seen`, and has the same files if it has the same version. Raises
    ReleaseOfAnotherKey, ReleaseRefused, ReleaseNotNewer, ContentTypeMismatch, MalformedMessage or LimitExceeded.
    """
    # (0) The pinned key.
    signer = find_release_signer(cms)
    if signer.fingerprint not in keys:
        raise ReleaseOfAnotherKey(f"the release is signed by another key, with the fingerprint {signer.fingerprint}")
    # (1) The signature.
    report = await examine_pinned(cms, _KIND, provider, signer, at=at, refuse=_refuse)
    # (2) The JSON.
    release = _parse(report.content)
    if release.covers is not covers:
        raise ReleaseRefused(f"the list is of the kind {release.covers}, {covers} was expected", report=report)
    # (3) The version.
    digest = hashlib.sha256(report.content).hexdigest()
    if seen is not None:
        _check_newer(release.version, digest, seen)
    return VerifiedRelease(release=release, signer=signer, seen=SeenRelease(version=release.version, digest=digest))


def _refuse(why: str, report: MessageReport) -> ReleaseRefused:
    return ReleaseRefused(f"the signature of the release does not count: {why}", report=report)


def check_version(text: str) -> str:
    """The text if it is a version: two to five whole numbers with dots between. Raises MalformedMessage."""
    if not _VERSION.fullmatch(text):
        raise MalformedMessage("the version is not of numbers with dots between them, such as 0.2.0", where=_WHERE)
    return text


def is_released_path(path: str) -> bool:
    """Whether a list may name this path."""
    return len(path) <= MAX_RELEASED_PATH_CHARACTERS and _PATH.fullmatch(path) is not None


def _check_newer(version: str, digest: str, seen: SeenRelease) -> None:
    ours, known = _numbers(version), _numbers(seen.version)
    if ours < known:
        raise ReleaseNotNewer(f"this is version {version}, and version {seen.version} was seen already")
    if ours == known and digest != seen.digest:
        raise ReleaseNotNewer(f"version {version} was seen already, with other files")


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(number) for number in check_version(version).split(".")]
    # 0.2 and 0.2.0 are the same version.
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _build(release: Release) -> bytes:
    return build_members(
        format=FORMAT,
        covers=str(release.covers),
        version=release.version,
        commit=release.commit,
        files=[
            {"path": file.path, "bytes": file.bytes, "integrity": file.integrity}
            for file in sorted(release.files, key=lambda file: file.path)
        ],
    )


def _parse(content: bytes) -> Release:
    members = JsonObject.of_version(content, _MEMBERS, FORMAT, _WHERE, max_bytes=MAX_RELEASE_BYTES)
    covers = members.text("covers")
    if covers not in set(Coverage):
        raise MalformedMessage(f"covers is none of {', '.join(Coverage)}", where=_WHERE)
    commit = None if members.value("commit") is None else members.text("commit")
    if commit is not None and not _COMMIT.fullmatch(commit):
        raise MalformedMessage("commit is no commit", where=_WHERE)
    files = tuple(map(_parse_file, members.values("files", limit=MAX_RELEASED_FILES)))
    paths = [file.path for file in files]
    if not files or paths != sorted(set(paths)):
        raise MalformedMessage("files are none, repeated or not sorted", where=_WHERE)
    return Release(covers=Coverage(covers), version=check_version(members.text("version")), commit=commit, files=files)


def _parse_file(value: object) -> ReleasedFile:
    members = JsonObject.of(value, _FILE_MEMBERS, where=_WHERE)
    path, integrity = members.text("path"), members.text("integrity")
    if not is_released_path(path) or path == MANIFEST_NAME:
        raise MalformedMessage(f"{path[:MAX_RELEASED_PATH_CHARACTERS]!r} is no path of a file", where=_WHERE)
    if not _INTEGRITY.fullmatch(integrity):
        raise MalformedMessage(f"{path} has no SHA-384", where=_WHERE)
    check_limit(f"bytes of {path}", members.number("bytes"), MAX_RELEASED_FILE_BYTES)
    return ReleasedFile(path=path, bytes=members.number("bytes"), integrity=integrity)
