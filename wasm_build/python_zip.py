"""The core's Python sources as one deterministic archive: what the vault imports."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

_EARLIEST_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_CORE_LEFT_OUT: Final = (
    "authority/",
    "ca/certificate_building.py",
    "ca/ocsp_requests.py",
    "ca/ocsp_responding.py",
    "ca/profile.py",
    "ca/revocation_list_building.py",
    "cli/",
    "demo_ca.py",
    "file_locks.py",
    "lookups/",
    "providers/native",
    "roots/__main__.py",
    "user_folders.py",
    "whole_files.py",
)
_ROAMING_FILES: Final = ("__init__.py", "passkey_wrap.py", "protocol.py", "wire.py")
_WASM_BUILD_FILES: Final = (
    "__init__.py",
    "backup_verbs.py",
    "decision_verbs.py",
    "draft_verbs.py",
    "key_verbs.py",
    "list_verbs.py",
    "page_verbs.py",
    "passkey_verbs.py",
    "state_verbs.py",
    "stream_verbs.py",
    "recipient_verbs.py",
    "replies.py",
    "form_verbs.py",
    "request_verbs.py",
    "requests.py",
    "sealed.py",
    "signers.py",
    "stand_in.py",
    "trust.py",
    "verbs.py",
    "warm_up.py",
    "wire.py",
)


def list_sources(root: Path) -> dict[str, Path]:
    """Archive name to file: the core without what is native, the roaming protocol, the verbs."""
    return dict(
        sorted(
            (
                *_core_sources(root / "smime_core"),
                *((f"roaming_keys/{name}", root / "roaming_keys" / name) for name in _ROAMING_FILES),
                *((f"wasm_build/{name}", root / "wasm_build" / name) for name in _WASM_BUILD_FILES),
            )
        )
    )


def build_python_zip(sources: Mapping[str, bytes]) -> bytes:
    """The archive: times and modes fixed, so that equal sources give equal bytes."""
    archive = io.BytesIO()
    # Stored, not deflated: servers compress better, and the result does not depend on a zlib version.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for name, source in sorted(sources.items()):
            target.writestr(zipfile.ZipInfo(name, _EARLIEST_ZIP_TIME), source)
    return archive.getvalue()


def _core_sources(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*.py"):
        name = path.relative_to(folder).as_posix()
        if not name.startswith(_CORE_LEFT_OUT):
            yield f"smime_core/{name}", path
