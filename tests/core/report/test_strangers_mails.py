"""The words of the report on a stranger's mail about people whom nothing proves."""

from __future__ import annotations

import functools
import unicodedata

import pytest

from smime_core import Identity, Judging, MessageReport, State
from smime_core.blocking import examine_message, run, sign_entity
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.cms.signing import Signing
from smime_core.provider import NewKey
from smime_core.report import explain_signer, find_answer_people
from smime_core.text import write_proved
from tests.support.nameless_certificates import without_address
from tests.support.people import NOW, PROVIDER, person, trust

ALICE, BOB, EVE, CEO = "alice@example.test", "bob@example.test", "eve@evil.test", "ceo@bank.test"


@functools.cache
def stranger(address: str) -> Identity:
    """A certificate that somebody made for this address, by an authority that nobody trusts."""
    made = run(create_authority("Eve CA", provider=PROVIDER, at=NOW))
    return run(issue_identity(made, address, provider=PROVIDER, at=NOW, key=NewKey.P256))


def report_on(signer: Identity, *, cc: str = EVE, sender: str = BOB) -> MessageReport:
    """The report on a mail whose header fields are protected by the signature of this signer."""
    outer = f"From: {sender}\r\nTo: {ALICE}\r\nCc: {cc}\r\nSubject: Old\r\n".encode()
    entity = outer + b'Content-Type: text/plain; hp="clear"\r\n\r\nHello\r\n'
    signed = sign_entity(entity, Signing(identities=[signer], signing_time=NOW), provider=PROVIDER)
    return examine_message(outer + signed, Judging(trust_store=trust(), at=NOW), provider=PROVIDER)


@pytest.mark.parametrize(
    ("signer", "state"),
    [
        (stranger(EVE), State.SIGNED_UNVERIFIED),
        (stranger(BOB), State.SIGNED_UNVERIFIED),
        (person("mallory", NewKey.P256), State.INVALID),
    ],
)
def test_the_signature_of_a_stranger_vouches_for_no_recipient_of_an_answer(signer: Identity, state: State) -> None:
    """Anybody on the way can take Bob's signature off, sign anew with a key of their own, and add a reader."""
    report = report_on(signer)
    assert report.state is state
    people = find_answer_people(report)
    assert [mailbox.address for mailbox in (*people.senders, *people.to, *people.cc) if mailbox.is_sure] == []


@pytest.mark.parametrize("name", [CEO, f"Boss <{CEO}>", "ceo\uff20bank.test", f"Boss \u2039{CEO}\u203a"])
def test_nobody_is_said_to_vouch_for_an_address_that_is_only_a_name(name: str) -> None:
    """The report says at once that the certificate names no address, and that the authority vouches for one."""
    report = report_on(without_address(name), sender=CEO)
    assert [why.code for why in report.reasons if why.code == "no-address-in-certificate"]
    (signer,) = report.signers
    explanation = explain_signer(signer)
    shown = unicodedata.normalize("NFKC", " ".join([explanation.sentence, *(node.name for node in explanation.tree)]))
    assert "@" not in shown


# The angle brackets of Unicode's confusables (UTS #39), and the signs whose siblings count as an @.
@pytest.mark.parametrize("sign", "\u16b2\U0001d236\U0001d237\U00016f3f\U0001f130\U0001f150\U0001f170")
def test_no_further_look_alike_stands_beside_a_proved_address(sign: str) -> None:
    assert write_proved(f"Boss {sign}ceo{sign}bank.test", ALICE) == ALICE


@pytest.mark.parametrize("sign", "\u3164\u115f\u1160\uffa0\u2800\u034f\u17b4\u180b\ufe0f")
def test_a_name_of_characters_that_nobody_sees_is_no_name(sign: str) -> None:
    """Such a name pushes the proved address out of a row."""
    assert write_proved(sign * 90, ALICE) == ALICE
