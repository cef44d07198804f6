"""Drafts are sealed under a key that only their writer has. Planted, altered and moved drafts cannot be opened."""

from __future__ import annotations

from typing import Any

import pytest

from smime_core.blocking import run
from smime_core.ca.demo import issue_identity
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.errors import DecryptionError, MalformedMessage
from smime_core.identity import as_shared
from smime_core.message import encrypt_bytes
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from tests.support.people import NOW, PROVIDER, authority, person
from wasm_build.vault.python.sealed import seal_identity
from wasm_build.vault.python.verbs import run_verb

SEAL_KEY = b"k" * 32
TEXT = b"Lieber Bob, was ich noch sagen wollte"
PLACE = "draft 1"


def call(verb: str, **args: Any) -> Any:
    return run(run_verb(verb, args, provider=NativeProvider()))


def keys(*names: str) -> dict[str, Any]:
    identities = [run(seal_identity(person(name), SEAL_KEY, provider=PROVIDER)) for name in names]
    return {"identities": identities, "sealKey": SEAL_KEY}


def seal(*names: str) -> bytes:
    sealed: bytes = call("draft.seal", draft=TEXT, place=PLACE, **keys(*names))["sealed"]
    return sealed


def test_its_writer_opens_it_again_whatever_other_keys_are_open_too() -> None:
    assert call("draft.open", sealed=seal("alice"), place=PLACE, **keys("bob", "alice")) == {"draft": TEXT}


@pytest.mark.parametrize("kind", list(NewKey))
def test_a_key_of_every_kind_keeps_drafts(kind: NewKey) -> None:
    holder = run(issue_identity(authority(), "any@example.test", provider=PROVIDER, at=NOW, key=kind))
    own = {"identities": [run(seal_identity(holder, SEAL_KEY, provider=PROVIDER))], "sealKey": SEAL_KEY}
    sealed = call("draft.seal", draft=TEXT, place=PLACE, **own)["sealed"]
    assert call("draft.open", sealed=sealed, place=PLACE, **own) == {"draft": TEXT}


def test_two_drafts_of_the_same_text_differ() -> None:
    assert seal("alice") != seal("alice")


def test_another_person_does_not_open_it() -> None:
    with pytest.raises(DecryptionError):
        call("draft.open", sealed=seal("alice"), place=PLACE, **keys("bob"))


def test_one_planted_under_the_name_of_another_key_is_refused() -> None:
    # Anybody who knows both certificates can write the fingerprint of either.
    planted = bytes.fromhex(person("alice").certificate.fingerprint) + seal("bob")[32:]
    with pytest.raises(DecryptionError):
        call("draft.open", sealed=planted, place=PLACE, **keys("alice", "bob"))


def test_a_shared_key_neither_seals_nor_opens_a_draft() -> None:
    """The others who have the key of a ward could plant a draft, together with the server that keeps it."""
    shared = run(seal_identity(as_shared(person("bob")), SEAL_KEY, provider=PROVIDER))
    both = {"identities": [shared, *keys("alice")["identities"]], "sealKey": SEAL_KEY}
    with pytest.raises(DecryptionError):
        call("draft.open", sealed=seal("bob"), place=PLACE, **both)
    made = call("draft.seal", draft=TEXT, place=PLACE, **both)["sealed"]
    assert call("draft.open", sealed=made, place=PLACE, **keys("alice")) == {"draft": TEXT}


def test_who_has_only_a_shared_key_keeps_drafts_with_it() -> None:
    only = {"identities": [run(seal_identity(as_shared(person("bob")), SEAL_KEY, provider=PROVIDER))]}
    made = call("draft.seal", draft=TEXT, place=PLACE, **only, sealKey=SEAL_KEY)["sealed"]
    assert call("draft.open", sealed=made, place=PLACE, **only, sealKey=SEAL_KEY) == {"draft": TEXT}


def test_one_planted_by_the_public_key_is_refused() -> None:
    certificate = person("alice").certificate
    cms = run(encrypt_bytes(TEXT, Encrypting(recipients=[certificate]), provider=PROVIDER))
    for planted in (cms, bytes.fromhex(certificate.fingerprint) + cms):
        with pytest.raises(DecryptionError):
            call("draft.open", sealed=planted, place=PLACE, **keys("alice"))


def test_an_altered_or_shortened_one_is_refused_at_every_octet() -> None:
    sealed = seal("alice")
    for index in range(len(sealed)):
        altered = sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :]
        for broken in (altered, sealed[:index]):
            with pytest.raises(DecryptionError):
                call("draft.open", sealed=broken, place=PLACE, **keys("alice"))


def test_one_does_not_pass_in_the_place_of_another() -> None:
    with pytest.raises(DecryptionError):
        call("draft.open", sealed=seal("alice"), place="draft 2", **keys("alice"))


def test_nothing_is_kept_without_a_key() -> None:
    with pytest.raises(MalformedMessage):
        call("draft.seal", draft=TEXT, place=PLACE, identities=[], sealKey=None)
