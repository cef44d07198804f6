"""Mails in files of other forms: byte order marks, UTF-16, `.emlx`; and files of other programs, which are named."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from smime_core import blocking, stream
from smime_core.cms import Encrypting, Keys, SignatureForm, Signing
from smime_core.describe import describe_message, detect_kind
from smime_core.errors import AsicContainer, MalformedMessage, OpenPgpContent, OutlookMessage, PdfFile, SmimeError
from smime_core.mime import open_mail_file
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report import State
from smime_core.trust import Judging, parse_people_file
from tests.support.people import NOW, PROVIDER, person, trust

MAIL = b"From: Alice <alice@example.test>\r\nTo: bob@example.test\r\nSubject: Supper\r\n\r\nAt eight.\r\n"
PLIST = b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist>\n<plist version="1.0"><dict/></plist>\n'
STREAMING = NativeStreamingProvider()
KEYS = Keys(identities=[person("alice"), person("bob")])


def signed(form: SignatureForm = SignatureForm.DETACHED) -> bytes:
    signing = Signing(identities=[person("alice")], signing_time=NOW, form=form)
    return blocking.sign_message(MAIL, signing, provider=PROVIDER)


def encrypted() -> bytes:
    return blocking.encrypt_message(signed(), Encrypting(recipients=[person("bob").certificate]), provider=PROVIDER)


def emlx(mail: bytes, length: int | None = None) -> bytes:
    return b"%-10d\n" % (len(mail) if length is None else length) + mail + PLIST


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "bare": lambda mail: mail,
    "UTF-8 mark": lambda mail: b"\xef\xbb\xbf" + mail,
    "UTF-16": lambda mail: mail.decode().encode("utf-16"),
    "UTF-16, little-endian, no mark": lambda mail: mail.decode().encode("utf-16-le"),
    "UTF-16, big-endian, no mark": lambda mail: mail.decode().encode("utf-16-be"),
    ".emlx": emlx,
    ".emlx without a list": lambda mail: b"%d\n" % len(mail) + mail,
}
MAILS: dict[str, Callable[[], bytes]] = {
    "detached": signed,
    "opaque": lambda: signed(SignatureForm.OPAQUE),
    "encrypted": encrypted,
}


def examined(data: bytes) -> list[State]:
    """The states in memory and in a stream."""
    judging = Judging(trust_store=trust(), at=NOW)
    in_memory = blocking.examine_message(data, judging, PROVIDER, KEYS).state
    in_stream = stream.examine_file(io.BytesIO(data), judging, STREAMING, KEYS).report.state
    return [in_memory, in_stream]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mail", MAILS)
def test_a_mail_in_any_form_of_file_has_the_verdict_of_the_mail(mail: str, form: str) -> None:
    assert examined(FORMS[form](MAILS[mail]())) == [State.VERIFIED, State.VERIFIED]


@pytest.mark.parametrize("form", FORMS)
def test_a_mail_in_any_form_of_file_is_signed_and_encrypted_as_the_mail(form: str) -> None:
    data = FORMS[form](MAIL)
    signing = Signing(identities=[person("alice")], signing_time=NOW)
    assert examined(blocking.sign_message(data, signing, provider=PROVIDER)) == [State.VERIFIED] * 2
    target = io.BytesIO()
    stream.sign_mail_file(io.BytesIO(data), target, signing, STREAMING)
    assert examined(target.getvalue()) == [State.VERIFIED] * 2
    assert b"Subject: Supper" in target.getvalue()


@pytest.mark.parametrize("form", FORMS)
def test_a_mail_in_any_form_of_file_is_inspected_and_a_source_of_certificates(form: str) -> None:
    data = FORMS[form](signed())
    assert detect_kind(data) == "message"
    assert len(describe_message(data).layers) == 1
    assert [entry.address for entry in parse_people_file(data).people] == ["alice@example.test"]


@pytest.mark.parametrize("difference", [-1_000_000, -100, -1, 1, 1_000, 10**14])
def test_an_emlx_whose_number_lies_is_refused_and_says_so(difference: int) -> None:
    mail = signed()
    data = emlx(mail, max(0, len(mail) + difference))
    with pytest.raises(MalformedMessage, match="first line announces"):
        examined(data)
    with pytest.raises(MalformedMessage, match="first line announces"):
        stream.examine_file(io.BytesIO(data), Judging(trust_store=trust(), at=NOW), STREAMING)


def test_a_number_before_other_text_is_no_emlx() -> None:
    assert open_mail_file(b"42\nis the answer\n") == b"42\nis the answer\n"


ASIC = b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.etsi.asic-e+zipPK\x03\x04"
OF_OTHERS: dict[str, tuple[bytes, type[SmimeError]]] = {
    "Outlook": (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), OutlookMessage),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", PdfFile),
    "ASiC-E": (ASIC, AsicContainer),
    "ASiC-S": (ASIC.replace(b"asic-e", b"asic-s"), AsicContainer),
    "OpenPGP": (b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n=abcd\n-----END PGP MESSAGE-----\n", OpenPgpContent),
}


@pytest.mark.parametrize("name", OF_OTHERS)
def test_a_file_of_another_program_is_named(name: str) -> None:
    data, error = OF_OTHERS[name]
    with pytest.raises(error):
        blocking.examine_message(data, Judging(trust_store=trust(), at=NOW), PROVIDER)
    with pytest.raises(error):
        detect_kind(data)
    with pytest.raises(error):
        parse_people_file(data)
    if name != "OpenPGP":
        with pytest.raises(error):
            blocking.encrypt_message(data, Encrypting(recipients=[person("bob").certificate]), provider=PROVIDER)


@pytest.mark.parametrize("name", [name for name in OF_OTHERS if name != "OpenPGP"])
def test_a_file_of_another_program_is_named_by_streams_too(name: str) -> None:
    data, error = OF_OTHERS[name]
    with pytest.raises(error):
        stream.examine_file(io.BytesIO(data), Judging(trust_store=trust(), at=NOW), STREAMING)
