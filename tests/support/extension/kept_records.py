"""Puts keys and certificates directly into the extension's database, because an import by its pages takes seconds.

An import writes the key file again with 600,000 iterations, which takes the vault four seconds; opening the page with
keys and people takes one more. Only the tests of the import itself use the pages.
"""

from __future__ import annotations

import base64
import datetime
import json
from pathlib import Path
from typing import Any

from smime_core.blocking import run
from smime_core.providers.native import NativeProvider
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from wasm_build.vault.python.verbs import run_verb

IN_PAGE = page_scripts("support/extension/kept_records.js")

# Opens the same database as `openDatabase` of browser_ext/shared/database.js, which has created the stores before.
_PUT = IN_PAGE["putInPage"]


def put(page: Page, records: dict[str, list[dict[str, Any]]]) -> None:
    """Put records into their stores, in a page of the extension."""
    page.js(_PUT, json.dumps(records, default=lambda octets: {"octets": base64.b64encode(octets).decode()}))


def key_file(file: Path, passphrase: str) -> dict[str, Any]:
    """The record of a key file as after an import, except that the file keeps its own number of iterations."""
    p12 = file.read_bytes()
    opening = {"p12": p12, "passphrase": passphrase.encode(), "sealKey": bytes(32)}
    identities: Any = run(run_verb("identity.open", opening, provider=NativeProvider()))["identities"]
    described = [{key: value for key, value in identity.items() if key != "sealed"} for identity in identities]
    id = " ".join(sorted(description["fingerprint"] for description in described))
    return {"id": id, "name": file.name, "p12": p12, "origin": "file", "identities": described, "savedAt": None}


def certificates(file: Path) -> list[dict[str, Any]]:
    """The records of a file's certificates as after an import."""
    read: Any = run(run_verb("certificate.read", {"file": file.read_bytes()}, provider=NativeProvider()))[
        "certificates"
    ]
    added_at = datetime.datetime.now(datetime.UTC).isoformat()
    return [{**certificate, "addedAt": added_at} for certificate in read]
