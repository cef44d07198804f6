"""The marks of protection beside a message: what covers the whole, and who has signed a part."""

from __future__ import annotations

from smime_core import Judging, MessageReport
from smime_core.blocking import encrypt_entity, examine_message, sign_entity
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.identity.identity import Identity
from smime_core.provider import NewKey
from smime_core.report import report_to_json
from tests.support.answered_mails import stranger
from tests.support.node_tests import check_in_node
from tests.support.people import NOW, PROVIDER, anchor, person, trust, with_addresses

TEXT = b"Content-Type: text/plain\r\n\r\nHello\r\n"
HEAD = b"From: bob@example.test\r\n"


def examine(message: bytes, reader: str = "alice") -> MessageReport:
    """The report on a message. With "" as reader, no key is unlocked."""
    keys = Keys(identities=[person(reader)] if reader else [])
    return examine_message(message, Judging(trust_store=trust(anchor()), at=NOW), provider=PROVIDER, keys=keys)


def signed(entity: bytes, *signers: Identity) -> bytes:
    return sign_entity(entity, Signing(identities=list(signers), signing_time=NOW), provider=PROVIDER)


def encrypted(entity: bytes, *names: str) -> bytes:
    recipients = [person(name).certificate for name in names]
    return encrypt_entity(entity, Encrypting(recipients=recipients), provider=PROVIDER)


def mixed(*parts: bytes) -> bytes:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + body + b"--b--\r\n"


def test_the_readers_of_an_encrypted_part_do_not_count_for_the_whole() -> None:
    part = encrypted(TEXT, "alice", "carol")
    around = [mixed(TEXT, part), signed(mixed(TEXT, part), person("bob", NewKey.P256))]
    cases = [
        *[(wrapper, 0, ["encrypted"]) for wrapper in around],
        (encrypted(mixed(TEXT, part), "alice"), 1, ["encrypted"]),
        (encrypted(TEXT, "alice", "carol", "dave"), 3, []),
        (encrypted(encrypted(TEXT, "alice"), "alice"), 1, None),
    ]
    vectors = [
        {"report": report_to_json(examine(HEAD + entity)), "readers": readers, "said": words}
        for entity, readers, words in cases
    ]
    check_in_node("protected_parts", "the readers of an encrypted part do not count for the whole", vectors)


def test_the_lock_names_the_reader_and_a_proved_sender_and_gives_no_count() -> None:
    bob, unknown = person("bob"), stranger()
    cases = [
        (encrypted(TEXT, "alice"), "Encrypted for you"),
        (encrypted(signed(TEXT, bob), "alice", "bob"), "Encrypted for you and bob@example.test"),
        (encrypted(signed(TEXT, bob), "alice", "bob", "carol"), "Encrypted for you, bob@example.test and others"),
        (encrypted(signed(TEXT, bob), "alice", "carol"), "Encrypted for you and someone else"),
        (encrypted(TEXT, "alice", "bob"), "Encrypted for you and someone else"),
        # Nobody vouches for the stranger, so the name in the certificate is not shown.
        (
            encrypt_entity(
                signed(TEXT, unknown),
                Encrypting(recipients=[person("alice").certificate, unknown.certificate]),
                provider=PROVIDER,
            ),
            "Encrypted for you and someone else",
        ),
        (encrypted(TEXT, "alice", "bob", "carol"), "Encrypted for you and others"),
    ]
    vectors = [{"report": report_to_json(examine(HEAD + entity)), "words": words} for entity, words in cases]
    # Without a key, nobody knows whether the person is among the readers.
    closed = report_to_json(examine(HEAD + encrypted(TEXT, "alice"), reader=""))
    vectors.append({"report": closed, "words": "Encrypted for its recipients"})
    check_in_node("protected_parts", "the lock names the reader and a proved sender and gives no count", vectors)


def test_the_signer_of_a_part_is_named_by_all_addresses_and_by_no_name_like_another() -> None:
    bob = person("bob", NewKey.P256)
    two = with_addresses(bob, "bob@example.test", "sales@example.test", name="Bob")
    signers = {"two": [two], "stranger": [stranger()], "many": [bob] * 20}
    vectors = {name: report_to_json(examine(HEAD + mixed(TEXT, signed(TEXT, *some)))) for name, some in signers.items()}
    name = "the signer of a part is named by all addresses and by no name like another"
    check_in_node("protected_parts", name, vectors)
