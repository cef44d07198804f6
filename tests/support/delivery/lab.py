"""A folder in which the command sends and opens parcels, and what it prints there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.support.command.lab import Lab, Result
from tests.support.delivery.played_service import TOKEN, PlayedService

ALICE = "alice@example.test"
BOB = "bob@example.test"


@dataclass(frozen=True)
class Sent:
    """The lines that `deliver send` has printed."""

    reference: str
    link: str
    words: str


@dataclass(frozen=True)
class Post:
    """The command with Alice's token at the service whose pages are at `url`."""

    lab: Lab
    url: str
    token: str

    @property
    def folder(self) -> Path:
        return self.lab.folder

    def keep_token(self) -> Result:
        self.lab.write("token.txt", f"{self.token}\n".encode())
        options = ("--server", self.url, "--address", ALICE, "--token-file", "token.txt")
        return self.lab.sealwax("deliver", "token", *options)

    def send(self, *arguments: str) -> Sent:
        """Send to Bob. It must succeed without a word on standard error."""
        result = self.lab.sealwax("deliver", "send", "--to", BOB, *arguments)
        assert (result.code, result.stderr) == (0, "")
        return read_sent(result)

    def open(self, sent: Sent, *arguments: str, words: str | None = None, folder: str = "got") -> Result:
        """Open a parcel by its words."""
        self.lab.write("words.txt", f"{words or sent.words}\n".encode())
        return self.lab.sealwax("deliver", "open", sent.link, "-o", folder, "--words-file", "words.txt", *arguments)

    def got(self, folder: str = "got") -> dict[str, bytes]:
        """The files in a folder, hidden ones too."""
        place = self.folder / folder
        return {path.name: path.read_bytes() for path in place.iterdir()} if place.exists() else {}


@dataclass(frozen=True)
class DeliveryLab(Post):
    """The command and a service in memory."""

    service: PlayedService


def at_played_service(lab: Lab, service: PlayedService) -> DeliveryLab:
    return DeliveryLab(lab, service.url, TOKEN, service)


def read_sent(result: Result) -> Sent:
    lines = dict(line.split(": ", 1) for line in result.stdout.decode().splitlines())
    return Sent(reference=lines["Reference"], link=lines.get("Link", ""), words=lines.get("Words", ""))
