"""Content that a guessed key has decrypted: it counts only if it begins as a MIME entity or as CMS.

CBC has no integrity: a wrong key gives valid padding once in 256 times. So plaintext counts only after this check if no
recipient names the key. With an AEAD cipher, the tag is enough.
"""

from __future__ import annotations

import re
from typing import Final

from smime_core.cms.content_info import ID_DATA, is_content_info

GUESSED_HEAD_BYTES: Final = 65_536
"""The number of bytes in which content is recognised; they contain the whole header of nearly every mail."""

_FIELD: Final = re.compile(rb"[!-9;-~]++[ \t]*+:")
# A SEQUENCE that begins with a version, as SignedData and EnvelopedData do.
_VERSIONED: Final = re.compile(rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)\x02\x01[\x00-\x05]", re.DOTALL)


def is_entity_or_cms(head: bytes, content_type: str) -> bool:
    """Whether the first GUESSED_HEAD_BYTES of content are those of a MIME entity, or of CMS.

    Content of another type than id-data is a CMS structure without a ContentInfo around it.
    """
    if content_type != ID_DATA:
        return _VERSIONED.match(head) is not None
    return is_content_info(head) or _begins_with_header(head)


def _begins_with_header(head: bytes) -> bool:
    lines = head.split(b"\n")[:-1]
    for number, line in enumerate(lines):
        if line in (b"", b"\r"):
            return number > 0
        is_folded = number > 0 and line[:1] in (b" ", b"\t")
        if b"\0" in line or not (is_folded or _FIELD.match(line)):
            return False
    # A longer header continues after the bytes that were read.
    return bool(lines) and len(head) >= GUESSED_HEAD_BYTES
