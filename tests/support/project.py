"""The folder of the project, for tests that read its pages or its sources."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]


def source_newer_than_dist() -> str:
    """The source of the pages that has changed last, if `dist/` is older than it. Tests of pages serve `dist/`."""
    built = ROOT / "dist" / "manifest.json"
    if not built.exists():
        return ""
    command = ["git", "ls-files", "webbridge/pages", "wasm_build", "smime_core"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.splitlines()
    times = {name: (ROOT / name).stat().st_mtime for name in listed if (ROOT / name).is_file()}
    newest = max(times, key=times.__getitem__, default="")
    return newest if newest and times[newest] > built.stat().st_mtime else ""
