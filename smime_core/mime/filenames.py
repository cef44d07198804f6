"""Names of attachments that are safe to offer for saving (RFC 2183 section 2.3)."""

from __future__ import annotations

import re
from typing import Final

from smime_core.text.shown_name import visible_line

MAX_FILENAME_BYTES: Final = 200  # File systems allow 255 bytes. Browsers need a few of them to add " (1)".
# Controls, and characters that Windows forbids. `visible_line` drops the characters that reverse or hide text. A
# reversed "fdp.exe" looks like a PDF. Fillers between name and extension push the extension out of sight.
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202f\ufff0-\uffff<>:\"|?*]")
# Names of Windows devices, alone or with any extension. Blanks may precede the extension.
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\..*)?", re.IGNORECASE)


def clean_filename(name: str, *, fallback: str = "attachment") -> str:
    """The last component of a proposed name, without characters that mislead people or file systems. Never empty."""
    cleaned = visible_line(_UNSAFE.sub("", name[max(name.rfind("/"), name.rfind("\\")) + 1 :])).strip(" .")
    if not cleaned:
        return fallback
    if _DEVICE.fullmatch(cleaned):
        cleaned = f"_{cleaned}"
    return _shorten(cleaned)


def _shorten(name: str) -> str:
    # The extension is kept, because it shows people the kind of file.
    if len(name.encode("utf-8")) <= MAX_FILENAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode("utf-8")) > 20:
        stem, dot, extension = name, "", ""
    stem_bytes = MAX_FILENAME_BYTES - len(f"{dot}{extension}".encode())
    return stem.encode("utf-8")[:stem_bytes].decode("utf-8", "ignore").rstrip(" .") + dot + extension
