"""The parts of an entity that people see: text, files and header fields, also of hostile and damaged input."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.limits import MAX_MIME_DEPTH, MAX_MIME_PARTS
from smime_core.mail.html_text import MAX_HTML_CHARACTERS, extract_text, link_target
from smime_core.mail.reading import Passage, read_entity
from tests.support.growth import grows_in_proportion
from tests.support.vectors import vectors


def multipart(subtype: str, *parts: str) -> bytes:
    body = "".join(f"--b\r\n{part}\r\n" for part in parts)
    return f"Content-Type: multipart/{subtype}; boundary=b\r\n\r\n{body}--b--\r\n".encode()


PLAIN = "Content-Type: text/plain; charset=utf-8\r\n\r\nplain ä\r\n"
HTML = "Content-Type: text/html\r\n\r\n<p>from <b>html</b>"
PDF = "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nAAE="


class TestEntities:
    def test_an_alternative_shows_its_plain_text(self) -> None:
        assert read_entity(multipart("alternative", HTML, PLAIN)).text == "plain ä"

    def test_an_alternative_without_plain_text_shows_the_text_of_its_html(self) -> None:
        assert read_entity(multipart("alternative", PLAIN.replace("plain ä", " "), HTML)).text == "from html"

    def test_the_passages_of_an_alternative_are_its_markup_as_it_was_sent(self) -> None:
        assert read_entity(multipart("alternative", PLAIN, HTML)).passages == (
            Passage("2", "from html", "<p>from <b>html</b>"),
        )

    def test_passages_and_files_of_a_mixed_have_their_places(self) -> None:
        image = "Content-Type: image/png\r\nContent-ID: <seal@a>\r\nContent-Transfer-Encoding: base64\r\n\r\nAAE="
        inner = multipart("related", HTML, image).decode().replace("--b", "--c").replace("boundary=b", "boundary=c")
        shown = read_entity(multipart("mixed", PLAIN, inner, PDF))
        assert [(passage.path, passage.html) for passage in shown.passages] == [
            ("1", None),
            ("2.1", "<p>from <b>html</b>"),
        ]
        assert [(attachment.path, attachment.content_id) for attachment in shown.attachments] == [
            ("2.2", "seal@a"),
            ("3", ""),
        ]

    def test_files_in_any_alternative_are_kept(self) -> None:
        inner = multipart("mixed", HTML, PDF).decode().replace("--b", "--c").replace("boundary=b", "boundary=c")
        shown = read_entity(multipart("alternative", PLAIN, inner))
        assert (shown.text, [attachment.filename for attachment in shown.attachments]) == ("plain ä", ["a.pdf"])

    def test_a_mixed_shows_its_texts_in_turn_and_its_files(self) -> None:
        shown = read_entity(multipart("mixed", PLAIN, PDF, HTML))
        assert shown.text == "plain ä\n\nfrom html"
        assert [
            (attachment.filename, attachment.content_type, attachment.data) for attachment in shown.attachments
        ] == [("a.pdf", "application/pdf", b"\0\1")]

    @pytest.mark.parametrize(
        ("part", "name"),
        [
            ("Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nhidden", "message.eml"),
            ("Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n!damaged", "smime.p7m"),
            ("Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nhidden", "attachment"),
            ("Content-Type: text/plain; name=a.txt\r\n\r\nhidden", "a.txt"),
            ('Content-Type: x/y\r\nContent-Disposition: attachment; filename="../=?utf-8?Q?=C3=A4?="\r\n\r\n', "ä"),
        ],
    )
    def test_a_part_that_is_no_body_text_is_an_attachment(self, part: str, name: str) -> None:
        shown = read_entity(multipart("mixed", PLAIN, part))
        assert (shown.text, [attachment.filename for attachment in shown.attachments]) == ("plain ä", [name])

    @pytest.mark.parametrize(
        ("media_type", "name"),
        [
            ("image/png", "picture.png"),
            ("IMAGE/JPEG", "picture.jpg"),
            ("image/unheard-of", "picture"),
            ("audio/mpeg", "sound.mp3"),
            ("video/mp4", "video.mp4"),
            ("application/pdf", "document.pdf"),
            ("application/octet-stream", "attachment"),
        ],
    )
    def test_a_file_without_a_name_is_named_after_its_type(self, media_type: str, name: str) -> None:
        picture = f"Content-Type: {media_type}\r\nContent-ID: <p@x>\r\nContent-Disposition: inline\r\n\r\n"
        shown = read_entity(multipart("related", HTML, picture))
        assert [(attachment.filename, attachment.content_id) for attachment in shown.attachments] == [(name, "p@x")]

    def test_the_messages_of_a_digest_are_files(self) -> None:
        """RFC 2046 section 5.1.5: parts of a digest without a type of their own are messages."""
        shown = read_entity(multipart("digest", "\r\nSubject: inner\r\n\r\nhidden"))
        assert (shown.text, [attachment.content_type for attachment in shown.attachments]) == ("", ["message/rfc822"])

    def test_text_with_an_inline_disposition_is_shown_despite_a_name(self) -> None:
        part = "Content-Type: text/plain; name=a.txt\r\nContent-Disposition: inline\r\n\r\nshown"
        assert read_entity(multipart("mixed", part)).text == "shown"

    @pytest.mark.parametrize(
        ("charset", "octets", "text"),
        [
            ("iso-8859-1", b"\xe4\x80", "ä€"),
            ("utf-8", b"a\xff", "a\ufffd"),
            ("no-such-charset", b"\xc3\xa4", "ä"),
            ("us-ascii", b"\xe4", "ä"),
            ("iso-2022-jp", b'\x1b$B$"\x1b(B', "あ"),
            ("unicode_escape", b"\\x41", "\\x41"),
        ],
    )
    def test_charsets_are_decoded_with_replacement(self, charset: str, octets: bytes, text: str) -> None:
        assert read_entity(f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + octets).text == text

    def test_header_fields_come_decoded_and_in_order(self) -> None:
        shown = read_entity(b"Subject: =?utf-8?B?w6Q=?=\r\nX: 1\r\nX: 2\r\n\r\n")
        assert shown.headers == (("Subject", "ä"), ("X", "1"), ("X", "2"))

    def test_a_multipart_without_its_boundary_shows_what_was_written(self) -> None:
        assert read_entity(b"Content-Type: multipart/mixed; boundary=b\r\n\r\nHello").text == "Hello"

    def test_html_above_the_bound_is_offered_as_a_file(self) -> None:
        shown = read_entity(b"Content-Type: text/html\r\n\r\n" + b"x" * (MAX_HTML_CHARACTERS + 1))
        assert (shown.text, shown.attachments[0].filename) == ("", "message.html")

    def test_refuses_nesting_above_the_limit(self) -> None:
        message = "\r\nx"
        for level in range(MAX_MIME_DEPTH + 1):
            message = f"Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n{message}\r\n--b{level}--"
        with pytest.raises(LimitExceeded, match="depth"):
            read_entity(message.encode())

    def test_refuses_more_parts_in_all_than_the_limit(self) -> None:
        inner = multipart("mixed", *["\r\nx"] * 600).decode().replace("--b", "--c").replace("boundary=b", "boundary=c")
        with pytest.raises(LimitExceeded, match="parts"):
            read_entity(multipart("mixed", *[inner] * (MAX_MIME_PARTS // 600 + 1)))

    @pytest.mark.parametrize(
        "set_name", ["mime-cpython", "mime-mailparser", "mime-mime4j", "mime-spamassassin", "mime-stalwart", "johnny"]
    )
    def test_every_vector_is_readable_as_text_that_can_be_sent_on(self, set_name: str) -> None:
        for path in vectors(set_name).rglob("*"):
            if path.is_file():
                shown = read_entity(path.read_bytes())
                assert "\0" not in shown.text
                _ = shown.text.encode(), [attachment.filename.encode() for attachment in shown.attachments]

    @given(st.binary(max_size=300), st.sampled_from(["plain", "html"]))
    def test_any_bytes_are_readable(self, body: bytes, subtype: str) -> None:
        for data in (body, f"Content-Type: text/{subtype}\r\n\r\n".encode() + body):
            try:
                _ = read_entity(data).text.encode()
            except MalformedMessage:
                continue


class TestHtml:
    @pytest.mark.parametrize(
        ("document", "text"),
        [
            ("<title>t</title><style>p{}</style><p>a&amp;b<script>alert('</p>x')</script>c", "a&bc"),
            ("<p>one<p>two<br>three", "one\n\ntwo\nthree"),
            ("<ul><li>one<li>two</ul>", "- one\n- two"),
            ("<pre>  a\n    b</pre>", "  a\n    b"),
            ("a<!-- <p>hidden --> b<!-->c", "a bc"),
            ("<head><meta x='>'><body>shown", "shown"),
            ("<img alt='a &lt; b'>", "a < b"),
            ("1 < 2 and <3", "1 < 2 and <3"),
            ("<div\n title='>'>x</div >y", "x\ny"),
            ("a<template><p>hidden</template>b", "ab"),
            ("&#xD800;&#0;", "\ufffd\ufffd"),
        ],
    )
    def test_extracts(self, document: str, text: str) -> None:
        assert extract_text(document) == text

    @pytest.mark.parametrize(
        ("link", "text"),
        [
            ('<a href="https://evil.test/x">https://good.test</a>', "https://good.test [evil.test]"),
            ('<a href="https://good.test@evil.test">good.test</a>', "good.test [evil.test]"),
            ('<a href="https://www.good.test/x">good.test</a>', "good.test"),
            ("<a href=https://good.test>click", "click [good.test]"),
            ('<a href="mailto:a@b.test?subject=x">Alice</a>', "Alice [a@b.test]"),
            ("<a href='javascript:alert(1)'>x</a>", "x [javascript:]"),
            ("<a href='#top'>x</a>", "x"),
        ],
    )
    def test_a_link_shows_where_it_leads(self, link: str, text: str) -> None:
        assert extract_text(link) == text

    @given(
        st.lists(
            st.sampled_from(
                [
                    "<td>",
                    "<TR>",
                    "</tr>",
                    "<b>",
                    "</b>",
                    "<p>",
                    "</td>",
                    "<pre>",
                    "</pre>",
                    "<a href=h:x>",
                    "</a>",
                    "<head>",
                    "<body>",
                    "<script>",
                    "</script>",
                    "<!--",
                    "-->",
                    "<t",
                    ">",
                    " ",
                    "\n",
                    "x",
                    "&amp;",
                ]
            ),
            max_size=30,
        )
    )
    def test_tags_that_are_read_together_give_the_same_text(self, pieces: list[str]) -> None:
        # A tag with a blank is read by itself.
        apart = [f"{piece[:-1]} >" if piece.startswith("<") and piece.endswith(">") else piece for piece in pieces]
        assert extract_text("".join(pieces)) == extract_text("".join(apart))

    @pytest.mark.parametrize(
        "url",
        [
            "https://evil.test\\@good.test",
            "ht\ntps:/\\evil.test",
            " \x01https:evil.test",
            "HTTPS://x:y@EVIL.test?@good.test",
        ],
    )
    def test_the_host_of_a_link_is_the_one_that_browsers_open(self, url: str) -> None:
        assert link_target(url) == "evil.test"

    @pytest.mark.thorough
    @pytest.mark.parametrize(
        "piece",
        ["<!--", "<a ", "<a href='", "</script ", "<script></script ", "<", "&", "<svg>", "<a href=x>", "<![", 'a="'],
    )
    def test_unclosed_markup_takes_linear_time(self, piece: str) -> None:
        def extracting(size: int) -> Callable[[], object]:
            document = piece * (size // len(piece))
            return lambda: extract_text(document)

        assert grows_in_proportion(extracting, 1_000_000)
