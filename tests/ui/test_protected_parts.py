"""The marks of protection beside a message: what covers the whole, and who has signed a part."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from smime_core import Judging, MessageReport
from smime_core.blocking import encrypt_entity, examine_message, sign_entity
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.identity.identity import Identity
from smime_core.provider import NewKey
from smime_core.report import report_to_json
from tests.support.answered_mails import stranger
from tests.support.people import NOW, PROVIDER, anchor, person, trust, with_addresses
from tests.support.project import ROOT

TEXT = b"Content-Type: text/plain\r\n\r\nHello\r\n"
HEAD = b"From: bob@example.test\r\n"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

SCRIPT = """
import { readFileSync } from "node:fs";
const { countReaders, describeCoverage } = await import(process.argv[1]);
const report = JSON.parse(readFileSync(0, "utf-8"));
const words = { signed: (word, who) => who, encrypted: "encrypted" };
const { parts } = describeCoverage(report, (key) => key, words);
console.log(JSON.stringify({ readers: countReaders(report), said: parts.map(({ sentence }) => sentence) }));
"""


def marks(message: bytes) -> Any:
    """The number of readers of the whole message, and the sentences about its parts."""
    report = examine(message)
    module = (ROOT / "wasm_build/ui/protected_parts.js").as_uri()
    command = ["node", "--input-type=module", "-e", SCRIPT, module]
    given = json.dumps(report_to_json(report)).encode()
    return json.loads(subprocess.run(command, input=given, capture_output=True, check=True).stdout)


def examine(message: bytes) -> MessageReport:
    keys = Keys(identities=[person("alice")])
    return examine_message(message, Judging(trust_store=trust(anchor()), at=NOW), provider=PROVIDER, keys=keys)


def signed(entity: bytes, *signers: Identity) -> bytes:
    return sign_entity(entity, Signing(identities=list(signers), signing_time=NOW), provider=PROVIDER)


def encrypted(entity: bytes, *names: str) -> bytes:
    recipients = [person(name).certificate for name in names]
    return encrypt_entity(entity, Encrypting(recipients=recipients), provider=PROVIDER)


def mixed(*parts: bytes) -> bytes:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + body + b"--b--\r\n"


def test_the_readers_of_an_encrypted_part_do_not_count_for_the_whole() -> None:
    part = encrypted(TEXT, "alice", "carol")
    for around in (mixed(TEXT, part), signed(mixed(TEXT, part), person("bob", NewKey.P256))):
        assert marks(HEAD + around) == {"readers": 0, "said": ["encrypted"]}
    assert marks(HEAD + encrypted(mixed(TEXT, part), "alice")) == {"readers": 1, "said": ["encrypted"]}
    assert marks(HEAD + encrypted(TEXT, "alice", "carol", "dave")) == {"readers": 3, "said": []}
    assert marks(HEAD + encrypted(encrypted(TEXT, "alice"), "alice"))["readers"] == 1


def test_the_signer_of_a_part_is_named_by_all_addresses_and_by_no_name_like_another() -> None:
    bob = person("bob", NewKey.P256)
    two = with_addresses(bob, "bob@example.test", "sales@example.test", name="Bob")
    assert marks(HEAD + mixed(TEXT, signed(TEXT, two)))["said"] == ["bob@example.test, sales@example.test"]
    # Nobody vouches for a stranger, so only the name in the certificate is left, which anybody can choose.
    (said,) = marks(HEAD + mixed(TEXT, signed(TEXT, stranger())))["said"]
    assert "@" not in said
    (said,) = marks(HEAD + mixed(TEXT, signed(TEXT, *[bob] * 20)))["said"]
    assert said.endswith("… (+15)")
