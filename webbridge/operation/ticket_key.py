"""`sealwax bridge ticket-key`: the public key by which the key server knows the bridge's tickets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from roaming_keys.protocol.tickets import public_key_of
from sealwax.cli.options.request import given_by, verb
from sealwax.cli.streams.files import write_line
from sealwax.operation.options import config_option
from sealwax.operation.settings import WrongSettings, key_bytes, load_settings
from smime_core.text import write_ed25519
from webbridge.operation.settings import DEFAULT_FILE, KEY_MISSING, BridgeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketKeyRequest:
    """The configuration whose key is wanted."""

    config: Path = given_by(config_option(DEFAULT_FILE))


@verb(TicketKeyRequest)
def ticket_key(request: TicketKeyRequest) -> None:
    """Print the public key of the bridge's enrolment_key, which is the key server's setting ticket_key."""
    key = load_settings(BridgeSettings, request.config).enrolment_key
    if key is None:
        raise WrongSettings([KEY_MISSING])
    write_line(write_ed25519(public_key_of(key_bytes(key))))
