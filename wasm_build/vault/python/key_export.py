"""The verb that exports identities of a key file under another passphrase.

A private key is decrypted and encrypted again inside one request. It never leaves the vault unencrypted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from smime_core.errors import MalformedMessage, WrongPassphrase
from smime_core.identity import Identity, Pkcs12Form, export_identities, load_identities
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.identities import path_of
from wasm_build.vault.python.replies import Reply
from wasm_build.vault.python.requests import Secret, parse_word, request_class


@request_class
class ExportKeys:
    p12: bytes
    passphrase: Secret
    new_passphrase: Secret
    only: tuple[str, ...] | None = None
    form: str = ""


async def export_keys(request: ExportKeys, provider: CryptoProvider) -> Reply:
    """Returns `{p12, certificates}`: the identities of a key file under the new passphrase, and their certificates.

    `only` has the fingerprints of the wanted identities; None means all. Raises WrongPassphrase, also for an empty new
    passphrase, and MalformedMessage if the file lacks a wanted identity.
    """
    if not request.new_passphrase:
        raise WrongPassphrase()
    identities = await load_identities(request.p12, request.passphrase, provider)
    only = request.only
    chosen = [identity for identity in identities if only is None or identity.certificate.fingerprint in only]
    if not chosen or (only is not None and len(chosen) != len(only)):
        raise MalformedMessage("the file does not have the requested identities", where="identity")
    form = parse_word(Pkcs12Form, request.form or Pkcs12Form.COMPATIBLE)
    exported = await export_identities(
        _without_strangers(chosen, identities), request.new_passphrase, provider, form=form
    )
    return {"p12": exported, "certificates": [identity.certificate.der for identity in chosen]}


def _without_strangers(chosen: Sequence[Identity], identities: Sequence[Identity]) -> list[Identity]:
    # If only some identities are exported, the new file has only the certificates in the paths of these identities.
    if len(chosen) == len(identities):
        return list(chosen)
    return [dataclasses.replace(identity, chain=tuple(path_of(identity))) for identity in chosen]
