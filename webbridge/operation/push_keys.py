"""`sealwax bridge push-keys`: the key that identifies the bridge to push services."""

from __future__ import annotations

from sealwax.cli.options.request import verb
from sealwax.cli.streams.files import write_line
from sealwax.operation.founding import write_secret
from sealwax.operation.program import ConfigRequest
from sealwax.operation.service_user import become_owner
from sealwax.operation.settings import key_bytes, own_secrets_folder
from webbridge.operation.push_section import KEY
from webbridge.operation.settings import BRIDGE
from webbridge.push.vapid import make_key, public_key_text


@verb(BRIDGE.request_class())
def push_keys(request: ConfigRequest) -> None:
    """Make the key of push messages, unless there is one, and print its public half.

    The key is the secret push_key. Root makes it as the user of the service. Browsers that subscribed under another key
    have to subscribe again.
    """
    folder = own_secrets_folder(request.config)
    become_owner([folder])
    key = BRIDGE.load(request.config).push_key
    if key is None:
        new = make_key()
        made = write_secret(folder / KEY, f"{new.hex()}\n")
        if made is not None:
            write_line(f"{made} was made: its unit needs the line LoadCredential={KEY}:{made}")
            write_line(public_key_text(new))
            return
        key = BRIDGE.load(request.config).push_key
    if key is not None:
        write_line(public_key_text(key_bytes(key)))
