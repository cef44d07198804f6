"""Identities: a private key with its certificate and chain, read from files and written to them.

A file is PKCS#12 (RFC 7292), or has keys and certificates one after another, in any form (`asn1.file_values`). A
certificate belongs to the private key whose public half it contains, whatever localKeyID says. A key with several
certificates (renewals) yields several identities, because an old message names the old certificate.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import HashName, SignatureAlgorithm, SignatureScheme
from smime_core.asn1.der import Buffer
from smime_core.asn1.file_values import FileValues, parse_file_values
from smime_core.asn1.value_kinds import ValueKind
from smime_core.cms.carried import parse_signed_values
from smime_core.cms.unreadable_certificates import describe_unreadable
from smime_core.errors import MalformedMessage, SmimeError, UnsupportedAlgorithm
from smime_core.identity.passphrase import FilePassphrase
from smime_core.identity.pkcs12 import (
    DEFAULT_ITERATIONS,
    Pkcs12Certificate,
    Pkcs12Contents,
    Pkcs12Form,
    Pkcs12Key,
    build_pkcs12,
    parse_pkcs12,
)
from smime_core.identity.private_key_file import load_key_value
from smime_core.keys import find_public_key, parse_private_key, public_point, with_public_key
from smime_core.limits import MAX_PKCS12_BYTES, check_limit
from smime_core.provider import CryptoProvider, PrivateKey
from smime_core.x509.certificate import Certificate, parse_certificate

_MAX_FILE_KEYS: Final = 100  # Each key may cost a key derivation.
_MAX_PKCS12: Final = 10  # Each needs several key derivations.


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A certificate, its private key, and the other certificates of the file, which may lead to an anchor."""

    certificate: Certificate
    private_key: PrivateKey
    chain: tuple[Certificate, ...] = ()
    friendly_name: str | None = None


async def load_identity(data: Buffer, passphrase: bytes | None, provider: CryptoProvider) -> Identity:
    """The first identity of a PKCS#12 or PEM file. `passphrase` is UTF-8.

    Raises MalformedMessage if the file has no identity, and the errors of `load_identities`.
    """
    identities = await load_identities(data, passphrase, provider)
    if not identities:
        raise MalformedMessage("the file holds no private key together with its certificate", where="identity")
    return identities[0]


async def load_identities(data: Buffer, passphrase: bytes | None, provider: CryptoProvider) -> tuple[Identity, ...]:
    """All identities of a file in any form, in the order of its keys; empty for a file with only certificates.

    If one key has several certificates, the one that localKeyID names comes first, then the newest. A part that cannot
    be read does not hide the others; its error is raised if no identity is left. Raises WrongPassphrase,
    MalformedMessage, EntrustProfile, LimitExceeded or UnsupportedAlgorithm.
    """
    check_limit("PKCS#12 bytes", len(data), MAX_PKCS12_BYTES)
    values = parse_file_values(data, "identity")
    if contents := await parse_pkcs12_values(values, passphrase or b"", provider):
        return tuple([identity for each in contents for identity in await _pair(_read_pkcs12_keys(each), provider)])
    file_passphrase = None if passphrase is None else FilePassphrase(bytes(passphrase), provider)
    return await _pair(await _read_values(values, file_passphrase), provider)


async def parse_pkcs12_values(
    values: FileValues, passphrase: bytes, provider: CryptoProvider
) -> tuple[Pkcs12Contents, ...]:
    """The contents of each PKCS#12 file among the values of a file. Raises the errors of `parse_pkcs12`."""
    files = values.find(ValueKind.PKCS12)
    check_limit("PKCS#12 files in a file", len(files), _MAX_PKCS12)
    return tuple([await parse_pkcs12(file.der, passphrase, provider) for file in files])


async def _read_values(values: FileValues, passphrase: FilePassphrase | None) -> _FileContents:
    # The keys and certificates of a file, in any order.
    keys: list[_FileKey] = []
    certificates: list[Pkcs12Certificate] = []
    failures: list[SmimeError] = list(values.failures)
    for number, value in enumerate(values.find(ValueKind.PRIVATE_KEY), start=1):
        check_limit("private keys of a file", number, _MAX_FILE_KEYS)
        try:
            keys.append(_FileKey(private_key=await load_key_value(value, passphrase)))
        except SmimeError as error:
            failures.append(error)
    for value in values.find(ValueKind.CERTIFICATE):
        certificates.append(Pkcs12Certificate(certificate_der=value.der))
    for value in values.find(ValueKind.CMS):
        try:
            carried = parse_signed_values(value.der)
        except SmimeError as error:
            failures.append(error)
            continue
        certificates += (Pkcs12Certificate(certificate_der=certificate.der) for certificate in carried.certificates)
    if not keys and not certificates and not failures:
        kinds = " and ".join(dict.fromkeys(value.kind for value in values.values))
        raise MalformedMessage(f"found no private key, but a {kinds}", where="identity")
    return _FileContents(keys=tuple(keys), certificates=tuple(certificates), failures=tuple(failures))


async def export_identity(
    identity: Identity,
    passphrase: bytes,
    provider: CryptoProvider,
    *,
    iterations: int | None = None,
    form: Pkcs12Form = Pkcs12Form.COMPATIBLE,
) -> bytes:
    """A PKCS#12 file with one identity. Raises the errors of `export_identities`."""
    return await export_identities([identity], passphrase, provider, iterations, form=form)


async def export_identities(
    identities: Sequence[Identity],
    passphrase: bytes,
    provider: CryptoProvider,
    iterations: int | None = None,
    *,
    form: Pkcs12Form = Pkcs12Form.COMPATIBLE,
) -> bytes:
    """A PKCS#12 file in the given `form`, with `iterations` for each derivation.

    A key of several identities is written once. Each certificate gets a different name in the file, because Thunderbird
    imports only one of several certificates without a name, or with the same name. `passphrase` is UTF-8. Raises
    ProviderError.
    """
    keys: dict[bytes, Pkcs12Key] = {}
    certificates: dict[bytes, Pkcs12Certificate] = {}
    for identity, name in zip(identities, _choose_names(identities), strict=True):
        certificate_der, pkcs8_der = identity.certificate.der, identity.private_key.pkcs8_der
        key_id = hashlib.sha256(certificate_der).digest()
        own = Pkcs12Certificate(certificate_der=certificate_der, friendly_name=name, local_key_id=key_id)
        certificates.setdefault(certificate_der, own)
        keys.setdefault(pkcs8_der, Pkcs12Key(pkcs8_der=pkcs8_der, friendly_name=name, local_key_id=key_id))
    for identity in identities:
        for certificate in identity.chain:
            certificates.setdefault(certificate.der, Pkcs12Certificate(certificate_der=certificate.der))
    contents = Pkcs12Contents(keys=tuple(keys.values()), certificates=tuple(certificates.values()))
    count = DEFAULT_ITERATIONS[form] if iterations is None else iterations
    return await build_pkcs12(contents, passphrase, provider, count, form=form)


def _choose_names(identities: Sequence[Identity]) -> list[str]:
    """A name for each identity: its friendly name, common name or address, with a number if the name is taken."""
    taken: set[str] = set()
    names = []
    for identity in identities:
        certificate = identity.certificate
        own_name = identity.friendly_name or certificate.common_name or "".join(certificate.email_addresses[:1])
        numbered = (f"{own_name} {number}" for number in itertools.count(2))
        name = next(name for name in itertools.chain((own_name,), numbered) if name and name not in taken)
        taken.add(name)
        names.append(name)
    return names


@dataclass(frozen=True, slots=True, kw_only=True)
class _FileKey:
    private_key: PrivateKey
    friendly_name: str | None = None
    local_key_id: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _FileContents:
    """The keys that could be read, the certificates (not parsed yet), and the errors of other parts."""

    keys: tuple[_FileKey, ...]
    certificates: tuple[Pkcs12Certificate, ...]
    failures: tuple[SmimeError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _FileCertificate:
    certificate: Certificate
    source: Pkcs12Certificate


def _read_pkcs12_keys(contents: Pkcs12Contents) -> _FileContents:
    keys: list[_FileKey] = []
    failures = list(contents.failures)
    for key in contents.keys:
        try:
            private_key = parse_private_key(key.pkcs8_der)
        except (MalformedMessage, UnsupportedAlgorithm) as error:
            failures.append(error)
            continue
        keys.append(_FileKey(private_key=private_key, friendly_name=key.friendly_name, local_key_id=key.local_key_id))
    return _FileContents(keys=tuple(keys), certificates=contents.certificates, failures=tuple(failures))


async def _pair(contents: _FileContents, provider: CryptoProvider) -> tuple[Identity, ...]:
    certificates, unreadable = _parse_all_certificates(contents.certificates)
    pairs: list[tuple[_FileKey, PrivateKey, _FileCertificate]] = []
    for key in contents.keys:
        matching = await _find_certificates(key, certificates, provider)
        pairs += ((key, fitting, entry) for fitting, entry in matching)
    # An unreadable certificate is an error only if the file has keys, because one of the keys may belong to it.
    failures = (*contents.failures, *(unreadable if contents.keys else ()))
    if not pairs and failures:
        raise failures[0]
    owned = {entry.certificate for _, _, entry in pairs}
    chain = tuple(entry.certificate for entry in certificates if entry.certificate not in owned)
    return tuple(
        Identity(
            certificate=entry.certificate,
            private_key=private_key,
            chain=chain,
            friendly_name=_choose_name(key, entry),
        )
        for key, private_key, entry in pairs
    )


def _choose_name(key: _FileKey, entry: _FileCertificate) -> str | None:
    # The certificate's name comes first, because Windows gives keys only numbers as names.
    return entry.source.friendly_name if entry.source.friendly_name is not None else key.friendly_name


def _parse_all_certificates(
    sources: tuple[Pkcs12Certificate, ...],
) -> tuple[tuple[_FileCertificate, ...], tuple[SmimeError, ...]]:
    # Returns the certificates, and the errors of unreadable ones. If an issuer is missing, path validation reports it.
    parsed: dict[bytes, _FileCertificate] = {}
    failures: list[SmimeError] = []
    for source in sources:
        try:
            entry = _FileCertificate(certificate=parse_certificate(source.certificate_der), source=source)
        except UnsupportedAlgorithm as error:
            failures.append(error)
            continue
        except MalformedMessage as error:
            unreadable = describe_unreadable(source.certificate_der, str(error))
            failures.append(MalformedMessage(f"a certificate cannot be read: {unreadable}"))
            continue
        parsed.setdefault(entry.certificate.der, entry)
    return tuple(parsed.values()), tuple(failures)


async def _find_certificates(
    key: _FileKey, certificates: tuple[_FileCertificate, ...], provider: CryptoProvider
) -> list[tuple[PrivateKey, _FileCertificate]]:
    matching: list[tuple[PrivateKey, _FileCertificate]] = []
    for entry in certificates:
        fitting = await _fit(key.private_key, entry.certificate, provider)
        if fitting is not None:
            matching.append((fitting, entry))
    matching.sort(key=lambda pair: pair[1].certificate.not_after, reverse=True)
    if key.local_key_id is not None:
        matching.sort(key=lambda pair: pair[1].source.local_key_id != key.local_key_id)
    return matching


async def _fit(private_key: PrivateKey, certificate: Certificate, provider: CryptoProvider) -> PrivateKey | None:
    # Returns the private key, with its public half included, if the certificate belongs to it. Otherwise None.
    theirs = certificate.public_key
    if private_key.key_type is not theirs.key_type or private_key.curve is not theirs.curve:
        return None
    own = find_public_key(private_key)
    if own is not None:
        # Compare only the key's bytes, because an id-RSASSA-PSS certificate has another identifier around the same
        # numbers.
        return private_key if public_point(own) == public_point(theirs) else None
    # Java writes EC keys without the public half. For such a key, a trial signature shows whether the certificate fits.
    completed = with_public_key(private_key, theirs)
    algorithm = SignatureAlgorithm(scheme=SignatureScheme.ECDSA, hash_name=HashName.SHA256)
    probe = provider.random_bytes(32)
    try:
        signature = await provider.sign(completed, algorithm, probe)
        await provider.verify(theirs, algorithm, signature, probe)
    except SmimeError:
        return None
    return completed
