"""The warm-up runs the verbs while the snapshot is made, so that the first request is not slower than later requests.

Python specialises bytecode and caches regular expressions and codecs on first use. `warm_up` puts the results into the
snapshot. JavaScript and WebCrypto also become faster with use, but a snapshot cannot contain their state. So each
Worker rehearses while it waits (`vault/worker/rehearsal.js`). The keys are from `stand_in`, and are not secret.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, Final

from smime_core.identity import Identity, export_identity
from smime_core.providers.webcrypto import WebCryptoProvider
from wasm_build.vault.python.sealed import seal_identity
from wasm_build.vault.python.stand_in import StandInDoor, StandIns, as_view, drive, make_stand_ins
from wasm_build.vault.python.verbs import dispatch, stepper
from wasm_build.vault.python.wire import pack, take, unpack

_ROUNDS: Final = 12
_AT: Final = "2026-01-01T00:00:00.000Z"
_SEAL_KEY: Final = bytes(32)
_PASSPHRASE: Final = b"stand-in"
_TEXT: Final = "Grüße — text of a mail\n".encode() * 20
_BULK: Final = bytes(200_000)  # large enough for the code paths of large content
_SERVER: Final = {"server": "https://keys.example.test", "user": "rsa@example.test", "passphrase": _PASSPHRASE}
_PARAMETERS: Final = {
    "protocol": 2,
    "nonce": "A" * 54 + "==",
    "salt": "A" * 22 + "==",
    "memory_kib": 65536,
    "passes": 3,
    "lanes": 4,
}
_PEOPLE: Final = make_stand_ins()


def warm_up() -> None:
    """Run the verbs as requests do, with the stand-in, and remove the stand-in afterwards."""
    sys.modules["sealwax_js"] = StandInDoor()  # type: ignore[assignment]  # looks like the Worker's module
    try:
        for _ in range(_ROUNDS):
            for identity in (_PEOPLE.rsa, _PEOPLE.ec):
                drive(_use_all(_PEOPLE, identity))
            drive(_use_roaming(_PEOPLE.rsa))
    finally:
        del sys.modules["sealwax_js"]


def begin_rehearsal() -> Callable[[Any], Any]:
    """Start making the material of the Worker's rehearsal, in the form of a reply. Returns a stepper for the Worker."""
    return stepper(_rehearsal_material())


async def _rehearsal_material() -> list[str | bytes]:
    # This runs in a Worker, where the real WebCrypto seals the identities.
    provider = WebCryptoProvider()
    people = [
        {"sealed": await seal_identity(identity, _SEAL_KEY, provider), "certificate": identity.certificate.der}
        for identity in (_PEOPLE.rsa, _PEOPLE.ec)
    ]
    material_json, buffers = pack({"people": people, "anchor": _PEOPLE.anchor.der, "at": _AT})
    return [material_json, *buffers]


async def _use_all(people: StandIns, identity: Identity) -> None:
    keys = {"identities": [await _open_file(identity)], "sealKey": _SEAL_KEY}
    # With `mozilla` the roots are parsed, so that the snapshot contains them parsed.
    anchors = [{"certificate": people.anchor.der}]
    trust = {"trust": {"anchors": anchors, "mozilla": True, "revocation": "not-checked"}, "at": _AT}
    recipients = [people.rsa.certificate.der, people.ec.certificate.der]
    await _call("certificate.describe", {"certificates": recipients, **trust})
    asking = {"address": "rsa@example.test", "found": [{"certificate": recipients[0], "source": "bridge"}]}
    await _call("recipients.check", {**asking, **trust})
    for cipher in ("cbc", "gcm"):
        for content in (_TEXT, _BULK):
            await _use_bytes(keys, trust, recipients, cipher, content)
        for to in ([], recipients):
            letter = {"draft": _draft(identity), "sign": True, **keys, "recipients": to, "cipher": cipher}
            message = (await _call("message.compose", letter))["message"]
            await _call("message.verify", {"message": message, **keys, **trust})
    await _use_field(keys, trust, recipients)


async def _use_bytes(
    keys: dict[str, Any], trust: dict[str, Any], recipients: list[bytes], cipher: str, content: bytes
) -> None:
    for detached in (False, True):
        signed = (await _call("bytes.sign", {"content": content, **keys, "at": _AT, "detached": detached}))["cms"]
        await _call("bytes.verify", {"cms": signed, "content": content if detached else None, **trust})
    encrypted = (await _call("bytes.encrypt", {"content": content, "recipients": recipients, "cipher": cipher}))["cms"]
    await _call("bytes.decrypt", {"cms": encrypted, **keys})


async def _use_field(keys: dict[str, Any], trust: dict[str, Any], recipients: list[bytes]) -> None:
    origin = {"origin": "https://example.test"}
    writing = {"text": _TEXT, **origin, "sign": True, **keys, "recipients": recipients, "at": _AT}
    field = await _call("field.encrypt", writing)
    await _call("field.verify", {"cms": field["cms"], **origin, **keys, **trust})
    await _call("form.sign", {"form": _form(), **keys, "at": _AT})


def _form() -> dict[str, Any]:
    names = ("topOrigin", "origin", "action", "method", "enctype", "nonce")
    entries = [{"name": "text", "value": "Grüße"}, {"name": "file", "value": "a.pdf", "size": 1, "sha256": "00"}]
    return {**dict.fromkeys(names, "https://example.test"), "entries": entries, "submitter": ["go", "Send"]}


async def _use_roaming(identity: Identity) -> None:
    p12 = await _make_file(identity)
    file = {"ticket": "stand-in", "p12": p12, "p12Passphrase": _PASSPHRASE, "sealKey": _SEAL_KEY}
    made = json.loads((await _call("roaming.register", {**_SERVER, **file}))["request"]["body"])
    device = {"deviceToken": bytes(32), "deviceName": "stand-in", "at": _AT, "sealKey": _SEAL_KEY}
    step = await _call("roaming.login", {**_SERVER, **device})
    for answer in (_PARAMETERS, {"ends": 0, "record": made["record"]}):
        arguments = {"state": step["state"], "step": step["step"], "body": json.dumps(answer).encode()}
        step = await _call("roaming.answer", {"user": _SERVER["user"], **arguments, "sealKey": _SEAL_KEY})


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
        "references": [],
        "hidden": [],
    }


async def _open_file(identity: Identity) -> bytes:
    opening = {"p12": await _make_file(identity), "passphrase": _PASSPHRASE, "sealKey": _SEAL_KEY}
    sealed: bytes = (await _call("identity.open", opening))["identities"][0]["sealed"]
    return sealed


async def _make_file(identity: Identity) -> bytes:
    return await export_identity(identity, _PASSPHRASE, provider=WebCryptoProvider(), iterations=2)


async def _call(verb: str, args: dict[str, Any]) -> dict[str, Any]:
    args_json, buffers = pack(args)
    reply_json, *results = await dispatch(verb, take(args_json, [as_view(octets) for octets in buffers]))
    reply = unpack(str(reply_json), [bytes(octets) for octets in results if isinstance(octets, bytes)])
    # A verb that fails here would fail in every browser, so the build stops.
    if "error" in reply:
        raise RuntimeError(f"{verb}: {reply['error']}")
    ok: dict[str, Any] = reply["ok"]
    return ok
