"""The header section of an entity: its fields in order, as bytes and as text (RFC 5322 section 2.2, RFC 6532).

Lines that are no field are skipped, as in mail programs. A blank before the colon is accepted (RFC 5322 section 4.5),
so that a second `From :` is never overlooked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from smime_core.asn1.der import Buffer
from smime_core.mime.charset import decode_text
from smime_core.mime.encoded_words import decode_words

# A field: its name, and its body including folded lines (RFC 5322 sections 2.2 and 2.2.3).
_FIELD: Final = re.compile(rb"^([!-9;-~]++)[ \t]*+:([^\n]*+(?>(?:\n[ \t][^\n]*+)*))(?:\n|\Z)", re.MULTILINE)
_FOLD: Final = re.compile(rb"\r?\n")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Field:
    """One header field. `encoded` has all its bytes with the line end, `body` those after the colon."""

    name: str
    encoded: bytes
    body: bytes

    @property
    def unfolded(self) -> str:
        """The body on one line, with encoded-words not decoded: the form for structured fields."""
        return decode_text(_FOLD.sub(b"", self.body).strip(b" \t\r\n"))

    @property
    def describes_body(self) -> bool:
        """Whether the field describes the part that has it: Content-* or MIME-Version (RFC 9788 section 1.1.1)."""
        return self.name.lower() == "mime-version" or self.name.lower().startswith("content-")

    @property
    def text(self) -> str:
        """The body for people: unfolded, encoded-words decoded once, control characters as spaces."""
        return _CONTROLS.sub(" ", decode_words(self.unfolded)).strip()


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields of one entity in their order. `raw` is the whole section without the blank line at its end."""

    fields: tuple[Field, ...]
    raw: bytes

    def find(self, name: str) -> tuple[Field, ...]:
        """All fields of that name, in any case."""
        lower_name = name.lower()
        return tuple(field for field in self.fields if field.name.lower() == lower_name)

    def get(self, name: str) -> str | None:
        """The first field's decoded text, or None. For structured fields (addresses, parameters) use `get_unfolded`."""
        fields = self.find(name)
        return fields[0].text if fields else None

    def get_unfolded(self, name: str) -> str | None:
        """The first field's body on one line, or None. Encoded-words are not decoded (RFC 2047 section 5)."""
        fields = self.find(name)
        return fields[0].unfolded if fields else None


def parse_headers(data: Buffer) -> Headers:
    """The fields of a header section."""
    raw = bytes(data)
    fields = tuple(Field(match[1].decode("ascii"), match[0], match[2]) for match in _FIELD.finditer(raw))
    return Headers(fields, raw)
