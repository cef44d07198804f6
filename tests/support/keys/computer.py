"""A computer on which a person runs `sealwax roam`: its home folder, and the files in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import IO, Final

from smime_core.blocking import run
from smime_core.identity import Pkcs12Form, export_identities, load_identities
from tests.support.keys.people import PROVIDER, identity
from tests.support.servers.own_process import sealwax

PASSPHRASE: Final = "four words on paper"
OF_FILES: Final = "the files"


@dataclass
class Computer:
    """A home folder, and the files in it."""

    home: Path

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that name its folders."""
        folders = {"XDG_DATA_HOME": str(self.home / "data"), "XDG_CONFIG_HOME": str(self.home / "config")}
        return {"HOME": str(self.home), **folders}

    def roam(
        self, verb: str, *arguments: str, typed: str | None = None, output: IO[str] | None = None
    ) -> CompletedProcess[str]:
        done = sealwax("roam", verb, *arguments, typed=typed, output=output, **self.variables)
        assert PASSPHRASE not in f"{done.stdout}{done.stderr}"
        return done

    def text(self, name: str, content: str) -> str:
        path = self.home / name
        path.write_text(content)
        return str(path)

    def identities(self, name: str, *numbers: int) -> str:
        path = self.home / name
        identities = [identity(number) for number in numbers]
        path.write_bytes(run(export_identities(identities, OF_FILES.encode(), PROVIDER, form=Pkcs12Form.COMPATIBLE)))
        return str(path)

    def opened(self, name: str, passphrase: str) -> set[bytes]:
        identities = run(load_identities((self.home / name).read_bytes(), passphrase.encode(), PROVIDER))
        return {entry.certificate.der for entry in identities}


def computer(folder: Path) -> Computer:
    folder.mkdir()
    return Computer(folder)
