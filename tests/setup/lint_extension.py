"""Runs web-ext's linter on the built extension: every error fails, and every warning but those known here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

KNOWN = {
    # One manifest serves both browsers; the linter knows only Firefox.
    ("manifest.json", "MANIFEST_PERMISSIONS", "offscreen"),
    ("manifest.json", "MANIFEST_FIELD_UNSUPPORTED", "service_worker"),
    # It writes the document type only, because Chromium draws an opened document after that.
    ("content/site_check.js", "NO_DOCUMENT_WRITE", "document.write"),
    # DOMPurify, unchanged. It sets innerHTML only in documents of its own, in which no script runs.
    ("purify.js", "UNSAFE_VAR_ASSIGNMENT", "innerHTML"),
    # Pyodide, unchanged. The extension's content security policy forbids eval in any case.
    ("runtime/pyodide.mjs", "UNSAFE_VAR_ASSIGNMENT", "import"),
    ("runtime/pyodide.asm.mjs", "UNSAFE_VAR_ASSIGNMENT", "import"),
    ("runtime/pyodide.asm.mjs", "DANGEROUS_EVAL", "eval"),
}


def is_known(finding: dict[str, str]) -> bool:
    """True for a warning that is in KNOWN."""
    return any(
        (finding.get("file"), finding["code"]) == (file, code) and word in finding["message"]
        for file, code, word in KNOWN
    )


def main() -> int:
    """Print the errors and the warnings that are not in KNOWN. Returns the exit status."""
    command = [f"{ROOT}/node_modules/.bin/web-ext", "lint", "--source-dir", f"{ROOT}/dist/extension", "--self-hosted"]
    done = subprocess.run([*command, "--output", "json"], capture_output=True, text=True, check=False)
    if not done.stdout.lstrip().startswith("{"):
        print(done.stdout, done.stderr, file=sys.stderr)
        return 1
    report = json.loads(done.stdout)
    new = [*report["errors"], *(finding for finding in report["warnings"] if not is_known(finding))]
    for finding in new:
        print(f"{finding.get('file')}: {finding['code']}: {finding['message']}: {finding['description']}")
    known = len(report["errors"]) + len(report["warnings"]) - len(new)
    print(f"web-ext lint: {len(new)} new findings, {known} known")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main())
