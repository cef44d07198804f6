"""The vault's verbs with the native provider: their results and refusals, the chosen signer, and sealed identities."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from asn1crypto import pem

from smime_core.blocking import run
from smime_core.ca.demo import Authority, Details, create_authority, issue_identity
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.cms.content_info import unarmor
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.errors import (
    ContentTypeMismatch,
    DecisionRefused,
    DecryptionError,
    MalformedMessage,
    NoUsableSigner,
    SmimeError,
    WrongPassphrase,
)
from smime_core.identity.identity import Identity, export_identity
from smime_core.mail import read_entity
from smime_core.mail.header_protection import ProtectionMode, protect_headers
from smime_core.message import decrypt_message, encrypt_entity, recipient_ids, sign_entity
from smime_core.mime import Headers, build_pkcs7_mime, parse_entity, split_message
from smime_core.pkix import RevocationPolicy, TrustAnchor, TrustSource, TrustStore
from smime_core.provider import NewKey
from smime_core.x509.certificate import Certificate
from tests.support.people import MESSAGE, NOW, PROVIDER, anchor, authority, build_revocation_list, person
from tests.support.short_keys import short_key
from tests.support.vault.roots import bring_roots
from tests.support.vault.verbs import AT, SEAL_KEY, call, issue_for, sealed, trust
from wasm_build.vault.python.requests import parse_request
from wasm_build.vault.python.sealed import seal_identity, unseal_identities
from wasm_build.vault.python.trust import GivenTrust, parse_trust
from wasm_build.vault.python.verbs import error_code
from wasm_build.vault.python.wire import pack, unpack


def draft(sender: str = "alice@example.test", **changes: Any) -> dict[str, Any]:
    written = {
        "from": sender,
        "to": ["bob@example.test"],
        "cc": [],
        "subject": "Plans",
        "text": "Grüße".encode(),
        "attachments": [{"name": "a.txt", "type": "text/plain", "data": b"attached"}],
        "date": AT,
        "messageId": "<1@example.test>",
        "references": [],
        "hidden": [],
    }
    return {**written, **changes}


def test_a_letter_is_written_encrypted_opened_and_verified() -> None:
    alice, bob = person("alice"), person("bob")
    written = call(
        "message.compose", draft=draft(), sign=True, **sealed(alice), recipients=[bob.certificate.der], cipher="cbc"
    )
    opened = call("message.verify", message=written["message"], **sealed(bob), **trust())
    assert opened["report"]["state"] == "verified"
    assert opened["text"] == "Grüße".encode()
    place = {"path": "2", "contentId": ""}
    assert opened["attachments"] == [{"name": "a.txt", "type": "text/plain", "data": b"attached", **place}]
    assert opened["passages"] == [{"path": "1", "text": "Grüße".encode(), "html": None}]
    assert protection_of(opened, "Subject", "Plans") == "signed-and-encrypted"
    assert protection_of(opened, "To", "bob@example.test") == "signed-only"


def test_a_letter_without_its_encryption_keeps_its_signature() -> None:
    alice, bob = person("alice"), person("bob")
    recipients = [bob.certificate.der]
    letter = call("message.compose", draft=draft(), sign=True, **sealed(alice), recipients=recipients)["message"]
    bare = call("message.decrypt", message=letter, **sealed(bob))["message"]
    opened = call("message.verify", message=bare, identities=[], **trust())
    assert (opened["report"]["state"], opened["text"]) == ("verified", "Grüße".encode())
    with pytest.raises(SmimeError):
        call("message.decrypt", message=letter, **sealed(person("carol")))
    with pytest.raises(MalformedMessage):
        call("message.decrypt", message=bare, **sealed(bob))


def test_a_list_shows_the_subjects_that_the_keys_open() -> None:
    alice, bob = person("alice"), person("bob")
    writing = {"sign": True, **sealed(alice), "recipients": [bob.certificate.der]}
    letters = [
        call("message.compose", draft=draft(subject=subject), **writing)["message"] for subject in ("Plans", "Grüße")
    ]
    damaged = letters[0][:-200] + b"A" * 200
    opened = call("message.subjects", messages=[letters[0], b"no mail", damaged, letters[1]], **sealed(bob))
    assert opened == {"subjects": ["Plans", None, None, "Grüße"]}
    assert call("message.subjects", messages=letters, **sealed(person("carol"))) == {"subjects": [None, None]}


def test_the_texts_for_a_search_are_those_that_the_reader_sees() -> None:
    alice, bob = person("alice"), person("bob")
    writing = {"sign": True, **sealed(alice), "recipients": [bob.certificate.der]}
    letter = call("message.compose", draft=draft(), **writing)["message"]
    damaged = letter[:-200] + b"A" * 200
    texts = call("message.texts", messages=[letter, damaged, b"no mail", MESSAGE], **sealed(bob))["texts"]
    assert texts[0] == {
        "subject": "Plans",
        "people": "alice@example.test\nbob@example.test",
        "text": "Grüße\na.txt".encode(),
    }
    assert texts[1] is None
    assert [entry["text"].strip() for entry in texts[2:]] == [b"no mail", read_entity(MESSAGE).text.strip().encode()]
    assert call("message.texts", messages=[letter], **sealed(person("carol"))) == {"texts": [None]}


def test_a_long_text_is_found_by_its_beginning() -> None:
    bob = person("bob")
    letter = draft(subject="S" * 300_000, text=b"first " + b"x" * 300_000, attachments=[])
    message = call("message.compose", draft=letter, sign=False, **sealed(), recipients=[bob.certificate.der])["message"]
    (entry,) = call("message.texts", messages=[message], **sealed(bob))["texts"]
    assert entry["text"].startswith(b"first x")
    assert max(len(entry["text"]), len(entry["subject"])) <= 200_000


def protection_of(opened: Any, name: str, value: str) -> str | None:
    """The protection of this field in the report; None when no field has this value."""
    report = opened["report"]
    protections = report["headerProtections"] or ["unprotected"] * len(report["headers"])
    fields = {tuple(field): protection for field, protection in zip(report["headers"], protections, strict=True)}
    return fields.get((name, value))


def outer_fields(message: bytes) -> Headers:
    return parse_entity(message).headers


def test_the_subject_of_an_encrypted_letter_stands_inside_alone() -> None:
    written = call(
        "message.compose", draft=draft(), sign=False, identities=[], recipients=[person("bob").certificate.der]
    )
    assert outer_fields(written["message"]).get("Subject") == "[...]"
    opened = call("message.verify", message=written["message"], **sealed(person("bob")), **trust())
    assert protection_of(opened, "Subject", "Plans") == "encrypted-only"


def test_a_letter_encrypted_by_a_password_opens_with_it_and_by_the_writer() -> None:
    alice = person("alice")
    keys = sealed(alice)
    letter = call("message.compose", draft=draft(), sign=True, **keys, recipients=[], passwords=[b"vier Pferde"])[
        "message"
    ]
    assert b"Plans" not in letter
    opened = run(decrypt_message(letter, Keys(identities=[], passwords=[b"vier Pferde"]), provider=PROVIDER))
    assert b"Plans" in opened
    assert call("message.verify", message=letter, **keys, **trust())["report"]["state"] == "verified"
    with pytest.raises(SmimeError):
        run(decrypt_message(letter, Keys(identities=[], passwords=[b"drei Pferde"]), provider=PROVIDER))


def test_the_fields_of_a_signed_letter_are_signed_and_readable() -> None:
    written = call("message.compose", draft=draft(), sign=True, **sealed(person("alice")), recipients=[])
    assert outer_fields(written["message"]).get("Subject") == "Plans"
    renamed = written["message"].replace(b"Subject: Plans", b"Subject: Other", 1)
    opened = call("message.verify", message=renamed, identities=[], **trust())
    assert protection_of(opened, "Subject", "Plans") == "signed-only"
    assert "headers-altered-outside" in [reason["code"] for reason in opened["report"]["reasons"]]


def test_a_letter_without_protection_claims_none() -> None:
    written = call("message.compose", draft=draft(), sign=False, identities=[], recipients=[])
    assert b"hp=" not in written["message"]
    opened = call("message.verify", message=written["message"], identities=[], **trust())
    assert protection_of(opened, "Subject", "Plans") == "unprotected"


def test_an_answer_hides_what_the_message_hid() -> None:
    """RFC 9788 section 6.1. Here the original message hid even its Message-ID."""
    alice, bob = person("alice"), person("bob")

    def hides_id(name: str, value: str) -> str | None:
        return None if name == "Message-ID" else value

    message = MESSAGE.replace(b"Date:", b"Message-ID: <1@example.test>\r\nReferences: <0@example.test>\r\nDate:")
    outer, entity = protect_headers(*split_message(message), mode=ProtectionMode.CIPHER, policy=hides_id)
    encrypted_entity = run(encrypt_entity(entity, Encrypting(recipients=[bob.certificate]), provider=PROVIDER))
    reply = call("message.verify", message=outer + encrypted_entity, **sealed(bob), **trust())["reply"]
    assert (reply["inReplyTo"], reply["references"]) == ("<1@example.test>", ["<0@example.test>", "<1@example.test>"])

    answer = draft("bob@example.test", to=["alice@example.test"], subject="Re: Greetings", **reply)
    written = call("message.compose", draft=answer, sign=False, identities=[], recipients=[alice.certificate.der])
    assert b"<1@example.test>" not in written["message"].replace(b"Message-ID: <1@example.test>", b"", 1)
    opened = call("message.verify", message=written["message"], **sealed(alice), **trust())
    assert protection_of(opened, "In-Reply-To", "<1@example.test>") == "encrypted-only"


def test_the_words_of_a_signed_part_stand_beside_its_verdict() -> None:
    signed = run(
        sign_entity(
            b"Content-Type: text/plain\r\n\r\nSigned.\r\n",
            Signing(identities=[person("alice")], signing_time=NOW),
            provider=PROVIDER,
        )
    )
    words = b"Content-Type: text/plain\r\n\r\nUnsigned."
    parts = b"".join(b"--outer\r\n" + part + b"\r\n" for part in (words, signed))
    message = b"From: a@x.test\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n" + parts + b"--outer--\r\n"
    opened = call("message.verify", message=message, identities=[], **trust())
    assert opened["parts"] == [{"path": "2", "text": b"Signed."}]
    assert call("message.verify", message=MESSAGE, identities=[], **trust())["parts"] == []


@pytest.mark.parametrize("media_type", ["application/pkcs7-mime", "application/octet-stream"])
def test_an_encrypted_part_is_handed_out_as_one_whatever_its_header_says(media_type: str) -> None:
    bob = person("bob", NewKey.P256)
    entity = run(
        encrypt_entity(
            b"Content-Type: text/plain\r\n\r\nHidden.", Encrypting(recipients=[bob.certificate]), provider=PROVIDER
        )
    )
    _, _, body = entity.partition(b"\r\n\r\n")
    part = b"Content-Type: %b; name=x.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n" % media_type.encode() + body
    parts = b"".join(b"--outer\r\n" + part + b"\r\n" for part in (b"\r\nWords.", part))
    message = b"From: a@x.test\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n" + parts + b"--outer--\r\n"
    opened = call("message.verify", message=message, **sealed(bob), **trust())
    (file,) = opened["attachments"]
    assert (file["type"], file["path"]) == ("application/pkcs7-mime", "2")
    assert [reason["code"] for reason in opened["report"]["reasons"]] == ["encrypted-part"]
    alone = call("message.verify", message=file["data"], **sealed(bob), **trust())
    assert (alone["report"]["state"], alone["text"]) == ("encrypted-only", b"Hidden.")


def test_an_answer_joins_the_thread_of_an_unprotected_message() -> None:
    message = MESSAGE.replace(b"Date:", b"Message-ID: <1@example.test>\r\nReferences: <0@example.test> junk\r\nDate:")
    reply = call("message.verify", message=message, identities=[], **trust())["reply"]
    assert {name: reply[name] for name in ("inReplyTo", "references", "hidden")} == {
        "inReplyTo": "<1@example.test>",
        "references": ["<0@example.test>", "<1@example.test>"],
        "hidden": [],
    }


def test_a_message_id_that_no_draft_may_hold_stops_no_answer() -> None:
    message = MESSAGE.replace(b"Date:", b"Message-ID: no id\r\nDate:")
    reply = call("message.verify", message=message, identities=[], **trust())["reply"]
    assert (reply["inReplyTo"], reply["references"]) == (None, [])


def test_the_copy_of_the_subject_for_old_programs_is_not_shown() -> None:
    bob = person("bob")
    entity = (
        b'Subject: Plans\r\nContent-Type: text/plain; hp="cipher"; hp-legacy-display="1"\r\n\r\n'
        b"Subject: Plans\r\n\r\nHello.\r\n"
    )
    message = b"From: a@x.test\r\nSubject: [...]\r\nMIME-Version: 1.0\r\n" + run(
        encrypt_entity(entity, Encrypting(recipients=[bob.certificate]), provider=PROVIDER)
    )
    assert call("message.verify", message=message, **sealed(bob), **trust())["text"] == b"Hello."


def test_the_writer_can_read_what_they_encrypted() -> None:
    alice, bob = person("alice"), person("bob")
    written = call("message.compose", draft=draft(), sign=True, **sealed(alice), recipients=[bob.certificate.der])
    assert call("message.verify", message=written["message"], **sealed(alice), **trust())["text"] == "Grüße".encode()


def test_no_letter_is_encrypted_for_the_writers_own_short_key() -> None:
    bob = person("bob")
    weak = run(issue_identity(authority(), "alice@example.test", PROVIDER, at=NOW, key=short_key(1024)))
    written = call("message.compose", draft=draft(), sign=False, **sealed(weak), recipients=[bob.certificate.der])
    assert len(recipient_ids(written["message"])) == 1
    with pytest.raises(NoUsableSigner, match="weak-key"):
        call("message.compose", draft=draft(), sign=True, **sealed(weak), recipients=[bob.certificate.der])


def test_a_letter_is_signed_by_its_senders_own_key() -> None:
    alice, bob = person("alice"), person("bob")
    written = call(
        "message.compose", draft=draft("Bob <BOB@example.test>"), sign=True, **sealed(alice, bob), recipients=[]
    )
    opened = call("message.verify", message=written["message"], identities=[], **trust())
    assert opened["report"]["signers"][0]["certificate"] == bob.certificate.fingerprint


def test_a_key_of_somebody_else_signs_no_letter() -> None:
    with pytest.raises(NoUsableSigner, match="sender-mismatch"):
        call("message.compose", draft=draft("carol@example.test"), sign=True, **sealed(person("alice")), recipients=[])


@pytest.mark.parametrize("is_first", [True, False])
def test_among_the_open_keys_the_one_that_readers_verify_signs(is_first: bool) -> None:
    details = Details(not_before=NOW - datetime.timedelta(days=9), not_after=NOW - datetime.timedelta(hours=1))
    server = Details(extended_key_usage=("1.3.6.1.5.5.7.3.1",))
    unfit = [
        run(issue_identity(authority(), "alice@example.test", provider=PROVIDER, at=NOW, details=flaw))
        for flaw in (details, server)
    ]
    keys = [person("alice"), *unfit, person("bob")] if is_first else [person("bob"), *unfit, person("alice")]
    written = call("message.compose", draft=draft(), sign=True, **sealed(*keys), recipients=[])
    opened = call("message.verify", message=written["message"], identities=[], **trust())
    assert opened["report"]["state"] == "verified"
    with pytest.raises(NoUsableSigner) as refused:
        call("message.compose", draft=draft(), sign=True, **sealed(*unfit), recipients=[])
    assert error_code(refused.value) == "no-usable-signer-certificate-expired"
    assert "not for e-mail" in str(refused.value)


def test_an_expired_key_signs_nothing() -> None:
    after = NOW - datetime.timedelta(hours=1)
    expired = run(
        issue_identity(authority(), "old@example.test", provider=PROVIDER, at=NOW, details=Details(not_after=after))
    )
    with pytest.raises(NoUsableSigner, match="certificate-expired"):
        call("bytes.sign", content=b"x", **sealed(expired), at=AT)


@pytest.mark.parametrize(("key", "scheme"), [(NewKey.X25519, None), (NewKey.P256, "rsa-pss")])
def test_a_key_that_cannot_sign_leaves_it_to_the_next(key: NewKey, scheme: str | None) -> None:
    unable = person("unable", key)
    chosen = {} if scheme is None else {"scheme": scheme}
    cms = call("bytes.sign", content=b"content", **sealed(unable, person("alice")), at=AT, **chosen)["cms"]
    assert call("bytes.verify", cms=cms, **trust())["report"]["state"] == "verified"


def test_an_unsigned_letter_asks_for_no_key() -> None:
    written = call(
        "message.compose", draft=draft(), sign=False, identities=[], recipients=[person("bob").certificate.der]
    )
    opened = call("message.verify", message=written["message"], **sealed(person("bob")), **trust())
    assert opened["report"]["state"] == "encrypted-only"


def test_a_field_opens_at_its_own_origin_alone() -> None:
    alice, bob = person("alice"), person("bob")
    field = call(
        "field.encrypt",
        text="Größe".encode(),
        origin="https://one.example",
        sign=True,
        **sealed(alice),
        recipients=[bob.certificate.der],
        at=AT,
    )
    opening = {"cms": field["cms"], **sealed(bob), **trust()}
    assert call("field.verify", origin="https://one.example", **opening)["text"] == "Größe".encode()
    with pytest.raises(ContentTypeMismatch):
        call("field.verify", origin="https://two.example", **opening)


@pytest.mark.parametrize("wrap", [bytes, lambda cms: build_pkcs7_mime(b"From: m@example.test\r\n", unarmor(cms), "x")])
def test_the_text_of_a_field_opens_as_a_message_only_where_it_is_shown_as_such(wrap: Callable[[bytes], bytes]) -> None:
    alice, bob = person("alice"), person("bob")
    writing = {"text": b"words", "origin": "https://one.example", "recipients": [bob.certificate.der], "at": AT}
    opening = {"message": wrap(call("field.encrypt", sign=True, **sealed(alice), **writing)["cms"]), **trust()}
    with pytest.raises(ContentTypeMismatch):
        call("message.verify", **opening, **sealed(bob))
    opened = call("message.verify", **opening, **sealed(bob), fieldsToo=True)
    report = opened["report"]
    assert (report["state"], report["fieldOrigin"], report["headers"]) == ("verified", "https://one.example", [])
    assert (opened["text"], opened["headers"], opened["harvest"]) == (b"words", [], None)
    closed = call("message.verify", **opening, identities=[], fieldsToo=True)
    assert [reason["code"] for reason in closed["report"]["reasons"]] == ["not-opened"]
    assert (closed["report"]["fieldOrigin"], closed["text"]) == (None, b"")


@pytest.mark.parametrize("cipher", ["cbc", "gcm"])
def test_octets_come_back_from_encryption(cipher: str) -> None:
    bob = person("bob")
    cms = call("bytes.encrypt", content=b"content", recipients=[bob.certificate.der], cipher=cipher)["cms"]
    assert call("bytes.decrypt", cms=cms, **sealed(bob)) == {"content": b"content"}


def test_octets_are_signed_with_and_without_the_content_inside() -> None:
    keys = sealed(person("alice"))
    opaque = call("bytes.sign", content=b"content", **keys, at=AT)["cms"]
    assert call("bytes.verify", cms=opaque, **trust())["report"]["state"] == "verified"
    detached = call("bytes.sign", content=b"content", **keys, at=AT, detached=True)["cms"]
    verified = call("bytes.verify", cms=detached, content=b"content", **trust())
    assert verified["report"]["state"] == "verified"
    assert person("alice").certificate.der in [certificate["certificate"] for certificate in verified["certificates"]]
    assert call("bytes.verify", cms=detached, content=b"other", **trust())["report"]["state"] == "invalid"


def test_a_file_is_told_by_its_content() -> None:
    alice, bob = person("alice"), person("bob")
    p12 = run(export_identity(alice, b"right", provider=PROVIDER, iterations=1000))
    encrypted_text = call("bytes.encrypt", content=b"text", recipients=[bob.certificate.der])["cms"]

    message = call("bytes.inspect", content=encrypted_text)
    assert message["kind"] == "message"
    assert len(message["description"]["recipients"]) == 1
    certificate = call("bytes.inspect", content=bob.certificate.der)
    assert (certificate["kind"], certificate["description"]["state"]) == ("certificates", None)
    keys = call("bytes.inspect", content=p12, passphrase=b"right")
    assert keys["kind"] == "PKCS#12"
    assert keys["description"]["certificates"][0]["addresses"] == ["alice@example.test"]
    for passphrase in ({}, {"passphrase": b"wrong"}):
        with pytest.raises(WrongPassphrase):
            call("bytes.inspect", content=p12, **passphrase)
    with pytest.raises(MalformedMessage):
        call("bytes.inspect", content=b"\x30\x00")


def test_certificates_are_described_with_the_reason_why_they_cannot_be_used() -> None:
    certificates = [person("bob").certificate.der]
    (usable,) = call("certificate.describe", certificates=certificates, **trust())["certificates"]
    assert (usable["usable"], usable["reason"], usable["addresses"]) == (True, None, ["bob@example.test"])
    (unknown,) = call("certificate.describe", certificates=certificates, trust={"anchors": []}, at=AT)["certificates"]
    assert not unknown["usable"]
    assert unknown["reason"]["code"] == "untrusted-anchor"
    assert "no authority that you trust" in unknown["reason"]["values"]["text"]


def read_trust(trust: dict[str, Any]) -> TrustStore:
    return parse_trust(parse_request(GivenTrust, trust))


def test_an_anchor_keeps_its_conditions() -> None:
    store = read_trust(
        {
            "anchors": [
                {
                    "certificate": anchor().der,
                    "source": "mozilla",
                    "addresses": ["@example.test"],
                    "exact": True,
                    "distrustAfter": AT,
                    "acceptedAt": AT,
                }
            ],
            "revocation": "if-known",
            "evidence": {"certificates": [person("bob").certificate.der]},
        }
    )
    expected = TrustAnchor(
        certificate=anchor(),
        source=TrustSource.MOZILLA,
        addresses=("@example.test",),
        is_exact=True,
        distrust_after=NOW,
        accepted_at=NOW,
    )
    assert store.anchors == (expected,)
    assert store.revocation is RevocationPolicy.IF_KNOWN
    assert store.evidence.certificates == (person("bob").certificate,)


def test_timestamp_authorities_vouch_for_nobody() -> None:
    store = read_trust({"anchors": [], "timestampAnchors": [{"certificate": anchor().der, "source": "operator"}]})
    assert store.timestamp_anchors == (TrustAnchor(certificate=anchor(), source=TrustSource.OPERATOR),)
    assert store.anchors == ()


def test_mozillas_roots_count_where_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    bring_roots(monkeypatch)
    assert {trust_anchor.source for trust_anchor in read_trust({"anchors": [], "mozilla": True}).anchors} == {
        TrustSource.MOZILLA
    }
    assert read_trust({"anchors": [], "mozilla": False}).anchors == ()


def test_without_a_policy_revocation_has_to_be_known() -> None:
    assert read_trust({"anchors": []}).revocation is RevocationPolicy.REQUIRED


def test_a_file_opens_with_its_passphrase_alone() -> None:
    p12 = run(export_identity(person("bob"), b"correct", provider=PROVIDER, iterations=10))
    (opened,) = call("identity.open", p12=p12, passphrase=b"correct", sealKey=SEAL_KEY)["identities"]
    (identity,) = run(unseal_identities([opened["sealed"]], SEAL_KEY, provider=PROVIDER))
    assert identity.certificate == person("bob").certificate
    with pytest.raises(WrongPassphrase):
        call("identity.open", p12=p12, passphrase=b"wrong", sealKey=SEAL_KEY)


def pem_identity(*, key: bool = True) -> bytes:
    bob = person("bob")
    blocks = [pem.armor("CERTIFICATE", bob.certificate.der)]
    if key:
        blocks.append(pem.armor("PRIVATE KEY", bob.private_key.pkcs8_der))
    return b"".join(blocks)


def test_a_pem_file_opens_without_a_passphrase() -> None:
    (opened,) = call("identity.open", p12=pem_identity(), passphrase=b"", sealKey=SEAL_KEY)["identities"]
    assert opened["fingerprint"] == person("bob").certificate.fingerprint


def test_a_file_without_a_private_key_has_no_identity() -> None:
    assert call("identity.open", p12=pem_identity(key=False), passphrase=b"", sealKey=SEAL_KEY) == {"identities": []}


def test_a_file_to_keep_comes_back_encrypted_under_its_passphrase() -> None:
    p12 = call("identity.open", p12=pem_identity(), passphrase=b"new", sealKey=SEAL_KEY, forKeeping=True)["p12"]
    assert person("bob").private_key.pkcs8_der not in p12
    (again,) = call("identity.open", p12=p12, passphrase=b"new", sealKey=SEAL_KEY)["identities"]
    assert again["fingerprint"] == person("bob").certificate.fingerprint
    with pytest.raises(WrongPassphrase):
        call("identity.open", p12=p12, passphrase=b"", sealKey=SEAL_KEY)


def test_unlocked_identities_are_kept_under_a_passphrase() -> None:
    (opened,) = call("identity.open", p12=pem_identity(), passphrase=b"", sealKey=SEAL_KEY)["identities"]
    p12 = call("identity.keep", identities=[opened["sealed"]], sealKey=SEAL_KEY, passphrase=b"new")["p12"]
    (again,) = call("identity.open", p12=p12, passphrase=b"new", sealKey=SEAL_KEY)["identities"]
    assert again["certificate"] == opened["certificate"]
    with pytest.raises(WrongPassphrase):
        call("identity.open", p12=p12, passphrase=b"", sealKey=SEAL_KEY)


def test_nothing_is_kept_without_a_passphrase() -> None:
    with pytest.raises(WrongPassphrase):
        call("identity.open", p12=pem_identity(), passphrase=b"", sealKey=SEAL_KEY, forKeeping=True)


@pytest.mark.parametrize("kind", [NewKey.RSA_2048, NewKey.P256])
def test_a_sealed_identity_keeps_key_and_chain(kind: NewKey) -> None:
    alice = person("alice", kind)
    sealed_identity = run(seal_identity(alice, SEAL_KEY, provider=PROVIDER))
    (back,) = run(unseal_identities([sealed_identity], SEAL_KEY, provider=PROVIDER))
    for name in ("pkcs8_der", "key_type", "bits", "curve"):
        assert getattr(back.private_key, name) == getattr(alice.private_key, name)
    assert back.certificate == alice.certificate
    assert [link.der for link in back.chain] == [link.der for link in alice.chain]
    assert alice.private_key.pkcs8_der not in sealed_identity


@pytest.mark.parametrize("key", [b"o" * 32, None], ids=["another key", "no key"])
def test_a_sealed_identity_opens_under_its_own_key_alone(key: bytes | None) -> None:
    sealed_identity = run(seal_identity(person("alice"), SEAL_KEY, provider=PROVIDER))
    with pytest.raises(DecryptionError):
        run(unseal_identities([sealed_identity], key, provider=PROVIDER))


@pytest.mark.parametrize("position", [0, 20, -1], ids=["nonce", "ciphertext", "tag"])
def test_an_altered_sealed_identity_does_not_open(position: int) -> None:
    sealed_identity = bytearray(run(seal_identity(person("alice"), SEAL_KEY, provider=PROVIDER)))
    sealed_identity[position] ^= 1
    with pytest.raises(DecryptionError):
        run(unseal_identities([bytes(sealed_identity)], SEAL_KEY, provider=PROVIDER))


@pytest.mark.parametrize(
    ("verb", "args"),
    [
        ("message.verify", {"message": MESSAGE, "identities": [], "trust": {"anchors": []}, "at": "yesterday"}),
        (
            "message.verify",
            {"message": MESSAGE, "identities": [], "trust": {"anchors": []}, "at": "2026-01-01T00:00:00"},
        ),
        (
            "message.verify",
            {"message": MESSAGE, "identities": [], "trust": {"anchors": [], "revocation": "never"}, "at": AT},
        ),
        (
            "message.verify",
            {
                "message": MESSAGE,
                "identities": [],
                "trust": {"anchors": [{"certificate": anchor().der, "source": "me"}]},
                "at": AT,
            },
        ),
        (
            "message.verify",
            {
                "message": MESSAGE,
                "identities": [],
                "trust": {"anchors": [{"certificate": b"no certificate"}]},
                "at": AT,
            },
        ),
        ("bytes.encrypt", {"content": b"", "recipients": [], "cipher": "rot13"}),
        ("bytes.sign", {"content": b"", "identities": [], "at": AT, "scheme": "rot13"}),
        ("field.encrypt", {"text": b"\xff", "origin": "", "sign": False, "identities": [], "recipients": [], "at": AT}),
        (
            "roaming.login",
            {
                "server": "x",
                "user": "y",
                "passphrase": b"z",
                "at": AT,
                "deviceToken": bytes(32),
                "deviceName": "a test",
                "sealKey": b"k" * 32,
            },
        ),
    ],
)
def test_values_that_the_schema_cannot_check_are_refused_with_a_code(verb: str, args: dict[str, Any]) -> None:
    with pytest.raises(SmimeError):
        call(verb, **args)


def test_binary_values_cross_beside_the_json() -> None:
    reply = {"ok": {"content": b"\x00\xff", "list": [{"data": b""}], "text": "ü", "none": None}}
    reply_json, buffers = pack(reply)
    assert buffers == [b"\x00\xff", b""]
    assert unpack(reply_json, buffers) == reply


def test_a_value_outside_the_protocol_does_not_cross() -> None:
    with pytest.raises(TypeError, match="a reply cannot hold"):
        pack({"ok": object()})


def found(certificate: Certificate, source: str = "bridge") -> dict[str, Any]:
    return {"certificate": certificate.der, "source": source, "detail": "a folder"}


def test_a_recipients_certificate_is_shown_with_its_source_and_its_path() -> None:
    bob = person("bob").certificate
    reply = call("recipients.check", address="bob@example.test", found=[found(bob)], **trust())
    (check,) = reply["checks"]
    assert (check["usable"], check["source"], check["detail"]) == (True, "bridge", "a folder")
    assert (check["certificate"], check["reasons"]) == (bob.der, [])
    assert check["covered"] == ["bob@example.test"]
    assert [warning["code"] for warning in check["warnings"]] == ["revocation-not-checked"]
    assert [node["role"] for node in check["tree"]] == ["anchor", "holder"]


def test_a_certificate_for_another_address_is_listed_and_not_used() -> None:
    reply = call("recipients.check", address="bob@example.test", found=[found(person("alice").certificate)], **trust())
    (check,) = reply["checks"]
    assert not check["usable"]
    assert [reason["code"] for reason in check["reasons"]] == ["other-address"]


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="unknown source"):
        call(
            "recipients.check", address="x@example.test", found=[found(person("bob").certificate, "rumour")], **trust()
        )


def stranger(address: str = "sam@partner.test") -> tuple[Authority, Identity]:
    """An authority that nobody here trusts, and an identity that it has issued."""
    partner = run(create_authority("Partner CA", provider=PROVIDER, at=NOW))
    return partner, run(issue_identity(partner, address, provider=PROVIDER, at=NOW))


def decided(certificate: Certificate, kind: str, *addresses: str, before: bytes | None = None) -> bytes:
    trusting = {**trust()["trust"], "decisions": before}
    asking = {"certificate": certificate.der, "kind": kind, "addresses": list(addresses)}
    decisions: bytes = call("decision.make", **asking, trust=trusting, at=AT)["decisions"]
    return decisions


def state_by(decisions: bytes | None, identity: Identity) -> str:
    sender = identity.certificate.email_addresses[0]
    letter = call("message.compose", draft=draft(sender), sign=True, **sealed(identity), recipients=[])["message"]
    trusting = {**trust()["trust"], "decisions": decisions}
    state: str = call("message.verify", message=letter, identities=[], trust=trusting, at=AT)["report"]["state"]
    return state


def test_an_accepted_authority_counts_for_its_addresses_until_it_is_removed() -> None:
    partner, sam = stranger()
    assert state_by(None, sam) == "signed-unverified"
    decisions = decided(partner.identity.certificate, "authority", "@partner.test")
    assert state_by(decisions, sam) == "verified"
    elsewhere = run(issue_identity(partner, "sam@example.test", provider=PROVIDER, at=NOW))
    assert state_by(decisions, elsewhere) == "signed-unverified"
    (listed,) = call("decision.list", decisions=decisions)["decisions"]
    assert (listed["kind"], listed["acceptedFor"], listed["acceptedAt"]) == (
        "authority",
        ["@partner.test"],
        "2026-06-01T12:00:00Z",
    )
    removed = call("decision.remove", decisions=decisions, fingerprint=listed["fingerprint"])["decisions"]
    assert call("decision.list", decisions=removed) == {"decisions": []}
    assert state_by(removed, sam) == "signed-unverified"


def test_an_accepted_certificate_counts_alone() -> None:
    partner, sam = stranger()
    decisions = decided(sam.certificate, "exact", "sam@partner.test")
    assert state_by(decisions, sam) == "verified"
    other = run(issue_identity(partner, "sam@partner.test", provider=PROVIDER, at=NOW))
    assert state_by(decisions, other) == "signed-unverified"


def test_the_code_of_a_refusal_says_why() -> None:
    with pytest.raises(DecisionRefused) as refused:
        decided(person("bob").certificate, "authority", "@example.test")
    assert error_code(refused.value) == "decision-refused-no-authority"
    assert error_code(WrongPassphrase()) == "wrong-passphrase"


@pytest.mark.parametrize("addresses", [[], ["no address"]], ids=["none", "no address"])
def test_nothing_is_accepted_for_everybody(addresses: list[str]) -> None:
    with pytest.raises(DecisionRefused):
        decided(stranger()[0].identity.certificate, "authority", *addresses)


def test_a_certificate_under_an_anchor_need_not_be_accepted() -> None:
    with pytest.raises(DecisionRefused, match="need not be accepted"):
        decided(person("bob").certificate, "exact", "bob@example.test")


def test_an_unknown_kind_of_decision_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="expected one of"):
        decided(stranger()[0].identity.certificate, "everything", "@partner.test")


LIST_URL = "http://ca.example.test/list.crl"


def with_list(name: str) -> Identity:
    """A person whose certificate says where its revocation list is."""
    pointers = Details(crl_urls=(LIST_URL,))
    return run(issue_identity(authority(), f"{name}@example.test", provider=PROVIDER, at=NOW, details=pointers))


def check_demanding(identity: Identity, evidence: dict[str, Any] | None = None) -> Any:
    demanding = {"anchors": [{"certificate": anchor().der}], "revocation": "required", "evidence": evidence}
    listed = [found(identity.certificate)]
    return call(
        "recipients.check", address=identity.certificate.email_addresses[0], found=listed, trust=demanding, at=AT
    )


def test_possible_look_ups_are_named_with_their_path() -> None:
    bob = with_list("bob")
    reply = check_demanding(bob)
    (lookup,) = reply["lookups"]
    assert (lookup["kind"], lookup["url"]) == ("crl", LIST_URL)
    assert lookup["path"] == [bob.certificate.der, anchor().der]
    assert [reason["code"] for reason in reply["checks"][0]["reasons"]] == ["revocation-unknown"]


def test_an_answer_settles_the_verdict_and_is_not_asked_for_again() -> None:
    bob = with_list("bob")
    for revoked, codes in ((), []), ((bob.certificate.serial_number,), ["certificate-revoked"]):
        reply = check_demanding(bob, {"crls": [build_revocation_list(*revoked)]})
        assert reply["lookups"] == []
        assert [reason["code"] for reason in reply["checks"][0]["reasons"]] == codes


def test_a_failed_look_up_is_reported_and_not_named_again() -> None:
    bob = with_list("bob")
    tried = [lookup["id"] for lookup in check_demanding(bob)["lookups"]]
    reply = check_demanding(bob, {"asked": tried, "unavailable": tried})
    assert reply["lookups"] == []
    assert [reason["code"] for reason in reply["checks"][0]["reasons"]] == ["revocation-unknown"]


@pytest.mark.parametrize("name", ["", "[]", '["crl"]', '["rumour", "http://x.test/", ""]', "1"])
def test_a_lookup_that_never_was_is_refused(name: str) -> None:
    with pytest.raises(MalformedMessage, match="never was"):
        check_demanding(person("bob"), {"asked": [name]})


def signed_letter(identity: Identity, *, at: datetime.datetime = NOW) -> bytes:
    letter = draft(date=at.isoformat())
    message: bytes = call("message.compose", draft=letter, sign=True, **sealed(identity), recipients=[])["message"]
    return message


def test_a_verified_sender_is_remembered_and_found_again() -> None:
    alice = person("alice")
    opened = call("message.verify", message=signed_letter(alice), identities=[], **trust())
    assert (opened["harvest"]["asks"], opened["harvest"]["changes"]) == (False, [])
    contacts = opened["harvest"]["contacts"]
    (listed,) = call("contacts.list", contacts=contacts)["people"]
    assert (listed["address"], listed["certificates"][0]["source"]) == ("alice@example.test", "harvest")
    reply = call("recipients.check", address="alice@example.test", found=[], contacts=contacts, **trust())
    assert [check["source"] for check in reply["checks"]] == ["harvest"]
    emptied = call("contacts.remove", contacts=contacts, address="alice@example.test")["contacts"]
    assert call("contacts.list", contacts=emptied) == {"people": []}


def test_an_unverified_signer_is_not_remembered() -> None:
    opened = call("message.verify", message=signed_letter(person("alice")), identities=[], trust={"anchors": []}, at=AT)
    assert opened["harvest"] is None


def test_a_changed_certificate_of_a_known_sender_asks() -> None:
    first = call("message.verify", message=signed_letter(person("alice")), identities=[], **trust())["harvest"][
        "contacts"
    ]
    other = run(issue_identity(authority(), "alice@example.test", provider=PROVIDER, at=NOW, key=NewKey.P256))
    opened = call("message.verify", message=signed_letter(other), identities=[], contacts=first, **trust())
    harvest = opened["harvest"]
    assert harvest["asks"]
    (change,) = harvest["changes"]
    assert (change["sameIssuer"], change["sameKey"], change["isRenewal"]) == (True, False, False)
    (signer,) = opened["report"]["signers"]
    assert "certificate-changed" in [reason["code"] for reason in signer["reasons"]]
    assert change["before"]["fingerprint"] == person("alice").certificate.fingerprint
    assert change["after"]["fingerprint"] == other.certificate.fingerprint
    (listed,) = call("contacts.list", contacts=harvest["contacts"])["people"]
    assert len(listed["certificates"]) == 2


def test_the_octets_of_what_the_report_names_come_along() -> None:
    opened = call("message.verify", message=signed_letter(person("alice")), identities=[], **trust())
    octets = {certificate["fingerprint"]: certificate["certificate"] for certificate in opened["certificates"]}
    assert octets[person("alice").certificate.fingerprint] == person("alice").certificate.der
    assert {certificate["fingerprint"] for certificate in opened["report"]["certificates"]} <= set(octets)


def test_a_certificate_says_all_that_is_in_it() -> None:
    page = call("certificate.page", certificate=person("bob").certificate.der)
    rows = {row["code"]: [value["text"] for value in row["values"]] for row in page["rows"]}
    assert rows["addresses"] == ["bob@example.test"]


@pytest.mark.parametrize("kind", ["p-256", "rsa-3072"])
def test_a_key_made_for_a_request_signs_once_its_certificate_is_there(kind: str) -> None:
    made = call("request.make", addresses=["new@example.test"], kind=kind, passphrase=b"correct")
    issued = issue_for(made["request"])
    finishing = {"files": [anchor().der, issued.der], "sealKey": SEAL_KEY, "key": made["key"]}
    finished = call("request.finish", passphrase=b"correct", **finishing)
    (identity,) = run(
        unseal_identities([identity["sealed"] for identity in finished["identities"]], SEAL_KEY, provider=PROVIDER)
    )
    assert (identity.certificate, [link.der for link in identity.chain]) == (issued, [anchor().der])
    assert finished["authority"]["certificate"] == anchor().der
    (kept_identity,) = call("identity.open", p12=finished["p12"], passphrase=b"correct", sealKey=SEAL_KEY)["identities"]
    assert kept_identity["fingerprint"] == issued.fingerprint
    assert identity.private_key.pkcs8_der not in finished["p12"]
    letter = call("message.compose", draft=draft("new@example.test"), sign=True, **sealed(identity), recipients=[])
    assert call("message.verify", message=letter["message"], identities=[], **trust())["report"]["state"] == "verified"


def test_a_new_key_is_kept_under_its_passphrase_alone() -> None:
    made = call("request.make", addresses=["new@example.test"], kind="p-256", passphrase=b"correct")
    assert b"ENCRYPTED PRIVATE KEY" in made["key"]
    finishing = {"key": made["key"], "files": [issue_for(made["request"]).der], "sealKey": SEAL_KEY}
    with pytest.raises(WrongPassphrase):
        call("request.finish", passphrase=b"wrong", **finishing)
    with pytest.raises(WrongPassphrase):
        call("request.make", addresses=["new@example.test"], passphrase=b"")


def test_a_certificate_for_another_key_is_not_joined() -> None:
    made = call("request.make", addresses=["new@example.test"], kind="p-256", passphrase=b"correct")
    finishing = {"key": made["key"], "passphrase": b"correct", "sealKey": SEAL_KEY}
    with pytest.raises(MalformedMessage, match="none of the certificates is for this key"):
        call("request.finish", **finishing, files=[person("bob").certificate.der])


@pytest.mark.parametrize("form", ["pem", "certs-only"])
def test_certificates_of_a_ca_are_read_in_their_usual_forms(form: str) -> None:
    made = call("request.make", addresses=["new@example.test"], kind="p-256", passphrase=b"correct")
    issued = issue_for(made["request"])
    bundle = build_certificates_only([anchor(), issued])
    files = {"pem": pem.armor("CERTIFICATE", issued.der), "certs-only": bundle}
    finished = call("request.finish", key=made["key"], passphrase=b"correct", files=[files[form]], sealKey=SEAL_KEY)
    assert finished["identities"][0]["fingerprint"] == issued.fingerprint


def test_an_unknown_kind_of_key_is_not_made() -> None:
    with pytest.raises(MalformedMessage, match="a new key is one of"):
        call("request.make", addresses=["new@example.test"], kind="dsa", passphrase=b"correct")
