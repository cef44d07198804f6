"""Altered bytes in the requests for the vault: of keys, certificates, mails and the CMS inside of mails."""

from __future__ import annotations

import random
from typing import Any

import pytest

from smime_core.cms import find_cms, parse_message
from smime_core.errors import SmimeError
from smime_core.mime import build_pkcs7_mime, split_message
from tests.support.vault.verb_examples import Example, examples
from tests.support.vault.verbs import call
from tests.support.vault.zxcvbn_archive import bring_zxcvbn
from tools.fuzz.alterations import alter


@pytest.fixture(autouse=True)
def _zxcvbn(monkeypatch: pytest.MonkeyPatch) -> None:
    bring_zxcvbn(monkeypatch)


@pytest.fixture(scope="module")
def known() -> dict[str, Example]:
    """The examples that have bytes to alter, without those whose cost is the derivation of a key from a password."""
    slow = ("roaming.", "key.", "backup.", "request.", "identity.")
    return {
        verb: example
        for verb, example in examples().items()
        if not verb.startswith((*slow, "stream.")) and _altered_members(example.right)
    }


@pytest.mark.parametrize("seed", range(10))
def test_an_altered_request_is_answered_or_refused_by_the_core(known: dict[str, Example], seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 (the same requests for the same seed)
    for _ in range(100):
        verb = dice.choice(sorted(known))
        request = dict(known[verb].right)
        name = dice.choice(_altered_members(request))
        value = request[name]
        request[name] = [_alter(value[0], dice), *value[1:]] if isinstance(value, list) else _alter(value, dice)
        try:
            call(verb, **request)
        except SmimeError:
            continue


def _altered_members(request: dict[str, Any]) -> list[str]:
    """The names of the bytes, and of the lists of bytes."""
    first = {name: value[0] if isinstance(value, list) and value else value for name, value in request.items()}
    return [name for name, value in first.items() if isinstance(value, bytes) and name != "sealKey"]


def _alter(value: bytes, dice: random.Random) -> bytes:
    """Altered bytes. In a mail with CMS in base64 the CMS is altered, or the mail."""
    cms = _cms_in(value)
    if cms is None or dice.random() < 0.5:
        return alter(value, dice)
    header, _ = split_message(value)
    fields = b"".join(
        line for line in header.splitlines(keepends=True) if line.startswith((b"From:", b"To:", b"Date:"))
    )
    kind = dice.choice(("enveloped-data", "signed-data", "signed-receipt"))
    return fields + b"MIME-Version: 1.0\r\n" + build_pkcs7_mime(b"", alter(cms, dice), kind)


def _cms_in(value: bytes) -> bytes | None:
    try:
        cms = find_cms(parse_message(value))
    except SmimeError:
        return None
    return None if cms is None else bytes(cms)
