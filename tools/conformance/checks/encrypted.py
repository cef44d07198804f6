"""Tasks for encrypted, authenticated, compressed, digested and plain content, read by policy ARCHIVE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smime_core.asn1 import der
from smime_core.cms.authenticated_data import parse_authenticated_data, verify_authenticated_data
from smime_core.cms.compressed_data import decompress, parse_compressed_data
from smime_core.cms.content_info import (
    ID_COMPRESSED_DATA,
    ID_DATA,
    ContentInfo,
    parse_content_info,
    unarmor,
)
from smime_core.cms.digested_data import check_digested_data, parse_digested_data
from smime_core.cms.encrypted_data import decrypt_encrypted_data, parse_encrypted_data
from smime_core.cms.enveloped_data import decrypt_enveloped_data
from smime_core.cms.layers import EncryptedLayer, find_layer, parse_message
from smime_core.cms.recipients.kekri import KeyEncryptionKey
from smime_core.cms.recipients.keys import Keys
from smime_core.errors import SmimeError
from smime_core.identity.identity import Identity, load_identities
from smime_core.keys import parse_private_key
from smime_core.mime import to_crlf
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.x509.certificate import parse_certificate
from tools.conformance.case import Disproved, task
from tools.conformance.checks.facts import claim, compare, expect_code


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
    """A key-encryption key shared beforehand, and its identifier in messages."""

    identifier: bytes
    key: bytes


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class Decrypt:
    """Each single key, password or shared key decrypts the outermost layer.

    The result is compared with `content` exactly. It is compared with `text` after all line ends became LF, and with
    the MIME entity `entity` after all line ends became CRLF. An absent field is not compared.
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

    def _compare(self, content: bytes) -> int:
        facts = 1
        if self.content is not None:
            facts += compare(content, self.content)
        if self.text is not None:
            facts += compare(content.replace(b"\r\n", b"\n"), self.text.replace(b"\r\n", b"\n"))
        if self.entity is not None:
            facts += compare(to_crlf(content), to_crlf(self.entity))
        return facts


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseDecryption:
    """No given key decrypts the outermost layer. `codes`, if given, are the allowed codes of the error."""

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


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class DataContent:
    """A bare ContentInfo of type id-data with `content` (RFC 5652 section 4)."""

    message: bytes
    content: bytes

    async def run(self, provider: CryptoProvider) -> int:
        info = read_content_info(self.message)
        content = bytes(der.read_octets(info.content))
        return claim(info.content_type == ID_DATA, f"it is of type {info.content_type}") + compare(
            content, self.content
        )


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptedContent:
    """A content-encryption key known beforehand decrypts EncryptedData to `content` (RFC 5652 section 8)."""

    message: bytes
    cek: bytes
    content: bytes

    async def run(self, provider: CryptoProvider) -> int:
        encrypted = parse_encrypted_data(read_content_info(self.message).content)
        content = await decrypt_encrypted_data(encrypted, self.cek, provider=provider, policy=Policy.ARCHIVE)
        return 1 + compare(content, self.content)


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class DigestedContent:
    """DigestedData has `content` and the right digest of it (RFC 5652 section 7)."""

    message: bytes
    content: bytes

    async def run(self, provider: CryptoProvider) -> int:
        digested = parse_digested_data(read_content_info(self.message).content)
        return 1 + compare(bytes(await check_digested_data(digested, provider=provider)), self.content)


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatedContent:
    """AuthenticatedData has `content`, and each of the keys shows that its MAC is right (RFC 5652 section 9)."""

    message: bytes
    keys: tuple[Key, ...]
    content: bytes

    async def run(self, provider: CryptoProvider) -> int:
        facts = 0
        authenticated = parse_authenticated_data(read_content_info(self.message).content)
        for key in self.keys:
            opened = await verify_authenticated_data(
                authenticated, Keys(identities=await key.holders(provider)), provider=provider, policy=Policy.ARCHIVE
            )
            facts += 1 + compare(bytes(opened.content), self.content)
        return facts


@task
@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedContent:
    """CompressedData decompresses to `content` (RFC 3274)."""

    message: bytes
    content: bytes

    async def run(self, provider: CryptoProvider) -> int:
        info = read_content_info(self.message)
        facts = claim(info.content_type == ID_COMPRESSED_DATA, f"it is of type {info.content_type}")
        return facts + compare(decompress(parse_compressed_data(info.content)), self.content)


def read_content_info(message: bytes) -> ContentInfo:
    """The ContentInfo in DER, BER or PEM. Raises SmimeError."""
    return parse_content_info(unarmor(message))


async def open_layer(
    message: bytes,
    provider: CryptoProvider,
    *,
    holders: Sequence[Identity] = (),
    passwords: Sequence[bytes] = (),
    keks: Sequence[Kek] = (),
) -> bytes:
    """Decrypt the outermost layer. Raises Disproved if the layer is not encrypted, or SmimeError."""
    layer = find_layer(parse_message(message))
    if not isinstance(layer, EncryptedLayer):
        raise Disproved("the outermost layer is not encrypted")
    opened = await decrypt_enveloped_data(
        layer.enveloped,
        Keys(
            identities=holders,
            passwords=passwords,
            keks=[KeyEncryptionKey(identifier=kek.identifier, key=kek.key) for kek in keks],
        ),
        provider=provider,
        policy=Policy.ARCHIVE,
    )
    return opened.content
