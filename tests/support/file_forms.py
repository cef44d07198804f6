"""The forms in which programs write one DER value to a file."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

from smime_core.asn1 import build_pem

_LABEL: Final = "CERTIFICATE"


def _text(octets: bytes, label: str = _LABEL) -> str:
    return build_pem(label, octets).decode()


def _base64(octets: bytes) -> str:
    return base64.encodebytes(octets).decode()


def _on_one_line(octets: bytes) -> str:
    return f"-----BEGIN {_LABEL}-----{base64.b64encode(octets).decode()}-----END {_LABEL}-----"


FORMS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "DER": lambda octets: octets,
    "DER, newline": lambda octets: octets + b"\n",
    "DER, CR LF": lambda octets: octets + b"\r\n",
    "DER, zeros": lambda octets: octets + bytes(1_000),
    "PEM": lambda octets: _text(octets).encode(),
    "PEM, another label": lambda octets: _text(octets, "PKCS7").encode(),
    "PEM, an unknown label": lambda octets: _text(octets, "X 1.2 #3").encode(),
    "PEM, CR LF": lambda octets: _text(octets).replace("\n", "\r\n").encode(),
    "PEM, CR": lambda octets: _text(octets).replace("\n", "\r").encode(),
    "PEM, one line": lambda octets: _on_one_line(octets).encode(),
    "PEM, line ends written out": lambda octets: _text(octets).replace("\n", "\\n").encode(),
    "PEM, indented": lambda octets: _text(octets).replace("\n", "\n    ").encode(),
    "PEM, blank lines": lambda octets: _text(octets).replace("\n", "\n\n").encode(),
    "PEM, text around": lambda octets: f"Bag Attributes\n  friendlyName: x\n{_text(octets)}\nbye\n".encode(),
    "PEM, text like a header": lambda octets: f"Certificate:\n    Data:\n{_text(octets)}".encode(),
    "PEM, headers": lambda octets: _text(octets).replace("-----\n", "-----\nComment: a-b\n c\nX: y\n\n", 1).encode(),
    "PEM, headers without a blank line": lambda octets: _text(octets).replace("-----\n", "-----\nX: y-z\n", 1).encode(),
    "PEM, another end": lambda octets: _text(octets).replace("END CERT", "END X509 CERT").encode(),
    "PEM, no last line end": lambda octets: _text(octets).rstrip().encode(),
    "UTF-8 mark, PEM": lambda octets: b"\xef\xbb\xbf" + _text(octets).encode(),
    "UTF-16 PEM": lambda octets: _text(octets).encode("utf-16"),
    "UTF-16 PEM, big-endian, no mark": lambda octets: _text(octets).encode("utf-16-be"),
    "UTF-16 PEM, little-endian, no mark": lambda octets: _text(octets).encode("utf-16-le"),
    "base64": lambda octets: _base64(octets).encode(),
    "base64, CR LF": lambda octets: _base64(octets).replace("\n", "\r\n").encode(),
    "base64, one line": lambda octets: base64.b64encode(octets),
    "base64, no padding": lambda octets: base64.b64encode(octets).rstrip(b"="),
    "UTF-8 mark, base64": lambda octets: b"\xef\xbb\xbf" + _base64(octets).encode(),
    "UTF-16 base64": lambda octets: _base64(octets).encode("utf-16"),
    "base64 of PEM": lambda octets: base64.b64encode(_text(octets).encode()),
    "base64 of base64": lambda octets: base64.b64encode(base64.b64encode(octets)),
    "base64 of base64, in lines": lambda octets: base64.encodebytes(_base64(octets).encode()),
}
