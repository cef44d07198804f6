"""The authors by the header fields: the sender that the caller may give, and notes about misleading fields."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest

from sealwax.cli.judging.verdict_line import verdict_line
from smime_core import Identity, MessageReport, RevocationPolicy, State, TrustAnchor, TrustStore, blocking, stream
from smime_core.blocking import run
from smime_core.ca.extensions import build_subject_alt_name
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.message import sign_entity
from smime_core.mime import Mailbox
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.trust.judging import Judging
from smime_core.verdict.authors import find_other_address
from tests.support import path_house
from tests.support.people import MESSAGE, NOW, PROVIDER, person, trust

ALICE, BOB = person("alice"), person("bob")
FROM_ALICE = b"From: Alice <alice@example.test>\r\n"
NOTES = ("display-name-differs", "sender-field-differs")


def signed(fields: bytes, *, identity: Identity = ALICE) -> bytes:
    message = MESSAGE.replace(FROM_ALICE, fields)
    return blocking.sign_message(message, Signing(identities=[identity], signing_time=NOW), provider=PROVIDER)


def examine(
    message: bytes, *, sender: str | None = None, store: TrustStore | None = None, identities: Sequence[Identity] = ()
) -> MessageReport:
    """The report by the operation in memory, after a check that a stream gives the same verdict."""
    store = store or trust()
    report = blocking.examine_message(
        message, Judging(trust_store=store, at=NOW), provider=PROVIDER, sender=sender, keys=Keys(identities=identities)
    )
    streamed = stream.examine_file(
        io.BytesIO(message),
        Judging(trust_store=store, at=NOW),
        provider=NativeStreamingProvider(),
        sender=sender,
        keys=Keys(identities=identities),
    ).report
    assert (streamed.state, streamed.reasons, streamed.sender) == (report.state, report.reasons, report.sender)
    return report


def notes(report: MessageReport) -> dict[str, str]:
    return {why.code: dict(why.values)["address"] for why in report.reasons if why.code in NOTES}


def test_the_caller_names_the_sender_only_where_the_message_names_nobody() -> None:
    report = examine(signed(FROM_ALICE, identity=BOB), sender="bob@example.test")
    assert (report.state, report.sender) == (State.INVALID, "alice@example.test")
    report = examine(signed(FROM_ALICE), sender="bob@example.test")
    assert (report.state, report.sender) == (State.VERIFIED, "alice@example.test")
    report = examine(signed(b""), sender="alice@example.test")
    assert (report.state, report.sender) == (State.VERIFIED, "alice@example.test")


@pytest.mark.parametrize("field", [b"From: alice@example.test, bob@example.test\r\n", b"From: alice at example\r\n"])
def test_the_caller_names_nobody_beside_a_from_field_that_proves_nothing(field: bytes) -> None:
    assert examine(signed(field), sender="alice@example.test").state is not State.VERIFIED


@pytest.mark.parametrize(
    "field",
    [
        b"From: (bob@evil.test)\r\n",
        b"From:\r\n",
        b"From: bob:;\r\n",
        b"Sender: bob@evil.test\r\n",
        b"Sender: (bob)\r\n",
    ],
)
def test_the_caller_names_nobody_beside_a_field_that_shows_somebody(field: bytes) -> None:
    report = examine(signed(field), sender="alice@example.test")
    assert (report.state, report.reasons[0].code, report.sender) == (State.SIGNED_UNVERIFIED, "no-sender", None)
    expected = {"sender-field-differs": "bob@evil.test"} if b"Sender: bob" in field else {}
    assert {code: notes(report)[code] for code in expected} == expected
    # A signed mail inside does not replace the field that is shown above it.
    inside = b"Content-Type: text/plain\r\n" + FROM_ALICE + b"\r\nHello\r\n"
    entity = run(sign_entity(inside, Signing(identities=[ALICE], signing_time=NOW), provider=PROVIDER))
    report = examine(field + entity, sender="alice@example.test")
    assert (report.state, report.sender) == (State.SIGNED_UNVERIFIED, None)


def test_the_verdict_names_only_addresses_that_the_path_covers() -> None:
    root = path_house.root()
    certificate = root.certify("alice@example.test", build_subject_alt_name(("boss@bank.test", "alice@example.test")))
    alice = Identity(certificate=certificate, private_key=path_house.key("alice@example.test"))
    anchor = TrustAnchor(certificate=root.certificate, addresses=("@example.test",))
    store = TrustStore(anchors=(anchor,), revocation=RevocationPolicy.NOT_CHECKED)
    report = examine(signed(FROM_ALICE, identity=alice), store=store)
    assert report.state is State.VERIFIED
    assert "<alice@example.test>" in verdict_line(report)
    assert "bank.test" not in verdict_line(report)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("bob@bank.example", "bob@bank.example"),
        ("Bob (bob@bank.example)", "bob@bank.example"),
        ("Bob <bob@bank.example>", "bob@bank.example"),
        ("write to 'bob@bank.example'.", "bob@bank.example"),
        ("bob @ bank.example", "bob@bank.example"),
        ("bob\uff20bank\uff0eexample", "bob@bank.example"),
        ("b\u200bob@bank.exa\u00admple", "bob@bank.example"),
        ("alice@example.test via bob@bank.example", "bob@bank.example"),
        ("ALICE@example.test", None),
        ("alice@example.test", None),
        ("Alice (alice@Example.test)", None),
        ("Alice @ Work", None),
        ("@alice", None),
        ("Alice", None),
        ("", None),
    ],
)
def test_a_display_name_reads_like_another_address_or_does_not(name: str, found: str | None) -> None:
    assert find_other_address(Mailbox(name, "alice@example.test")) == found


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (b'From: "bob@bank.example" <alice@example.test>\r\n', {"display-name-differs": "bob@bank.example"}),
        (
            b"From: =?utf-8?q?bob=40bank=2Eexample?= <alice@example.test>\r\n",
            {"display-name-differs": "bob@bank.example"},
        ),
        (b"Sender: Bob <bob@example.test>\r\n" + FROM_ALICE, {"sender-field-differs": "bob@example.test"}),
        (b"Sender: nobody at all\r\n" + FROM_ALICE, {"sender-field-differs": "nobody at all"}),
        (b"Sender: ALICE@Example.test\r\n" + FROM_ALICE, {}),
        (b'From: "Alice@Example.test" <alice@example.test>\r\n', {}),
    ],
)
def test_misleading_sender_fields_are_noted_and_change_no_state(fields: bytes, expected: dict[str, str]) -> None:
    report = examine(signed(fields))
    assert (report.state, notes(report)) == (State.VERIFIED, expected)
    # The verdict line of the command names the notes too.
    assert all(code in verdict_line(report) for code in expected)
    elsewhere = examine(signed(fields), store=trust(person("carol").certificate))
    assert (elsewhere.state, notes(elsewhere)) == (State.SIGNED_UNVERIFIED, expected)


def test_it_is_noted_of_encrypted_mail_and_not_of_what_nobody_protects() -> None:
    message = MESSAGE.replace(FROM_ALICE, b'From: "bob@bank.example" <alice@example.test>\r\n')
    encrypted = blocking.encrypt_message(message, Encrypting(recipients=[BOB.certificate]), provider=PROVIDER)
    report = examine(encrypted, identities=[BOB])
    assert (report.state, notes(report)) == (State.ENCRYPTED_ONLY, {"display-name-differs": "bob@bank.example"})
    assert examine(message).reasons == ()


def test_a_signature_of_the_sender_field_is_told_once() -> None:
    report = examine(signed(b"Sender: Bob <bob@example.test>\r\n" + FROM_ALICE, identity=BOB))
    assert [why.code for why in report.reasons] == ["signed-by-sender-field"]
