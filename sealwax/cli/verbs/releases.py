"""`sealwax sign-pages`, `sign-release`, `verify-pages` and `verify-release`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import click

from sealwax.cli.options.identities import load_certificates
from sealwax.cli.options.parameters import FILE, JSON, SIGNER, now
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.options.signers import SignerChoice, load_signer
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import lock_file, read_input, write_json, write_line, write_output
from sealwax.deadline import Deadline
from sealwax.files.small import read_small
from sealwax.lookups.fetch import LookupFailed
from sealwax.releases.document import DOCUMENT, find_references
from sealwax.releases.findings import Finding, Outcome, are_all_equal, describe_counts
from sealwax.releases.folder import compare_file, compare_folder, list_folder
from sealwax.releases.pages import BadAddress, PagesSource, check_address, compare_pages, fetch_signed_list
from sealwax.releases.release_keys import read_release_keys
from sealwax.releases.seen import default_file, read_seen, save_seen
from smime_core import blocking
from smime_core.own_content import (
    MANIFEST_NAME,
    Coverage,
    Release,
    SeenRelease,
    VerifiedRelease,
    check_version,
    sign_release as sign_list,
    verify_release as verify_list,
)
from smime_core.report import fingerprint_text
from smime_core.text import parse_json

_SECONDS: Final = 120
_DIFFERS: Final = 1
_BUILD: Final = "manifest.json"
_BUILD_BYTES: Final = 4_194_304
_FOLDER: Final = click.Argument(
    ["folder"], metavar="FOLDER", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
_KEYS: Final = click.Option(
    ["--key", "key_files"],
    multiple=True,
    metavar="CERT",
    type=FILE,
    help="The certificate that has to have signed, instead of the keys that this program carries. Repeatable.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningRequest:
    """A folder whose files are signed, the signer, and the version."""

    folder: Path = given_by(_FOLDER)
    identity_file: str = given_by(SIGNER)
    version: str | None = given_by(
        click.Option(
            ["--release", "version"],
            metavar="VERSION",
            help="The version, such as 0.2.0. It has to grow with each release. By default that of the build.",
        )
    )
    choice: SignerChoice = group_of(SignerChoice)
    passphrases: PassphraseSource = group_of(PassphraseSource)

    def load_release(self, covers: Coverage) -> Release:
        """The list of the files to sign. Raises OSError, MalformedMessage, LimitExceeded or UsageError."""
        version, commit = _read_build(self.folder)
        chosen = self.version or version
        if chosen is None:
            raise click.UsageError(f"there is no {_BUILD} that names the version: give --release")
        return Release(covers=covers, version=check_version(chosen), commit=commit, files=list_folder(self.folder))


@verb(SigningRequest, "sign-pages")
def sign_pages(request: SigningRequest) -> None:
    """Sign the built pages in FOLDER, before a server publishes them.

    The signed list of all files is written to FOLDER/release.p7s. People who check the pages pin the signer's
    certificate.
    """
    release = request.load_release(Coverage.PAGES)
    document = request.folder / DOCUMENT
    if not document.is_file():
        raise click.UsageError(f"{request.folder} has no {DOCUMENT}, so it has no built pages")
    problems = find_references(read_small(document).decode("utf-8", "replace"), {file.path for file in release.files})
    if problems:
        raise click.ClickException(f"{document}: {'; '.join(problems)}")
    _sign(release, request)


@verb(SigningRequest, "sign-release")
def sign_release(request: SigningRequest) -> None:
    """Sign all files in FOLDER as one release, for people who download them.

    The signed list of all files is written to FOLDER/release.p7s.
    """
    _sign(request.load_release(Coverage.RELEASE), request)


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesRequest:
    """The address of pages, the keys that may have signed them, and the bounds."""

    url: str = given_by(click.Argument(["url"], metavar="URL"))
    key_files: tuple[str, ...] = given_by(_KEYS)
    allow_older: bool = given_by(
        click.Option(
            ["--allow-older"],
            is_flag=True,
            help="Accept another version than the newest one that was seen at this address.",
        )
    )
    seconds: int = given_by(
        click.Option(
            ["--seconds"],
            type=click.IntRange(1, 3_600),
            default=_SECONDS,
            show_default=True,
            help="The time for all files together.",
        )
    )
    as_json: bool = given_by(JSON)


@verb(PagesRequest, "verify-pages")
def verify_pages(request: PagesRequest) -> int | None:
    """Compare the pages that a server sends with the signed list of their files.

    Every file of the list is fetched, and the document with its header fields. Exit status: 0 if everything is equal,
    1 if something differs, 2 if the pages or their list cannot be read. A server can tell this program from a browser,
    and can have files that the list does not name.
    """
    keys = _load_keys(request.key_files)
    try:
        source = PagesSource(check_address(request.url), Deadline(request.seconds))
        cms = fetch_signed_list(source)
    except (BadAddress, LookupFailed) as error:
        raise click.ClickException(
            f"{MANIFEST_NAME}: {error}" if isinstance(error, LookupFailed) else str(error)
        ) from error
    verified = _verify_newest(cms, keys, source.base, allow_older=request.allow_older)
    report = compare_pages(verified.release, source)
    if request.as_json:
        shown = {"url": source.base, "problems": list(report.problems), "connections": report.connections}
        write_json({**shown, **_to_json(verified, report.findings)})
    else:
        _write(verified, report.findings)
        for problem in report.problems:
            write_line(f"differs: {problem}")
        for name, address in report.connections.items():
            write_line(f"connects to: {name} {address}")
    return None if are_all_equal(report.findings) and not report.problems else _DIFFERS


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRequest:
    """Downloaded files, and the keys that may have signed their list."""

    sources: tuple[Path, ...] = given_by(
        click.Argument(
            ["sources"], metavar="FOLDER|FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
        )
    )
    key_files: tuple[str, ...] = given_by(_KEYS)
    list_file: str | None = given_by(
        click.Option(
            ["--list", "list_file"],
            metavar="FILE",
            type=FILE,
            help="The signed list, by default release.p7s in the folder, or in that of the first file.",
        )
    )
    as_json: bool = given_by(JSON)

    def __post_init__(self) -> None:
        if len(self.sources) > 1 and any(source.is_dir() for source in self.sources):
            raise click.UsageError("give one folder, or only files")


@verb(ReleaseRequest, "verify-release")
def verify_release(request: ReleaseRequest) -> int | None:
    """Compare a downloaded release, or single files of it, with the signed list of its files.

    In a folder, missing and additional files are named too, including symbolic links and pipes. Exit status: 0 if
    everything is equal, 1 if something differs, 2 if the list or the folder cannot be read.
    """
    keys, first = _load_keys(request.key_files), request.sources[0]
    folder = first if first.is_dir() else first.parent
    cms = read_input(request.list_file or str(folder / MANIFEST_NAME))
    verified = blocking.run(verify_list(cms, PROVIDER, keys, Coverage.RELEASE, at=now()))
    if first.is_dir():
        findings = compare_folder(verified.release, folder)
    else:
        findings = [_compare_download(verified.release, source) for source in request.sources]
    if request.as_json:
        write_json(_to_json(verified, findings))
    else:
        _write(verified, findings)
    return None if are_all_equal(findings) else _DIFFERS


def _sign(release: Release, request: SigningRequest) -> None:
    at = now()
    signer = load_signer(request.identity_file, request.passphrases, request.choice.rules(at))
    cms = blocking.run(sign_list(release, PROVIDER, identity=signer, signing_time=at))
    target = request.folder / MANIFEST_NAME
    write_output(str(target), cms)
    count, key = len(release.files), fingerprint_text(signer.certificate.fingerprint)
    write_line(f"{target}: version {release.version}, {count} files, signed by {signer.certificate.common_name}; {key}")


def _read_build(folder: Path) -> tuple[str | None, str | None]:
    # The build writes its version and commit into the folder of the whole build, which contains the pages' folder.
    for path in (folder / _BUILD, folder.parent / _BUILD):
        if path.is_file():
            value = parse_json(read_small(path, max_bytes=_BUILD_BYTES), _BUILD, max_bytes=_BUILD_BYTES)
            if isinstance(value, dict) and isinstance(value.get("version"), str):
                commit = value.get("commit")
                return value["version"], commit if isinstance(commit, str) else None
    return None, None


def _load_keys(names: Sequence[str]) -> frozenset[str]:
    if names:
        return frozenset(certificate.fingerprint for certificate in load_certificates(names))
    keys = read_release_keys()
    if not keys:
        raise click.UsageError(
            "this build carries no release key: name the certificate that has to have signed by --key"
        )
    return keys


def _verify_newest(cms: bytes, keys: frozenset[str], address: str, *, allow_older: bool) -> VerifiedRelease:
    path = default_file()
    with lock_file(path):
        seen: dict[str, SeenRelease] = read_seen(path)
        newest = None if allow_older else seen.get(address)
        verified = blocking.run(verify_list(cms, PROVIDER, keys, Coverage.PAGES, at=now(), seen=newest))
        save_seen(path, {**seen, address: verified.seen})
    return verified


def _compare_download(release: Release, source: Path) -> Finding:
    named = [file for file in release.files if file.path.rpartition("/")[2] == source.name]
    findings = [compare_file(file, source) for file in named]
    # Several files may have this name, such as `index.html` in two folders.
    equal = (finding for finding in findings if finding.outcome is Outcome.EQUAL)
    return next(equal, findings[0] if findings else Finding(path=str(source), outcome=Outcome.ADDITIONAL))


def _write(verified: VerifiedRelease, findings: Sequence[Finding]) -> None:
    release, signer = verified.release, verified.signer
    sources = f", commit {release.commit}" if release.commit else ""
    write_line(f"version {release.version}{sources}")
    write_line(f"signed by {signer.common_name}; {fingerprint_text(signer.fingerprint)}")
    for finding in findings:
        if finding.outcome is not Outcome.EQUAL:
            detail = f" ({finding.detail})" if finding.detail else ""
            write_line(f"{finding.outcome.replace('-', ' ')}: {finding.path}{detail}")
    write_line(describe_counts(findings))


def _to_json(verified: VerifiedRelease, findings: Sequence[Finding]) -> dict[str, object]:
    release = verified.release
    return {
        "version": release.version,
        "commit": release.commit,
        "signer": {"name": verified.signer.common_name, "fingerprint": verified.signer.fingerprint},
        "files": [asdict(finding) for finding in findings],
    }
