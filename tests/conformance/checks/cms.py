"""Tasks over CMS structures: verify, decrypt, refuse, and what else a structure may hold.

Everything is read by policy ARCHIVE, because most published examples are older than their algorithms' retirement; what
a policy forbids has tests of its own in `tests/unit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smime_core import der
from smime_core.certificate import Certificate, parse_certificate
from smime_core.content_info import ID_DATA, parse_content_info
from smime_core.enveloped_data import open_enveloped_data
from smime_core.errors import SmimeError
from smime_core.identity import Identity, load_identities
from smime_core.kekri import KeyEncryptionKey
from smime_core.keys import parse_private_key
from smime_core.layers import EncryptedLayer, SignedLayer, find_layer, parse_message
from smime_core.mime import to_crlf
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.signed_content import OctetsContent
from smime_core.signed_data import find_certificate
from smime_core.signer_info import SignerInfo, verify_signer
from tests.conformance.case import Disproved, task


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A private key (PKCS#8) with its certificate, or a PKCS#12 file with its password."""

    certificate: bytes = b""
    pkcs8: bytes = b""
    pkcs12: bytes = b""
    password: bytes = b""

    async def holders(self, provider: CryptoProvider) -> list[Identity]:
        if self.pkcs12:
            return list(await load_identities(self.pkcs12, self.password, provider=provider))
        certificate = parse_certificate(self.certificate)
        return [Identity(certificate=certificate, private_key=parse_private_key(self.pkcs8))]


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class Kek:
    """A key-encryption key shared beforehand, and the identifier that messages call it by."""

    identifier: bytes
    key: bytes


def claim(holds: bool, text: str) -> int:
    """One fact. Raises Disproved with `text`."""
    if not holds:
        raise Disproved(text)
    return 1


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifySignatures:
    """Every SignerInfo of the outermost layer verifies: digest, attributes and signature, each with its certificate.

    `certificates` are those that the message does not carry. `signers` and `content`, where given, are compared too.
    """

    message: bytes
    detached_content: bytes | None = None
    certificates: tuple[bytes, ...] = ()
    signers: int | None = None
    content: bytes | None = None

    async def run(self, provider: CryptoProvider) -> int:
        layer = signed_layer(self.message, self.detached_content)
        infos = layer.signed_data.signer_infos
        facts = claim(bool(infos), "nobody signed")
        if self.signers is not None:
            facts += claim(len(infos) == self.signers, f"{len(infos)} signers, expected {self.signers}")
        if self.content is not None:
            facts += compare(bytes(layer.content or b""), self.content)
        known = (*layer.signed_data.certificates, *map(parse_certificate, self.certificates))
        for info in infos:
            await verify_one(info, layer, known, provider)
            facts += 1
        return facts


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseSignatures:
    """No SignerInfo verifies, or the structure is refused as a whole; `codes`, where given, are the errors allowed."""

    message: bytes
    detached_content: bytes | None = None
    certificates: tuple[bytes, ...] = ()
    codes: tuple[str, ...] = ()

    async def run(self, provider: CryptoProvider) -> int:
        try:
            layer = signed_layer(self.message, self.detached_content)
            known = (*layer.signed_data.certificates, *map(parse_certificate, self.certificates))
        except SmimeError as error:
            return expect_code(error, self.codes)
        facts = claim(bool(layer.signed_data.signer_infos), "nobody signed, and that is not refused")
        for info in layer.signed_data.signer_infos:
            try:
                await verify_one(info, layer, known, provider)
            except SmimeError as error:
                facts += expect_code(error, self.codes)
            else:
                raise Disproved("the signature verifies, expected a refusal")
        return facts


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatesOnly:
    """SignedData without signers that carries this many certificates (RFC 8551 section 3.8)."""

    message: bytes
    certificates: int

    async def run(self, provider: CryptoProvider) -> int:
        signed_data = signed_layer(self.message, None).signed_data
        found = len(signed_data.certificates)
        return claim(not signed_data.signer_infos, "somebody signed") + claim(
            found == self.certificates, f"{found} certificates, expected {self.certificates}"
        )


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class DataContent:
    """A bare ContentInfo of type id-data that holds `content` (RFC 5652 section 4)."""

    message: bytes
    content: bytes

    async def run(self, provider: CryptoProvider) -> int:
        info = parse_content_info(self.message)
        found = bytes(der.read_octets(info.content))
        return claim(info.content_type == ID_DATA, f"it is of type {info.content_type}") + compare(found, self.content)


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """The token of a TimeStampResp (RFC 3161 section 2.4.2) verifies."""

    message: bytes

    async def run(self, provider: CryptoProvider) -> int:
        fields = der.read_sequence(self.message)
        claim(len(fields) == 2, "there is no token")
        return await VerifySignatures(message=bytes(fields[1].encoded), signers=1).run(provider)


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class Decrypt:
    """The outermost layer opens with each of the keys and passwords, one by one, and holds `content`.

    `text` is compared with LF line ends; `entity` is a MIME entity, compared with CRLF ones. Without any of the three
    only the opening counts.
    """

    message: bytes
    keys: tuple[Key, ...] = ()
    passwords: tuple[bytes, ...] = ()
    keks: tuple[Kek, ...] = ()
    content: bytes | None = None
    text: bytes | None = None
    entity: bytes | None = None

    async def run(self, provider: CryptoProvider) -> int:
        facts = 0
        for key in self.keys:
            facts += self._compare(await open_layer(self.message, provider, holders=await key.holders(provider)))
        for password in self.passwords:
            facts += self._compare(await open_layer(self.message, provider, passwords=(password,)))
        for kek in self.keks:
            facts += self._compare(await open_layer(self.message, provider, keks=(kek,)))
        claim(facts > 0, "no key is given")
        return facts

    def _compare(self, found: bytes) -> int:
        facts = 1
        if self.content is not None:
            facts += compare(found, self.content)
        if self.text is not None:
            facts += compare(found.replace(b"\r\n", b"\n"), self.text.replace(b"\r\n", b"\n"))
        if self.entity is not None:
            facts += compare(to_crlf(found), to_crlf(self.entity))
        return facts


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseDecryption:
    """None of the keys opens it; `codes`, where given, are the errors allowed."""

    message: bytes
    keys: tuple[Key, ...] = ()
    passwords: tuple[bytes, ...] = ()
    keks: tuple[Kek, ...] = ()
    codes: tuple[str, ...] = ()

    async def run(self, provider: CryptoProvider) -> int:
        holders = [holder for key in self.keys for holder in await key.holders(provider)]
        try:
            await open_layer(self.message, provider, holders=holders, passwords=self.passwords, keks=self.keks)
        except SmimeError as error:
            return expect_code(error, self.codes)
        raise Disproved("it opens, expected a refusal")


def signed_layer(message: bytes, detached_content: bytes | None) -> SignedLayer:
    """The outermost layer, which must be signed. Raises Disproved or SmimeError."""
    layer = find_layer(parse_message(message), detached_content=detached_content)
    if not isinstance(layer, SignedLayer):
        raise Disproved("the outermost layer is not signed")
    return layer


def expect_code(error: SmimeError, codes: tuple[str, ...]) -> int:
    """One fact: a refusal, by one of the codes where any are given. Raises Disproved."""
    return claim(not codes or error.code in codes, f"refused by {error.code}, expected {' or '.join(codes)}: {error}")


async def verify_one(
    info: SignerInfo | SmimeError, layer: SignedLayer, known: tuple[Certificate, ...], provider: CryptoProvider
) -> None:
    """Verify one SignerInfo over the layer's content. Raises Disproved without its certificate, or SmimeError."""
    if isinstance(info, SmimeError):
        raise info
    certificate = find_certificate(info.sid, known)
    if certificate is None:
        raise Disproved(f"the certificate of {info.sid} is missing")
    if layer.content is None:
        raise Disproved("the content is missing")
    await verify_signer(
        info,
        OctetsContent(layer.content, provider=provider),
        content_type=layer.signed_data.e_content_type,
        certificate=certificate,
        provider=provider,
        policy=Policy.ARCHIVE,
    )


async def open_layer(
    message: bytes,
    provider: CryptoProvider,
    *,
    holders: Sequence[Identity] = (),
    passwords: Sequence[bytes] = (),
    keks: Sequence[Kek] = (),
) -> bytes:
    """What the outermost layer holds. Raises Disproved when it is not encrypted, or SmimeError."""
    layer = find_layer(parse_message(message))
    if not isinstance(layer, EncryptedLayer):
        raise Disproved("the outermost layer is not encrypted")
    opened = await open_enveloped_data(
        layer.enveloped,
        holders=holders,
        provider=provider,
        passwords=passwords,
        keks=[KeyEncryptionKey(identifier=kek.identifier, key=kek.key) for kek in keks],
        policy=Policy.ARCHIVE,
    )
    return opened.content


def compare(found: bytes, expected: bytes) -> int:
    """One fact: the octets are those expected. Raises Disproved."""
    return claim(found == expected, f"the content is {found[:60]!r}, expected {expected[:60]!r}")
