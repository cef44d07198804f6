"""The commands of recovery by officers, at a key server that lies about who gets the keys or who the officers are."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import pytest

from roaming_keys.organisation.client.command.calling import StaffChoice
from roaming_keys.organisation.client.command.recovery import approve, policy
from roaming_keys.organisation.protocol.copies import Share, encrypt_share
from roaming_keys.organisation.protocol.messages import CaseFacts, OfficersCase
from roaming_keys.organisation.protocol.policy import RecoveryPolicy
from roaming_keys.protocol.messages.written import to_base64, write
from smime_core.asn1 import build_pem
from smime_core.blocking import run
from smime_core.errors import MalformedMessage
from smime_core.identity import Identity, Pkcs12Form, export_identities
from tests.support.keys.organisation import OFFICERS, encryption_identity, officer, policy_of
from tests.support.keys.people import PROVIDER, USER

CASE = "c1"
SAM = encryption_identity("sam@example.test")
MALLORY = encryption_identity("mallory@example.test")
FILES = b"the passphrase of the file"


@dataclass
class LyingServer:
    """The answers of the server, and the bodies that it was given."""

    answer: bytes = b""
    in_force: RecoveryPolicy | None = None
    passed: list[bytes] = field(default_factory=list)

    def share(self, _: str) -> OfficersCase:
        return OfficersCase.from_json(self.answer)

    def approve(self, _: str, share: bytes) -> None:
        self.passed.append(share)

    def set_policy(self, _: RecoveryPolicy) -> None:
        """Take it, and keep another one in force."""

    def policy(self) -> RecoveryPolicy | None:
        return self.in_force


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> LyingServer:
    made = LyingServer()
    monkeypatch.setattr(StaffChoice, "client", lambda _: made)
    return made


def officers_case(shown: Identity, recipient: Identity) -> bytes:
    """A case that shows one certificate, while the share is to be encrypted for another."""
    share = Share(user=USER, copy_id="f00d", number=1, value=bytes(32))
    facts = CaseFacts(
        id=CASE,
        user=USER,
        reason="she has left",
        asked=1,
        asked_by="adam",
        recipient=shown.certificate.common_name,
        recipient_fingerprint=shown.certificate.fingerprint,
        needed=2,
    )
    honest = OfficersCase(
        facts=facts,
        recipient=shown.certificate,
        copy_id="f00d",
        number=1,
        share=run(encrypt_share(share, officer("olga").certificate, PROVIDER)),
    )
    return write({**json.loads(honest.to_json()), "recipient": to_base64(recipient.certificate.der)})


def staff_of(folder: Path) -> tuple[str, ...]:
    key = folder / "olga.key"
    key.write_text("00" * 32)
    return ("--server", "https://keys.example.test", "--staff-key", str(key))


def approve_as_olga(folder: Path) -> None:
    key = folder / "olga.p12"
    key.write_bytes(run(export_identities([officer("olga")], FILES, PROVIDER, form=Pkcs12Form.COMPATIBLE)))
    passphrase = folder / "passphrase"
    passphrase.write_bytes(FILES)
    words = (CASE, "--identity", str(key), "--passphrase-file", str(passphrase), *staff_of(folder))
    approve.main(list(words), standalone_mode=False)


@pytest.mark.parametrize(("shown", "recipient"), [(SAM, MALLORY), (MALLORY, SAM)])
def test_an_officer_is_asked_for_the_certificate_that_gets_the_share(
    server: LyingServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    shown: Identity,
    recipient: Identity,
) -> None:
    monkeypatch.setattr(click, "confirm", lambda *_, **__: None)
    server.answer = officers_case(shown, recipient)
    with pytest.raises(MalformedMessage, match="another certificate"):
        approve_as_olga(tmp_path)
    assert server.passed == []


def test_an_officer_passes_on_a_share_for_the_certificate_that_was_shown(
    server: LyingServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(click, "confirm", lambda *_, **__: None)
    server.answer = officers_case(SAM, SAM)
    approve_as_olga(tmp_path)
    assert SAM.certificate.fingerprint in capsys.readouterr().out
    assert len(server.passed) == 1


def set_policy(folder: Path) -> None:
    words = ["--organisation", "Example Ltd", *staff_of(folder)]
    for name in OFFICERS:
        file = folder / f"{name}.pem"
        file.write_bytes(build_pem("CERTIFICATE", officer(name).certificate.der))
        words += ["--officer", str(file)]
    policy.main(words, standalone_mode=False)


OTHERS = tuple(encryption_identity(f"{name}@example.test", 9).certificate for name in OFFICERS)


@pytest.mark.parametrize(
    "in_force", [None, replace(policy_of(), officers=OTHERS), policy_of(needed=3), policy_of(wait_hours=1)]
)
def test_no_fingerprint_of_another_policy_than_the_one_that_was_set_is_printed(
    server: LyingServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], in_force: RecoveryPolicy | None
) -> None:
    """People confirm the fingerprint by what the administrator has told them."""
    server.in_force = in_force
    with pytest.raises(click.ClickException, match="another policy in force"):
        set_policy(tmp_path)
    assert capsys.readouterr().out == ""


def test_the_fingerprint_of_the_policy_that_was_set_is_printed(
    server: LyingServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.in_force = policy_of()
    set_policy(tmp_path)
    assert policy_of().fingerprint in capsys.readouterr().out
