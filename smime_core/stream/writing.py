"""Sign and encrypt content of any length (RFC 5652 sections 5 and 6, RFC 5083): DER around a stream of content."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import CipherMode, HashName
from smime_core.asn1.der import Buffer
from smime_core.cms import ID_DATA, AttributesForm, Encrypting, Signing
from smime_core.cms.enveloped_data import start_envelope
from smime_core.cms.signed_data import (
    assemble_signed_data,
    build_encapsulated,
    digest_identifiers,
    frame_signed_data,
    signed_data_version,
)
from smime_core.cms.signer_info import build_signer_info
from smime_core.errors import ProviderError, UnsupportedAlgorithm
from smime_core.provider import StreamingProvider
from smime_core.stream.content import digest_content
from smime_core.stream.octets import Octets
from smime_core.stream.sinks import FileSink, Sink, StreamSink

_PEM_LINE_BYTES: Final = 48  # 48 bytes make a line of 64 characters.
_MOST_MEMBERS_BYTES: Final = 1_048_576  # An upper limit for the SignerInfos, whose length is not known in advance.


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSigner:
    """The signers of streamed content of the type `content_type`."""

    signing: Signing
    provider: StreamingProvider
    content_type: str = ID_DATA

    @property
    def version(self) -> int:
        """CMSVersion of the SignedData (RFC 5652 section 5.1)."""
        return signed_data_version(
            content_type=self.content_type,
            certificate_tags=(),
            crl_tags=(),
            signer_versions=[self.signing.options.sid_form.value],
        )

    def certificates(self) -> list[bytes]:
        """DER of all signers' certificates and chains."""
        return [c.der for holder in self.signing.identities for c in (holder.certificate, *holder.chain)]

    async def sign(self, digests: dict[HashName, bytes]) -> list[bytes]:
        """DER of the SignerInfos over content with these digests. Raises UnsupportedAlgorithm."""
        if self.signing.options.attributes is AttributesForm.NONE:
            # Without attributes the provider would sign the content itself, which has to fit into memory.
            raise UnsupportedAlgorithm(
                "signedAttrs", "SignerInfo", text="content of this size is signed with attributes only"
            )
        return [
            await build_signer_info(
                holder, algorithm, digests[algorithm.hash_name], self.signing, self.provider, self.content_type
            )
            for holder, algorithm in zip(self.signing.identities, self.signing.algorithms, strict=True)
        ]


async def sign_detached(content: Octets, signer: StreamSigner, *, copy_to: StreamSink | None = None) -> bytes:
    """DER of SignedData without the content, which is copied to `copy_to` in the same reading."""
    return assemble_signed_data(
        version=signer.version,
        digest_algorithms=digest_identifiers(signer.signing.algorithms),
        encapsulated=build_encapsulated(signer.content_type, None),
        certificates=signer.certificates(),
        crls=signer.signing.crls,
        signer_infos=await signer.sign(await _digest(content, signer, copy_to=copy_to)),
    )


async def sign_opaque(content: Octets, target: StreamSink, signer: StreamSigner) -> None:
    """Write DER of SignedData with the content inside.

    The content is read once if `target` is a seekable file, and if the number of bytes before the content does not
    depend on the signatures. Otherwise the content is read twice: for hashing and for writing.
    """
    length = await content.length()
    least, most = (len(_frame(length, signer, [bytes(size)])[0]) for size in (0, _MOST_MEMBERS_BYTES))
    if least != most or not isinstance(target, FileSink) or not target.is_seekable:
        before, behind = _frame(length, signer, await signer.sign(await _digest(content, signer)))
        await target.write(before)
        await copy_octets(content, target)
        await target.write(behind)
        return
    # Zeros take the place of the bytes before the content until the signatures are known.
    start = target.position
    await target.write(bytes(least))
    before, behind = _frame(length, signer, await signer.sign(await _digest(content, signer, copy_to=target)))
    if len(before) != least:
        raise ProviderError("sign", "certificates and signatures are longer than their greatest length")
    await target.write(behind)
    target.overwrite(start, before)


async def encrypt_octets(
    content: Octets, target: StreamSink, encrypting: Encrypting, provider: StreamingProvider, content_type: str
) -> None:
    """Write DER of EnvelopedData or AuthEnvelopedData. Raises the errors of `enveloped_data.start_envelope`."""
    envelope = await start_envelope(encrypting, provider, content_type)
    encryption, cipher = envelope.encryption, envelope.encryption.cipher
    length = await content.length()
    if cipher.mode is CipherMode.CBC:
        length += cipher.iv_length - length % cipher.iv_length  # RFC 5652 section 6.3
    running = provider.begin_encryption(cipher, envelope.cek, encryption.iv, aad=envelope.auth_attrs_der)
    await target.write(envelope.prefix(length))
    # Each block is written while the next one is encrypted.
    with provider.make_block_worker(target.write) as writing:
        async for block in content.blocks():
            encrypted = await running.update(block)
            writing.finish()
            await writing.begin(encrypted)
        writing.finish()
    rest = await running.finish()
    last = len(rest) - encryption.tag_length
    await target.write(rest[:last])
    await target.write(envelope.suffix(rest[last:]))


def _frame(content_length: int, signer: StreamSigner, signer_infos: Sequence[bytes]) -> tuple[bytes, bytes]:
    return frame_signed_data(
        content_length,
        content_type=signer.content_type,
        version=signer.version,
        digest_algorithms=digest_identifiers(signer.signing.algorithms),
        certificates=signer.certificates(),
        crls=signer.signing.crls,
        signer_infos=signer_infos,
    )


async def _digest(content: Octets, signer: StreamSigner, *, copy_to: StreamSink | None = None) -> dict[HashName, bytes]:
    names = {algorithm.hash_name for algorithm in signer.signing.algorithms}
    return await digest_content(content, names, provider=signer.provider, copy_to=copy_to)


async def copy_octets(content: Octets, target: StreamSink) -> None:
    """Write all bytes of `content` to `target`."""
    async for block in content.blocks():
        await target.write(block)


class ArmorWriter:
    """Writes the CMS bytes that it receives as PEM with the label CMS (RFC 7468 section 9)."""

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
        """Encode whole lines and keep the rest for later."""
        self._rest += data
        whole = len(self._rest) - len(self._rest) % _PEM_LINE_BYTES
        self._write_lines(bytes(self._rest[:whole]))
        del self._rest[:whole]

    def _write_lines(self, octets: bytes) -> None:
        starts = range(0, len(octets), _PEM_LINE_BYTES)
        self._target.write(b"".join(binascii.b2a_base64(octets[start : start + _PEM_LINE_BYTES]) for start in starts))
