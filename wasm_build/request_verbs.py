"""The verbs for a certificate of one's own: a new key with the request for it, and the join with what the CA issued.

The key is made here and leaves only encrypted under the person's passphrase; the CA sees the request alone.
"""

from __future__ import annotations

from typing import Any, Final

from smime_core.ca.certification_request import build_certification_request, certification_request_to_pem
from smime_core.certificate import Certificate, parse_certificates
from smime_core.certificates_only import parse_certificates_only
from smime_core.errors import MalformedMessage, SmimeError, WrongPassphrase
from smime_core.identity import Identity, export_identity
from smime_core.keys import public_key_of
from smime_core.private_key_file import export_private_key, load_private_key
from smime_core.provider import CryptoProvider, NewKey

# What CAs for mail certify, and what can both sign and receive.
_KINDS: Final = {"rsa-3072": NewKey.RSA_3072, "p-256": NewKey.P256, "p-384": NewKey.P384}


async def make_request(args: dict[str, Any], provider: CryptoProvider) -> dict[str, bytes]:
    """`{request, key}`: a PKCS#10 as PEM, and its new key as encrypted PEM. Raises SmimeError."""
    passphrase = args["passphrase"]
    if not passphrase:
        raise WrongPassphrase()
    kind = args.get("kind") or "rsa-3072"
    if kind not in _KINDS:
        raise MalformedMessage(f"a new key is one of {', '.join(_KINDS)}", where="request")
    key = await provider.generate_key(_KINDS[kind])
    name = args.get("commonName") or ""
    request_der = await build_certification_request(key, args["addresses"], provider=provider, common_name=name)
    key_pem = await export_private_key(key, passphrase, provider=provider)
    return {"request": certification_request_to_pem(request_der), "key": key_pem}


async def finish_request(args: dict[str, Any], provider: CryptoProvider) -> tuple[Identity, bytes]:
    """The identity of the kept key with the certificate that was issued for it, and both as PKCS#12.

    `files` are what the CA sent, each PEM, DER or a certs-only message, in any order. Raises SmimeError.
    """
    passphrase = args["passphrase"]
    key = await load_private_key(args["key"], passphrase, provider=provider)
    certificates = [certificate for file in args["files"] for certificate in read_certificates(file)]
    own = public_key_of(key).spki_der
    issued = [one for one in certificates if one.public_key.spki_der == own]
    if not issued:
        raise MalformedMessage("none of the certificates is for this key", where="certificate")
    newest = max(issued, key=lambda one: one.not_before)
    chain = tuple(one for one in dict.fromkeys(certificates) if one not in issued)
    identity = Identity(certificate=newest, private_key=key, chain=chain)
    return identity, await export_identity(identity, passphrase, provider=provider)


def read_certificates(data: bytes) -> tuple[Certificate, ...]:
    """The certificates of a file in PEM, DER or a certs-only message. Raises SmimeError."""
    try:
        return parse_certificates(data)
    except SmimeError as error:
        try:
            return parse_certificates_only(data).certificates
        except SmimeError:
            raise error from None
