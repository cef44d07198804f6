"""The effects of a mail of somebody with another certificate on the people whom the vault remembers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smime_core import Identity
from smime_core.blocking import run, sign_entity
from smime_core.ca.demo import issue_identity
from smime_core.cms.signing import Signing
from smime_core.provider import NewKey
from tests.support.people import NOW, PROVIDER, authority, person
from tests.support.vault.verbs import call, sealed, trust

BOB = "bob@example.test"


def written_by(signer: Identity, mark: str = "") -> bytes:
    """A mail from Bob's address whose header fields are protected by the signature."""
    outer = f"From: {BOB}\r\nTo: alice@example.test\r\nSubject: Old\r\n{mark}".encode()
    entity = outer + b'Content-Type: text/plain; hp="clear"\r\n\r\nHello\r\n'
    return outer + sign_entity(entity, Signing(identities=[signer], signing_time=NOW), provider=PROVIDER)


def read(message: bytes, **args: Any) -> Any:
    return call("message.verify", message=message, **sealed(person("alice")), **trust(), **args)["harvest"]


def another() -> Identity:
    """Another key with a certificate of a trusted authority for Bob's address."""
    return run(issue_identity(authority(), BOB, provider=PROVIDER, at=NOW, key=NewKey.P256))


@pytest.mark.parametrize("mark", ["notice", "parcel-reply", "", "of our own"])
def test_a_mark_of_a_service_takes_no_other_certificate_from_the_people(mark: str) -> None:
    """Without the mark, the other certificate waits for a decision; with it, Bob's own is forgotten first."""
    known = read(written_by(person("bob", NewKey.P256)))["contacts"]
    assert read(written_by(another()), contacts=known)["asks"]
    forgotten = read(written_by(another(), f"Sealwax-Service: {mark}\r\n"), contacts=known)
    contacts = known if forgotten is None else forgotten["contacts"]
    assert [contact["address"] for contact in json.loads(contacts)["contacts"]] == [BOB]
    assert read(written_by(another()), contacts=contacts)["asks"]
