"""Values come back as they were written: any bytes, texts, names and passphrases."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from smime_core import AES_256_CBC, AES_256_GCM, SignatureForm, State, blocking
from smime_core.algorithms import CHACHA20_POLY1305, ContentCipher
from smime_core.cms.compressed_data import build_compressed_data, decompress, parse_compressed_data
from smime_core.cms.content_info import ID_DATA, parse_content_info
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.mail.compose import Draft, build_mail
from smime_core.mail.reading import read_entity
from smime_core.mime.attachment import Attachment
from smime_core.own_content import examine_field, protect_field
from smime_core.trust.judging import Judging
from tests.support.people import NOW, PROVIDER, person, trust

# Texts that a person can type: no lone surrogates, and no control characters except newline and tab.
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=300)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=80)


@settings(max_examples=60)
@given(content=st.binary(max_size=2_000), form=st.sampled_from(SignatureForm))
def test_signed_octets_verify(content: bytes, form: SignatureForm) -> None:
    signed = blocking.sign_bytes(
        content, Signing(identities=[person("alice")], signing_time=NOW, form=form), provider=PROVIDER
    )
    beside = content if form is SignatureForm.DETACHED else None
    report = blocking.verify_bytes(
        signed, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, detached_content=beside
    )
    assert (report.state, report.content) == (State.VERIFIED, content)


@settings(max_examples=60)
@given(content=st.binary(max_size=2_000), cipher=st.sampled_from([AES_256_CBC, AES_256_GCM, CHACHA20_POLY1305]))
def test_encrypted_octets_open(content: bytes, cipher: ContentCipher) -> None:
    bob = person("bob")
    encrypted = blocking.encrypt_bytes(
        content, Encrypting(recipients=[bob.certificate], cipher=cipher), provider=PROVIDER
    )
    assert blocking.decrypt_bytes(encrypted, Keys(identities=[bob]), provider=PROVIDER).content == content


@settings(max_examples=60)
@given(content=st.binary(max_size=2_000))
def test_compressed_octets_come_back(content: bytes) -> None:
    compressed = parse_content_info(build_compressed_data(content, content_type=ID_DATA))
    assert decompress(parse_compressed_data(compressed.content)) == content


@settings(max_examples=60)
@given(text=TEXTS, subject=NAMES, attachment=st.tuples(NAMES, st.binary(max_size=300)))
def test_composed_mail_is_verified_and_read(text: str, subject: str, attachment: tuple[str, bytes]) -> None:
    alice, bob = person("alice"), person("bob")
    filename, octets = attachment
    draft = Draft(
        sender="Alice <alice@example.test>",
        to=["bob@example.test"],
        date=NOW,
        message_id="<1@example.test>",
        subject=subject,
        text=text,
        attachments=[Attachment(filename=filename, content_type="application/octet-stream", data=octets)],
    )
    mail = build_mail(draft)
    signed = blocking.sign_message(mail, Signing(identities=[alice], signing_time=NOW), provider=PROVIDER)
    encrypted = blocking.encrypt_message(signed, Encrypting(recipients=[bob.certificate]), provider=PROVIDER)
    report = blocking.examine_message(
        encrypted, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, keys=Keys(identities=[bob])
    )
    assert (report.state, report.sender) == (State.VERIFIED, "alice@example.test")
    shown = read_entity(report.content)
    assert shown.text.replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")
    assert shown.attachments[0].data == octets


@settings(max_examples=30)
@given(text=TEXTS)
def test_fields_come_back(text: str) -> None:
    bob = person("bob")
    field = blocking.run(
        protect_field(
            text, origin="https://a.example", provider=PROVIDER, encrypting=Encrypting(recipients=[bob.certificate])
        )
    )
    report = blocking.run(
        examine_field(
            field.encode(),
            Judging(trust_store=trust(), at=NOW),
            origin="https://a.example",
            provider=PROVIDER,
            keys=Keys(identities=[bob]),
        )
    )
    assert report.content.decode() == text


@settings(max_examples=30)
@given(passphrase=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_identities_come_back_under_any_passphrase(passphrase: str) -> None:
    secret = passphrase.encode()
    p12 = blocking.export_identity(person("alice"), secret, provider=PROVIDER, iterations=2)
    assert blocking.load_identity(p12, secret, provider=PROVIDER).certificate == person("alice").certificate
