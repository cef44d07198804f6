"""The vault uses what the person's contacts have: two certificates of one person, and those that a mail lacks."""

from __future__ import annotations

import dataclasses
from typing import Any

from smime_core import Identity, blocking
from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.cms.signing import Signing
from smime_core.provider import NewKey
from tests.support.people import MESSAGE, NOW, PROVIDER, authority, person
from tests.support.vault.verbs import call, sealed, trust

AT = "2026-06-01T12:00:00Z"
DORA = "dora@example.test"


def certified(key: NewKey) -> Identity:
    return run(issue_identity(authority(), DORA, provider=PROVIDER, at=NOW, key=key))


def written_by(signer: Identity, address: str = DORA) -> bytes:
    mail = MESSAGE.replace(b"alice@example.test", address.encode())
    return blocking.sign_message(mail, Signing(identities=[signer], signing_time=NOW), provider=PROVIDER)


def verify(message: bytes, contacts: bytes | None = None) -> Any:
    return call("message.verify", message=message, contacts=contacts, **sealed(person("alice")), **trust())


def test_a_signing_certificate_beside_a_known_one_to_receive_is_no_change() -> None:
    signs, receives = certified(NewKey.ED25519), certified(NewKey.X25519)
    known = call("contacts.import", contacts=None, file=receives.certificate.der, at=AT)["contacts"]
    reply = verify(written_by(signs), known)
    assert reply["report"]["state"] == "verified"
    assert (reply["harvest"]["asks"], reply["harvest"]["changes"]) == (False, [])
    checks = call("recipients.check", address=DORA, found=[], contacts=reply["harvest"]["contacts"], **trust())[
        "checks"
    ]
    assert [check["usable"] for check in checks] == [True, False]
    (dora,) = call("contacts.list", contacts=reply["harvest"]["contacts"])["people"]
    uses = {certificate["fingerprint"]: certificate["purposes"] for certificate in dora["certificates"]}
    assert uses == {signs.certificate.fingerprint: ["sign"], receives.certificate.fingerprint: ["seal"]}
    assert checks[0]["fingerprint"] == receives.certificate.fingerprint


def test_an_intermediate_that_came_with_another_mail_completes_a_path() -> None:
    department = run(create_authority("Department", provider=PROVIDER, at=NOW, issuer=authority()))
    erin, frank = (
        run(issue_identity(department, f"{name}@example.test", provider=PROVIDER, at=NOW)) for name in ("erin", "frank")
    )
    mail = written_by(dataclasses.replace(frank, chain=()), "frank@example.test")
    assert verify(mail)["report"]["state"] == "signed-unverified"
    known = verify(written_by(erin, "erin@example.test"))["harvest"]["contacts"]
    assert verify(mail, known)["report"]["state"] == "verified"
