"""A release's list of files counts only by a pinned key, for its purpose, and never in place of a newer one."""

from __future__ import annotations

import dataclasses
import datetime
import json
from typing import Any

import pytest

from smime_core import Identity, blocking
from smime_core.blocking import run
from smime_core.ca.demo import Details, issue_identity
from smime_core.cms.content_info import ID_DATA, RELEASE, TRUST_LIST, armor
from smime_core.cms.signing import Signing
from smime_core.errors import (
    LimitExceeded,
    MalformedMessage,
    ReleaseNotNewer,
    ReleaseOfAnotherKey,
    ReleaseRefused,
    TrustListRefused,
)
from smime_core.limits import MAX_RELEASE_BYTES, MAX_RELEASED_FILE_BYTES, MAX_RELEASED_FILES
from smime_core.own_content import (
    Coverage,
    Release,
    ReleasedFile,
    SeenRelease,
    VerifiedRelease,
    integrity_of,
    sign_release,
    verify_release,
    verify_trust_list,
)
from smime_core.own_content.own_content import ContentKind, protect_content
from smime_core.provider import NewKey
from tests.support.people import NOW, PROVIDER, authority, person
from tests.support.trust_lists import sign as sign_trust_list

DAY = datetime.timedelta(days=1)
KIND = ContentKind(name="release", content_type=RELEASE)
FILE = ReleasedFile(path="main.js", bytes=5, integrity=integrity_of(b"1 + 1"))
PAGE = ReleasedFile(path="index.html", bytes=6, integrity=integrity_of(b"<html>"))
PAGES = Release(covers=Coverage.PAGES, version="1.2.3", commit="0" * 40, files=(PAGE, FILE))


def owner() -> Identity:
    return person("release", NewKey.P256)


def sign(release: Release = PAGES, identity: Identity | None = None) -> bytes:
    return run(sign_release(release, PROVIDER, identity=identity or owner(), signing_time=NOW))


def sign_content(content: bytes, kind: ContentKind = KIND) -> bytes:
    return run(protect_content(content, kind, PROVIDER, Signing(identities=[owner()], signing_time=NOW)))


def members(**changed: Any) -> bytes:
    return json.dumps(
        {
            "format": "sealwax-release-1",
            "covers": "pages",
            "version": "1.2.3",
            "commit": None,
            "files": [dataclasses.asdict(PAGE), dataclasses.asdict(FILE)],
        }
        | changed
    ).encode()


def verify(
    cms: bytes, *, at: datetime.datetime = NOW, covers: Coverage = Coverage.PAGES, seen: SeenRelease | None = None
) -> VerifiedRelease:
    keys = {owner().certificate.fingerprint}
    return run(verify_release(cms, PROVIDER, keys, covers, at=at, seen=seen))


def test_a_release_comes_back_as_it_was_signed() -> None:
    verified = verify(sign())
    assert (verified.release, verified.signer) == (PAGES, owner().certificate)
    assert verify(armor(sign()).encode()).release == PAGES


def test_files_are_sorted_by_the_signer() -> None:
    assert verify(sign(dataclasses.replace(PAGES, files=(FILE, PAGE)))).release == PAGES


def test_another_key_of_the_same_authority_counts_nothing() -> None:
    mallory = person("mallory", NewKey.P256)
    with pytest.raises(ReleaseOfAnotherKey, match=mallory.certificate.fingerprint):
        verify(sign(identity=mallory))


def test_a_certificate_that_the_release_key_issued_counts_nothing() -> None:
    keys = {authority().identity.certificate.fingerprint}
    with pytest.raises(ReleaseOfAnotherKey):
        run(verify_release(sign(), PROVIDER, keys, Coverage.PAGES, at=NOW))


def test_a_second_signature_by_somebody_else_is_refused() -> None:
    mallory = person("mallory", NewKey.P256)
    both = blocking.add_signer(sign(), Signing(identities=[mallory], signing_time=NOW), provider=PROVIDER)
    with pytest.raises(ReleaseRefused):
        verify(both)


def test_an_altered_list_is_refused() -> None:
    with pytest.raises(ReleaseRefused, match="changed after it was signed"):
        verify(sign().replace(b"main.js", b"evil.js"))


def test_a_list_ends_with_its_signers_certificate() -> None:
    details = Details(not_after=NOW + DAY)
    short = run(issue_identity(authority(), "short@example.test", PROVIDER, at=NOW, key=NewKey.P256, details=details))
    cms, keys = sign(identity=short), {short.certificate.fingerprint}
    assert run(verify_release(cms, PROVIDER, keys, Coverage.PAGES, at=NOW)).release == PAGES
    with pytest.raises(ReleaseRefused, match="does not count"):
        run(verify_release(cms, PROVIDER, keys, Coverage.PAGES, at=NOW + 2 * DAY))


@pytest.mark.parametrize("content_type", [ID_DATA, TRUST_LIST])
def test_other_content_of_the_release_key_is_no_release(content_type: str) -> None:
    with pytest.raises(ReleaseRefused, match="another kind of content"):
        verify(sign_content(members(), ContentKind(name="other", content_type=content_type)))


def test_a_release_is_no_trust_list_and_a_trust_list_no_release() -> None:
    with pytest.raises(TrustListRefused, match="another kind of content"):
        run(verify_trust_list(sign(), operator=owner().certificate, provider=PROVIDER, at=NOW))
    with pytest.raises(ReleaseRefused, match="another kind of content"):
        verify(sign_trust_list(identity=owner()))


def test_the_list_of_a_release_is_no_list_of_pages() -> None:
    with pytest.raises(ReleaseRefused, match="kind release, pages was expected"):
        verify(sign(dataclasses.replace(PAGES, covers=Coverage.RELEASE)))
    with pytest.raises(ReleaseRefused, match="kind pages, release was expected"):
        verify(sign(), covers=Coverage.RELEASE)


@pytest.mark.parametrize("known", ["1.2.4", "1.3", "2.0.0", "1.10.0", "1.2.3.1"])
def test_an_older_version_is_refused_after_a_newer_one(known: str) -> None:
    with pytest.raises(ReleaseNotNewer, match=f"version 1.2.3, and version {known} was seen"):
        verify(sign(), seen=SeenRelease(version=known, digest=""))


@pytest.mark.parametrize("known", ["1.2.2", "1.2", "0.99.0", "1.2.2.9"])
def test_a_newer_version_replaces_an_older_one(known: str) -> None:
    assert verify(sign(), seen=SeenRelease(version=known, digest="")).seen.version == "1.2.3"


def test_the_same_version_counts_again_with_the_same_files_only() -> None:
    seen = verify(sign()).seen
    assert verify(sign(), seen=seen).seen == seen
    other = dataclasses.replace(PAGES, files=(PAGE,))
    for version in ("1.2.3", "1.2.3.0"):
        with pytest.raises(ReleaseNotNewer, match="with other files"):
            verify(sign(dataclasses.replace(other, version=version)), seen=seen)


def file(**changed: Any) -> dict[str, Any]:
    return {**dataclasses.asdict(FILE), **changed}


@pytest.mark.parametrize(
    "path",
    [
        "", "/main.js", "../main.js", "a/../main.js", "a/./b", "a//b", "a/", ".htaccess", "a/.b", "a\\b", "a%2e", "a b",
        "https://evil.example/main.js", "//evil.example/main.js", "main.js?x", "main.js#x", "main\n.js", "ä.js",
        "release.p7s", "a" * 256,
    ],
)  # fmt: skip
def test_a_path_outside_the_folder_refuses_the_whole(path: str) -> None:
    with pytest.raises(MalformedMessage, match="no path of a file"):
        verify(sign_content(members(files=[file(path=path)])))


@pytest.mark.parametrize(
    "changed",
    [
        {"format": "sealwax-release-2"},
        {"covers": "everything"},
        {"version": "1"},
        {"version": "1.2.3-beta"},
        {"version": "01.2"},
        {"version": "1.2\n"},
        {"version": 1.2},
        {"commit": "HEAD"},
        {"files": []},
        {"files": {}},
        {"files": [file(), file()]},
        {"files": [file(path="b"), file(path="a")]},
        {"files": [file(bytes=-1)]},
        {"files": [file(bytes="5")]},
        {"files": [file(integrity="sha256-" + "A" * 43)]},
        {"files": [file(integrity="sha384-AAAA")]},
        {"files": [file(more=1)]},
        {"more": 1},
    ],
)
def test_anything_out_of_its_place_refuses_the_whole(changed: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        verify(sign_content(members(**changed)))


def test_the_list_is_bounded_in_bytes_and_files_and_in_the_bytes_of_a_file() -> None:
    with pytest.raises(LimitExceeded):
        verify(bytes(MAX_RELEASE_BYTES + 1))
    with pytest.raises(LimitExceeded):
        verify(sign_content(members(files=[0] * (MAX_RELEASED_FILES + 1))))
    with pytest.raises(LimitExceeded):
        verify(sign_content(members(files=[file(bytes=MAX_RELEASED_FILE_BYTES + 1)])))


def test_a_list_that_readers_would_refuse_is_not_signed() -> None:
    with pytest.raises(MalformedMessage, match="no path of a file"):
        sign(dataclasses.replace(PAGES, files=(dataclasses.replace(FILE, path="../main.js"),)))
