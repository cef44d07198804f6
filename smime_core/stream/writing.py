"""Signing and sealing octets of any length (RFC 5652 sections 5 and 6, RFC 5083): DER around content that passes by."""

from __future__ import annotations

import binascii
import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import CipherMode, ContentCipher, HashName, KeyTransport, SignatureAlgorithm, SignatureScheme
from smime_core.certificate import Certificate
from smime_core.content_info import ID_DATA
from smime_core.der import Buffer
from smime_core.enveloped_data import start_envelope
from smime_core.errors import ProviderError, UnsupportedAlgorithm
from smime_core.kekri import KeyEncryptionKey
from smime_core.key_management import KeyHolder, choose_signature_algorithm
from smime_core.provider import StreamingProvider
from smime_core.signed_data import (
    assemble_signed_data,
    build_encapsulated,
    digest_identifiers,
    frame_signed_data,
    signed_data_version,
)
from smime_core.signer_info import DEFAULT_OPTIONS, AttributesForm, SignerOptions, build_signer_info
from smime_core.stream.content import digest_beside
from smime_core.stream.octets import Octets
from smime_core.stream.sinks import FileSink, Sink, StreamSink

_PEM_LINE_BYTES: Final = 48  # 64 characters
_MOST_MEMBERS_BYTES: Final = 1_048_576  # certificates and SignerInfos, when lengths are fixed before they are made


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """By whom and how content is signed."""

    holders: Sequence[KeyHolder]
    provider: StreamingProvider
    signing_time: datetime.datetime
    content_type: str = ID_DATA
    scheme: SignatureScheme | None = None
    options: SignerOptions = DEFAULT_OPTIONS
    crls: Sequence[bytes] = ()

    @property
    def algorithms(self) -> list[SignatureAlgorithm]:
        """One for each holder."""
        return [
            choose_signature_algorithm(holder.private_key, self.scheme, pss=holder.certificate.public_key.pss)
            for holder in self.holders
        ]

    @property
    def version(self) -> int:
        """CMSVersion of the SignedData (RFC 5652 section 5.1)."""
        return signed_data_version(
            content_type=self.content_type,
            certificate_tags=(),
            crl_tags=(),
            signer_versions=[self.options.sid_form.value],
        )

    def certificates(self) -> list[bytes]:
        """DER of everybody's certificate and chain."""
        return [c.der for holder in self.holders for c in (holder.certificate, *holder.chain)]

    async def sign(self, digests: dict[HashName, bytes]) -> list[bytes]:
        """DER of the SignerInfos over content with these digests. Raises UnsupportedAlgorithm."""
        if self.options.attributes is AttributesForm.NONE:
            # The provider signs octets in memory; attributes, which hold the digest, are what makes streams possible.
            raise UnsupportedAlgorithm(
                "signedAttrs", "SignerInfo", text="content of this size is signed with attributes only"
            )
        return [
            await build_signer_info(
                holder,
                algorithm,
                content_type=self.content_type,
                message_digest=digests[algorithm.hash_name],
                signing_time=self.signing_time,
                provider=self.provider,
                options=self.options,
            )
            for holder, algorithm in zip(self.holders, self.algorithms, strict=True)
        ]


async def sign_detached(content: Octets, signing: Signing) -> bytes:
    """DER of SignedData without the content."""
    return assemble_signed_data(
        version=signing.version,
        digest_algorithms=digest_identifiers(signing.algorithms),
        encapsulated=build_encapsulated(signing.content_type, None),
        certificates=signing.certificates(),
        crls=signing.crls,
        signer_infos=await signing.sign(await _digest(content, signing)),
    )


async def sign_opaque(content: Octets, target: StreamSink, signing: Signing) -> None:
    """Write DER of SignedData with the content inside: a file in one walk, a pipe after a walk that hashes."""
    length = await content.length()
    least, most = (len(_frame(length, signing, [bytes(size)])[0]) for size in (0, _MOST_MEMBERS_BYTES))
    if least != most or not isinstance(target, FileSink) or not target.is_seekable:
        before, behind = _frame(length, signing, await signing.sign(await _digest(content, signing)))
        await target.write(before)
        await copy_octets(content, target)
        await target.write(behind)
        return
    # However long the signatures turn out, what stands before the content has one length, and only its numbers wait.
    start = target.position
    await target.write(bytes(least))
    before, behind = _frame(length, signing, await signing.sign(await _digest(content, signing, copy_to=target)))
    if len(before) != least:
        raise ProviderError("sign", "certificates and signatures are longer than was thought possible")
    await target.write(behind)
    target.overwrite(start, before)


async def seal_octets(
    content: Octets,
    target: StreamSink,
    *,
    recipients: Sequence[Certificate],
    provider: StreamingProvider,
    content_type: str,
    cipher: ContentCipher,
    transport: KeyTransport | None = None,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
) -> None:
    """Write DER of EnvelopedData or AuthEnvelopedData. Raises what `enveloped_data.start_envelope` raises."""
    envelope = await start_envelope(
        recipients=recipients,
        content_type=content_type,
        cipher=cipher,
        transport=transport,
        provider=provider,
        passwords=passwords,
        keks=keks,
    )
    encryption = envelope.encryption
    length = await content.length()
    if cipher.mode is CipherMode.CBC:
        length += cipher.iv_length - length % cipher.iv_length  # RFC 5652 section 6.3
    running = provider.begin_encryption(cipher, envelope.cek, encryption.iv, aad=envelope.auth_attrs_der)
    await target.write(envelope.prefix(length))
    # Each block is written beside while the next one is encrypted.
    with provider.work_beside(target.write) as writing:
        async for block in content.blocks():
            encrypted = await running.update(block)
            writing.finish()
            await writing.begin(encrypted)
        writing.finish()
    rest = await running.finish()
    last = len(rest) - encryption.tag_length
    await target.write(rest[:last])
    await target.write(envelope.suffix(rest[last:]))


def _frame(content_length: int, signing: Signing, signer_infos: Sequence[bytes]) -> tuple[bytes, bytes]:
    return frame_signed_data(
        content_length,
        content_type=signing.content_type,
        version=signing.version,
        digest_algorithms=digest_identifiers(signing.algorithms),
        certificates=signing.certificates(),
        crls=signing.crls,
        signer_infos=signer_infos,
    )


async def _digest(content: Octets, signing: Signing, *, copy_to: StreamSink | None = None) -> dict[HashName, bytes]:
    names = {algorithm.hash_name for algorithm in signing.algorithms}
    return await digest_beside(content, names, provider=signing.provider, copy_to=copy_to)


async def copy_octets(content: Octets, target: StreamSink) -> None:
    """Write all octets."""
    async for block in content.blocks():
        await target.write(block)


class ArmorWriter:
    """The CMS octets written to it become PEM with the label CMS (RFC 7468 section 9)."""

    def __init__(self, target: Sink) -> None:
        self._target = target
        self._rest = bytearray()

    def __enter__(self) -> ArmorWriter:
        self._target.write(b"-----BEGIN CMS-----\n")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._write_lines(bytes(self._rest))
            self._target.write(b"-----END CMS-----\n")

    def write(self, data: Buffer, /) -> None:
        """Encode what makes whole lines and keep the rest."""
        self._rest += data
        whole = len(self._rest) - len(self._rest) % _PEM_LINE_BYTES
        self._write_lines(bytes(self._rest[:whole]))
        del self._rest[:whole]

    def _write_lines(self, octets: bytes) -> None:
        starts = range(0, len(octets), _PEM_LINE_BYTES)
        self._target.write(b"".join(binascii.b2a_base64(octets[start : start + _PEM_LINE_BYTES]) for start in starts))
