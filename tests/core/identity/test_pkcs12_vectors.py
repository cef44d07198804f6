"""PKCS#12 files of others: each file of pkcs12-pyca and pkcs12-rfc9579-nss against its set's `p12-expected.json`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from smime_core.errors import MalformedMessage, WrongPassphrase
from smime_core.identity.identity import load_identities
from smime_core.identity.pkcs12 import parse_pkcs12
from smime_core.provider import KeyType
from smime_core.providers.native import NativeProvider
from tests.support.vectors import vectors

PROVIDER = NativeProvider()
SETS = ("pkcs12-pyca", "pkcs12-rfc9579-nss")
KEY_TYPES = {"ECPrivateKey": KeyType.EC, "RSAPrivateKey": KeyType.RSA}
run = asyncio.run


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    path: Path
    passphrase: bytes
    opens: bool
    key: str | None
    has_certificate: bool
    friendly_name: str | None
    others: int


def read_cases(set_name: str) -> list[Case]:
    folder = vectors(set_name)
    expected = json.loads((folder / "p12-expected.json").read_text(encoding="utf-8"))
    return [
        Case(
            path=folder / name,
            passphrase=(entry["password"] or "").encode(),
            opens=entry["opened_by_reference"],
            key=entry.get("key"),
            has_certificate=entry.get("cert") is not None,
            friendly_name=entry.get("friendly"),
            others=entry.get("extra_certs", 0),
        )
        for name, entry in expected.items()
    ]


CASES = [case for set_name in SETS for case in read_cases(set_name)]
GOOD = [pytest.param(case, id=case.path.name) for case in CASES if case.opens]
BAD = [pytest.param(case, id=case.path.name) for case in CASES if not case.opens]


@pytest.mark.parametrize("case", GOOD)
def test_opens_as_the_reference_does(case: Case) -> None:
    contents = run(parse_pkcs12(case.path.read_bytes(), case.passphrase, provider=PROVIDER))
    identities = run(load_identities(case.path.read_bytes(), case.passphrase, provider=PROVIDER))
    assert contents.failures == ()
    assert len(contents.keys) == (case.key is not None)
    assert len(contents.certificates) == case.has_certificate + case.others
    assert len(identities) == (case.key is not None and case.has_certificate)
    for identity in identities:
        assert case.key is not None
        assert identity.private_key.key_type is KEY_TYPES[case.key]
        assert identity.friendly_name == case.friendly_name
        assert len(identity.chain) == case.others


@pytest.mark.parametrize("case", BAD)
def test_refuses_what_the_reference_refuses(case: Case) -> None:
    with pytest.raises((WrongPassphrase, MalformedMessage)):
        run(parse_pkcs12(case.path.read_bytes(), case.passphrase, provider=PROVIDER))


@pytest.mark.parametrize("case", [case for case in GOOD if "-none-" not in str(case.id)])
def test_refuses_another_passphrase(case: Case) -> None:
    with pytest.raises(WrongPassphrase):
        run(parse_pkcs12(case.path.read_bytes(), case.passphrase + b"x", provider=PROVIDER))
