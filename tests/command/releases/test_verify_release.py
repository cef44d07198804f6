"""`sealwax sign-release` and `verify-release`: a downloaded release, whole or single files of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sealwax.releases.folder import list_folder
from sealwax.releases.release_keys import read_release_keys
from smime_core.errors import MalformedMessage
from tests.support.command.lab import Lab, Result, by

KEY = ("--key", "ids/release.pem")
BUILD = json.dumps({"version": "1.2.0", "commit": "a" * 40, "files": {}})


@pytest.fixture
def release(lab: Lab) -> Path:
    """A signed release with pages, which have a signature of their own, and a package."""
    folder = lab.folder / "out"
    (folder / "packages").mkdir(parents=True)
    (folder / "packages/sealwax.xpi").write_bytes(b"a package")
    (folder / "manifest.json").write_text(BUILD)
    (lab.folder / "pages").rename(folder / "pages")
    lab.told("sign-pages", "out/pages", *by("release"))
    lab.told("sign-release", "out", *by("release"))
    return folder


def lines(result: Result) -> list[str]:
    return result.stdout.decode().splitlines()[2:]


def test_a_release_is_equal_to_its_signed_list(lab: Lab, release: Path) -> None:
    result = lab.sealwax("verify-release", "out", *KEY)
    assert (result.code, result.stderr, lines(result)) == (0, "", ["7 files: 7 equal"])
    assert result.stdout.decode().splitlines()[0] == f"version 1.2.0, commit {'a' * 40}"


def test_each_difference_of_a_folder_is_named(lab: Lab, release: Path) -> None:
    (release / "packages/sealwax.xpi").write_bytes(b"b package")
    (release / "pages/main.js").unlink()
    (release / "pages/evil.js").write_bytes(b"1")
    result = lab.sealwax("verify-release", "out", *KEY)
    assert result.code == 1
    assert lines(result) == [
        "differs: packages/sealwax.xpi",
        "missing: pages/main.js",
        "additional: pages/evil.js",
        "8 files: 5 equal, 1 differs, 1 missing, 1 additional",
    ]


def test_links_and_pipes_in_a_folder_are_named(lab: Lab, release: Path) -> None:
    """A link leads to something that can change after the check, and a link to a folder brings further files."""
    (lab.folder / "elsewhere").mkdir()
    (lab.folder / "elsewhere/evil.js").write_bytes(b"1")
    (release / "plugins").symlink_to(lab.folder / "elsewhere")
    (release / "nowhere.js").symlink_to("does-not-exist.js")
    os.mkfifo(release / "pipe")
    (release / "packages/sealwax.xpi").rename(lab.folder / "elsewhere/sealwax.xpi")
    (release / "packages/sealwax.xpi").symlink_to(lab.folder / "elsewhere/sealwax.xpi")
    (release / "pages/runtime").rename(lab.folder / "elsewhere/runtime")
    (release / "pages/runtime").symlink_to(lab.folder / "elsewhere/runtime")
    result = lab.sealwax("verify-release", "out", *KEY)
    assert result.code == 1
    assert lines(result) == [
        "differs: packages/sealwax.xpi (a link, a pipe or a device)",
        "missing: pages/runtime/core.wasm",
        "additional: nowhere.js",
        "additional: pages/runtime",
        "additional: pipe",
        "additional: plugins",
        "11 files: 5 equal, 1 differs, 1 missing, 4 additional",
    ]
    assert lab.sealwax("sign-release", "out", *by("release")).code == 2


def test_a_folder_that_cannot_be_listed_is_no_empty_one(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("packages"):
            raise PermissionError(13, "Permission denied", path)
        return read(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError):
        list_folder(release)


def test_single_files_are_found_by_their_names(lab: Lab, release: Path) -> None:
    own = ("--list", "out/release.p7s", *KEY)
    assert lab.sealwax("verify-release", "out/packages/sealwax.xpi", *own).code == 0
    lab.write("sealwax.xpi", b"b package")
    lab.write("other.xpi", b"a package")
    result = lab.sealwax("verify-release", "sealwax.xpi", "other.xpi", *own)
    assert result.code == 1
    assert lines(result)[:2] == ["differs: packages/sealwax.xpi", "additional: other.xpi"]


def test_the_list_of_pages_is_none_of_a_release(lab: Lab, release: Path) -> None:
    result = lab.sealwax("verify-release", "out/pages", *KEY)
    assert (result.code, result.line) == (1, "sealwax: the list is of the kind pages, release was expected")


def test_a_release_of_another_key_is_refused(lab: Lab, release: Path) -> None:
    result = lab.sealwax("verify-release", "out", "--key", "ids/mallory.pem")
    assert result.code == 1
    assert "signed by another key" in result.line


def test_a_release_without_a_list_is_unusable(lab: Lab, release: Path) -> None:
    (release / "release.p7s").unlink()
    assert lab.sealwax("verify-release", "out", *KEY).code == 2


def test_the_version_has_to_be_known_and_made_of_numbers(lab: Lab) -> None:
    assert lab.sealwax("sign-release", "pages", *by("release")).code == 2
    assert lab.sealwax("sign-release", "pages", "--release", "1.2-beta", *by("release")).code == 2


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"<script>alert(1)</script>", "it has a script of its own"),
        (b'<script src="//evil.example/a.js"></script>', "it refers to //evil.example/a.js"),
        (b'<script src="/main.js"></script>', "it refers to /main.js"),
        (b'<img src="missing.png">', "it refers to missing.png"),
        (b'<p onclick="x()">', "the element p has the attribute onclick"),
        (b'<meta http-equiv="refresh" content="0">', "the element meta has the attribute http-equiv"),
        (b"<iframe></iframe>", "it has an element iframe"),
    ],
)
def test_a_document_that_leads_out_of_the_list_is_not_signed(lab: Lab, document: bytes, reason: str) -> None:
    lab.write("pages/index.html", document)
    result = lab.sealwax("sign-pages", "pages", "--release", "1.2.0", *by("release"))
    assert result.code == 2
    assert reason in result.line
    assert not (lab.folder / "pages/release.p7s").exists()


def test_a_folder_with_a_hidden_file_is_not_signed(lab: Lab) -> None:
    lab.write("pages/.htaccess", b"Redirect / https://evil.example")
    result = lab.sealwax("sign-pages", "pages", "--release", "1.2.0", *by("release"))
    assert result.code == 2
    assert "'.htaccess' is no path of a file" in result.line


def test_this_build_carries_fingerprints_or_none() -> None:
    assert all(len(fingerprint) == 64 for fingerprint in read_release_keys())


@pytest.mark.parametrize(
    "content", ["[]", '{"version": 2, "fingerprints": []}', '{"version": 1, "fingerprints": ["AA"]}']
)
def test_a_damaged_file_of_release_keys_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "release_keys.json"
    path.write_text(content)
    with pytest.raises(MalformedMessage):
        read_release_keys(path)
