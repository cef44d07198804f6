"""The findings of `check`, printed line by line or as JSON."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import click

from sealwax.cli.streams.files import printable, write_json
from sealwax.operation.settings import ServiceSettings, own_secrets_folder, secret_names
from sealwax.service.database import has_password

_OTHERS: Final = stat.S_IRWXO
_COLOURS: Final = {"ok": "green", "warning": "yellow", "error": "red"}


class Level(StrEnum):
    """The weight of a finding. Only an error makes `check` fail."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the output: the part that was checked, the finding, and for a fault the remedy."""

    level: Level
    part: str
    text: str
    remedy: str = ""


def fine(part: str, text: str) -> Finding:
    """A part that works."""
    return Finding(level=Level.OK, part=part, text=text)


def doubtful(part: str, text: str, remedy: str) -> Finding:
    """A part that works, but not as it should."""
    return Finding(level=Level.WARNING, part=part, text=text, remedy=remedy)


def wrong(part: str, text: str, remedy: str) -> Finding:
    """A part that does not work."""
    return Finding(level=Level.ERROR, part=part, text=text, remedy=remedy)


def json_option() -> click.Option:
    """The option for programs that read the findings."""
    return click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object.")


def report(findings: Iterable[Finding], *, as_json: bool) -> int:
    """Print each finding as soon as it is known. Return the exit code: 1 if a finding is an error, else 0."""
    seen = []
    # Imported here because rich takes longer to import than most commands run.
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        seen.append(finding)
        if not as_json:
            colour = _COLOURS[finding.level]
            remedy = f" → {printable(finding.remedy)}" if finding.remedy else ""
            console.print(f"[{colour}]{finding.level:8}[/{colour}]", end="")
            console.print(f"{finding.part}: {printable(finding.text)}{remedy}", markup=False)
    failed = any(finding.level is Level.ERROR for finding in seen)
    if as_json:
        write_json({"ok": not failed, "findings": [asdict(finding) for finding in seen]})
    return int(failed)


def guarded(part: str, check: Callable[[], Finding]) -> Finding:
    """The finding of a check, even if it raises an unexpected error."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 (a check must say something about each part)
        return wrong(part, f"cannot be tried: {type(error).__name__}", "look at the setting that names it")


def check_files(kind: type[ServiceSettings], file: Path, private: Iterable[Path]) -> Iterator[Finding]:
    """Report the files with secrets or people's names that everybody on the machine can read."""
    folder = own_secrets_folder(file)
    secret_files = [folder / name for name in secret_names(kind)]
    for path in [*secret_files, *private]:
        if path.exists() and path.stat().st_mode & _OTHERS:
            yield doubtful("files", f"{path} can be read by everybody on this machine", f"run: chmod 600 {path}")
    if file.stat().st_mode & _OTHERS and _names_secrets(kind, file):
        yield doubtful(
            "files",
            f"{file} has a secret and can be read by everybody on this machine",
            f"move the secret to a file of its own in {folder}, or run: chmod 600 {file}",
        )


def _names_secrets(kind: type[ServiceSettings], file: Path) -> bool:
    import tomllib

    from sealwax.files.small import read_small

    table = tomllib.loads(read_small(file).decode())
    names = [name for name in secret_names(kind) if name != "database"]
    return any(name in table for name in names) or has_password(str(table.get("database", "")))
