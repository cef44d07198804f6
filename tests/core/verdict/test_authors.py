"""The authors by the header fields: the sender that the caller may give, and notes about misleading fields."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest

from sealwax.cli.judging.verdict_line import verdict_line
from smime_core import Identity, MessageReport, RevocationPolicy, State, TrustAnchor, TrustStore, blocking, stream
from smime_core.blocking import run
from smime_core.ca.demo import Details, issue_identity
from smime_core.ca.extensions import build_subject_alt_name
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.mail import ProtectionMode
from smime_core.message import sign_entity
from smime_core.mime import Mailbox
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report import draw_tree, explain_signer
from smime_core.trust.judging import Judging
from smime_core.verdict.authors import find_other_address
from tests.support import path_pki
from tests.support.people import MESSAGE, NOW, PROVIDER, authority, person, trust

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
    root = path_pki.root()
    certificate = root.certify("alice@example.test", build_subject_alt_name(("boss@bank.test", "alice@example.test")))
    alice = Identity(certificate=certificate, private_key=path_pki.key("alice@example.test"))
    anchor = TrustAnchor(certificate=root.certificate, addresses=("@example.test",))
    store = TrustStore(anchors=(anchor,), revocation=RevocationPolicy.NOT_CHECKED)
    report = examine(signed(FROM_ALICE, identity=alice), store=store)
    assert report.state is State.VERIFIED
    (signer,) = report.signers
    lines = [verdict_line(report), *draw_tree(explain_signer(signer).tree)]
    assert "signed by alice@example.test (" in lines[0]
    assert "└─ ? alice@example.test" in lines
    assert all("bank.test" not in line for line in lines)


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


@pytest.mark.parametrize(
    ("sender", "is_noted"),
    [
        (b"boss@bank.test <alice@example.test>", True),
        (b"<alice@example.test> (boss@bank.test)", True),
        (b"Alice: alice@example.test;", True),
        (b"Alice (at work) <alice@example.test>", False),
        ("J. Ä. Smith <alice@example.test>".encode(), False),
        (b"alice@example.test", False),
    ],
)
def test_a_from_that_others_may_read_otherwise_is_noted(sender: bytes, *, is_noted: bool) -> None:
    fields = b"From: " + sender + b"\r\n"
    for mail, state in ((signed(fields), State.VERIFIED), (MESSAGE.replace(FROM_ALICE, fields), State.PLAIN)):
        report = examine(mail)
        assert report.state == state
        assert ("sender-read-otherwise" in [why.code for why in report.reasons]) == is_noted


WARD = person("ward3")
FROM_WARD = b"Sender: Bob <bob@example.test>\r\nFrom: Ward 3 <ward3@example.test>\r\n"


def protected(fields: bytes, *identities: Identity, encrypting: Encrypting | None = None) -> bytes:
    message = MESSAGE.replace(FROM_ALICE, fields)
    mode = ProtectionMode.CIPHER if encrypting else ProtectionMode.CLEAR
    made = blocking.sign_message(message, Signing(identities=identities, signing_time=NOW), PROVIDER, mode)
    return blocking.encrypt_message(made, encrypting, PROVIDER) if encrypting else made


def sent_by(report: MessageReport) -> dict[str, str]:
    return {
        reason.code: dict(reason.values)["person"] for reason in report.reasons if reason.code.startswith("sent-by")
    }


def test_a_signed_sender_field_names_the_person_who_sent_a_message_of_a_group() -> None:
    for encrypting in (None, Encrypting(recipients=[BOB.certificate])):
        report = examine(protected(FROM_WARD, WARD, encrypting=encrypting), identities=[BOB])
        assert (report.state, report.sender) == (State.VERIFIED, "ward3@example.test")
        assert (sent_by(report), notes(report)) == ({"sent-by": "Bob <bob@example.test>"}, {})
        assert ", sent by Bob <bob@example.test> as this signature says" in verdict_line(report)


def test_the_person_who_sent_it_is_proved_by_a_second_signature() -> None:
    report = examine(protected(FROM_WARD, WARD, BOB))
    assert (report.state, sent_by(report)) == (State.VERIFIED, {"sent-by-proved": "bob@example.test"})
    assert verdict_line(report).startswith("verified: signed by ")
    assert ", sent by bob@example.test, who has signed it too" in verdict_line(report)
    other = examine(protected(FROM_WARD, WARD, ALICE))
    assert (other.state, sent_by(other)) == (State.VERIFIED, {"sent-by": "Bob <bob@example.test>"})


@pytest.mark.parametrize("claimed", [b"Carol Smith", b"Carol Smith, unchanged. Bob", b"carol@example.test", b""])
def test_the_name_of_a_proved_sender_is_from_the_certificate(claimed: bytes) -> None:
    """Bob signs as Bob, and writes the name of a colleague beside his address."""
    details = Details(common_name="Bob Baker")
    bob = run(issue_identity(authority(), "bob@example.test", provider=PROVIDER, at=NOW, details=details))
    fields = FROM_WARD.replace(b"Sender: Bob", b'Sender: "' + claimed + b'"')
    assert sent_by(examine(protected(fields, WARD, bob))) == {"sent-by-proved": "Bob Baker <bob@example.test>"}


def test_the_author_counts_and_not_the_person_who_sent_it() -> None:
    report = examine(protected(FROM_WARD, BOB))
    assert [why.code for why in report.reasons] == ["signed-by-sender-field"]
    assert report.state is not State.VERIFIED


def test_a_sender_field_that_no_signature_covers_names_nobody() -> None:
    unsigned = examine(signed(FROM_WARD, identity=WARD))
    assert (sent_by(unsigned), notes(unsigned)) == ({}, {"sender-field-differs": "bob@example.test"})
    added = b"Sender: Bob <bob@example.test>\r\n" + protected(FROM_WARD.partition(b"\r\n")[2], WARD)
    assert sent_by(examine(added)) == {}
    elsewhere = examine(protected(FROM_WARD, WARD), store=trust(person("carol").certificate))
    assert (sent_by(elsewhere), notes(elsewhere)) == ({}, {"sender-field-differs": "bob@example.test"})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (FROM_WARD.replace(b"Bob <bob@example.test>", b"bob@example.test"), {"sent-by": "bob@example.test"}),
        (FROM_WARD.replace(b"Bob", b'"boss@bank.example"'), {"sent-by": "bob@example.test"}),
        (FROM_WARD.replace(b"Bob <bob@example.test>", b"Ward 3 <WARD3@example.test>"), {}),
        (FROM_WARD.replace(b"Bob <bob@example.test>", b"bob@example.test, carol@example.test"), {}),
        (FROM_WARD.replace(b"Bob <bob@example.test>", b"nobody at all"), {}),
        (b"Sender: carol@example.test\r\n" + FROM_WARD, {}),
        (FROM_WARD.replace(b"Bob", b"=?utf-8?q?B=E2=80=AEob=0A?="), {"sent-by": "Bob <bob@example.test>"}),
        (FROM_WARD.replace(b"Bob", b"B" * 400), {"sent-by": f"{'B' * 100}… <bob@example.test>"}),
    ],
)
def test_only_one_readable_person_is_named(fields: bytes, expected: dict[str, str]) -> None:
    report = examine(protected(fields, WARD))
    assert (report.state, sent_by(report)) == (State.VERIFIED, expected)


def test_it_is_noted_of_encrypted_mail_and_not_of_what_nobody_protects() -> None:
    message = MESSAGE.replace(FROM_ALICE, b'From: "bob@bank.example" <alice@example.test>\r\n')
    encrypted = blocking.encrypt_message(message, Encrypting(recipients=[BOB.certificate]), provider=PROVIDER)
    report = examine(encrypted, identities=[BOB])
    assert (report.state, notes(report)) == (State.ENCRYPTED_ONLY, {"display-name-differs": "bob@bank.example"})
    assert examine(message).reasons == ()


def test_a_signature_of_the_sender_field_is_told_once() -> None:
    report = examine(signed(b"Sender: Bob <bob@example.test>\r\n" + FROM_ALICE, identity=BOB))
    assert [why.code for why in report.reasons] == ["signed-by-sender-field"]


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        (b'"ceo@bank.example" <bad@@>', "?"),
        (b"ceo@bank.example <", "?"),
        (b"=?utf-8?q?ceo=40bank.example?=", "?"),
        ("Bank \u202eoec".encode(), "Bank oec"),
        (b"Boss <ceo@bank.example> x", "Boss"),
    ],
)
def test_a_sender_field_that_cannot_be_read_names_no_address_in_its_note(sender: bytes, shown: str) -> None:
    texts = notes(examine(signed(FROM_ALICE + b"Sender: " + sender + b"\r\n")))
    assert texts["sender-field-differs"] == shown
