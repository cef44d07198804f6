"""`sealwax bridge push-keys`: the key by which push services know the bridge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sealwax.cli.options.request import given_by, verb
from sealwax.cli.streams.files import write_line
from sealwax.operation.founding import write_secret
from sealwax.operation.options import config_option
from sealwax.operation.service_user import become_owner
from sealwax.operation.settings import key_bytes, load_settings, own_secrets_folder
from webbridge.operation.push_section import KEY
from webbridge.operation.settings import DEFAULT_FILE, BridgeSettings
from webbridge.push.vapid import make_key, public_key_text


@dataclass(frozen=True, slots=True, kw_only=True)
class PushKeysRequest:
    """The configuration that gets the key."""

    config: Path = given_by(config_option(DEFAULT_FILE))


@verb(PushKeysRequest)
def push_keys(request: PushKeysRequest) -> None:
    """Make the key of push messages, unless there is one, and print its public half.

    The key is the secret push_key. Root makes it as the user of the service. Browsers that subscribed under another key
    have to subscribe again.
    """
    folder = own_secrets_folder(request.config)
    become_owner([folder])
    key = load_settings(BridgeSettings, request.config).push_key
    if key is None:
        new = make_key()
        made = write_secret(folder / KEY, f"{new.hex()}\n")
        if made is not None:
            write_line(f"{made} was made: its unit needs the line LoadCredential={KEY}:{made}")
            write_line(public_key_text(new))
            return
        key = load_settings(BridgeSettings, request.config).push_key
    if key is not None:
        write_line(public_key_text(key_bytes(key)))
