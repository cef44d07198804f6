"""Python sources as one deterministic archive: the form in which the vault imports them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Final

_EARLIEST_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)


def build_python_zip(sources: Mapping[str, bytes]) -> bytes:
    """The archive of these sources. Times and modes are fixed, so that equal sources give equal bytes."""
    archive = io.BytesIO()
    # Stored, not deflated: Brotli compresses a stored archive better, and the bytes do not depend on zlib's version.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for name, source in sorted(sources.items()):
            target.writestr(zipfile.ZipInfo(name, _EARLIEST_ZIP_TIME), source)
    return archive.getvalue()
