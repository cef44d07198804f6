"""One attached file, read from an entity or added to a draft."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One attached file. `content_type` is type/subtype without parameters.

    `filename` was made safe if it was read from a mail. `path` counts parts from 1 as IMAP does ("1.2"). `content_id`
    is without its brackets (RFC 2392). In a draft `path` and `content_id` are "".
    """

    filename: str
    content_type: str
    data: bytes = field(repr=False)
    path: str = ""
    content_id: str = ""
