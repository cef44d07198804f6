"""Builds a release: the wheel, the extension, the pages, the bill of materials, and the list of their hashes.

python -m tools.release                         into dist/release, without a signature
python -m tools.release --identity release.p12  signs all files as `sealwax sign-release` does

Two builds of one commit give the same bytes: each time in the archives is the time of the commit. `make setup` comes
first.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
DIST: Final = ROOT / "dist"
_MODE: Final = 0o644


def build(target: Path, *, version: str, seconds: int) -> None:
    """Write all files of a release but its signature into `target`, in place of older files.

    `seconds` since 1970 is the time in the archives. Raises OSError or CalledProcessError.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    write_zip(DIST / "extension", target / f"sealwax-extension-{version}.zip", seconds)
    write_tar(DIST / "pages", target / f"sealwax-pages-{version}.tar.gz", seconds)
    shutil.copyfile(DIST / "sbom.cdx.json", target / f"sealwax-{version}.cdx.json")
    _build_wheel(target, seconds)
    sums = (f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(target.iterdir()))
    (target / "SHA256SUMS").write_text("".join(sums))


def write_zip(folder: Path, target: Path, seconds: int) -> None:
    """Write the files of a folder as a ZIP archive, as the browsers' stores accept it."""
    # The times of a ZIP archive begin in 1980 (APPNOTE.TXT section 4.4.6).
    date = max(time.gmtime(seconds)[:6], (1980, 1, 1, 0, 0, 0))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in _files(folder):
            entry = zipfile.ZipInfo(name, date)
            entry.external_attr = _MODE << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())


def write_tar(folder: Path, target: Path, seconds: int) -> None:
    """Write the files of a folder as a compressed archive."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, file in _files(folder):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = file.stat().st_size, seconds, _MODE
            with file.open("rb") as content:
                archive.addfile(entry, content)
    target.write_bytes(gzip.compress(plain.getvalue(), mtime=0))


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is missing: run `make setup` first")
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield file.relative_to(folder).as_posix(), file


def _build_wheel(target: Path, seconds: int) -> None:
    # Without isolation, so that the build uses the locked version of hatchling.
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "wheel", "--no-deps"]
    command = [*pip, "--no-build-isolation", "--wheel-dir", str(target), str(ROOT)]
    subprocess.run(command, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": str(seconds)})


def _time_of_commit() -> int:
    shown = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return int(shown)


def _version() -> str:
    version: str = json.loads((DIST / "extension" / "manifest.json").read_text())["version"]
    return version


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.release", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--identity", type=Path, metavar="P12", help="the identity that signs")
    parser.add_argument("--passphrase-file", type=Path, metavar="FILE", help="whose first line is its passphrase")
    parser.add_argument("--into", type=Path, default=DIST / "release", help="the folder (default: dist/release)")
    options = parser.parse_args(arguments)
    build(options.into, version=_version(), seconds=_time_of_commit())
    if options.identity:
        words = ["--passphrase-file", str(options.passphrase_file)] if options.passphrase_file else []
        signing = ["sign-release", str(options.into), "--identity", str(options.identity), *words]
        subprocess.run([Path(sys.executable).parent / "sealwax", *signing], check=True)
    for name, file in _files(options.into):
        print(f"{file.stat().st_size:>12,}  {name}")
    if not options.identity:
        print("not signed: give the identity of releases as --identity")


if __name__ == "__main__":
    main()
