"""The part of the protocol's page about groups, by a reader of that page alone."""

from __future__ import annotations

import base64
import json
import re
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_der_private_key, pkcs12
from cryptography.x509 import load_der_x509_certificate

from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.groups.calls import fetch_group
from smime_core.algorithms import AES_256_GCM
from smime_core.blocking import run
from smime_core.cms import Encrypting, Keys, Signing
from smime_core.message import decrypt_bytes, encrypt_bytes, sign_bytes, verify_bytes
from smime_core.trust import Judging
from tests.support.clock import FakeClock
from tests.support.keys.groups import WARD, Sharer, own, sharer, ward
from tests.support.keys.people import PROVIDER, make_client
from tests.support.people import trust
from tests.support.project import ROOT

PAGE = (ROOT / "docs/roaming_protocol.md").read_text().partition("## Groups\n")[2].partition("\n## ")[0]
SIGNED, ENCRYPTED = re.findall(r"2\.25\.\d+", PAGE)


def fields(*values: str | int) -> bytes:
    parts = [str(value).encode() for value in ("sealwax roaming_keys", *values)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def derived(key: bytes, label: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=fields(label, 1)).derive(key)


def password(key: bytes) -> bytes:
    return base64.urlsafe_b64encode(derived(key, "group identities password"))


@pytest.fixture
def alice(clock: FakeClock) -> Sharer:
    alice = sharer(make_client(clock), clock, "alice")
    alice.store(ward("alice", "bob"), 1)
    return alice


def test_the_keys_of_the_page_come_out() -> None:
    (key,) = re.findall(r"G `([0-9a-f]{64})` gives", PAGE)
    secret = bytes.fromhex(key)
    assert re.findall(r"^    content key  (\w+)$", PAGE, re.MULTILINE) == [derived(secret, "group content key").hex()]
    assert re.findall(r"^    password     (\S+)$", PAGE, re.MULTILINE) == [password(secret).decode()]


def test_a_reader_of_the_page_opens_what_our_client_stores(alice: Sharer) -> None:
    stored = run(fetch_group(alice.session, alice.setting, WARD))
    wrap = {member.user: member.wrap for member in stored.members}["bob@example.test"]
    keys = Keys(identities=[own("bob")])
    signed = run(decrypt_bytes(wrap, keys, PROVIDER, content_type=ENCRYPTED)).content
    judging = Judging(trust_store=trust(), at=alice.clock())
    content = run(verify_bytes(signed, judging, PROVIDER, content_type=SIGNED)).content
    named = json.loads(content)
    key = base64.b64decode(named.pop("key"))
    assert named == {
        "version": "sealwax-group-key-1", "group": WARD, "number": 1, "owner": "alice@example.test",
        "user": "bob@example.test", "bundle": sha256(stored.bundle).hexdigest(),
    }  # fmt: skip
    nonce, sealed = stored.bundle[:12], stored.bundle[12:]
    aad = fields("group content", 1, "alice@example.test", WARD, 1)
    opened = json.loads(AESGCM(derived(key, "group content key")).decrypt(nonce, sealed, aad))
    assert (opened["version"], opened["name"], opened["removed"]) == ("sealwax-group-1", "Ward 3", [])
    assert [entry["user"] for entry in opened["members"]] == ["alice@example.test", "bob@example.test"]
    file = pkcs12.load_pkcs12(base64.b64decode(opened["identities"]), password(key))
    assert file.key is not None


def a_pkcs12(key: bytes) -> bytes:
    ward3 = own("ward3")
    private_key = load_der_private_key(ward3.private_key.pkcs8_der, None)
    assert isinstance(private_key, EllipticCurvePrivateKey)
    certificate = load_der_x509_certificate(ward3.certificate.der)
    return pkcs12.serialize_key_and_certificates(
        None,
        private_key,
        certificate,
        None,
        BestAvailableEncryption(password(key)),
    )


def test_our_client_opens_what_a_reader_of_the_page_stores(alice: Sharer) -> None:
    key, group, owner, user = b"G" * 32, "night", "alice@example.test", "bob@example.test"
    members = [
        {"user": f"{name}@example.test", "certificate": base64.b64encode(own(name).certificate.der).decode()}
        for name in ("alice", "bob")
    ]
    identities = base64.b64encode(a_pkcs12(key)).decode()
    content = json.dumps(
        {"version": "sealwax-group-1", "name": "Night", "members": members, "removed": [], "identities": identities}
    ).encode()
    content += b" " * (-(len(content) + 28) % 16_384)
    aad = fields("group content", 1, owner, group, 1)
    bundle = b"n" * 12 + AESGCM(derived(key, "group content key")).encrypt(b"n" * 12, content, aad)
    named = {
        "version": "sealwax-group-key-1", "group": group, "number": 1, "owner": owner, "user": user,
        "bundle": sha256(bundle).hexdigest(), "key": base64.b64encode(key).decode(),
    }  # fmt: skip
    signing = Signing(identities=[own("alice")], signing_time=alice.clock())
    signed = run(sign_bytes(json.dumps(named).encode(), signing, PROVIDER, content_type=SIGNED))
    encrypting = Encrypting(recipients=[own("bob").certificate], cipher=AES_256_GCM)
    wrap = run(encrypt_bytes(signed, encrypting, PROVIDER, content_type=ENCRYPTED))
    body = {
        "protocol": 2, "bundle": base64.b64encode(bundle).decode(),
        "members": [{"user": user, "wrap": base64.b64encode(wrap).decode()}],
    }  # fmt: skip
    call = Call(method="PUT", path=f"/groups/{group}", condition=f'"{group}.0"', body=json.dumps(body).encode())
    run(alice.transport.send(call, run(alice.session.sign(call, PROVIDER))))
    bob = sharer(alice.client, alice.clock, "bob")
    opened = bob.take(group)
    assert (opened.content.name, opened.content.identities[0].certificate) == ("Night", own("ward3").certificate)
