"""Decode bytes of a named charset to text, with replacement characters and never an error (RFC 2046 section 4.1.2).

Python has many codecs that are no charsets (`idna`, `unicode_escape`, `zlib`), some of them slow on hostile input, so
only names on a list are used. UTF-7 is left out, because it can hide markup and yield unpaired surrogates.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from smime_core.asn1.der import Buffer

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,39}")
_CHARSETS: Final = re.compile(
    r"utf-(8|8-sig|16|16-le|16-be|32|32-le|32-be)|iso8859-\d+|cp\d+|koi8-[rtu]|mac-[a-z]+|big5|big5hkscs|gb18030|hz"
    r"|euc_(jp|jis_2004|jisx0213|kr)|iso2022_(jp|jp_1|jp_2|jp_2004|jp_3|jp_ext|kr)|shift_jis(_2004|x0213)?|johab"
    r"|tis-620|kz1048|ptcp154|hp-roman8"
)
# From the charset name in mail to the superset that its writer meant (WHATWG Encoding Standard).
_MEANT: Final = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso8859-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
}


def decode_text(data: Buffer, charset: str = "") -> str:
    """The text, with U+FFFD for undecodable bytes.

    Without a known charset, and for ASCII, the text is read as UTF-8, or as Windows-1252 if it is not UTF-8.
    """
    codec = _find_codec(charset)
    if codec:
        return str(data, codec, "replace")
    try:
        return str(data, "utf-8", "strict")
    except UnicodeDecodeError:
        return str(data, "cp1252", "replace")


def _find_codec(charset: str) -> str:
    name = charset.strip().lower()
    if not _NAME.fullmatch(name):
        return ""
    try:
        codec = codecs.lookup(_MEANT.get(name, name)).name
    except LookupError:
        return ""
    return codec if _CHARSETS.fullmatch(codec) else ""
