"""The part of the protocol's page about entries: its examples, and signatures that another program has made."""

from __future__ import annotations

import base64
import datetime
import json
import re
import subprocess
from hashlib import sha256
from pathlib import Path

from roaming_keys.protocol.records.entries import Entry
from roaming_keys.protocol.records.trust_entries import DeviceTrust, Owner, merge_trust
from smime_core.blocking import run
from smime_core.identity import Identity
from smime_core.own_content import DecidedText, SettingText
from smime_core.trust import contact_key
from tests.support.keys.people import PROVIDER, USER, identity
from tests.support.people import NOW, person
from tests.support.project import ROOT

PAGE = (ROOT / "docs/roaming_protocol.md").read_text()


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def signed_bytes(account: str, at: int, decision: str) -> bytes:
    members = {"version": "sealwax-decision-1", "account": account, "at": at, "decision": decision}
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()


def test_the_entries_of_the_page_come_out() -> None:
    part = PAGE.partition("## Entries")[2]
    ((address, name),) = re.findall(r"the address `([^`]+)` is `contact:([^`]+)`", part)
    ((account, at),) = re.findall(r"accepted by `([^`]+)` with `at` (\d+)", part)
    example = part.partition("accepted by `")[2]
    lines = [line.strip() for line in example.splitlines() if line.startswith("    ")]
    entry, decision, digest_of_signed = lines[:3]
    entry = entry.removeprefix("decision:")
    local, _, domain = address.partition("@")
    assert name == f"{local.lower()}@{domain.lower().encode('idna').decode()}"
    (accepted,) = json.loads(decision)["decisions"]
    assert sha256(base64.b64decode(accepted["certificate"])).hexdigest() == entry
    assert sha256(signed_bytes(account, int(at), decision)).hexdigest() == digest_of_signed
    # Our client writes the same bytes.
    assert DecidedText(account=account, at=int(at), decision=decision).content == signed_bytes(
        account, int(at), decision
    )
    assert contact_key(address) == name


def signed_setting(account: str, at: int, name: str, setting: str) -> bytes:
    members = {"version": "sealwax-setting-1", "account": account, "at": at, "name": name, "setting": setting}
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()


def test_the_setting_of_the_page_comes_out() -> None:
    part = PAGE.partition("## Entries")[2]
    ((account, at),) = re.findall(r"accepted by `([^`]+)` with `at` (\d+)", part)
    ((name, setting),) = re.findall(r"the entry `(setting:[^`\n]+)` that is `([^`\n]+)` for", part)
    (digest_of_signed, *_) = re.findall(r"\n    ([0-9a-f]{64})\n", part.partition(f"the entry `{name}`")[2])
    content = signed_setting(account, int(at), name, setting)
    assert sha256(content).hexdigest() == digest_of_signed
    assert SettingText(account=account, at=int(at), name=name, setting=setting).content == content


def signed_by_openssl(content: bytes, own: Identity, folder: Path) -> str:
    entries, _, _ = PAGE.partition("## Entries")[2].partition("\n## ")
    (kind,) = re.findall(r"content type (2\.25\.\d+)", entries)
    (folder / "content").write_bytes(content)
    (folder / "key").write_bytes(
        pem("CERTIFICATE", own.certificate.der) + pem("PRIVATE KEY", own.private_key.pkcs8_der)
    )
    return text(
        subprocess.run(
            ["openssl", "cms", "-sign", "-binary", "-outform", "DER", "-econtent_type", kind, "-md", "sha256",
             "-in", "content", "-signer", "key"],
            cwd=folder, check=True, capture_output=True,
        ).stdout
    )  # fmt: skip


def test_our_client_takes_a_setting_that_openssl_has_signed(tmp_path: Path) -> None:
    own, at = identity(), int(NOW.timestamp() * 1_000)
    signature = signed_by_openssl(signed_setting(USER, at, "setting:strict", "true"), own, tmp_path)
    value = json.dumps({"setting": "true", "signature": signature}, separators=(",", ":"))
    merged = run(
        merge_trust(
            DeviceTrust(others={"setting": {}}),
            {"setting:strict": Entry(at=at, value=value)},
            None,
            owner=Owner(user=USER, identities=(own,)),
            at=datetime.datetime.now(datetime.UTC),
            provider=PROVIDER,
        )
    )
    assert merged.refused == ()
    assert merged.device.others == {"setting": {"strict": "true"}}


def test_our_client_takes_a_decision_that_openssl_has_signed(tmp_path: Path) -> None:
    certificate, own = person("bob").certificate, identity()
    decided = {"certificate": text(certificate.der), "kind": "exact", "addresses": ["bob@example.test"]}
    decisions = [decided | {"acceptedAt": "2026-06-01T12:00:00Z"}]
    decision = json.dumps({"version": "sealwax-decisions-1", "decisions": decisions}, separators=(",", ":"))
    at = int(NOW.timestamp() * 1_000)
    signature = signed_by_openssl(signed_bytes(USER, at, decision), own, tmp_path)
    value = json.dumps({"decision": decision, "signature": signature}, separators=(",", ":"))
    stored = {f"decision:{sha256(certificate.der).hexdigest()}": Entry(at=at, value=value)}
    owner = Owner(user=USER, identities=(own,))
    merged = run(
        merge_trust(DeviceTrust(), stored, None, owner=owner, at=datetime.datetime.now(datetime.UTC), provider=PROVIDER)
    )
    assert merged.refused == ()
    assert merged.device.decisions is not None
    assert json.loads(merged.device.decisions) == json.loads(decision)


def pem(label: str, data: bytes) -> bytes:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(data).decode()}-----END {label}-----\n".encode()
