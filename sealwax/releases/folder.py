"""The files of a release in a folder: listed for a signature, and compared with a signed list.

A release has regular files only. The target of a symbolic link can change later, or be outside the folder. So each
link, pipe or device is a finding, and a folder that contains one is not signed.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from sealwax.files.small import read_small
from sealwax.releases.findings import Finding, Outcome, compare, differs_in_size
from smime_core.limits import MAX_RELEASED_FILE_BYTES
from smime_core.own_content import MANIFEST_NAME, Release, ReleasedFile, integrity_of

_NO_FILE = "a link, a pipe or a device"


def list_folder(folder: Path) -> tuple[ReleasedFile, ...]:
    """The files below a folder, without the signed list of the folder itself. Raises OSError or LimitExceeded."""
    return tuple(_describe(folder, name) for name in _names(folder))


def compare_folder(release: Release, folder: Path) -> list[Finding]:
    """A finding for each file of the list and for each further entry of the folder. Raises OSError or LimitExceeded."""
    there = _names(folder)
    listed = {file.path for file in release.files}
    findings = [_compare_entry(file, folder / file.path, is_there=file.path in there) for file in release.files]
    return [*findings, *(Finding(path=name, outcome=Outcome.ADDITIONAL) for name in there if name not in listed)]


def compare_file(file: ReleasedFile, path: Path) -> Finding:
    """The finding on a file of the list that is at `path`. Raises OSError or LimitExceeded."""
    if not path.is_file():
        return Finding(path=file.path, outcome=Outcome.MISSING)
    if (size := path.stat().st_size) != file.bytes:
        return differs_in_size(file, size)
    return compare(file, read_small(path, max_bytes=MAX_RELEASED_FILE_BYTES))


def _compare_entry(file: ReleasedFile, path: Path, *, is_there: bool) -> Finding:
    # A file below a link to a folder counts as missing, because the link is an entry itself.
    if not is_there:
        return Finding(path=file.path, outcome=Outcome.MISSING)
    if not _is_regular(path):
        return Finding(path=file.path, outcome=Outcome.DIFFERS, detail=_NO_FILE)
    return compare_file(file, path)


def _describe(folder: Path, name: str) -> ReleasedFile:
    if not _is_regular(folder / name):
        raise OSError(errno.EINVAL, f"it is {_NO_FILE}", str(folder / name))
    data = read_small(folder / name, max_bytes=MAX_RELEASED_FILE_BYTES)
    return ReleasedFile(path=name, bytes=len(data), integrity=integrity_of(data))


def _names(folder: Path) -> list[str]:
    """The entries below a folder, except folders, sorted. Raises OSError for a folder that cannot be read."""
    names: list[str] = []
    for parent, folders, files in os.walk(folder, onerror=_raise):
        links = [name for name in folders if Path(parent, name).is_symlink()]
        names += [Path(parent, name).relative_to(folder).as_posix() for name in (*links, *files)]
    return sorted(name for name in names if name != MANIFEST_NAME)


def _is_regular(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def _raise(error: OSError) -> None:
    raise error
