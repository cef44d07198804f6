"""One attached file, as it is read from an entity or put into a draft."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """`filename` is clean when it was read; `content_type` is type/subtype without parameters."""

    filename: str
    content_type: str
    data: bytes = field(repr=False)
