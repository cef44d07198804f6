"""Who signs and decrypts: a private key with its certificate and chain, in and out of PKCS#12 files (RFC 7292).

A certificate belongs to the key whose public half it holds, whatever localKeyID says. One key with several certificates
(renewals) gives several identities: an old message names the old certificate.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import HashName, SignatureAlgorithm, SignatureScheme
from smime_core.certificate import Certificate, parse_certificate
from smime_core.der import Buffer
from smime_core.errors import MalformedMessage, SmimeError, UnsupportedAlgorithm
from smime_core.keys import find_public_key, parse_private_key, with_public_key
from smime_core.pkcs12 import Pkcs12Certificate, Pkcs12Contents, Pkcs12Key, build_pkcs12, parse_pkcs12
from smime_core.provider import CryptoProvider, PrivateKey

DEFAULT_ITERATIONS: Final = 600_000  # OWASP's figure for PBKDF2-HMAC-SHA-256; about 0.2 s natively


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A certificate, its private key, and the other certificates of the file, which may lead to an anchor."""

    certificate: Certificate
    private_key: PrivateKey
    chain: tuple[Certificate, ...] = ()
    friendly_name: str | None = None


async def load_identity(p12: Buffer, passphrase: bytes, *, provider: CryptoProvider) -> Identity:
    """The first identity of a PKCS#12 file. `passphrase` is UTF-8.

    Raises MalformedMessage when there is none, and what `load_identities` raises.
    """
    identities = await load_identities(p12, passphrase, provider=provider)
    if not identities:
        raise MalformedMessage("the file holds no private key together with its certificate", where="PKCS#12")
    return identities[0]


async def load_identities(p12: Buffer, passphrase: bytes, *, provider: CryptoProvider) -> tuple[Identity, ...]:
    """All identities of a PKCS#12 file in the order of its keys; none for a file of certificates alone.

    Of several certificates for one key, the one that localKeyID names comes first, then the youngest.
    Raises WrongPassphrase, MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    contents = await parse_pkcs12(p12, passphrase, provider=provider)
    certificates, unsupported = _parse_all_certificates(contents)
    pairs: list[tuple[Pkcs12Key, PrivateKey, _FileCertificate]] = []
    for key in contents.keys:
        try:
            private_key = parse_private_key(key.pkcs8_der)
        except UnsupportedAlgorithm as error:
            unsupported = error
            continue
        matching = await _find_certificates(private_key, key, certificates, provider=provider)
        pairs += ((key, found_key, certificate) for found_key, certificate in matching)
    if not pairs and contents.keys and unsupported is not None:
        # One key of an unknown kind must not hide the others; alone it is the reason.
        raise unsupported
    owned = {entry.certificate for _, _, entry in pairs}
    chain = tuple(entry.certificate for entry in certificates if entry.certificate not in owned)
    return tuple(
        Identity(
            certificate=entry.certificate,
            private_key=private_key,
            chain=chain,
            friendly_name=key.friendly_name if key.friendly_name is not None else entry.source.friendly_name,
        )
        for key, private_key, entry in pairs
    )


async def export_identity(
    identity: Identity, passphrase: bytes, *, provider: CryptoProvider, iterations: int = DEFAULT_ITERATIONS
) -> bytes:
    """A PKCS#12 file with PBES2 AES-256-CBC and PBMAC1 (RFC 9579), which OpenSSL reads from 3.4 on."""
    certificate_der = identity.certificate.der
    key_id = hashlib.sha256(certificate_der).digest()
    own = Pkcs12Certificate(certificate_der=certificate_der, friendly_name=identity.friendly_name, local_key_id=key_id)
    key = Pkcs12Key(pkcs8_der=identity.private_key.pkcs8_der, friendly_name=identity.friendly_name, local_key_id=key_id)
    others = (Pkcs12Certificate(certificate_der=certificate.der) for certificate in identity.chain)
    contents = Pkcs12Contents(keys=(key,), certificates=(own, *others))
    return await build_pkcs12(contents, passphrase, provider=provider, iterations=iterations)


@dataclass(frozen=True, slots=True)
class _FileCertificate:
    certificate: Certificate
    source: Pkcs12Certificate


def _parse_all_certificates(
    contents: Pkcs12Contents,
) -> tuple[tuple[_FileCertificate, ...], UnsupportedAlgorithm | None]:
    # A certificate of an unknown kind of key somewhere in the chain is left out; the path check will say what it lacks.
    parsed: dict[bytes, _FileCertificate] = {}
    unsupported: UnsupportedAlgorithm | None = None
    for source in contents.certificates:
        try:
            entry = _FileCertificate(parse_certificate(source.certificate_der), source)
        except UnsupportedAlgorithm as error:
            unsupported = error
            continue
        parsed.setdefault(entry.certificate.der, entry)
    return tuple(parsed.values()), unsupported


async def _find_certificates(
    private_key: PrivateKey, key: Pkcs12Key, certificates: tuple[_FileCertificate, ...], *, provider: CryptoProvider
) -> list[tuple[PrivateKey, _FileCertificate]]:
    matching: list[tuple[PrivateKey, _FileCertificate]] = []
    for entry in certificates:
        fitting = await _fit(private_key, entry.certificate, provider=provider)
        if fitting is not None:
            matching.append((fitting, entry))
    matching.sort(key=lambda pair: pair[1].certificate.not_after, reverse=True)
    if key.local_key_id is not None:
        matching.sort(key=lambda pair: pair[1].source.local_key_id != key.local_key_id)
    return matching


async def _fit(private_key: PrivateKey, certificate: Certificate, *, provider: CryptoProvider) -> PrivateKey | None:
    # The private key, with its public half inside, when the certificate is its own.
    public_key = find_public_key(private_key)
    if public_key is not None:
        return private_key if public_key.spki_der == certificate.public_key.spki_der else None
    if private_key.curve is not certificate.public_key.curve:
        return None
    # An EC key without its public half, as Java writes it: a signature tells whose it is.
    completed = with_public_key(private_key, certificate.public_key)
    algorithm = SignatureAlgorithm(scheme=SignatureScheme.ECDSA, hash_name=HashName.SHA256)
    probe = provider.random_bytes(32)
    try:
        signature = await provider.sign(completed, algorithm, probe)
        await provider.verify(certificate.public_key, algorithm, signature, probe)
    except SmimeError:
        return None
    return completed
