"""Mails as people write them that transport might alter, and the leaves that make them so."""

from __future__ import annotations

import base64
from typing import Final

_UMLAUTS: Final = "Grüße aus Köln".encode()
_TEXT: Final = b"Content-Type: text/plain; charset=utf-8"
_FILE: Final = b"Content-Type: application/octet-stream"

# Each leaf has bare LF line ends, as a file on Unix has them.
UNFIT_LEAVES: Final[dict[str, bytes]] = {
    "signature line": _TEXT + b"\n\nHi\n-- \nAlice\n",
    "flowed": _TEXT + b"; format=flowed\n\nsoft \nwrapped \nlines\n",
    "8-bit": _TEXT + b"\nContent-Transfer-Encoding: 8bit\n\n" + _UMLAUTS + b"\n",
    "From line": _TEXT + b"\n\nFrom the start\nof it\n",
    "long line": _TEXT + b"\n\n" + b"word " * 400 + b"\nend\n",
    "dot": _TEXT + b"\n\na\n.\nb\n",
    "NUL": _TEXT + b"\n\nnul\0nul\n",
    "quoted-printable": _TEXT + b"\nContent-Transfer-Encoding: quoted-printable\n\nFrom K=C3=B6ln =\nby train\n",
    "binary file": _FILE + b"\nContent-Transfer-Encoding: binary\n\n\x89\0\r\n\n--\n\r\xff",
    "8-bit file": _FILE + b"\nContent-Transfer-Encoding: 8bit\n\n" + _UMLAUTS + b"\nline\n",
    "base64 in one line": _FILE + b"\nContent-Transfer-Encoding: base64\n\n" + base64.b64encode(bytes(900)) + b"\n",
    "foreign file name": _FILE + "; name=Übung.bin\nContent-Transfer-Encoding: base64\n\nQUJD\n".encode(),
    "forwarded": b"Content-Type: message/rfc822\n\nFrom: bob@example.test\n" + _TEXT + b"\n\n" + _UMLAUTS + b" \n",
}


def unfit_mail(*leaves: bytes, sender: bytes = b"alice@example.test", line_end: bytes = b"\n") -> bytes:
    """A multipart/mixed of these leaves and an attachment that is fit for transport."""
    attachment = _FILE + b"\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(bytes(range(256)) * 20)
    parts = b"".join(b"--Q\n" + leaf + b"\n" for leaf in (*leaves, attachment))
    head = b"From: " + sender + b"\nTo: bob@example.test\nSubject: Supper\nMIME-Version: 1.0\n"
    mail = head + b"Content-Type: multipart/mixed; boundary=Q\n\n" + parts + b"--Q--\n"
    return mail if line_end == b"\n" else mail.replace(b"\r\n", b"\n").replace(b"\n", line_end)
