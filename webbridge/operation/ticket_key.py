"""`sealwax bridge ticket-key`: the public key with which the key server verifies the bridge's tickets."""

from __future__ import annotations

from roaming_keys.protocol.tickets import public_key_of
from sealwax.cli.options.request import verb
from sealwax.cli.streams.files import write_line
from sealwax.operation.program import ConfigRequest
from sealwax.operation.settings import WrongSettings, key_bytes
from smime_core.text import write_ed25519
from webbridge.operation.settings import BRIDGE, KEY_MISSING


@verb(BRIDGE.request_class())
def ticket_key(request: ConfigRequest) -> None:
    """Print the public key of the bridge's enrolment_key, which is the key server's setting ticket_key."""
    key = BRIDGE.load(request.config).enrolment_key
    if key is None:
        raise WrongSettings([KEY_MISSING])
    write_line(write_ed25519(public_key_of(key_bytes(key))))
