"""Runs every verb a few times before the snapshot is taken, so that no request pays for what happens once.

Python specialises its bytecode on first use, asn1crypto sets its classes up lazily, regular expressions and codecs are
cached: all of that is memory, and the snapshot keeps it. Nothing is secret here and nothing is cryptography.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final

from smime_core.blocking import run
from smime_core.identity import Identity, export_identity
from smime_core.providers.webcrypto import WebCryptoProvider
from wasm_build.stand_in import StandInDoor, StandIns, as_view, make_stand_ins
from wasm_build.verbs import dispatch
from wasm_build.wire import pack, unpack

_ROUNDS: Final = 12
_AT: Final = "2026-01-01T00:00:00.000Z"
_SEAL_KEY: Final = bytes(32)
_PASSPHRASE: Final = b"stand-in"
_TEXT: Final = "Grüße — text of a mail\n".encode() * 20
_SERVER: Final = {"server": "https://keys.example.test", "user": "rsa@example.test", "passphrase": _PASSPHRASE}
_PARAMETERS: Final = {"protocol": 1, "salt": "AAAAAAAAAAAAAAAAAAAAAA==", "memory_kib": 65536, "passes": 3, "lanes": 4}


def warm_up() -> None:
    """Exercise all verbs through the same door as a request, then take the stand-in away."""
    sys.modules["sealwax_js"] = StandInDoor()  # type: ignore[assignment]  # looks like the Worker's module
    try:
        people = make_stand_ins()
        for _ in range(_ROUNDS):
            for identity in (people.rsa, people.ec):
                _use_verbs(people, identity)
            _use_roaming(people.rsa)
    finally:
        del sys.modules["sealwax_js"]


def _use_verbs(people: StandIns, identity: Identity) -> None:
    keys = {"identities": [_open_file(identity)], "sealKey": _SEAL_KEY}
    trust = {"anchors": [people.anchor.der], "at": _AT}
    recipients = [people.rsa.certificate.der, people.ec.certificate.der]
    _call("certificate.describe", {"certificates": recipients, **trust})
    for cipher in ("cbc", "gcm"):
        _use_bytes(keys, trust, recipients, cipher)
        for to in ([], recipients):
            letter = {"draft": _draft(identity), "sign": True, **keys, "recipients": to, "cipher": cipher}
            _call("message.open", {"message": _call("message.compose", letter)["message"], **keys, **trust})
    origin = {"origin": "https://example.test"}
    field = _call("field.seal", {"text": _TEXT, **origin, "sign": True, **keys, "recipients": recipients, "at": _AT})
    _call("field.open", {"cms": field["cms"], **origin, **keys, **trust})


def _use_bytes(keys: dict[str, Any], trust: dict[str, Any], recipients: list[bytes], cipher: str) -> None:
    # Above a megabyte other ways are taken: views instead of copies, WebCrypto's digest instead of hashlib's.
    for content in (_TEXT, bytes(200_000)):
        for detached in (False, True):
            signed = _call("bytes.sign", {"content": content, **keys, "at": _AT, "detached": detached})["cms"]
            _call("bytes.verify", {"cms": signed, "content": content if detached else None, **trust})
        sealed = _call("bytes.encrypt", {"content": content, "recipients": recipients, "cipher": cipher})["cms"]
        _call("bytes.decrypt", {"cms": sealed, **keys})


def _use_roaming(identity: Identity) -> None:
    p12 = _make_file(identity)
    registering = {**_SERVER, "ticket": "stand-in", "p12": p12, "p12Passphrase": _PASSPHRASE}
    registration = json.loads(_call("roaming.register", registering)["request"])
    response = {name: registration[name] for name in ("bundle_id", "version", "bundle", "wraps")}
    _call("roaming.login", {**_SERVER, "parameters": _PARAMETERS})
    _call("roaming.open", {**_SERVER, "parameters": _PARAMETERS, "response": response, "sealKey": _SEAL_KEY})


def _draft(identity: Identity) -> dict[str, Any]:
    return {
        "from": identity.certificate.email_addresses[0],
        "to": ["Somebody Else <rsa@example.test>"],
        "cc": ["ec@example.test"],
        "subject": "Grüße",
        "text": _TEXT,
        "attachments": [{"name": "Datei ä.pdf", "type": "application/pdf", "data": bytes(2000)}],
        "date": _AT,
        "messageId": "<1@example.test>",
        "inReplyTo": "<0@example.test>",
    }


def _open_file(identity: Identity) -> bytes:
    opening = {"p12": _make_file(identity), "passphrase": _PASSPHRASE, "sealKey": _SEAL_KEY}
    sealed: bytes = _call("identity.open", opening)["identities"][0]["sealed"]
    return sealed


def _make_file(identity: Identity) -> bytes:
    return run(export_identity(identity, _PASSPHRASE, provider=WebCryptoProvider(), iterations=2))


def _call(verb: str, args: dict[str, Any]) -> dict[str, Any]:
    args_json, buffers = pack(args)
    reply_json, *results = run(dispatch(verb, args_json, [as_view(octets) for octets in buffers]))
    reply = unpack(str(reply_json), [bytes(octets) for octets in results if isinstance(octets, bytes)])
    # A verb that fails here would fail for everybody: the build stops.
    if "error" in reply:
        raise RuntimeError(f"{verb}: {reply['error']}")
    ok: dict[str, Any] = reply["ok"]
    return ok
