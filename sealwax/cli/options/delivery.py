"""The options that name a delivery service and the user's token there."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from sealwax.cli.options.passphrases import read_first_line
from sealwax.cli.options.request import given_by
from sealwax.cli.user_files.delivery import KeptService, find_token, load_services
from sealwax.delivery.address import parse_server
from sealwax.delivery.connection import Connection
from sealwax.delivery.finding import find_service
from sealwax.delivery.patience import Patience
from sealwax.delivery.sender_api import SenderApi

CA_FILE: Final = click.Option(
    ["--ca-file", "ca_file"],
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Authorities of the service, in place of the system's.",
)
# POSIX.1-2024, "Environment Variables" 8.2: the variables in the order of their precedence, and their form.
_OF_LOCALE: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
_LOCALE: Final = re.compile(r"([a-z]{2,3})(?:_([A-Z]{2}))?(?:\..*|@.*)?")
TOKEN_FILE: Final = click.Option(
    ["--token-file", "token_file"],
    metavar="FILE",
    type=click.Path(),
    help="File whose first line is the token, in place of the kept one.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """A service and a token. Without options, they are those that were stored last."""

    server: str | None = given_by(
        click.Option(["--server"], metavar="URL", help="The pages of the service. The last ones, if left out.")
    )
    address: str | None = given_by(
        click.Option(["--address"], metavar="ADDRESS", help="Your address there. The last one, if left out.")
    )
    token_file: str | None = given_by(TOKEN_FILE)
    ca_file: Path | None = given_by(CA_FILE)

    def find(self) -> KeptService:
        """The chosen service. Raises UsageError, DeliveryFailed, OSError or MalformedMessage."""
        server = None if self.server is None else str(parse_server(self.server))
        services = [
            service
            for service in load_services()
            if server in (None, service.pages, service.api) and self.address in (None, service.address)
        ]
        if services:
            return services[-1]
        if server is None or self.address is None:
            raise click.UsageError("say which service: give --server and --address, or run `sealwax deliver token`")
        return look_up(server, self.address, self.ca_file)

    def load_token(self, service: KeptService) -> str:
        """The token for a service. Raises UsageError, OSError or MalformedMessage."""
        token = parse_token(read_first_line(self.token_file)) if self.token_file else find_token(service)
        if not token:
            raise click.UsageError("there is no token: run `sealwax deliver token`, or give --token-file")
        return token

    @contextlib.contextmanager
    def open(self) -> Iterator[tuple[KeptService, str, SenderApi]]:
        """The service, the token, and the calls that it authorizes."""
        service = self.find()
        token = self.load_token(service)
        with Connection(parse_server(service.api), ca_file=self.ca_file) as connection:
            yield service, token, SenderApi(connection, token, Patience(), language=language_of(os.environ))


def language_of(environment: Mapping[str, str]) -> str:
    """The language tag that the environment variables name, or an empty text."""
    value = next((environment[name] for name in _OF_LOCALE if environment.get(name)), "")
    match = _LOCALE.fullmatch(value)
    return "" if match is None else "-".join(group for group in match.groups() if group)


def look_up(server: str, address: str, ca_file: Path | None) -> KeptService:
    """Find the service whose pages or API have this address. Raises DeliveryFailed or MalformedMessage."""
    service = find_service(parse_server(server), ca_file=ca_file)
    return KeptService(api=str(service.api), pages="" if service.pages is None else str(service.pages), address=address)


def parse_token(data: bytes) -> str:
    """Check a token, which goes into a header field. Raises ClickException, whose text does not quote the token."""
    text = data.decode("ascii", "replace").strip()
    if not text or not all("!" <= character <= "~" for character in text):
        raise click.ClickException("expected a token as the pages show it: letters, digits and signs in one line")
    return text
