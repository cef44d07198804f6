"""Hidden header fields are copied into the text for programs without header protection, and read away again."""

from __future__ import annotations

import base64
import io
import quopri
from typing import Final

import pytest
from hypothesis import given, settings, strategies as st

from smime_core import blocking, stream
from smime_core.cms import Encrypting, Keys, Signing
from smime_core.mail import ProtectionMode, protect_headers
from smime_core.mail.legacy_display_writing import MAX_SEARCHED_BYTES
from smime_core.mail.reading import read_encrypted_payload, read_entity, read_payload
from smime_core.mime import split_message
from smime_core.mime.encoded_words import encode_words
from smime_core.providers.native_streaming import NativeStreamingProvider
from tests.support.people import NOW, PROVIDER, person

HEAD: Final = b"From: alice@example.test\r\nTo: bob@example.test\r\nDate: Mon, 01 Jun 2026 12:00:00 +0000\r\n"
STREAMING: Final = NativeStreamingProvider()
WITH, WITHOUT = ProtectionMode.CIPHER_WITH_COPY, ProtectionMode.CIPHER
QUOTED: Final = b"Content-Transfer-Encoding: quoted-printable\r\n"
SUBJECTS: Final = {
    "plain": "Supper",
    "long": "word " * 500 + "end",
    "one long word": "x" * 5_000,
    "colons": "Re: Fwd: Subject: a:b",
    "blanks": "  two  blanks  and\ta tab  ",
    "markup": '</pre></div><script>alert("1")</script><!-- &amp; &lt;b> ]]>',
    "a div": '<div class="header-protection-legacy-display">x</div>',
    "foreign": "Grüße, \u0417\u0434\u0440\u0430\u0432\u0441\u0442\u0432\u0443\u0439, \u4f60\u597d, \U0001f600",
    "right to left": "\u0645\u0631\u062d\u0628\u0627 \u202eabc",
    "line separators": "a\u2028b\u2029c\x85d",
    "equals": "=?utf-8?q?not=20a=20word?= =41=",
    "From": "From here on",
}
PLAIN: Final = {
    "ascii": b"Content-Type: text/plain\r\n\r\nAt eight.\r\n",
    "no type": b"\r\nAt eight.\r\n",
    "empty": b"Content-Type: text/plain\r\n\r\n",
    "no line end": b"Content-Type: text/plain; charset=us-ascii\r\n\r\nAt eight.",
    "begins with blank lines": b"Content-Type: text/plain\r\n\r\n\r\n \r\nAt eight.\r\n",
    "looks like a header": b"Content-Type: text/plain\r\n\r\nSubject: Supper\r\n\r\nAt eight.\r\n",
    "flowed": b"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\nAt \r\neight.\r\n-- \r\nAlice\r\n",
    "latin-1": b"Content-Type: text/plain; charset=iso-8859-1\r\n" + QUOTED + b"\r\n=FCber\r\n",
    "utf-8": "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nüber\r\n".encode(),
    "utf-16": b"Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes("über\r\n".encode("utf-16")).replace(b"\n", b"\r\n"),
    "base64": b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes("über \r\n.\r\nFrom\n\r".encode()).replace(b"\n", b"\r\n"),
    "not of its charset": b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xff\xfe",
}
HTML: Final = {
    "document": b"Content-Type: text/html\r\n\r\n<!DOCTYPE html>\r\n<html><head><title>t</title></head>"
    b"<body bgcolor=x><p>At eight.</body></html>\r\n",
    "piece": b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>At eight.</p>",
    "no body element": b"Content-Type: text/html\r\n\r\n<html><head><style>b{}</style></head><p>At eight.</html>",
    "comment": b"Content-Type: text/html\r\n\r\n<!-- <body> --><p>At eight.",
    "quoted": b"Content-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    + quopri.encodestring(b"<html><body>\xfcber</body></html>").replace(b"\n", b"\r\n"),
    "a copy of somebody": b"Content-Type: text/html\r\n\r\n"
    b'<div class="header-protection-legacy-display"><pre>Subject: x</pre></div>y',
}


def multipart(subtype: str, *parts: bytes, boundary: str = "b") -> bytes:
    pieces = b"".join(b"--%b\r\n%b\r\n" % (boundary.encode(), part) for part in parts)
    return (
        f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
        + pieces
        + f"--{boundary}--\r\n".encode()
    )


FILE: Final = b"Content-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nfile\r\n"
BOTH: Final = multipart("alternative", PLAIN["latin-1"], HTML["document"], boundary="a")
PARTS: Final = {
    "alternative": BOTH,
    "mixed": multipart("mixed", PLAIN["ascii"], FILE),
    "alternative in mixed": multipart("mixed", BOTH, FILE, PLAIN["utf-8"]),
    "related": multipart("alternative", PLAIN["ascii"], multipart("related", HTML["piece"], FILE, boundary="r")),
    "a file first": multipart("mixed", FILE, PLAIN["ascii"]),
    "a preamble": multipart("mixed", PLAIN["ascii"]).replace(b"\r\n\r\n--b", b"\r\n\r\nSee MIME.\r\n--b"),
    "a forwarded mail": multipart(
        "mixed", PLAIN["ascii"], b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny\r\n"
    ),
}
ENTITIES: Final = {**PLAIN, **HTML, **PARTS}


def mail(entity: bytes, subject: str) -> bytes:
    field = f"Subject: {encode_words(subject)}\r\n" if subject else ""
    return HEAD + field.encode() + b"MIME-Version: 1.0\r\n" + entity


def payload(message: bytes, mode: ProtectionMode = WITH) -> bytes:
    return protect_headers(*split_message(message), mode)[1]


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("entity", ENTITIES)
def test_our_reading_removes_exactly_what_was_written(entity: str, subject: str) -> None:
    message = mail(ENTITIES[entity], SUBJECTS[subject])
    with_copy, without = payload(message), payload(message, WITHOUT)
    read, expected = read_encrypted_payload(with_copy), read_encrypted_payload(without)
    assert (read.text, read.attachments, read.passages) == (expected.text, expected.attachments, expected.passages)


@pytest.mark.parametrize("entity", ENTITIES)
def test_the_copy_is_removed_from_a_message_that_was_decrypted_before_it_is_read(entity: str) -> None:
    message = mail(ENTITIES[entity], "Supper")
    read = read_payload(payload(message), encrypted=False)
    assert read.passages == read_encrypted_payload(payload(message, WITHOUT)).passages


def test_a_message_that_was_never_to_be_encrypted_keeps_a_copy() -> None:
    clear = payload(mail(PLAIN["ascii"], "Supper"), ProtectionMode.CLEAR)
    marked = clear.replace(b"text/plain", b'text/plain; hp-legacy-display="1"').replace(b"At eight", b"Subject: Supper")
    assert read_payload(marked, encrypted=False).text.startswith("Subject: Supper")


@pytest.mark.parametrize(
    ("entity", "count"),
    [*((name, 1) for name in PLAIN if name != "not of its charset"), *((name, 1) for name in HTML), ("alternative", 2),
     ("mixed", 1), ("alternative in mixed", 2), ("related", 2), ("a file first", 0), ("a forwarded mail", 1)],
)  # fmt: skip
def test_the_main_text_has_a_copy_that_other_programs_show(entity: str, count: int) -> None:
    with_copy = payload(mail(ENTITIES[entity], "Supper"))
    assert with_copy.count(b'hp-legacy-display="1"') == count
    # `read_entity` does not know that the part was encrypted, like a program without header protection.
    shown = [passage.text for passage in read_entity(with_copy).passages]
    assert (any("Subject: Supper" in text for text in shown)) is bool(count)


def test_a_file_gets_no_copy() -> None:
    assert FILE in payload(mail(PARTS["mixed"], "Supper"))


def test_a_letter_without_hidden_fields_stays_as_it_is() -> None:
    message = mail(PLAIN["ascii"], "")
    assert payload(message) == payload(message, WITHOUT)


def test_only_hidden_fields_are_copied() -> None:
    message = b"Keywords: food\r\nComments: none\r\nIn-Reply-To: <a@b>\r\n" + mail(PLAIN["ascii"], "Supper")
    assert payload(message).endswith(
        b"\r\n\r\nKeywords: food\r\nComments: none\r\nSubject: Supper\r\n\r\nAt eight.\r\n"
    )


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200), st.sampled_from(["plain", "html"]))
def test_any_subject_and_any_text_are_read_as_without_a_copy(subject: str, text: str, subtype: str) -> None:
    encoded = base64.encodebytes(text.encode("utf-8", "replace")).replace(b"\n", b"\r\n")
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode()
    message = mail(head + encoded, subject.encode("utf-8", "replace").decode())
    assert (
        read_encrypted_payload(payload(message)).passages == read_encrypted_payload(payload(message, WITHOUT)).passages
    )


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_stream_writes_what_memory_writes(entity: str) -> None:
    message = mail(ENTITIES[entity], SUBJECTS["foreign"])
    encrypting = Encrypting(recipients=[person("bob").certificate])
    target = io.BytesIO()
    stream.encrypt_mail_file(io.BytesIO(message), target, encrypting, STREAMING, WITH)
    in_memory = blocking.encrypt_message(message, encrypting, PROVIDER, WITH)
    assert opened(target.getvalue()) == opened(in_memory)


@pytest.mark.parametrize("length", [MAX_SEARCHED_BYTES - 30, MAX_SEARCHED_BYTES + 30, MAX_SEARCHED_BYTES + 3_000_000])
@pytest.mark.parametrize("has_parts", [False, True])
def test_a_long_mail_is_the_same_in_a_stream(length: int, has_parts: bool) -> None:
    text = b"Content-Type: text/plain\r\n\r\n" + b"At eight.\r\n" * (length // 11)
    entity = multipart("mixed", PLAIN["ascii"], text) if has_parts else text
    encrypting = Encrypting(recipients=[person("bob").certificate])
    target = io.BytesIO()
    stream.encrypt_mail_file(io.BytesIO(mail(entity, "Supper")), target, encrypting, STREAMING, WITH)
    in_memory = opened(blocking.encrypt_message(mail(entity, "Supper"), encrypting, PROVIDER, WITH))
    assert opened(target.getvalue()) == in_memory
    assert (b"hp-legacy-display" in in_memory) is (has_parts or length < MAX_SEARCHED_BYTES)


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("entity", ENTITIES)
def test_a_signed_letter_with_a_copy_has_seven_bits(entity: str, subject: str) -> None:
    signing = Signing(identities=[person("alice")], signing_time=NOW)
    signed = blocking.sign_message(mail(ENTITIES[entity], SUBJECTS[subject]), signing, PROVIDER, WITH)
    assert signed.isascii()
    assert max(map(len, signed.split(b"\r\n"))) <= 998


def opened(message: bytes) -> bytes:
    return blocking.decrypt_entity(message, Keys(identities=[person("bob")]), PROVIDER)


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_letter_that_is_encrypted_again_has_one_copy(entity: str, subject: str) -> None:
    bob, letter = person("bob"), mail(ENTITIES[entity], SUBJECTS[subject])
    encrypted = blocking.encrypt_message(letter, Encrypting(recipients=[bob.certificate]), PROVIDER, WITH)
    opened = blocking.decrypt_message(encrypted, Keys(identities=[bob]), provider=PROVIDER)
    read, expected = read_encrypted_payload(payload(opened)), read_encrypted_payload(payload(letter, WITHOUT))
    assert (read.text, read.attachments, read.passages) == (expected.text, expected.attachments, expected.passages)
