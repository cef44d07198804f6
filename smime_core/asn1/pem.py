"""PEM blocks (RFC 7468), with the headers of the older form (RFC 1421 section 4.6) that encrypted keys still have."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Final

from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_CERTIFICATES, MAX_PKCS12_BYTES, check_limit

# All repetitions are possessive: they never give back characters, so hostile text takes linear time. For the headers, a
# look-ahead with a back-reference has the same effect, because possessive groups match too much before Python 3.11.5. A
# header must not contain a further block: otherwise a file of nested blocks would take quadratic time.
_VALUE: Final = rb"[^\r\n-]*+(?:-(?!----)[^\r\n-]*+)*"
_BLOCK: Final = re.compile(
    rb"-----BEGIN ([A-Z0-9 #.]{1,64}+)-----[ \t]*+\r?\n"
    rb"(?=((?:[A-Za-z][A-Za-z0-9-]*+:" + _VALUE + rb"\r?\n(?:[ \t]" + _VALUE + rb"\r?\n)*)*))\2"
    rb"([A-Za-z0-9+/=\s]*+)-----END \1-----"
)
_LINE_LENGTH: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PemBlock:
    """A block. `problem` says why its octets are empty, if its text is no base64."""

    label: str
    octets: bytes = field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    problem: str = ""

    def find_header(self, name: str) -> str | None:
        """The value of the first header of that name, or None."""
        return next((value for found, value in self.headers if found.lower() == name.lower()), None)


def find_pem_blocks(data: bytes) -> tuple[PemBlock, ...]:
    """All PEM blocks in a file with any text around them.

    Raises MalformedMessage, also for one damaged block, or LimitExceeded.
    """
    blocks = find_damaged_pem_blocks(data)
    for block in blocks:
        if block.problem:
            raise MalformedMessage(block.problem, where=block.label)
    return blocks


def find_damaged_pem_blocks(data: bytes) -> tuple[PemBlock, ...]:
    """All PEM blocks in a file, also damaged ones, which have a `problem`. Raises LimitExceeded."""
    check_limit("PEM bytes", len(data), MAX_PKCS12_BYTES)
    blocks: list[PemBlock] = []
    for match in _BLOCK.finditer(data):
        check_limit("PEM blocks", len(blocks) + 1, MAX_CERTIFICATES)
        label = match[1].decode("ascii")
        octets, problem = b"", ""
        try:
            octets = base64.b64decode(b"".join(match[3].split()), validate=True)
        except binascii.Error:
            problem = "the block is not base64"
        blocks.append(PemBlock(label=label, octets=octets, headers=_split_headers(match[2]), problem=problem))
    return tuple(blocks)


def build_pem(label: str, octets: bytes) -> bytes:
    """One PEM block with LF line ends (RFC 7468 section 3)."""
    text = base64.b64encode(octets).decode("ascii")
    lines = "".join(f"{text[start : start + _LINE_LENGTH]}\n" for start in range(0, len(text), _LINE_LENGTH))
    return f"-----BEGIN {label}-----\n{lines}-----END {label}-----\n".encode("ascii")


def _split_headers(text: bytes) -> tuple[tuple[str, str], ...]:
    unfolded = re.sub(rb"\r?\n[ \t]+", b" ", text).decode("latin-1")
    pairs = (line.partition(":") for line in unfolded.splitlines())
    return tuple((name.strip(), value.strip()) for name, _, value in pairs if name)
