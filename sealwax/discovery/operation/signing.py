"""`sealwax discovery sign` and `public-key`: the document as a file, and the key that clients pin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sealwax.cli.options.parameters import OUTPUT
from sealwax.cli.options.request import given_by, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import write_line, write_output
from sealwax.discovery.operation.settings import DISCOVERY
from sealwax.discovery.publishing import Publisher
from sealwax.operation.program import ConfigRequest
from sealwax.operation.service_user import acting_as_owner
from smime_core.own_content import key_text


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRequest:
    """The configuration to sign with, and the file to write."""

    config: Path = given_by(DISCOVERY.config_option())
    target: str = given_by(OUTPUT)


@verb(SignRequest)
def sign(request: SignRequest) -> None:
    """Sign the list again and write it, for a static web server.

    Any number of web servers may send the file as /.well-known/sealwax-discovery.json. The file ends after
    lifetime_hours, so sign at least twice as often, as the user of the service.
    """
    config = DISCOVERY.load(request.config).to_config()
    with acting_as_owner([config.state_file]):
        document = Publisher(config, PROVIDER).sign()
    write_output(request.target, document)


@verb(DISCOVERY.request_class(), "public-key")
def public_key(request: ConfigRequest) -> None:
    """Print the public half of the signing_key, which clients pin."""
    write_line(key_text(DISCOVERY.load(request.config).to_config().key))
