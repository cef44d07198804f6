"""The vault's verbs for parcels: the key is derived once, sealed between the calls, and opens chunk after chunk."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from sealwax.words import WORDS
from smime_core import Encrypting, Keys, State, TrustStore, blocking
from smime_core.algorithms import AES_256_GCM, Kdf, Pbkdf2
from smime_core.blocking import encrypt_bytes, run
from smime_core.cms import PARCEL_CHALLENGE, parse_content_info, parse_signed_data
from smime_core.errors import (
    ContentTypeMismatch,
    DecryptionError,
    MalformedMessage,
    NoMatchingRecipient,
    NoUsableSigner,
    ParcelDamaged,
    ParcelMisaddressed,
    ParcelMixed,
    ParcelNotAuthenticated,
    ParcelWordsRefused,
    ProviderError,
)
from smime_core.ess import verify_receipt
from smime_core.message import examine_message
from smime_core.parcels import check_parcel_receipt, derive_parcel_key, proof_of
from smime_core.providers.native import NativeProvider
from smime_core.trust import Judging
from tests.support.people import NOW, PROVIDER, person
from tests.support.vault.verbs import AT, SEAL_KEY, call, sealed, trust
from wasm_build.vault.python.verbs import error_code, run_verb
from webbridge.delivery.notices.answer_mail import AnswerMail, author_of, write_answer_mail
from webbridge.delivery.notices.letterhead import Letterhead

SEAL = {"sealKey": SEAL_KEY}
NOBODY = {"identities": [], **SEAL}


def make(language: str = "en") -> dict[str, Any]:
    made: dict[str, Any] = call("parcel.make", language=language, **SEAL)
    return made


def encrypt(key: bytes | None, *, content: bytes = b"content", certificates: tuple[bytes, ...] = ()) -> dict[str, Any]:
    encrypted: dict[str, Any] = call("parcel.encrypt", content=content, key=key, recipients=list(certificates), **SEAL)
    return encrypted


def finish(made: dict[str, Any], chunk: dict[str, Any], **changes: Any) -> bytes:
    arguments = planned(made, {"a.txt": chunk["contentBytes"]}) | {"chunks": [chunk]}
    manifest: bytes = call("parcel.finish", **(arguments | changes))["manifest"]
    return manifest


def planned(made: dict[str, Any], sizes: dict[str, int], **changes: Any) -> dict[str, Any]:
    """The arguments of a parcel from Alice to Bob with files of these sizes."""
    return {
        "parcel": made["parcel"],
        "from": "alice@example.test",
        "to": [{"address": "bob@example.test", "language": "fr"}],
        "files": [{"name": name, "sizeBytes": size} for name, size in sizes.items()],
        "terms": {"salt": made["salt"], "proof": made["proof"], "days": 7},
        "key": made["key"],
        "recipients": [person("bob").certificate.der],
        "sign": True,
        **sealed(person("alice")),
        "at": AT,
        "wholeBytes": 1_000_000,
    } | changes


def verify(manifest: bytes, made: dict[str, Any], **changes: Any) -> dict[str, Any]:
    arguments = {"manifest": manifest, "parcel": made["parcel"], "key": made["key"], "readers": [], **NOBODY, **trust()}
    reply: dict[str, Any] = call("parcel.verify", **(arguments | changes))
    return reply


def test_a_parcel_is_written_and_read_by_its_words() -> None:
    made = make()
    encrypted = encrypt(made["key"])
    manifest = finish(made, encrypted["chunk"])

    opened = call("parcel.open", words=made["words"].upper().replace(b" ", b"-"), salt=made["salt"], **SEAL)
    assert opened["proof"] == made["proof"]
    reply = verify(manifest, made, key=opened["key"], readers=["bob@example.test"])
    assert (reply["report"]["state"], reply["sender"], reply["to"]) == (
        "verified",
        "alice@example.test",
        ["bob@example.test"],
    )
    (file,) = reply["files"]
    assert (file["name"], file["sizeBytes"]) == ("a.txt", 7)
    read = call("parcel.decrypt", cms=encrypted["cms"], chunk=file["chunks"][0], key=opened["key"], **NOBODY)
    assert read == {"content": b"content"}


def test_the_objects_of_a_parcel_are_numbered_over_all_files() -> None:
    made = make()
    arguments = planned(made, {"a": 7, "empty": 0, "b": 7})
    chunks = [encrypt(made["key"])["chunk"] for _ in range(2)]
    reply = verify(call("parcel.finish", **arguments, chunks=chunks)["manifest"], made)
    assert [[chunk["object"] for chunk in file["chunks"]] for file in reply["files"]] == [["0"], [], ["1"]]
    assert [file["cmsBytes"] for file in reply["files"]] == [chunks[0]["cmsBytes"], 0, chunks[1]["cmsBytes"]]


def test_a_large_parcel_is_announced_before_its_chunks() -> None:
    made = make()
    arguments = planned(made, {"a": 7, "b": 9}, wholeBytes=0)
    plan = call("parcel.plan", **arguments)
    assert plan["chunks"] == [
        {"file": 0, "start": 0, "contentBytes": 7},
        {"file": 1, "start": 0, "contentBytes": 9},
    ]
    chunks = [
        encrypt(made["key"], content=bytes(size), certificates=(person("bob").certificate.der,))["chunk"]
        for size in (7, 9)
    ]
    finished = call("parcel.finish", **arguments, chunks=chunks, most=plan["most"])
    line = json.loads(plan["line"])
    assert (line["objects"], line["manifest"]) == ([chunk["cmsBytes"] for chunk in chunks], plan["most"])
    assert len(finished["manifest"]) <= plan["most"]
    assert "line" not in finished
    with pytest.raises(ProviderError):
        call("parcel.finish", **arguments, chunks=chunks, most=len(finished["manifest"]) - 10)


def test_a_small_parcel_is_announced_with_its_manifest() -> None:
    made = make()
    arguments = planned(made, {"a": 7})
    assert call("parcel.plan", **arguments) == {"chunks": [{"file": 0, "start": 0, "contentBytes": 7}]}
    finished = call("parcel.finish", **arguments, chunks=[encrypt(made["key"])["chunk"]])
    line = json.loads(finished["line"])
    assert (line["whole"], line["manifest"], line["days"]) == (True, len(finished["manifest"]), 7)
    kept_file = call("parcel.finish", **(arguments | {"terms": None}), chunks=[encrypt(made["key"])["chunk"]])
    assert json.loads(kept_file["line"]).keys() == {"id", "objects", "manifest", "whole"}


def test_a_parcel_is_read_by_a_certificate() -> None:
    made, bob = make(), sealed(person("bob"))
    encrypted = encrypt(made["key"], certificates=(person("bob").certificate.der,))
    reply = verify(finish(made, encrypted["chunk"]), made, key=None, **bob)
    assert reply["report"]["state"] == "verified"
    read = call("parcel.decrypt", cms=encrypted["cms"], chunk=encrypted["chunk"], key=None, **bob)
    assert read["content"] == b"content"
    with pytest.raises(NoMatchingRecipient):
        call("parcel.decrypt", cms=encrypted["cms"], chunk=encrypted["chunk"], **sealed(person("carol")))


def test_a_parcel_that_nobody_signs_has_no_author() -> None:
    made = make("es")
    manifest = finish(made, encrypt(made["key"])["chunk"], sign=False, **NOBODY)
    assert verify(manifest, made)["report"]["state"] == "encrypted-only"


def test_a_receipt_is_for_the_signature_of_a_verified_sender() -> None:
    made, bob = make(), sealed(person("bob"))
    manifest = finish(made, encrypt(made["key"])["chunk"])
    assert verify(manifest, made, key=None, **bob)["asksForReceipt"] is True
    receipt = call("parcel.receipt", manifest=manifest, parcel=made["parcel"], **bob, **trust())["receipt"]
    run(check_parcel_receipt(receipt, PROVIDER, parcel=made["parcel"]))
    content = blocking.decrypt_bytes(manifest, Keys(identities=[person("bob")]), PROVIDER).content
    sent = parse_signed_data(parse_content_info(content).content)
    assert run(verify_receipt(receipt, sent, PROVIDER)).certificate == person("bob").certificate


@pytest.mark.parametrize("way", ["not signed", "not trusted"])
def test_no_receipt_is_for_a_sender_who_is_not_verified(way: str) -> None:
    made, bob = make(), sealed(person("bob"))
    manifest = finish(made, encrypt(made["key"])["chunk"], sign=way != "not signed")
    judging = trust() if way == "not signed" else {"trust": {"anchors": []}, "at": AT}
    assert verify(manifest, made, key=None, **bob, **judging)["asksForReceipt"] is False
    with pytest.raises(MalformedMessage, match="no verified sender"):
        call("parcel.receipt", manifest=manifest, parcel=made["parcel"], **bob, **judging)


def test_the_proof_and_the_sealed_key_are_those_of_the_words() -> None:
    made = make("fr")
    key = run(derive_parcel_key(made["words"].decode(), made["salt"], PROVIDER))
    assert run(proof_of(key, PROVIDER)) == made["proof"]
    assert key.kek not in made["key"]


def test_only_opening_derives_a_key_from_words() -> None:
    class DerivesNothing(NativeProvider):
        async def derive_key(self, kdf: Kdf, secret: bytes, length: int) -> bytes:
            assert not isinstance(kdf, Pbkdf2)
            return await super().derive_key(kdf, secret, length)

    made = make()
    encrypting = {"content": b"x", "key": made["key"], "recipients": [], **SEAL}
    encrypted: Any = run(run_verb("parcel.encrypt", encrypting, DerivesNothing()))
    decrypting = {"cms": encrypted["cms"], "chunk": encrypted["chunk"], "key": made["key"], **NOBODY}
    assert run(run_verb("parcel.decrypt", decrypting, DerivesNothing())) == {"content": b"x"}


@pytest.mark.parametrize("seal_key", [b"o" * 32, None])
def test_another_session_cannot_use_the_key(seal_key: bytes | None) -> None:
    made = make()
    encrypted = encrypt(made["key"])
    with pytest.raises(DecryptionError):
        call(
            "parcel.decrypt",
            cms=encrypted["cms"],
            chunk=encrypted["chunk"],
            key=made["key"],
            identities=[],
            sealKey=seal_key,
        )


def test_an_identity_does_not_pass_as_the_key_of_a_parcel() -> None:
    with pytest.raises(DecryptionError):
        encrypt(sealed(person("bob"))["identities"][0])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (b"abandon ability", "parcel-words-refused-word-count"),
        (b"abandon ability able about geheimnis absent", "parcel-words-refused-unknown-word-5"),
        (b"abandon " * 200, "parcel-words-refused-too-long"),
    ],
)
def test_refused_words_have_a_code_with_the_place(words: bytes, code: str) -> None:
    for verb, further in (("parcel.open", {"salt": bytes(16), **SEAL}), ("parcel.check", {})):
        with pytest.raises(ParcelWordsRefused) as refused:
            call(verb, words=words, **further)
        assert error_code(refused.value) == code


@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_words_are_looked_up_before_the_server_is_asked(language: str) -> None:
    assert call("parcel.check", words=make(language)["words"]) == {}


def test_words_that_are_no_text_and_a_wrong_salt_are_malformed() -> None:
    for words, salt in ((b"\xff", bytes(16)), (make()["words"], b"short")):
        with pytest.raises(MalformedMessage):
            call("parcel.open", words=words, salt=salt, **SEAL)


def test_chunks_and_manifests_of_others_are_refused() -> None:
    made, other = make(), make()
    encrypted, foreign = encrypt(made["key"]), encrypt(other["key"])
    with pytest.raises(ParcelDamaged):
        call("parcel.decrypt", cms=foreign["cms"], chunk=encrypted["chunk"], key=made["key"], **NOBODY)
    with pytest.raises(ParcelMixed, match="another key derivation"):
        call("parcel.decrypt", cms=foreign["cms"], chunk=foreign["chunk"], key=made["key"], **NOBODY)
    manifest = finish(made, encrypted["chunk"])
    with pytest.raises(ParcelMixed, match="another parcel"):
        verify(manifest, made, parcel=other["parcel"])
    with pytest.raises(ParcelMisaddressed):
        verify(manifest, made, readers=["carol@example.test"])


def test_only_a_challenge_is_answered() -> None:
    bob = sealed(person("bob"))
    to_bob = Encrypting(recipients=[person("bob").certificate], cipher=AES_256_GCM)
    challenge = encrypt_bytes(b"n" * 32, to_bob, PROVIDER, content_type=PARCEL_CHALLENGE)
    assert call("parcel.answer", challenge=challenge, **bob) == {"nonce": b"n" * 32}
    with pytest.raises(ContentTypeMismatch):
        call("parcel.answer", challenge=encrypt_bytes(b"a mail", to_bob, PROVIDER), **bob)


def test_a_manifest_is_signed_only_by_an_owner_of_the_senders_address() -> None:
    made = make()
    with pytest.raises(NoUsableSigner, match="sender-mismatch"):
        finish(made, encrypt(made["key"])["chunk"], **{"from": "carol@example.test"})


def test_a_file_of_another_program_is_read_only_if_it_is_authenticated() -> None:
    made, bob = make(), sealed(person("bob"))
    certificate = person("bob").certificate
    authenticated = encrypt(made["key"], certificates=(certificate.der,))["cms"]
    assert call("foreign.decrypt", cms=authenticated, **bob) == {"content": b"content"}
    with pytest.raises(ParcelNotAuthenticated):
        call("foreign.decrypt", cms=encrypt_bytes(b"x", Encrypting(recipients=[certificate]), PROVIDER), **bob)


def test_the_verdict_has_the_certificate_for_an_answer() -> None:
    made = make()
    reply = verify(finish(made, encrypt(made["key"])["chunk"]), made)
    arguments = {"address": reply["sender"], "found": [], "contacts": reply["harvest"]["contacts"], **trust()}
    (check,) = call("recipients.check", **arguments)["checks"]
    assert check["usable"]
    assert check["certificate"] == person("alice").certificate.der
    unsigned = finish(made, encrypt(made["key"])["chunk"], sign=False)
    assert verify(unsigned, made)["harvest"] is None


def test_an_answer_fits_the_mail_that_the_service_puts_around_it() -> None:
    """RFC 9788 section 4.4: a reader compares the fields that are recorded inside with those outside."""
    head = Letterhead(
        pages_origin="https://mail.example.test", api_url="https://api.example.test", sender="parcels@example.test"
    )
    for language in WORDS.languages:
        draft = {
            "from": author_of(head, language),
            "to": ["alice@example.test"],
            "cc": [],
            "subject": "Re: The plans",
            "text": b"Thursday suits me.",
            "attachments": [],
            "date": "2026-11-20T12:00:00+00:00",
            "messageId": "<1@example.test>",
            "references": [],
            "hidden": [],
        }
        recipients = [person("alice").certificate.der]
        cms = call("parcel.reply", draft=draft, recipients=recipients, cipher="cbc")["cms"]
        answer = AnswerMail(
            id="7.a",
            at=NOW + timedelta(hours=1),
            reference="7K3M-0PQR-XYZ1",
            sender="alice@example.test",
            language=language,
            cms=cms,
        )
        mail = write_answer_mail(answer, head)
        judging = Judging(trust_store=TrustStore(anchors=()), at=NOW)
        report = run(examine_message(mail, judging, PROVIDER, Keys(identities=[person("alice")])))
        assert report.state is State.ENCRYPTED_ONLY
        assert report.protected_headers is not None
        assert report.protected_headers.altered_outside == ()
        assert dict(report.headers)["Subject"] == "Re: The plans"
        assert b"plans" not in mail
