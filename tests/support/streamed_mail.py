"""A mail with an attachment, and mail and content that the streaming functions have encrypted."""

from __future__ import annotations

import base64
import io
import itertools
from typing import Final

from smime_core import AES_256_GCM, stream
from smime_core.algorithms import ContentCipher
from smime_core.asn1 import der
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.providers.native_streaming import NativeStreamingProvider
from tests.support.people import person

PROVIDER: Final = NativeStreamingProvider()
CONTENT: Final = bytes(itertools.islice(itertools.cycle(b"sealing wax, "), 10_007))


def mail(line_end: bytes = b"\r\n", body: bytes = CONTENT) -> bytes:
    """A message with an attachment in base64."""
    lines = [
        b"From: Alice <alice@example.test>",
        b"To: bob@example.test",
        b"Subject: Wax",
        b"Date: Mon, 01 Jun 2026 12:00:00 +0000",
        b"Content-Type: application/octet-stream",
        b"Content-Transfer-Encoding: base64",
        b"",
        *base64.encodebytes(body).splitlines(),
        b"",
    ]
    return line_end.join(lines)


def encrypt_mail(message: bytes, cipher: ContentCipher = AES_256_GCM) -> bytes:
    target = io.BytesIO()
    stream.encrypt_mail_file(
        io.BytesIO(message),
        target,
        Encrypting(recipients=[person("bob").certificate], cipher=cipher),
        provider=PROVIDER,
    )
    return target.getvalue()


def encrypt(content: bytes, cipher: ContentCipher = AES_256_GCM, content_type: str = ID_DATA) -> bytes:
    target = io.BytesIO()
    stream.encrypt_file(
        io.BytesIO(content),
        target,
        Encrypting(recipients=[person("bob").certificate], cipher=cipher),
        provider=PROVIDER,
        content_type=content_type,
    )
    return target.getvalue()


def to_ber(encoded: bytes | memoryview, piece_bytes: int = 100) -> bytes:
    """The same structure in BER: elements around the content have indefinite lengths, and the content is in pieces."""
    tlv = der.read_one(encoded)
    if len(tlv.content) < len(CONTENT):
        return bytes(tlv.encoded)
    if tlv.is_constructed:
        inside = b"".join(to_ber(child.encoded, piece_bytes) for child in der.read_children(tlv))
        return bytes((tlv.tag, 0x80)) + inside + b"\0\0"
    starts = range(0, len(tlv.content), piece_bytes)
    pieces = b"".join(der.octet_string(tlv.content[start : start + piece_bytes]) for start in starts)
    return bytes((tlv.tag | 0x20, 0x80)) + pieces + b"\0\0"
