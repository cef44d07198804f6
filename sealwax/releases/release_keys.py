"""The fingerprints of the release certificates in this build: `release_keys.json`.

The file is part of the sources, and the extension's packages have the same file. The list is empty until the publisher
of a release enters the fingerprint of a certificate. The private key is kept apart from the sources.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from sealwax.files.small import read_small
from smime_core.errors import MalformedMessage
from smime_core.text import JsonObject, parse_json

_FILE: Final = Path(__file__).with_name("release_keys.json")
_WHERE: Final = "release_keys.json"
_MAX_BYTES: Final = 16_384
_MAX_KEYS: Final = 20  # The current key and its successors.
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


def read_release_keys(path: Path = _FILE) -> frozenset[str]:
    """The SHA-256 fingerprints in hexadecimal; none in a build without a release key. Raises MalformedMessage."""
    members = JsonObject.of(
        parse_json(read_small(path), _WHERE, max_bytes=_MAX_BYTES), ("version", "fingerprints"), _WHERE
    )
    fingerprints = members.texts("fingerprints", limit=_MAX_KEYS)
    if members.number("version") != 1 or not all(map(_FINGERPRINT.fullmatch, fingerprints)):
        raise MalformedMessage("expected version 1 and SHA-256 fingerprints in lower-case hexadecimal", _WHERE)
    return frozenset(fingerprints)
