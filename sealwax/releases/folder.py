"""The files of a release in a folder: listed for a signature, and compared with a signed list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sealwax.files.small import read_small
from sealwax.releases.findings import Finding, Outcome, compare, differs_in_size
from smime_core.limits import MAX_RELEASED_FILE_BYTES
from smime_core.own_content import MANIFEST_NAME, Release, ReleasedFile, integrity_of


def list_folder(folder: Path) -> tuple[ReleasedFile, ...]:
    """The files below a folder, without the signed list of the folder itself. Raises OSError or LimitExceeded."""
    return tuple(_describe(folder, name) for name in _names(folder))


def compare_folder(release: Release, folder: Path) -> list[Finding]:
    """A finding for each file of the list and for each further file of the folder. Raises OSError or LimitExceeded."""
    listed = {file.path for file in release.files}
    findings = [compare_file(file, folder / file.path) for file in release.files]
    further = [name for name in _names(folder) if name not in listed]
    return [*findings, *(Finding(path=name, outcome=Outcome.ADDITIONAL) for name in further)]


def compare_file(file: ReleasedFile, path: Path) -> Finding:
    """The finding on a file of the list that is at `path`. Raises OSError or LimitExceeded."""
    if not path.is_file():
        return Finding(path=file.path, outcome=Outcome.MISSING)
    if (size := path.stat().st_size) != file.bytes:
        return differs_in_size(file, size)
    return compare(file, read_small(path, max_bytes=MAX_RELEASED_FILE_BYTES))


def _describe(folder: Path, name: str) -> ReleasedFile:
    data = read_small(folder / name, max_bytes=MAX_RELEASED_FILE_BYTES)
    return ReleasedFile(path=name, bytes=len(data), integrity=integrity_of(data))


def _names(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name != MANIFEST_NAME and path.is_file():
            yield name
