"""Drafts as messages in the mailbox, made and read outside the browser with the writer's identity.

Extension and pages write the same bytes (`wasm_build/ui/draft_message.js`, `wasm_build/vault/values/packed_letter.js`).
"""

from __future__ import annotations

import base64
import email
import json
import textwrap
from dataclasses import dataclass
from typing import Any

from smime_core.blocking import run
from smime_core.identity import Identity
from smime_core.providers.native import NativeProvider
from tests.support.pages.draft_driver import SUBJECT
from wasm_build.vault.python.sealed import seal_identity
from wasm_build.vault.python.verbs import run_verb
from webbridge.demo.stack import DemoStack

_NATIVE = NativeProvider()
_SEAL_KEY = b"k" * 32
_LENGTH_BYTES = 4
# The fields of a draft of the extension. The pages do not know `forward`, `more` and `secret`, and give them back.
EXTENSION_FIELDS: dict[str, Any] = {
    "cc": [],
    "bcc": [],
    "thread": {"inReplyTo": None, "references": [], "hidden": []},
    "forward": None,
    "answersSealed": False,
    "sign": True,
    "seal": True,
    "more": {"receipt": True, "lasting": False, "label": ""},
    "secret": "c2VjcmV0",
}


# The fields of a draft of the pages, which the extension reads without those that only it knows.
PAGES_FIELDS: dict[str, Any] = {
    **{name: value for name, value in EXTENSION_FIELDS.items() if name not in ("more", "secret")},
    "copy": 30,
    "doubtful": [],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDraft:
    """The content of a draft: its fields, its text, and its files by their names."""

    fields: dict[str, Any]
    text: str
    files: dict[str, bytes]


def build_draft(
    identity: Identity,
    draft_id: str,
    fields: dict[str, Any],
    text: str,
    *,
    files: dict[str, bytes] | None = None,
    note: str = "",
) -> bytes:
    """Return the message that keeps a draft. Earlier versions of the extension stored the file without a note."""
    letter = _seal(identity, f"draft {draft_id} letter", _pack(fields, text.encode(), {}))
    packed_files = _pack({"aside": 0, "forwarded": []}, b"", files) if files else None
    sealed_files = _seal(identity, f"draft {draft_id} files", packed_files) if packed_files else b""
    body = base64.b64encode(len(letter).to_bytes(_LENGTH_BYTES) + letter + sealed_files).decode()
    part = [
        'Content-Type: application/octet-stream; name="draft.sealwax"',
        "Content-Transfer-Encoding: base64",
        "",
        *textwrap.wrap(body, 76),
    ]
    if note:
        opening = [
            'Content-Type: multipart/mixed; boundary="b"',
            "",
            "--b",
            "Content-Type: text/plain",
            "",
            note,
            "--b",
        ]
        part = [*opening, *part, "--b--"]
    return "\r\n".join(
        [
            f"From: <{identity.certificate.email_addresses[0]}>",
            "Date: Thu, 26 Nov 2026 05:00:00 +0000",
            f"Message-ID: <{draft_id}@draft.sealwax.invalid>",
            f"Subject: Sealwax draft {draft_id}",
            "MIME-Version: 1.0",
            *part,
            "",
        ]
    ).encode()


def put_draft(
    stack: DemoStack, draft_id: str, text: str, *, sealed_for: str | None = None, files: dict[str, bytes] | None = None
) -> None:
    """Put a draft of the extension into Alice's mailbox, under its own id or that of another draft."""
    alice, bob = stack.accounts[:2]
    fields = {**EXTENSION_FIELDS, "from": alice.address, "to": [bob.address], "subject": SUBJECT}
    raw = build_draft(alice.identity, sealed_for or draft_id, fields, text, files=files)
    stack.mail_server.append(alice.address, raw.replace((sealed_for or draft_id).encode(), draft_id.encode()), "Drafts")


def read_draft(identity: Identity, raw: bytes) -> ReadDraft:
    """Open the draft in a message, as its writer can."""
    message = email.message_from_bytes(raw)
    draft_id = str(message["Subject"]).removeprefix("Sealwax draft ")
    part = next(part for part in message.walk() if part.get_filename() == "draft.sealwax")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    end = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES])
    letter = _unpack(_open(identity, f"draft {draft_id} letter", content[_LENGTH_BYTES:end]))
    files = _unpack(_open(identity, f"draft {draft_id} files", content[end:])).files if content[end:] else {}
    return ReadDraft(fields=letter.fields, text=letter.text, files=files)


def _pack(fields: dict[str, Any], text: bytes, files: dict[str, bytes]) -> bytes:
    named = [{"name": name, "type": "text/plain", "bytes": len(data)} for name, data in files.items()]
    head = json.dumps({"fields": fields, "textBytes": len(text), "files": named}).encode()
    return len(head).to_bytes(_LENGTH_BYTES) + head + text + b"".join(files.values())


def _unpack(packed: bytes) -> ReadDraft:
    end = _LENGTH_BYTES + int.from_bytes(packed[:_LENGTH_BYTES])
    head = json.loads(packed[_LENGTH_BYTES:end])
    text = packed[end : end + head["textBytes"]]
    at = end + head["textBytes"]
    files = {}
    for file in head["files"]:
        files[file["name"]] = packed[at : at + file["bytes"]]
        at += file["bytes"]
    return ReadDraft(fields=head["fields"], text=text.decode(), files=files)


def _seal(identity: Identity, place: str, draft: bytes) -> bytes:
    sealed: bytes = _call("draft.seal", identity, draft=draft, place=place)["sealed"]
    return sealed


def _open(identity: Identity, place: str, sealed: bytes) -> bytes:
    draft: bytes = _call("draft.open", identity, sealed=sealed, place=place)["draft"]
    return draft


def _call(verb: str, identity: Identity, **arguments: Any) -> Any:
    identities = [run(seal_identity(identity, _SEAL_KEY, provider=_NATIVE))]
    return run(run_verb(verb, {**arguments, "identities": identities, "sealKey": _SEAL_KEY}, provider=_NATIVE))
