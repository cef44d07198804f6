"""The verb about the signed list of a site's page files.

The extension pins the fingerprint of the list's signer for each site, and keeps the newest version that it has seen.
"""

from __future__ import annotations

import datetime

from smime_core.own_content import Coverage, SeenRelease, verify_release
from smime_core.provider import CryptoProvider
from smime_core.report import time_to_json
from wasm_build.vault.python.replies import Reply
from wasm_build.vault.python.requests import request_class


@request_class
class VerifyPages:
    list_: bytes
    keys: tuple[str, ...]
    at: datetime.datetime
    seen_version: str = ""
    seen_digest: str = ""


async def verify_pages(request: VerifyPages, provider: CryptoProvider) -> Reply:
    """Returns `{version, digest, ends, signer, files}`: the list, the end of its validity, and its signer."""
    seen = SeenRelease(version=request.seen_version, digest=request.seen_digest) if request.seen_version else None
    verified = await verify_release(
        request.list_, provider, frozenset(request.keys), Coverage.PAGES, at=request.at, seen=seen
    )
    return {
        "version": verified.release.version,
        "digest": verified.seen.digest,
        "ends": time_to_json(verified.signer.not_after),
        "signer": {"name": verified.signer.common_name, "fingerprint": verified.signer.fingerprint},
        "files": [
            {"path": file.path, "bytes": file.bytes, "integrity": file.integrity} for file in verified.release.files
        ],
    }
