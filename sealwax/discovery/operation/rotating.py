"""`sealwax discovery rotate`: a new signing key, which the old one has signed."""

from __future__ import annotations

import secrets
from pathlib import Path

from sealwax.cli.options.request import verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import PRIVATE_MODE, write_line
from sealwax.discovery.operation.settings import DISCOVERY, KEY_NAME
from sealwax.discovery.publishing import Publisher
from sealwax.files.small import read_small
from sealwax.files.whole import write_whole
from sealwax.operation.program import ConfigRequest
from sealwax.operation.service_user import become_owner
from sealwax.operation.settings import KEY_BYTES, WrongSettings, own_secrets_folder
from smime_core.keys import raw_private_key
from smime_core.own_content import key_text
from smime_core.provider import KeyType, PrivateKey


@verb(DISCOVERY.request_class())
def rotate(request: ConfigRequest) -> None:
    """Replace the signing key with a new one, and publish a list that the new key signs.

    Clients that know the old key accept the new one, and nothing more from the old one. Restart the service afterwards,
    and destroy the backups of the old key. If the command was interrupted, run it again.
    """
    config = DISCOVERY.load(request.config).to_config()
    file = own_secrets_folder(request.config) / KEY_NAME
    become_owner([file, config.state_file])
    if not file.exists() or key_text(_read_key(file)) != key_text(config.key):
        raise WrongSettings([f"{KEY_NAME} does not come from {file}: move it there first"])
    publisher = Publisher(config, PROVIDER)
    # The new key is on the disk before a document names it. Its file replaces the old key's file after the new key has
    # signed the document.
    waiting = file.with_name(f"{KEY_NAME}.new")
    if not _is_interrupted(publisher, waiting):
        write_whole(waiting, secrets.token_hex(KEY_BYTES).encode() + b"\n", mode=PRIVATE_MODE)
        publisher.succeed(_read_key(waiting))
    waiting.replace(file)
    write_line(f"clients now pin {key_text(_read_key(file))}: restart the service")


def _is_interrupted(publisher: Publisher, waiting: Path) -> bool:
    return waiting.exists() and key_text(_read_key(waiting)) == publisher.newest_key()


def _read_key(file: Path) -> PrivateKey:
    return raw_private_key(KeyType.ED25519, bytes.fromhex(read_small(file).decode().strip()))
