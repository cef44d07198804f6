"""An example of every verb of the vault: a request that succeeds, and what makes the core refuse it."""

from __future__ import annotations

import dataclasses
import datetime
import json
from dataclasses import dataclass, field
from typing import Any, Final

from roaming_keys.protocol.groups.calls import prepare_group
from roaming_keys.protocol.groups.content import GroupContent, GroupMember, GroupVersion
from roaming_keys.protocol.records.recovery_codes import write_code
from smime_core import blocking
from smime_core.algorithms import AES_256_GCM
from smime_core.blocking import run
from smime_core.ca.demo import create_authority
from smime_core.cms.content_info import PARCEL_CHALLENGE
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from smime_core.identity.identity import export_identity
from smime_core.limits import MAX_TYPED_ADDRESSES_CHARACTERS
from smime_core.trust import Contacts, Decision, DecisionKind, build_contacts, build_decisions
from tests.support.people import NOW, PROVIDER, anchor, person
from tests.support.server_lists import KEYS, PINNED, sign as sign_server_list
from tests.support.timestamp_service import answer
from tests.support.trust_lists import operator, sign as sign_trust_list, sign_pages
from tests.support.vault.page import b64, secret
from tests.support.vault.verbs import AT, call, issue_for, sealed, trust
from tests.support.vault.zxcvbn_archive import built_archive
from wasm_build.vault.python.requests import Secret
from wasm_build.vault.python.roaming_steps import read_session

CONTENT: Final = b"The words of this letter, which nobody else may read. " * 190
MAIL: Final = b"From: Alice <alice@example.test>\r\nSubject: plans\r\n\r\n" + b"a line of text\r\n" * 100
_PASSPHRASE: Final = b"correct horse"
_ORIGIN: Final = "https://clinic.example"
_ADDRESS: Final = "https://clinic.example/page"
_SERVER: Final[dict[str, Any]] = {
    "server": "https://keys.example.test",
    "user": "bob@example.test",
    "passphrase": _PASSPHRASE,
}
LOGIN_TERMS: Final = {
    "protocol": 2,
    "nonce": "A" * 54 + "==",
    "salt": "A" * 22 + "==",
    "memory_kib": 65536,
    "passes": 3,
    "lanes": 4,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """`right` succeeds. With the members of `wrong` the core refuses it. `input` is the input of a stream."""

    right: dict[str, Any]
    wrong: dict[str, Any]
    input: bytes = field(default=b"", repr=False)


def examples() -> dict[str, Example]:
    """The examples by verb, with bytes and secrets as Python has them."""
    return {
        **_groups(),
        **_messages(),
        **_addresses(),
        **_certificates(),
        **_own_content(),
        **_bytes(),
        **_accounts(),
        **_kept(),
        **_files(),
        **_parcels(),
        **_streams(),
    }


def to_page(kind: Any, value: Any) -> Any:
    """The value in the form for the test page, by its kind in the table of verbs."""
    if isinstance(value, bytes):
        return secret(value) if kind == "secret" else b64(value)
    if isinstance(value, list) and isinstance(kind, list):
        return [to_page(kind[0], element) for element in value]
    if isinstance(value, dict) and isinstance(kind, dict):
        kinds = {name.removesuffix("?"): inner for name, inner in kind.items()}
        return {name: to_page(kinds[name], member) for name, member in value.items()}
    return value


def _draft(sender: str = "alice@example.test") -> dict[str, Any]:
    return {
        "from": sender,
        "to": ["bob@example.test"],
        "cc": [],
        "subject": "Plans",
        "text": "Grüße".encode(),
        "attachments": [{"name": "a.txt", "type": "text/plain", "data": b"attached"}],
        "date": AT,
        "messageId": "<1@example.test>",
        "references": [],
        "hidden": [],
    }


def _messages() -> dict[str, Example]:
    bob = person("bob").certificate.der
    composing = {"draft": _draft(), "sign": True, **sealed(person("alice")), "recipients": [bob]}
    message = call("message.compose", **composing)["message"]
    foreign = {"draft": _draft("carol@example.test")}
    signing = {"draft": _draft(), "encrypts": True, **sealed(person("alice"))}
    signed = call("message.sign", **signing)
    finishing = {name: signed[name] for name in ("headers", "entity", "nonce")}
    return {
        "message.compose": Example(right=composing, wrong=foreign),
        "message.sign": Example(right=signing, wrong=foreign),
        "message.finish": Example(
            right={**finishing, "answer": run(answer(signed["query"])), "recipients": [bob]}, wrong={"answer": b"?"}
        ),
        "message.verify": Example(
            right={"message": message, "receiptsToo": True, **sealed(person("bob")), **trust()},
            wrong={"at": "yesterday"},
        ),
        "message.decrypt": Example(right={"message": message, **sealed(person("bob"))}, wrong=sealed(person("carol"))),
        "message.subjects": Example(
            right={"messages": [message, b"no mail"], **sealed(person("bob"))}, wrong={"sealKey": b"o" * 32}
        ),
        "message.texts": Example(
            right={"messages": [message, b"no mail"], **sealed(person("bob"))}, wrong={"sealKey": b"o" * 32}
        ),
        "receipt.make": _receipt(composing),
    }


def _receipt(composing: dict[str, Any]) -> Example:
    """Bob's receipt for a letter that asks for one."""
    asking = call("message.compose", **composing, receipt=True)
    names = {"from": "bob@example.test", "subject": "Receipt", "messageId": "<2@example.test>", "at": AT}
    making = {"message": asking["message"], "id": asking["receipt"]["id"], **names, **sealed(person("bob"))}
    return Example(right=making, wrong={"id": "another request"})


def _addresses() -> dict[str, Example]:
    typed = Example(
        right={"texts": ["Bob <bob@example.test>, carol@example.test"]},
        wrong={"texts": ["a" * (MAX_TYPED_ADDRESSES_CHARACTERS + 1)]},
    )
    return {"addresses.read": typed, "addresses.find": typed}


def _certificates() -> dict[str, Example]:
    alice, bob = person("alice").certificate, person("bob").certificate
    candidate = {"certificate": bob.der, "source": "bridge", "detail": "a folder"}
    partner = run(create_authority("Partner CA", provider=PROVIDER, at=NOW)).identity.certificate
    deciding = {"certificate": partner.der, "kind": "authority", "addresses": ["@partner.test"], **trust()}
    decisions = call("decision.make", **deciding)["decisions"]
    learning = {"address": "bob@example.test", "certificates": [bob.der], "at": AT}
    contacts = call("contacts.learn", contacts=None, **learning)["contacts"]
    return {
        "certificate.describe": Example(right={"certificates": [bob.der], **trust()}, wrong={"at": "yesterday"}),
        "certificate.page": Example(right={"certificate": bob.der}, wrong={"certificate": b"?"}),
        "certificate.read": Example(right={"file": bob.der}, wrong={"file": b"a letter"}),
        "recipients.check": Example(
            right={"address": "bob@example.test", "found": [candidate], **trust()},
            wrong={"found": [{**candidate, "source": "rumour"}]},
        ),
        "contacts.import": Example(right={"file": bob.der, "at": AT}, wrong={"file": b"a letter"}),
        "contacts.learn": Example(right=learning, wrong={"certificates": [alice.der]}),
        "contacts.list": Example(right={"contacts": contacts}, wrong={"contacts": b"?"}),
        "contacts.remove": Example(
            right={"contacts": contacts, "address": "bob@example.test"}, wrong={"contacts": b"?"}
        ),
        "decision.make": Example(right=deciding, wrong={"kind": "everything"}),
        "decision.list": Example(right={"decisions": decisions}, wrong={"decisions": b"?"}),
        "decision.remove": Example(
            right={"decisions": decisions, "fingerprint": partner.fingerprint}, wrong={"decisions": b"?"}
        ),
        "pages.verify": Example(
            right={"list": sign_pages(), "keys": [operator().certificate.fingerprint], "at": AT}, wrong={"list": b"{}"}
        ),
        "trust.follow": Example(right={"list": sign_trust_list(), "at": AT}, wrong={"followed": b"{}"}),
        "kept.join": Example(
            right={"contacts": contacts, "added": {"contacts": contacts}}, wrong={"added": {"contacts": b"?"}}
        ),
    }


def _own_content() -> dict[str, Example]:
    alice, bob = sealed(person("alice")), [person("bob").certificate.der]
    writing = {"text": "Größe".encode(), "origin": _ORIGIN, "sign": True, **alice, "recipients": bob, "at": AT}
    names = ("topOrigin", "origin", "action", "method", "enctype", "nonce")
    form = {**dict.fromkeys(names, _ORIGIN), "entries": [{"name": "item", "value": "7"}], "submitter": ["go", "Send"]}
    file = {"name": "a.pdf", "type": "application/pdf", "data": b"%PDF"}
    page = {"page": b"<p>Hello", "address": _ADDRESS, "mediaType": "text/html", "sign": True, **alice}
    encrypting = {**page, "recipients": bob, "at": AT}
    field_cms, page_cms = call("field.encrypt", **writing)["cms"], call("page.encrypt", **encrypting)["cms"]
    return {
        "field.encrypt": Example(right=writing, wrong={"text": b"\xff"}),
        "field.verify": Example(
            right={"cms": field_cms, "origin": _ORIGIN, **sealed(person("bob")), **trust()},
            wrong={"origin": "https://other.example"},
        ),
        "form.sign": Example(right={"form": form, **alice, "at": AT}, wrong={"form": {**form, "submitter": ["go"]}}),
        "file.encrypt": Example(
            right={"file": file, "sign": True, **alice, "recipients": bob, "at": AT}, wrong={"sealKey": b"o" * 32}
        ),
        "page.encrypt": Example(right=encrypting, wrong={"sealKey": b"o" * 32}),
        "page.verify": Example(right={"cms": page_cms, **sealed(person("bob")), **trust()}, wrong={"at": "yesterday"}),
    }


def _bytes() -> dict[str, Example]:
    alice, bob = person("alice"), person("bob")
    signed = blocking.sign_bytes(CONTENT, Signing(identities=[alice], signing_time=NOW), provider=PROVIDER)
    encrypted = blocking.encrypt_bytes(CONTENT, Encrypting(recipients=[bob.certificate]), provider=PROVIDER)
    return {
        "bytes.sign": Example(right={"content": CONTENT, **sealed(alice), "at": AT}, wrong={"scheme": "rot13"}),
        "bytes.verify": Example(right={"cms": signed, **trust()}, wrong={"cms": b"?"}),
        "bytes.encrypt": Example(
            right={"content": CONTENT, "recipients": [bob.certificate.der]}, wrong={"cipher": "rot13"}
        ),
        # The last byte of the last block but one alters the padding. A garbled last block might be right by chance.
        "bytes.decrypt": Example(
            right={"cms": encrypted, **sealed(bob)},
            wrong={"cms": encrypted[:-17] + bytes([encrypted[-17] ^ 1]) + encrypted[-16:]},
        ),
        "bytes.inspect": Example(right={"content": bob.certificate.der}, wrong={"content": b"\x30\x00"}),
    }


_DECISION: Final = Decision(
    certificate=person("carol").certificate,
    kind=DecisionKind.EXACT,
    addresses=("carol@example.test",),
    accepted_at=NOW,
)


def _accounts() -> dict[str, Example]:
    bob = person("bob")
    p12 = run(export_identity(bob, _PASSPHRASE, provider=PROVIDER, iterations=1000))
    session, stored = _log_in(_BOBS)
    in_session = {"user": _SERVER["user"], "session": session, "calls": 1, "sealKey": b"k" * 32}
    login = {**_SERVER, "deviceToken": bytes(32), "deviceName": "a test", "at": AT, "sealKey": b"k" * 32}
    file = {"ticket": "a ticket", "p12": p12, "p12Passphrase": _PASSPHRASE}
    first = call("roaming.login", **login)
    answering = {"user": _SERVER["user"], "state": first["state"], "step": 1, "sealKey": b"k" * 32}
    place = {"server": KEYS.name, "user": _SERVER["user"]}
    code, elsewhere = {"code": write_code(bytes(16)).encode()}, {"server": "no server"}
    passkey = {"account": "bob@example.test", "output": bytes(range(32))}
    bundle = call("passkey.seal", **passkey, **sealed(bob))["bundle"]
    reload = {"context": "bob 1", "halves": bytes(range(64))}
    identities = call("reload.seal", **reload, **sealed(bob))["kept"]
    return {
        "identity.open": Example(
            right={"p12": p12, "passphrase": _PASSPHRASE, "sealKey": b"k" * 32}, wrong={"passphrase": b"wrong"}
        ),
        "identity.keep": Example(
            right={**sealed(bob), "passphrase": _PASSPHRASE},
            wrong={"passphrase": b""},
        ),
        "roaming.register": Example(right={**_SERVER, **file, "sealKey": b"k" * 32}, wrong={"p12Passphrase": b"wrong"}),
        "roaming.login": Example(right=login, wrong=elsewhere),
        "roaming.recover": Example(right={**login, **code}, wrong={"code": b"no code"}),
        "roaming.reset": Example(right={**login, **file, "version": 1}, wrong=elsewhere),
        "roaming.undo": Example(right={**login, **code}, wrong={"code": b"no code"}),
        "roaming.rotate": Example(right={**login, "newCode": True}, wrong=elsewhere),
        "roaming.factors": Example(right={**login, "removed": "0" * 32}, wrong=elsewhere),
        "roaming.remove": Example(right=login, wrong=elsewhere),
        "roaming.ask": Example(right={**in_session, "what": "devices"}, wrong={"what": "account"}),
        "roaming.push": Example(
            right={**in_session, "identities": [identity["sealed"] for identity in stored]},
            wrong={"sealKey": b"o" * 32},
        ),
        "roaming.merge": Example(
            right={
                **in_session,
                "at": AT,
                "contacts": build_contacts(Contacts()),
                "decisions": build_decisions([_DECISION]),
                "others": {"setting": {"size": "2"}},
            },
            wrong={"others": {"setting": 2}},
        ),
        "roaming.answer": Example(right={**answering, "body": json.dumps(LOGIN_TERMS).encode()}, wrong={"step": 2}),
        "roaming.find": Example(
            right={**place, "key": PINNED, "signed": sign_server_list(), "at": AT}, wrong={"server": "not a server"}
        ),
        "passkey.seal": Example(right={**passkey, **sealed(bob)}, wrong={"sealKey": b"o" * 32}),
        "passkey.open": Example(right={**passkey, "bundle": bundle, "sealKey": b"k" * 32}, wrong={"output": bytes(32)}),
        "reload.seal": Example(right={**reload, **sealed(bob)}, wrong={"sealKey": b"o" * 32}),
        "reload.open": Example(right={**reload, "kept": identities, "sealKey": b"k" * 32}, wrong={"context": "bob 2"}),
    }


def _groups() -> dict[str, Example]:
    """Bob owns the group."""
    sealed_session, _ = _log_in(_BOBS)
    sharing: dict[str, Any] = {"user": _SERVER["user"], "session": sealed_session, "calls": 1, "sealKey": b"k" * 32}
    session = run(read_session(sealed_session, sharing["user"], 1, Secret(b"k" * 32), PROVIDER))
    bob, ward = person("bob"), person("ward3")
    content = GroupContent(
        name="Ward 3",
        members=(GroupMember(user=sharing["user"], certificate=bob.certificate),),
        identities=(ward,),
    )
    version = GroupVersion(id="ward3", owner=sharing["user"], number=1)
    push = json.loads(run(prepare_group(session, version, content, PROVIDER, at=NOW)).call.body)
    stored = {"owner": sharing["user"], "version": 1, "bundle": push["bundle"], "members": push["members"]}
    group, other, no_id = {"id": "ward3", "stored": stored}, {"id": "ward4"}, {"id": "../account"}
    p12 = run(export_identity(ward, _PASSPHRASE, provider=PROVIDER, iterations=1000))
    carol = {"user": "carol@example.test", "certificate": person("carol").certificate.der}
    return {
        "group.list": Example(right=sharing, wrong={"sealKey": b"o" * 32}),
        "group.fetch": Example(right={**sharing, "id": "ward3"}, wrong=no_id),
        "group.show": Example(right={**sharing, **group, **trust()}, wrong=other),
        "group.take": Example(right={**sharing, **group, **trust()}, wrong=other),
        "group.create": Example(
            right={**sharing, "name": "Ward 4", "p12": p12, "passphrase": _PASSPHRASE, "at": AT},
            wrong={"name": "Ward\n4"},
        ),
        "group.change": Example(
            right={**sharing, "id": "ward3", "removed": [], "added": [carol], "at": AT}, wrong=no_id
        ),
        "group.end": Example(right={**sharing, "id": "ward3"}, wrong=no_id),
    }


_BOBS: Final = {"deviceToken": bytes(32), "deviceName": "a test", "at": AT, "sealKey": b"k" * 32}


def _log_in(device: dict[str, Any]) -> tuple[bytes, list[dict[str, Any]]]:
    """The session of Bob at a key server, sealed, and his identities."""
    p12 = run(export_identity(person("bob"), _PASSPHRASE, provider=PROVIDER, iterations=1000))
    file = {"ticket": "a ticket", "p12": p12, "p12Passphrase": _PASSPHRASE, "sealKey": b"k" * 32}
    made = json.loads(call("roaming.register", **_SERVER, **file)["request"]["body"])
    parameters = LOGIN_TERMS | {name: made[name] for name in ("salt", "memory_kib", "passes", "lanes")}
    step = call("roaming.login", **_SERVER, **device)
    for body in (parameters, {"ends": 0, "record": made["record"]}):
        arguments = {"state": step["state"], "step": step["step"], "body": json.dumps(body).encode()}
        step = call("roaming.answer", user=_SERVER["user"], sealKey=b"k" * 32, **arguments)
    return step["session"], step["result"]["identities"]


def _kept() -> dict[str, Example]:
    alice = sealed(person("alice"))
    sealing = {"account": "alice@example.test", "counter": 7, "at": AT, **alice}
    state = call("state.seal", **sealing)["state"]
    opening = {"state": state, "account": "alice@example.test", "at": AT, "leastCounter": 0, **alice}
    draft = {"draft": b"Lieber Bob", "place": "draft 1", **alice}
    sealed_draft = call("draft.seal", **draft)["sealed"]
    later = (NOW + datetime.timedelta(days=9999)).isoformat()
    return {
        "state.seal": Example(right=sealing, wrong={"at": later}),
        "state.open": Example(right=opening, wrong={"leastCounter": 8}),
        "draft.seal": Example(right=draft, wrong={"sealKey": b"o" * 32}),
        "draft.open": Example(right={"sealed": sealed_draft, "place": "draft 1", **alice}, wrong={"place": "draft 2"}),
    }


def _files() -> dict[str, Example]:
    requesting = {"addresses": ["new@example.test"], "kind": "p-256", "passphrase": _PASSPHRASE}
    made = call("request.make", **requesting)
    finishing = {"key": made["key"], "passphrase": _PASSPHRASE, "sealKey": b"k" * 32}
    p12 = run(export_identity(person("bob"), _PASSPHRASE, provider=PROVIDER, iterations=1000))
    backup = call("backup.seal", content=b"everything", passphrase=_PASSPHRASE)["backup"]
    return {
        "request.make": Example(right=requesting, wrong={"kind": "dsa"}),
        "request.finish": Example(
            right={**finishing, "files": [anchor().der, issue_for(made["request"]).der]},
            wrong={"passphrase": b"wrong"},
        ),
        "key.export": Example(
            right={"p12": p12, "passphrase": _PASSPHRASE, "newPassphrase": b"new"}, wrong={"passphrase": b"wrong"}
        ),
        "backup.seal": Example(right={"content": b"everything", "passphrase": _PASSPHRASE}, wrong={"passphrase": b""}),
        "backup.open": Example(right={"backup": backup, "passphrase": _PASSPHRASE}, wrong={"passphrase": b"wrong"}),
    }


def _parcels() -> dict[str, Example]:
    bob, seal = sealed(person("bob")), {"sealKey": b"k" * 32}
    made = call("parcel.make", language="en", **seal)
    parcel, key = made["parcel"], made["key"]
    encrypting = {"content": CONTENT, "key": key, "recipients": [person("bob").certificate.der], **seal}
    encrypted = call("parcel.encrypt", **encrypting)
    chunk = encrypted["chunk"]
    planning = {
        "parcel": parcel,
        "from": "alice@example.test",
        "to": [{"address": "bob@example.test", "language": "en"}],
        "files": [{"name": "letter.txt", "sizeBytes": len(CONTENT)}],
        "terms": {"salt": made["salt"], "proof": made["proof"], "days": 7},
        "key": key,
        "recipients": [person("bob").certificate.der],
        "sign": True,
        **sealed(person("alice")),
        "at": AT,
        "wholeBytes": 1_000_000,
    }
    finishing = {**planning, "chunks": [chunk]}
    manifest = call("parcel.finish", **finishing)["manifest"]
    opening = {"words": made["words"].upper(), "salt": made["salt"], **seal}
    verifying = {"manifest": manifest, "parcel": parcel, "key": key, "readers": ["bob@example.test"], **bob, **trust()}
    to_bob = Encrypting(recipients=[person("bob").certificate], cipher=AES_256_GCM)
    challenge = blocking.encrypt_bytes(b"n" * 32, to_bob, PROVIDER, content_type=PARCEL_CHALLENGE)
    other = parcel[:-1] + ("Q" if parcel.endswith("A") else "A")
    return {
        "parcel.make": Example(right={"language": "fr", **seal}, wrong={"sealKey": b"short"}),
        "parcel.answer": Example(right={"challenge": challenge, **bob}, wrong={"challenge": encrypted["cms"]}),
        "passphrase.measure": Example(
            right={"measured": b"correct horse battery", "zxcvbn": built_archive()}, wrong={"zxcvbn": b"other code"}
        ),
        "passphrase.suggest": Example(right={"language": "fr"}, wrong={"language": ""}),
        "parcel.check": Example(right={"words": made["words"]}, wrong={"words": b"not six words"}),
        "parcel.open": Example(right=opening, wrong={"words": b"not six words"}),
        "parcel.verify": Example(right=verifying, wrong={"parcel": other}),
        "parcel.receipt": Example(
            right={"manifest": manifest, "parcel": parcel, **bob, **trust()}, wrong={"parcel": other}
        ),
        "parcel.reply": Example(
            right={"draft": _draft(), "recipients": [person("bob").certificate.der]}, wrong={"recipients": [b"?"]}
        ),
        "parcel.decrypt": Example(
            right={"cms": encrypted["cms"], "chunk": chunk, "key": key, **bob},
            wrong={"chunk": chunk | {"sha256": "0" * 64}},
        ),
        "parcel.encrypt": Example(right=encrypting, wrong={"content": b""}),
        "parcel.plan": Example(right=planning | {"wholeBytes": 0}, wrong={"from": "carol@example.test"}),
        "parcel.finish": Example(right=finishing, wrong={"from": "carol@example.test"}),
        "foreign.decrypt": Example(right={"cms": encrypted["cms"], **bob}, wrong={"cms": CONTENT}),
    }


def _streams() -> dict[str, Example]:
    bytes_examples = _bytes()
    signing = Example(right={"form": "cms", **sealed(person("alice")), "at": AT}, wrong={"form": "pgp"}, input=MAIL)
    of_bytes = {name: example.right for name, example in bytes_examples.items()}
    decrypting = {"form": "cms", **sealed(person("bob"))}
    return {
        "stream.sign": signing,
        "stream.verify": dataclasses.replace(
            signing, right={"form": "cms", **trust()}, input=of_bytes["bytes.verify"]["cms"]
        ),
        "stream.encrypt": dataclasses.replace(
            signing, right={"form": "cms", "recipients": [person("bob").certificate.der]}
        ),
        "stream.decrypt": dataclasses.replace(signing, right=decrypting, input=of_bytes["bytes.decrypt"]["cms"]),
    }
