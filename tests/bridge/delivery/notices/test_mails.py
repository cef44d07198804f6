"""The mails about parcels: five languages, no word of the sender, signed, and marked as a program's."""

from __future__ import annotations

import datetime
import re
import subprocess
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from sealwax.notices.signing import NoticeSigner, SignerRefused, read_signer
from sealwax.notices.writing import Unwritable, is_plain
from sealwax.words import ENGLISH, WORDS, Language, is_right_to_left, language_of
from smime_core import blocking
from smime_core.ca.demo import Details, create_authority, issue_identity
from smime_core.identity import Identity
from smime_core.providers.native import NativeProvider
from tests.support.parcel_rows import API, PAGES, PARCEL_ID, RECIPIENT, REFERENCE, SENDER, SERVICE, TOKENS
from webbridge.delivery.notices.failures import explain_failure
from webbridge.delivery.notices.letterhead import Letterhead
from webbridge.delivery.notices.parcel_mail import ParcelNotice, write_parcel_mail
from webbridge.delivery.notices.sender_mail import Change, SenderNotice, write_sender_mail
from webbridge.delivery.notices.words import write_size

AT = datetime.datetime(2026, 11, 20, 12, 0, 30, tzinfo=datetime.UTC)
UNTIL = datetime.datetime(2026, 11, 27, 12, 0, tzinfo=datetime.UTC)
HEAD = Letterhead(pages_origin=PAGES, api_url=API, sender=SERVICE)
LINK = f"{PAGES}/parcel.html#{PARCEL_ID}"
TEXTS = {language: WORDS.of_part(language, "shared", "parcel_mails") for language in WORDS.languages}
OWN = {language: WORDS.of_part(language, "parcel_mails") for language in WORDS.languages}
PROVIDER = NativeProvider()
MAX_SUBJECT_CHARACTERS = 70
MAX_PARAGRAPH_CHARACTERS = 420
# Words of delivery companies, whose mails are imitated more than any others to deceive people.
WORDS_OF_DELIVERY = {
    "en": re.compile("parcel|deliver|packag|pick(?:ed)? up|courier|shipment|customs"),
    "de": re.compile("paket|päckchen|sendung|zustell|zugestellt|liefer|abhol|zoll"),
    "fr": re.compile("colis|paquet|livr|remis|point relais|douane"),
    "es": re.compile("paquete|entreg|envío|recog|reparto|retenid|aduana"),
    "ar": re.compile("طرد|طرود|توصيل|تسليم|سُلّم|سُلِّم|شحن|جمارك"),
}


def notice(language: Language = ENGLISH, **changes: Any) -> ParcelNotice:
    values: dict[str, Any] = {
        "id": "1795176030.0123456789abcdef01234567",
        "at": AT,
        "parcel": PARCEL_ID,
        "reference": REFERENCE,
        "sender": SENDER,
        "recipient": RECIPIENT,
        "language": language,
        "kind": "files",
        "size_bytes": 3_400_900,
        "until": UNTIL,
        "refusal": TOKENS.seal(RECIPIENT),
    }
    return ParcelNotice(**{**values, **changes})


def sender_notice(change: Change, language: Language = ENGLISH, **changes: Any) -> SenderNotice:
    values: dict[str, Any] = {
        "id": "1795176030.76543210fedcba9876543210",
        "at": AT,
        "reference": REFERENCE,
        "sender": SENDER,
        "language": language,
        "change": change,
        "until": UNTIL,
    }
    return SenderNotice(**{**values, **changes})


def read(mail: bytes) -> EmailMessage:
    message = message_from_bytes(mail, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def values_in(text: str) -> set[str]:
    return {name for _text, name, _form, _conversion in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", WORDS.languages)
@pytest.mark.parametrize("kind", ["message", "files"])
def test_a_notice_says_who_what_how_large_until_when_and_how_to_open_and_complain(
    language: Language, kind: str
) -> None:
    mail = read(write_parcel_mail(notice(language, kind=kind), HEAD))
    text, words = text_of(mail), TEXTS[language]
    for part in (SENDER, REFERENCE, "2026-11-27 12:00 UTC", write_size(3_400_900, language), words[f"content_{kind}"]):
        assert part in text
    for sentence in ("verified", "open", "secret", "complain", "refuse", "end"):
        assert words[f"parcel_{sentence}"] in text
    assert text.splitlines()[0] == words[f"parcel_first_{kind}"].format(sender=SENDER)
    assert LINK in text.splitlines(), "the link is a line of its own"
    assert not values_in(text)


@pytest.mark.parametrize("language", WORDS.languages)
@pytest.mark.parametrize("kind", ["message", "files"])
def test_a_notice_names_the_address_of_the_sender_first(language: Language, kind: str) -> None:
    mail = read(write_parcel_mail(notice(language, kind=kind), HEAD))
    for text in (mail["Subject"], text_of(mail)):
        # An Arabic text isolates the address, so that it does not turn the sentence from left to right.
        assert text.removeprefix("\u2068").startswith(SENDER)
        assert text.startswith("\u2068") == is_right_to_left(language)


@pytest.mark.parametrize("language", WORDS.languages)
def test_no_mail_looks_like_one_of_a_delivery_company(language: Language) -> None:
    mails = [write_parcel_mail(notice(language, kind=kind), HEAD) for kind in ("message", "files")]
    mails += [write_sender_mail(sender_notice(change, language), HEAD) for change in Change]
    word = WORDS_OF_DELIVERY[language]
    for mail in map(read, mails):
        text = f"{mail['From']}\n{mail['Subject']}\n{text_of(mail)}".replace(LINK, "")
        assert word.findall(text.lower().replace(SERVICE, "")) == []
    assert [key for key, text in OWN[language].items() if word.search(text.lower())] == []


@pytest.mark.parametrize("language", WORDS.languages)
def test_the_longest_address_of_a_sender_is_in_a_subject_that_servers_take(language: Language) -> None:
    sender = f"{'a' * 64}@{'.'.join(['b' * 62] * 3)}.c"
    mail = write_parcel_mail(notice(language, sender=sender), HEAD)
    assert sender in read(mail)["Subject"]
    assert max(map(len, mail.split(b"\r\n"))) < 998


@pytest.mark.parametrize("language", WORDS.languages)
def test_a_notice_has_the_fields_of_a_program_that_answers_nobody(language: Language) -> None:
    mail = read(write_parcel_mail(notice(language), HEAD))
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == language
    assert mail["From"].addresses[0].addr_spec == SERVICE
    assert (mail["To"], mail["Reply-To"]) == (RECIPIENT, SENDER)
    assert mail["Message-ID"] == "<1795176030.0123456789abcdef01234567@example.test>"
    assert mail["Date"].datetime == AT
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert REFERENCE in mail["Subject"]
    assert len(mail["Subject"]) <= MAX_SUBJECT_CHARACTERS
    assert "Return-Path" not in mail


def test_each_try_writes_the_same_mail() -> None:
    assert write_parcel_mail(notice(), HEAD) == write_parcel_mail(notice(), HEAD)


def test_the_only_links_are_the_parcel_and_the_refusal() -> None:
    text = text_of(read(write_parcel_mail(notice(), HEAD)))
    refusal = f"{API}/api/refusals/{TOKENS.seal(RECIPIENT)}?language=en"
    assert re.findall(r"https?://\S+", text) == [LINK, refusal]
    assert RECIPIENT not in refusal


@pytest.mark.parametrize("language", WORDS.languages)
def test_only_a_language_from_right_to_left_has_html(language: Language) -> None:
    mail = read(write_parcel_mail(notice(language), HEAD))
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert kinds == (["text/plain", "text/html"] if language == "ar" else ["text/plain"])
    if language == "ar":
        shown = mail.get_body(("html",))
        assert shown is not None
        page = str(shown.get_content())
        assert '<html lang="ar" dir="rtl">' in page
        assert f'<a dir="ltr" href="{LINK}">{LINK}</a>' in page
        assert "<img" not in page


@pytest.mark.parametrize("language", WORDS.languages)
def test_the_lines_are_short_enough_for_every_mail_server(language: Language) -> None:
    mail = write_parcel_mail(notice(language), HEAD)
    assert mail.isascii()
    # Only the field with the token may be longer than 78 (RFC 5322 section 2.1.1).
    long = [line for line in mail.split(b"\r\n") if len(line) > 78]
    assert [line.partition(b":")[0] for line in long] == [b"List-Unsubscribe"]
    assert max(map(len, long)) < 998


@pytest.mark.parametrize(
    "recipient",
    [
        "bob@example.org\r\nBcc: mallory@example.org",
        "bob@example.org, mallory@example.org",
        "Bob <bob@example.org>",
        '"bob"@example.org',
        "bob@example.org\0",
        "jos\u00e9@example.org",
        "bob@[192.0.2.1]",
        f"{'b' * 65}@example.org",
        f"b@{'e' * 300}.org",
        "",
    ],
)
def test_an_address_that_could_name_somebody_else_gets_no_mail(recipient: str) -> None:
    with pytest.raises(Unwritable):
        write_parcel_mail(notice(recipient=recipient, refusal="x"), HEAD)


@pytest.mark.parametrize("sender", ["alice@example.test\r\nX: y", "alice", "", "a@b\u202e.test"])
def test_a_sender_that_is_no_address_is_in_no_mail(sender: str) -> None:
    with pytest.raises(Unwritable):
        write_parcel_mail(notice(sender=sender), HEAD)


def test_the_address_of_a_sender_beyond_ascii_is_shown_but_gets_no_answer() -> None:
    mail = read(write_parcel_mail(notice(sender="jos\u00e9@example.test"), HEAD))
    assert mail["Reply-To"] is None
    assert "jos\u00e9@example.test" in text_of(mail)


@pytest.mark.parametrize(
    "changes",
    [
        {"parcel": "../../evil"},
        {"parcel": f"{PARCEL_ID}#x"},
        {"reference": "see https://evil.test"},
        {"reference": "A\r\nB"},
        {"kind": "invoice"},
        {"refusal": "x\r\nBcc: mallory@example.org"},
    ],
)
def test_values_that_are_none_of_ours_are_in_no_mail(changes: dict[str, Any]) -> None:
    with pytest.raises(Unwritable):
        write_parcel_mail(notice(**changes), HEAD)


@pytest.mark.parametrize("language", WORDS.languages)
@pytest.mark.parametrize("change", Change)
def test_a_sender_learns_each_change_in_each_language(change: Change, language: Language) -> None:
    failures = ((RECIPIENT, "smtp-550"),) if change is Change.FAILED else ()
    mail = read(write_sender_mail(sender_notice(change, language, failures=failures), HEAD))
    words = TEXTS[language]
    text = text_of(mail)
    assert words[f"sender_text_{change.replace('-', '_')}"] in text
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["To"] == SENDER
    assert REFERENCE in mail["Subject"]
    assert len(mail["Subject"]) <= MAX_SUBJECT_CHARACTERS
    assert (RECIPIENT in text) == (change is Change.FAILED)
    # People must not learn to follow links to parcels in such mails.
    assert re.findall(r"https?://\S+", text) == [f"{PAGES}/"]


def test_a_claim_is_named_as_a_claim_and_a_signature_as_proof() -> None:
    claimed = text_of(read(write_sender_mail(sender_notice(Change.OPENED), HEAD)))
    signed = text_of(read(write_sender_mail(sender_notice(Change.SIGNED), HEAD)))
    assert "cannot check" in claimed
    assert "confirmed by a signature" in signed


@pytest.mark.parametrize("language", WORDS.languages)
def test_every_language_has_the_same_words_with_the_same_values(language: Language) -> None:
    english, own = OWN[ENGLISH], OWN[language]
    assert own.keys() == english.keys()
    for path, text in own.items():
        assert values_in(text) == values_in(english[path]), path
        assert text.strip() == text, path
        assert 0 < len(text) <= MAX_PARAGRAPH_CHARACTERS, path


@pytest.mark.parametrize("language", [code for code in WORDS.languages if code != ENGLISH])
def test_every_language_is_in_its_own_words(language: Language) -> None:
    same = {path for path, text in OWN[language].items() if text == OWN[ENGLISH][path]}
    # "Code" is German and French too.
    assert {path for path in same if "unit_" not in path} <= {"decimal", "key_code"}
    if is_right_to_left(language):
        latin = {
            path
            for path, text in OWN[language].items()
            if re.search("[A-Za-z]", re.sub(r"\{\w+\}|ASCII", "", text)) is not None
        }
        assert latin == set()


def test_every_catalogue_has_all_changes_and_reasons() -> None:
    changes = {change.value for change in Change} - {Change.SIGNED}
    for stem, known in (("sender_subject_", changes), ("sender_text_", changes | {Change.SIGNED})):
        text_names = {key.removeprefix(stem) for key in OWN[ENGLISH] if key.startswith(stem)}
        assert text_names == {change.replace("-", "_") for change in known}
    reasons = {explain_failure(f"smtp-{code}", ENGLISH) for code in range(500, 600)}
    assert all(str(code) in " ".join(reasons) for code in (500, 550, 599))


@pytest.mark.parametrize(
    ("count", "english", "german"),
    [
        (0, "0 bytes", "0 Bytes"),
        (999, "999 bytes", "999 Bytes"),
        (1000, "1.0 KB", "1,0 KB"),
        (9_949, "9.9 KB", "9,9 KB"),
        (9_960, "10 KB", "10 KB"),
        (999_600, "1.0 MB", "1,0 MB"),
        (20 * 1024**3, "21 GB", "21 GB"),
        (10**18, "1000000 TB", "1000000 TB"),
    ],
)
def test_sizes_are_written_as_the_language_does(count: int, english: str, german: str) -> None:
    assert write_size(count, ENGLISH) == english
    assert write_size(count, Language("de")) == german


@pytest.fixture(scope="module")
def identity() -> Identity:
    authority = blocking.run(create_authority("Test authority", PROVIDER, at=AT))
    return blocking.run(issue_identity(authority, SERVICE, PROVIDER, at=AT))


@pytest.mark.parametrize("language", [ENGLISH, Language("ar")])
def test_openssl_verifies_the_signature_of_the_service(language: Language, identity: Identity, tmp_path: Path) -> None:
    signer = NoticeSigner(identities=(identity,), provider=PROVIDER)
    head = Letterhead(pages_origin=PAGES, api_url=API, sender=SERVICE, signer=signer)
    mail = write_parcel_mail(notice(language), head)
    read_mail = read(mail)
    assert read_mail.get_content_type() == "multipart/signed"
    assert read_mail["Auto-Submitted"] == "auto-generated", "a server that reads no signature sees it too"
    assert TEXTS[language]["parcel_secret"] in text_of(read_mail)
    (tmp_path / "mail.eml").write_bytes(mail)
    command = ("openssl", "cms", "-verify", "-noverify", "-in", "mail.eml", "-out", "content")
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    # The header fields are inside too (RFC 9788), so that nobody changes the subject or the sender.
    inside = read((tmp_path / "content").read_bytes())
    for name in ("From", "To", "Subject", "Date", "Message-ID", "Reply-To"):
        assert inside[name] == read_mail[name], name
    (tmp_path / "mail.eml").write_bytes(mail.replace(REFERENCE.encode(), b"7K3M-0PQR-XYZ2"))
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode != 0


def test_a_valid_certificate_signs_and_an_expired_one_does_not(
    identity: Identity, caplog: pytest.LogCaptureFixture
) -> None:
    authority = blocking.run(create_authority("Test authority", PROVIDER, at=AT))
    over = Details(not_before=AT - datetime.timedelta(days=9), not_after=AT - datetime.timedelta(days=1))
    expired = blocking.run(issue_identity(authority, SERVICE, PROVIDER, at=AT, details=over))
    mail = f"From: {SERVICE}\r\nTo: bob@example.test\r\n\r\nHello\r\n".encode()
    signed = NoticeSigner(identities=(expired, identity), provider=PROVIDER).sign(mail, AT)
    assert b"multipart/signed" in signed
    assert NoticeSigner(identities=(expired,), provider=PROVIDER).sign(mail, AT) == mail
    assert "certificate-expired" in caplog.text


def test_the_certificate_must_be_that_of_the_address_that_writes(identity: Identity, tmp_path: Path) -> None:
    file = tmp_path / "service.p12"
    file.write_bytes(blocking.export_identity(identity, b"secret", provider=PROVIDER))
    assert read_signer(file, b"secret", sender=SERVICE, provider=PROVIDER).identities
    for sender, password in ((SENDER, b"secret"), (SERVICE, b"wrong")):
        with pytest.raises(SignerRefused) as refused:
            read_signer(file, password, sender=sender, provider=PROVIDER)
        assert "secret" not in str(refused.value)
    with pytest.raises(SignerRefused):
        read_signer(tmp_path / "missing.p12", None, sender=SERVICE, provider=PROVIDER)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("alice@example.org", True),
        (f"{'a' * 64}@example.org", True),
        (f"{'a' * 65}@example.org", False),
        ("a@b@c", False),
    ],
)
def test_plain_addresses_have_the_lengths_of_smtp(address: str, expected: bool) -> None:
    assert is_plain(address) is expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pages_origin", "https://mail.example.test/path"),
        ("api_url", "https://api.example.test/"),
        ("api_url", "https://api.example.test/mail?x"),
        ("sender", "a,b@example.test"),
    ],
)
def test_a_letterhead_whose_links_would_be_wrong_is_refused(name: str, value: str) -> None:
    values = {"pages_origin": PAGES, "api_url": API, "sender": SERVICE, name: value}
    with pytest.raises(ValueError, match=r"expected|origin"):
        Letterhead(pages_origin=values["pages_origin"], api_url=values["api_url"], sender=values["sender"])


@pytest.mark.parametrize(
    ("tag", "language"),
    [("de", "de"), ("de-AT", "de"), ("AR-eg", "ar"), ("zh-Hant", "en"), ("", "en"), ("e", "en")],
)
def test_a_tag_with_a_region_names_its_language(tag: str, language: str) -> None:
    assert language_of(tag) == language
