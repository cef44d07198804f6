"""One attached file, as it is read from an entity or put into a draft."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """`filename` is clean when it was read; `content_type` is type/subtype without parameters.

    `path` counts parts from 1 as IMAP does ("1.2"); `content_id` is without its brackets (RFC 2392). Both are "" when
    the file is put into a draft.
    """

    filename: str
    content_type: str
    data: bytes = field(repr=False)
    path: str = ""
    content_id: str = ""
