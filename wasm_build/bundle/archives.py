"""Archives with fixed times and modes, so that equal files give equal bytes.

One is the archive of Python sources, which the build compiles to bytecode. The others are the extension's packages for
the browsers' stores. The bytes of packages also depend on zlib's version.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any, Final

from wasm_build.bundle.tree import Content, read_content

_EARLIEST_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE: Final = 0o100644


def build_python_zip(sources: Mapping[str, bytes]) -> bytes:
    """The archive of these sources. Times and modes are fixed, so that equal sources give equal bytes."""
    # Stored, not deflated: the bytes are part of the cache's key, so they must not depend on zlib's version.
    return _build_archive(sources, zipfile.ZIP_STORED)


def chromium_manifest(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest for Chromium, without the members that Chromium does not support and warns about."""
    members = {name: value for name, value in manifest.items() if name != "browser_specific_settings"}
    return {**members, "background": _without(manifest["background"], "scripts")}


def firefox_manifest(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest for Firefox, without the members that Firefox does not support and warns about."""
    members = {name: value for name, value in manifest.items() if name != "minimum_chrome_version"}
    permissions = [permission for permission in manifest["permissions"] if permission != "offscreen"]
    return {**members, "background": _without(manifest["background"], "service_worker"), "permissions": permissions}


def build_package(files: Mapping[str, Content], manifest: Mapping[str, Any]) -> bytes:
    """The archive of `files`, with this manifest instead of the one in `files`."""
    replaced = {"manifest.json": json.dumps(manifest, indent=2, ensure_ascii=False).encode()}
    return _build_archive({**files, **replaced}, zipfile.ZIP_DEFLATED, mode=_REGULAR_FILE)


def _build_archive(files: Mapping[str, Content], compression: int, *, mode: int = 0) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", compression) as target:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EARLIEST_ZIP_TIME)
            entry.external_attr = mode << 16
            target.writestr(entry, read_content(content), compression)
    return archive.getvalue()


def _without(members: Mapping[str, Any], left_out: str) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name != left_out}
