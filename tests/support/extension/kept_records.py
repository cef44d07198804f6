"""Records as the extension's background keeps them, made here: what an import does in seconds, at once.

An import seals the key file anew with 600,000 iterations, which takes the vault four seconds, and each page with keys
and people that is opened for one takes a second more. Tests that begin with keys and people need neither; those of
the import itself go through the pages.
"""

from __future__ import annotations

import base64
import datetime
import json
from pathlib import Path
from typing import Any

from smime_core.blocking import run
from smime_core.providers.native import NativeProvider
from tests.browser.page import Page
from wasm_build.verbs import run_verb

# As `openDatabase` of browser_ext/background/database.js, which has made the stores when a page is there.
_PUT = """(json) => new Promise((resolve, reject) => {
  const asBytes = (_, value) => value?.octets === undefined
    ? value : Uint8Array.from(atob(value.octets), (character) => character.charCodeAt(0)).buffer;
  const records = JSON.parse(json, asBytes);
  const opening = indexedDB.open("sealwax");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const transaction = opening.result.transaction(Object.keys(records), "readwrite");
    for (const [store, values] of Object.entries(records)) {
      for (const value of values) transaction.objectStore(store).put(value);
    }
    transaction.onabort = () => reject(transaction.error);
    transaction.oncomplete = () => { opening.result.close(); resolve(); };
  };
})"""


def put(page: Page, records: dict[str, list[dict[str, Any]]]) -> None:
    """Keep records in their stores, from a page of the extension."""
    page.js(_PUT, json.dumps(records, default=lambda octets: {"octets": base64.b64encode(octets).decode()}))


def key_file(file: Path, passphrase: str) -> dict[str, Any]:
    """A key file as it is kept after its import, but with the iterations that it has."""
    p12 = file.read_bytes()
    opening = {"p12": p12, "passphrase": passphrase.encode(), "sealKey": bytes(32)}
    identities = run(run_verb("identity.open", opening, provider=NativeProvider()))["identities"]
    described = [{key: value for key, value in one.items() if key != "sealed"} for one in identities]
    id = " ".join(sorted(one["fingerprint"] for one in described))
    return {"id": id, "name": file.name, "p12": p12, "origin": "file", "identities": described, "savedAt": None}


def certificates(file: Path) -> list[dict[str, Any]]:
    """The certificates of a file, all of one kind, as they are kept after its import."""
    read = run(run_verb("certificate.read", {"file": file.read_bytes()}, provider=NativeProvider()))["certificates"]
    added_at = datetime.datetime.now(datetime.UTC).isoformat()
    return [{**one, "addedAt": added_at} for one in read]
