"""The verbs for getting a certificate. One makes a key and a request, the other adds the issued certificate.

The private key leaves the vault only encrypted under the person's passphrase. The CA sees only the request.
"""

from __future__ import annotations

from typing import Final

from smime_core.ca.certification_request import build_certification_request, certification_request_to_pem
from smime_core.errors import MalformedMessage, WrongPassphrase
from smime_core.identity import Identity, export_identity, export_private_key, load_private_key
from smime_core.keys import public_key_of
from smime_core.provider import CryptoProvider, NewKey
from smime_core.trust import parse_people_file
from wasm_build.vault.python.identities import describe_authority, seal_all
from wasm_build.vault.python.requests import Reply, Secret, request_class

# The kinds of keys that CAs for mail certify. Each kind can sign and can receive encrypted mail.
_KINDS: Final = {"rsa-3072": NewKey.RSA_3072, "p-256": NewKey.P256, "p-384": NewKey.P384}


@request_class
class MakeRequest:
    addresses: tuple[str, ...]
    common_name: str = ""
    kind: str = ""
    passphrase: Secret


@request_class
class FinishRequest:
    key: bytes
    passphrase: Secret
    files: tuple[bytes, ...]
    seal_key: Secret


async def make_request(request: MakeRequest, provider: CryptoProvider) -> Reply:
    """Returns `{request, key}`: a PKCS#10 request as PEM, and its new key as encrypted PEM. Raises SmimeError."""
    if not request.passphrase:
        raise WrongPassphrase()
    kind = request.kind or "rsa-3072"
    if kind not in _KINDS:
        raise MalformedMessage(f"a new key is one of {', '.join(_KINDS)}", where="request")
    key = await provider.generate_key(_KINDS[kind])
    request_der = await build_certification_request(key, request.addresses, provider, common_name=request.common_name)
    key_pem = await export_private_key(key, request.passphrase, provider)
    return {"request": certification_request_to_pem(request_der), "key": key_pem}


async def finish_request(request: FinishRequest, provider: CryptoProvider) -> Reply:
    """Returns `{identities, authority, p12}`: the key with its issued certificate and its CA. Raises SmimeError.

    `files` are the files from the CA, each PEM, DER or a certs-only message, in any order.
    """
    identity = await _join(request, provider)
    p12 = await export_identity(identity, request.passphrase, provider)
    return {**await seal_all([identity], request.seal_key, provider), **describe_authority([identity]), "p12": p12}


async def _join(request: FinishRequest, provider: CryptoProvider) -> Identity:
    key = await load_private_key(request.key, request.passphrase, provider)
    certificates = [certificate for file in request.files for certificate in parse_people_file(file).certificates]
    own = public_key_of(key).spki_der
    issued = [certificate for certificate in certificates if certificate.public_key.spki_der == own]
    if not issued:
        raise MalformedMessage("none of the certificates is for this key", where="certificate")
    newest = max(issued, key=lambda certificate: certificate.not_before)
    chain = tuple(certificate for certificate in dict.fromkeys(certificates) if certificate not in issued)
    return Identity(certificate=newest, private_key=key, chain=chain)
