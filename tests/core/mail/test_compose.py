"""Mail made from a draft conforms to RFC 5322, is 7-bit, and no text in it becomes a header field."""

from __future__ import annotations

import dataclasses
import datetime
import email
import email.policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, strategies as st

from smime_core.errors import MalformedMessage
from smime_core.mail.compose import Draft, build_mail, build_parts, find_message_ids
from smime_core.mail.html_text import MAX_HTML_CHARACTERS
from smime_core.mail.reading import read_entity
from smime_core.mime import split_message
from smime_core.mime.attachment import Attachment
from smime_core.mime.seven_bit import is_transport_safe

DATE = datetime.datetime(2026, 11, 20, 8, 7, 6, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
DRAFT = Draft(
    sender="Alice <alice@a.test>", to=("bob@b.test",), subject="Lunch", text="Hello", date=DATE, message_id="<1@a.test>"
)


def draft(**changes: Any) -> Draft:
    return dataclasses.replace(DRAFT, **changes)


def read_with_the_standard_library(message: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_a_simple_mail_has_its_fields_once() -> None:
    message = build_mail(DRAFT)
    assert message.decode("ascii") == (
        "From: Alice <alice@a.test>\r\nTo: bob@b.test\r\nSubject: Lunch\r\nDate: Fri, 20 Nov 2026 08:07:06 +0100\r\n"
        "Message-ID: <1@a.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\nHello\r\n"
    )


def test_the_person_who_sends_for_an_author_is_named() -> None:
    message = build_mail(draft(sender="Ward 3 <ward3@a.test>", sent_by="Bob <bob@a.test>"))
    assert message.startswith(b"From: Ward 3 <ward3@a.test>\r\nSender: Bob <bob@a.test>\r\nTo: bob@b.test\r\n")
    with pytest.raises(MalformedMessage, match="Sender"):
        build_mail(draft(sent_by="Bob"))


def test_another_program_reads_names_subject_text_and_files() -> None:
    attached = Attachment(
        filename="Übersicht, sehr lang " + "x" * 60 + ".pdf", content_type="application/pdf", data=b"\0\1"
    )
    mail = read_with_the_standard_library(
        build_mail(
            draft(
                sender="Jörg Müller <joerg@a.test>",
                to=('"Doe, Bob" <bob@b.test>', "c@c.test"),
                cc=("D <d@d.test>",),
                subject="Grüße " * 20,
                text="Grüße\n.\nFrom Alice  \n",
                in_reply_to="<0@b.test>",
                attachments=(attached,),
            )
        )
    )
    assert [(address.display_name, address.addr_spec) for address in mail["From"].addresses] == [
        ("Jörg Müller", "joerg@a.test")
    ]
    assert [address.addr_spec for address in mail["To"].addresses] == ["bob@b.test", "c@c.test"]
    assert [address.addr_spec for address in mail["Cc"].addresses] == ["d@d.test"]
    assert mail["Subject"].strip() == ("Grüße " * 20).strip()
    assert (mail["In-Reply-To"], mail["References"]) == ("<0@b.test>", "<0@b.test>")
    body, file = mail.iter_parts()
    assert body.get_content().splitlines() == ["Grüße", ".", "From Alice  ", ""]
    assert file.get_filename() == attached.filename
    assert file.get_content() == attached.data


def test_a_reply_names_the_whole_thread() -> None:
    thread = [f"<{number}{'x' * 60}@b.test>" for number in range(20)]
    message = build_mail(draft(in_reply_to=thread[-1], references=thread))
    mail = read_with_the_standard_library(message)
    assert mail["References"].split() == thread
    assert mail["In-Reply-To"] == thread[-1]
    assert max(map(len, message.split(b"\r\n"))) < 100


def test_only_whole_message_ids_are_taken_from_strangers_fields() -> None:
    assert find_message_ids("<1@a> two <3> <4@b\N{DEGREE SIGN}> <5@c>") == ("<1@a>", "<5@c>")
    with pytest.raises(MalformedMessage, match="References"):
        build_mail(draft(in_reply_to="<1@a>", references=["<1@a>\r\nBcc: eve@evil.test"]))


@pytest.mark.parametrize("control", ["\r", "\n", "\0", "\r\nBcc: eve@evil.test", "\x7f", "\ud800"])
@pytest.mark.parametrize("field", ["sender", "to", "cc", "subject", "message_id", "in_reply_to", "attachments"])
def test_refuses_a_control_character_in_any_header_value(field: str, control: str) -> None:
    attached = Attachment(filename=f"a{control}b", content_type="text/plain", data=b"")
    values: dict[str, Any] = {
        "sender": f"Alice{control} <alice@a.test>",
        "to": (f"bob@b.test{control}",),
        "cc": (f'"C{control}" <c@c.test>',),
        "subject": f"Lunch{control}",
        "message_id": f"<1@a.test{control}>",
        "in_reply_to": f"<1@a.test>{control}",
        "attachments": (attached,),
    }
    with pytest.raises(MalformedMessage):
        build_mail(draft(**{field: values[field]}))


def test_refuses_a_control_character_in_an_attachment_type() -> None:
    attached = Attachment(filename="a", content_type="text/plain\r\nBcc: eve@evil.test", data=b"")
    with pytest.raises(MalformedMessage, match="type/subtype"):
        build_mail(draft(attachments=(attached,)))


@pytest.mark.parametrize("address", ["", "alice", "a@b.test, c@d.test", "a@b.test c@d.test", "<a@b.test", "ä@b.test"])
def test_refuses_what_is_not_one_mail_address(address: str) -> None:
    with pytest.raises(MalformedMessage, match="To"):
        build_mail(draft(to=(address,)))


def test_an_encoded_word_that_hides_a_line_break_stays_a_name() -> None:
    mail = read_with_the_standard_library(build_mail(draft(sender="=?utf-8?Q?a=0D=0ABcc:_b?= <alice@a.test>")))
    assert mail["Bcc"] is None
    assert mail["From"].addresses[0].addr_spec == "alice@a.test"


def test_a_subject_that_looks_like_an_encoded_word_is_shown_as_written() -> None:
    headers = dict(read_entity(build_mail(draft(subject="=?utf-8?Q?x?="))).headers)
    assert headers["Subject"] == "=?utf-8?Q?x?="


@pytest.mark.parametrize("subject", ["a" + " " * 300 + "b", "many short words " * 20 + "end", "x" * 1500])
def test_a_long_subject_is_folded_and_comes_back(subject: str) -> None:
    message = build_mail(draft(subject=subject))
    header_section = message.partition(b"\r\n\r\n")[0]
    assert all(line.strip() and len(line) <= 78 for line in header_section.split(b"\r\n"))
    assert dict(read_entity(message).headers)["Subject"] == subject


def test_refuses_a_time_without_zone_and_a_boundary_that_may_stand_in_a_part() -> None:
    with pytest.raises(MalformedMessage, match="time zone"):
        build_mail(draft(date=datetime.datetime(2026, 11, 20)))
    attached = Attachment(filename="a", content_type="text/plain", data=b"")
    with pytest.raises(MalformedMessage, match="boundary"):
        build_mail(draft(attachments=(attached,)), boundary="abc")


def test_a_whole_message_is_attached_as_it_is_and_its_boundary_is_no_end_of_the_letter() -> None:
    inner = build_mail(draft(attachments=(Attachment(filename="a.txt", content_type="text/plain", data=b"a"),)))
    letter = build_mail(draft(attachments=(Attachment(filename="m.eml", content_type="message/rfc822", data=inner),)))
    assert inner in letter
    (read,) = read_entity(letter).attachments
    assert (read.content_type, read.data) == ("message/rfc822", inner)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("multipart/mixed", b"From: x\r\n\r\n"),
        ("", b"From: x\r\n\r\n"),
        ("message/rfc822", b"From: x\n\n"),
        ("message/rfc822", b"From: x\r\n\r\n\xe4"),
        ("message/rfc822", b"From: x\r\n\r\n" + b"a" * 999),
    ],
)
def test_types_that_allow_no_base64_are_sent_as_octets(kind: str, data: bytes) -> None:
    attached = Attachment(filename="a.eml", content_type=kind, data=data)
    (read,) = read_entity(build_mail(draft(attachments=(attached,)))).attachments
    assert (read.content_type, read.data) == ("application/octet-stream", attached.data)


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=200)
_LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=120)


@given(_TEXT, _LINE, st.lists(st.binary(max_size=200), max_size=3))
def test_any_text_subject_and_files_come_back_and_nothing_needs_encoding_again(
    text: str, subject: str, files: list[bytes]
) -> None:
    attachments = tuple(Attachment(filename=f"{n}.bin", content_type="x/y", data=data) for n, data in enumerate(files))
    message = build_mail(draft(text=text, subject=subject, attachments=attachments))
    assert is_transport_safe(message)
    shown = read_entity(message)
    assert shown.text == (text if text.strip() or not files else "")
    assert tuple(dataclasses.replace(attachment, path="") for attachment in shown.attachments) == attachments
    assert dict(shown.headers).get("Subject", "") == subject.strip()
    assert split_message(message)[1].endswith(message.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize(
    "files", [(), (Attachment(filename="a.bin", content_type="application/x-a", data=b"\0" * 99),)]
)
def test_the_parts_are_those_that_splitting_the_mail_gives(files: tuple[Attachment, ...]) -> None:
    tricky = draft(text="From here\n.\nblank at the end \nüber\n", attachments=files)
    assert build_parts(tricky) == split_message(build_mail(tricky))


HTML = '<p>Grüße, <b>Bob</b></p>\n.\nFrom <a href="https://a.test/?a=_b">a</a>  \n<p>' + "long " * 300 + "</p>"
FILE = Attachment(filename="a.bin", content_type="application/x-a", data=b"\0" * 99)


@pytest.mark.parametrize("files", [(), (FILE,)])
def test_another_program_reads_the_text_first_and_the_html_last(files: tuple[Attachment, ...]) -> None:
    mail = read_with_the_standard_library(build_mail(draft(text="Grüße, Bob", html=HTML, attachments=files)))
    body, *attached = mail.iter_parts() if files else [mail]
    assert body.get_content_type() == "multipart/alternative"
    assert isinstance(body, EmailMessage)
    plain, rich = body.iter_parts()
    kinds = [(part.get_content_type(), part.get_content_charset()) for part in (plain, rich)]
    assert kinds == [("text/plain", "utf-8"), ("text/html", "utf-8")]
    assert plain.get_content().splitlines() == ["Grüße, Bob"]
    assert rich.get_content().splitlines() == HTML.splitlines()
    assert [attachment.get_content() for attachment in attached] == [file.data for file in files]
    assert not mail.defects
    assert not body.defects


@pytest.mark.parametrize("files", [(), (FILE,)])
def test_our_own_reader_shows_the_text_and_the_html(files: tuple[Attachment, ...]) -> None:
    message = build_mail(draft(text="Grüße, Bob", html=HTML, attachments=files))
    shown = read_entity(message)
    assert shown.text.strip() == "Grüße, Bob"
    (passage,) = shown.passages
    assert passage.html is not None
    assert passage.html.splitlines() == HTML.splitlines()
    assert [attachment.data for attachment in shown.attachments] == [file.data for file in files]


@pytest.mark.parametrize("files", [(), (FILE,)])
def test_a_mail_with_html_is_ready_to_be_signed(files: tuple[Attachment, ...]) -> None:
    rich = draft(html=HTML, attachments=files)
    message = build_mail(rich)
    assert is_transport_safe(message)
    assert b"\n" not in message.replace(b"\r\n", b"")
    assert max(map(len, message.split(b"\r\n"))) <= 78
    assert build_parts(rich) == split_message(message)


def test_a_mail_without_html_has_no_alternatives() -> None:
    assert build_mail(draft(html="")) == build_mail(DRAFT)


def test_an_attached_mail_with_html_of_its_own_ends_no_part_of_the_letter() -> None:
    inner = build_mail(draft(html="<p>inner</p>"))
    attached = Attachment(filename="m.eml", content_type="message/rfc822", data=inner)
    shown = read_entity(build_mail(draft(text="outer", html="<p>outer</p>", attachments=(attached,))))
    assert [attachment.data for attachment in shown.attachments] == [inner]
    assert [passage.text.strip() for passage in shown.passages] == ["outer"]


@pytest.mark.parametrize("control", ["\0", "\x08", "\x0c", "\x1b", "\x7f", "\ud800"])
def test_refuses_html_with_a_control_character(control: str) -> None:
    with pytest.raises(MalformedMessage, match="html"):
        build_mail(draft(html=f"<p>a{control}b</p>"))


def test_refuses_html_that_readers_would_not_show() -> None:
    with pytest.raises(MalformedMessage, match="html"):
        build_mail(draft(html="x" * (MAX_HTML_CHARACTERS + 1)))
    with pytest.raises(MalformedMessage, match="text"):
        build_mail(draft(text=" \n", html="<p>a</p>"))
    with pytest.raises(MalformedMessage, match="boundary"):
        build_mail(draft(html="<p>a</p>"), boundary="abc")
