"""PKCS#12 folders with a `p12-expected.json`: the contents that a reference program found in each file, if any."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from smime_core.provider import KeyType
from tools.conformance.case import Case
from tools.conformance.checks.keys import OpenPkcs12, RefusePkcs12

_KEY_TYPES: Final = {
    "ECPrivateKey": KeyType.EC,
    "RSAPrivateKey": KeyType.RSA,
    "Ed25519PrivateKey": KeyType.ED25519,
    "Ed448PrivateKey": KeyType.ED448,
    "X25519PrivateKey": KeyType.X25519,
}


def read_pkcs12(folder: Path) -> Iterator[Case]:
    """The cases of each file that a `p12-expected.json` names: with the right and a wrong password."""
    for expected in sorted(folder.glob("**/p12-expected.json")):
        for name, entry in json.loads(expected.read_text(encoding="utf-8")).items():
            octets = (expected.parent / name).read_bytes()
            password = (entry["password"] or "").encode("utf-8")
            source = entry.get("expect") or entry.get("note") or "opened by the reference"
            opens = str(entry.get("expect", "open" if entry.get("opened_by_reference") else "reject"))
            if not opens.startswith("open"):
                task: OpenPkcs12 | RefusePkcs12 = RefusePkcs12(pkcs12=octets, password=password)
                yield Case(set=folder.name, name=name, task=task, source=source)
                continue
            yield Case(set=folder.name, name=name, task=_opened(octets, password, entry), source=source)
            if password and "no MAC" not in opens:
                task = RefusePkcs12(pkcs12=octets, password=password + b"x", codes=("wrong-passphrase",))
                yield Case(set=folder.name, name=f"{name}, wrong password", task=task, source="ours")


def _opened(octets: bytes, password: bytes, entry: dict[str, Any]) -> OpenPkcs12:
    if "key" not in entry:
        return OpenPkcs12(pkcs12=octets, password=password)
    key, certificate = entry["key"], entry["cert"]
    return OpenPkcs12(
        pkcs12=octets,
        password=password,
        key=_KEY_TYPES.get(key) if key else "",
        certificate=certificate or "",
        friendly_name=(entry["friendly"] or "") if key and certificate else None,
        others=entry["extra_certs"],
    )
