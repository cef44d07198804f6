"""The extension's packages for the browsers' stores, one archive for each. Two builds give the same bytes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any, Final

from wasm_build.bundle.tree import Content, read_content

_EARLIEST_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE: Final = 0o100644 << 16


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
    own = {"manifest.json": json.dumps(manifest, indent=2, ensure_ascii=False).encode()}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in sorted({**files, **own}.items()):
            entry = zipfile.ZipInfo(name, _EARLIEST_ZIP_TIME)
            entry.external_attr = _REGULAR_FILE
            target.writestr(entry, read_content(content), zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def _without(members: Mapping[str, Any], left_out: str) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name != left_out}
