"""Tasks for keys, certificates and PKCS#12 files."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from smime_core.algorithms import (
    PURE_SCHEME_HASHES,
    HashName,
    SignatureAlgorithm,
    SignatureScheme,
    parse_signature_identifier,
)
from smime_core.errors import SmimeError
from smime_core.identity.identity import Identity, load_identities
from smime_core.identity.pkcs12 import Pkcs12Contents, parse_pkcs12
from smime_core.keys import parse_private_key, parse_public_key
from smime_core.pkix import PathRules, Purpose, RevocationPolicy, TrustStore, validate_path
from smime_core.provider import CryptoProvider, KeyType, PrivateKey
from smime_core.x509.certificate import names_match, parse_certificate
from tools.conformance.case import task
from tools.conformance.checks.facts import altered, claim, expect_code, refuses

_CEK = b"\x5a" * 32
_EC_ALGORITHM = SignatureAlgorithm(scheme=SignatureScheme.ECDSA, hash_name=HashName.SHA256)


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPkcs12:
    """A PKCS#12 file opens and has the contents that a reference program found.

    `key` is a KeyType, "" for no key. `certificate` is the subject, "" for no certificate, and `friendly_name` its name
    in the file. `others` is the number of other certificates. An absent field is not compared.
    """

    pkcs12: bytes
    password: bytes
    key: str | None = None
    certificate: str | None = None
    friendly_name: str | None = None
    others: int | None = None
    identities: int | None = None

    async def run(self, provider: CryptoProvider) -> int:
        if (self.key, self.certificate, self.friendly_name, self.others) != (None, None, None, None):
            contents = await parse_pkcs12(self.pkcs12, self.password, provider=provider)
            identities = await load_identities(self.pkcs12, self.password, provider=provider)
            return 1 + self._compare(contents, identities)
        if self.identities is None:
            await parse_pkcs12(self.pkcs12, self.password, provider=provider)
            return 1
        identities = await load_identities(self.pkcs12, self.password, provider=provider)
        return 1 + claim(len(identities) == self.identities, f"{len(identities)} identities")

    def _compare(self, contents: Pkcs12Contents, identities: Sequence[Identity]) -> int:
        facts = 0
        if self.key is not None:
            kinds = [parse_private_key(key.pkcs8_der).key_type for key in contents.keys]
            facts += claim(kinds == ([self.key] if self.key else []), f"the keys are {kinds}, expected {self.key!r}")
        if self.certificate is not None:
            owned = self.certificate if self.key else ""
            subjects = [subject_text(identity.certificate.subject) for identity in identities]
            expected = [subject_text(owned)] if owned else []
            facts += claim(subjects == expected, f"the certificates are {subjects}, expected {expected}")
        if self.friendly_name is not None:
            owned_der = [identity.certificate.der for identity in identities]
            names = [c.friendly_name or "" for c in contents.certificates if c.certificate_der in owned_der]
            facts += claim(names == [self.friendly_name], f"named {names}, expected {self.friendly_name!r}")
        if self.others is not None:
            count = len(contents.certificates) - bool(self.certificate)
            facts += claim(count == self.others, f"{count} other certificates, expected {self.others}")
        return facts


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class RefusePkcs12:
    """A PKCS#12 file is refused. `codes`, if given, are the allowed codes of the error."""

    pkcs12: bytes
    password: bytes
    codes: tuple[str, ...] = ()

    async def run(self, provider: CryptoProvider) -> int:
        try:
            identities = await load_identities(self.pkcs12, self.password, provider=provider)
        except SmimeError as error:
            return expect_code(error, self.codes)
        return claim(False, f"it opens and holds {len(identities)} identities, expected a refusal")


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A private key (PKCS#8) and a public key (SubjectPublicKeyInfo, or a certificate's) belong together.

    A signature by the private key verifies with the public key. Keys that cannot sign give the same shared secret.
    """

    pkcs8: bytes
    spki: bytes = b""
    certificate: bytes = b""

    async def run(self, provider: CryptoProvider) -> int:
        private = parse_private_key(self.pkcs8)
        public = parse_certificate(self.certificate).public_key if self.certificate else parse_public_key(self.spki)
        facts = claim(private.key_type is public.key_type, f"a {private.key_type} key beside a {public.key_type} key")
        if private.key_type.is_kem:
            ciphertext, secret = await provider.encapsulate(public)
            return facts + claim(await provider.decapsulate(private, ciphertext) == secret, "the secrets differ")
        if private.key_type in (KeyType.X25519, KeyType.X448):
            point, secret = await provider.agree_ephemeral(public)
            return facts + claim(await provider.agree(private, point) == secret, "the secrets differ")
        algorithm = _signature_algorithm(private)
        signature = await provider.sign(private, algorithm, _CEK)
        await provider.verify(public, algorithm, signature, _CEK)
        other = provider.verify(public, algorithm, signature, altered(_CEK))
        return facts + 1 + await refuses(other, "a signature over other octets verifies too")


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class RefusePrivateKey:
    """A private key whose parts contradict one another, or whose length is wrong, is refused."""

    pkcs8: bytes

    async def run(self, provider: CryptoProvider) -> int:
        try:
            private = parse_private_key(self.pkcs8)
            if private.key_type.is_kem:
                # Some faults show only at the first use of the key, not in parsing.
                await provider.decapsulate(private, bytes(_KEM_CIPHERTEXT_BYTES[private.key_type]))
            else:
                await provider.sign(private, _signature_algorithm(private), _CEK)
        except SmimeError:
            return 1
        return claim(False, "the key is accepted, expected a refusal")


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateSignature:
    """A certificate's signature verifies with its issuer's key. Without `issuer`, the certificate's own key is used."""

    certificate: bytes
    issuer: bytes = b""

    async def run(self, provider: CryptoProvider) -> int:
        certificate = parse_certificate(self.certificate)
        issuer = parse_certificate(self.issuer) if self.issuer else certificate
        algorithm = parse_signature_identifier(certificate.signature_algorithm_der)
        await provider.verify(issuer.public_key, algorithm, certificate.signature, certificate.tbs_der)
        forged = altered(certificate.signature)
        other = provider.verify(issuer.public_key, algorithm, forged, certificate.tbs_der)
        facts = 1 + await refuses(other, "a signature with one bit turned verifies too")
        return facts + claim(names_match(issuer.subject_der, certificate.issuer_der), "the issuer's name differs")


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A certification path from the certificate to one of the anchors is valid at a time (ISO 8601)."""

    certificate: bytes
    anchors: tuple[bytes, ...]
    intermediates: tuple[bytes, ...] = ()
    at: str
    purpose: str

    async def run(self, provider: CryptoProvider) -> int:
        store = TrustStore.of(*map(parse_certificate, self.anchors), revocation=RevocationPolicy.NOT_CHECKED)
        path = await validate_path(
            parse_certificate(self.certificate),
            Purpose(self.purpose),
            PathRules(
                store, datetime.datetime.fromisoformat(self.at), known=tuple(map(parse_certificate, self.intermediates))
            ),
            provider,
        )
        return claim(bool(path.certificates), "the path is empty")


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class Decapsulate:
    """A KEM private key gives the shared secret of a ciphertext."""

    pkcs8: bytes
    ciphertext: bytes
    secret: bytes

    async def run(self, provider: CryptoProvider) -> int:
        secret = await provider.decapsulate(parse_private_key(self.pkcs8), self.ciphertext)
        return claim(secret == self.secret, "the shared secret differs")


_KEM_CIPHERTEXT_BYTES = {KeyType.ML_KEM_512: 768, KeyType.ML_KEM_768: 1088, KeyType.ML_KEM_1024: 1568}


def subject_text(name: str) -> str:
    """The sorted values of a distinguished name, to compare it with the name that another program wrote."""
    values = [part.split("=", 1)[-1].split(":", 1)[-1].strip() for part in name.replace(";", ",").split(",")]
    return ", ".join(sorted(filter(None, values)))


def _signature_algorithm(key: PrivateKey) -> SignatureAlgorithm:
    if key.key_type is KeyType.EC:
        return _EC_ALGORITHM
    if key.key_type is KeyType.RSA:
        return SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA256)
    scheme = SignatureScheme(key.key_type)
    return SignatureAlgorithm(scheme=scheme, hash_name=PURE_SCHEME_HASHES[scheme])
