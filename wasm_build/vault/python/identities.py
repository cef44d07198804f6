"""The verbs that open, make and export a key file, and the reply members that describe its identities.

In an export, a private key is decrypted and encrypted again inside one request. It never leaves the vault unencrypted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from smime_core.errors import MalformedMessage, WrongPassphrase
from smime_core.identity import Identity, Pkcs12Form, export_identities, is_shared, load_identities
from smime_core.provider import CryptoProvider
from smime_core.x509 import Certificate
from wasm_build.vault.python.certificates import describe
from wasm_build.vault.python.requests import Reply, Secret, parse_word, request_class
from wasm_build.vault.python.sealed import identity_of, seal_identity, unseal_identities


@request_class
class OpenIdentity:
    p12: bytes
    passphrase: Secret
    seal_key: Secret
    for_keeping: bool = False


@request_class
class KeepIdentities:
    identities: tuple[bytes, ...]
    seal_key: Secret
    passphrase: Secret


@request_class
class ExportKeys:
    p12: bytes
    passphrase: Secret
    new_passphrase: Secret
    only: tuple[str, ...] | None = None
    form: str = ""


async def open_identity(request: OpenIdentity, provider: CryptoProvider) -> Reply:
    """Returns `{identities}` of a key file, sealed; with `for_keeping` also `{p12, authority}`. Raises SmimeError."""
    identities = await load_identities(request.p12, request.passphrase, provider)
    reply = await seal_all(identities, request.seal_key, provider)
    if request.for_keeping and identities:
        reply |= describe_authority(identities)
        # Some files have no passphrase, and some old files are encrypted with a broken cipher. So a file is encrypted
        # anew before it is kept.
        if not request.passphrase:
            raise WrongPassphrase()
        reply["p12"] = await export_identities(identities, request.passphrase, provider, form=Pkcs12Form.MODERN)
    return reply


async def keep_identities(request: KeepIdentities, provider: CryptoProvider) -> Reply:
    """Returns `{p12, authority}`: a key file with unlocked identities. Raises WrongPassphrase without a passphrase."""
    if not request.passphrase:
        raise WrongPassphrase()
    unsealed = await unseal_identities(request.identities, request.seal_key, provider)
    identities = [identity_of(identity) for identity in unsealed]
    p12 = await export_identities(identities, request.passphrase, provider, form=Pkcs12Form.MODERN)
    return {"p12": p12, **describe_authority(identities)}


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


async def seal_all(identities: Sequence[Identity], seal_key: Secret, provider: CryptoProvider) -> Reply:
    """Returns `{identities}`: each sealed for the session, with the facts of its certificate."""
    return {"identities": [await _seal(identity, seal_key, provider) for identity in identities]}


async def _seal(identity: Identity, seal_key: Secret, provider: CryptoProvider) -> Reply:
    sealed = await seal_identity(identity, seal_key, provider)
    mark: Reply = {"isShared": True} if is_shared(identity) else {}
    return {"sealed": sealed, **mark, **describe(identity.certificate)}


def describe_authority(identities: Sequence[Identity]) -> Reply:
    """Returns `{authority}`: the topmost CA of the first identity that has a CA in its file, or `{}` without any CA."""
    authority = _find_authority(identities)
    return {} if authority is None else {"authority": describe(authority)}


def path_of(identity: Identity) -> list[Certificate]:
    """The certificates of the issuers above an identity, as far as its file has them."""
    certificate, path = identity.certificate, []
    for _ in identity.chain:
        issuer = next(
            (candidate for candidate in identity.chain if candidate.subject_der == certificate.issuer_der), None
        )
        if issuer is None or issuer == certificate:
            break
        path.append(issuer)
        certificate = issuer
    return path


def _find_authority(identities: Sequence[Identity]) -> Certificate | None:
    for identity in identities:
        path = path_of(identity)
        if path and path[-1].is_ca:
            return path[-1]
    return None


def _without_strangers(chosen: Sequence[Identity], identities: Sequence[Identity]) -> list[Identity]:
    # If only some identities are exported, the new file has only the certificates in the paths of these identities.
    if len(chosen) == len(identities):
        return list(chosen)
    return [dataclasses.replace(identity, chain=tuple(path_of(identity))) for identity in chosen]
