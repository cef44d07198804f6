"""MIME in and out: exact bytes of signed parts, canonical form, 7-bit, addresses, names (RFC 1847, 2046, 2231)."""

from __future__ import annotations

import base64
import binascii
import contextlib
import quopri

import pytest
from hypothesis import example, given, strategies as st

from smime_core.errors import LimitExceeded, MalformedMessage, OutlookMessage, PdfFile
from smime_core.limits import MAX_HEADER_BYTES, MAX_HEADER_FIELDS, MAX_MIME_DEPTH, MAX_MIME_PARTS
from smime_core.mime import (
    Entity,
    Mailbox,
    Preparation,
    addresses,
    build_pkcs7_mime,
    build_signed,
    clean_filename,
    decode_body,
    from_addresses,
    has_parts,
    is_multipart_signed,
    join_message,
    looks_like_cms_part,
    parse_entity,
    prepare,
    split_message,
    split_multipart,
    split_signed,
    to_crlf,
)
from smime_core.mime.header_form import write_field
from smime_core.mime.multipart import find_parts
from smime_core.mime.seven_bit import is_transport_safe
from smime_core.mime.transfer import encode_base64, encode_quoted_printable
from tests.support.vectors import vectors

MIME_SETS = (
    "mime-cpython",
    "mime-mailparser",
    "mime-mime4j",
    "mime-notmuch-lkml",
    "mime-spamassassin",
    "mime-stalwart",
)
PART = b"Content-Type: text/plain\r\n\r\nHello\r\n"
HEADERS = b"From: Alice <alice@good.test>\r\nSubject: Lunch\r\n"


def signed(first: bytes, second: bytes, *more: bytes, protocol: str = "application/pkcs7-signature") -> bytes:
    head = f'Content-Type: multipart/signed; protocol="{protocol}"; micalg=sha-256; boundary=b\r\n\r\n'
    return head.encode() + b"".join(b"--b\r\n" + part + b"\r\n" for part in (first, second, *more)) + b"--b--\r\n"


SIGNATURE = (
    b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\nMAA=\r\n"
)


def multipart(*lines: bytes) -> bytes:
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"".join(lines)


class TestSplitting:
    def test_leaves_the_line_end_before_the_boundary_out_of_the_signed_bytes(self) -> None:
        """MUSTS 33, accepting."""
        content, _ = split_signed(parse_entity(signed(PART, SIGNATURE)))
        assert bytes(content) == PART

    def test_keeps_every_other_trailing_line_end_in_the_signed_bytes(self) -> None:
        content, _ = split_signed(parse_entity(signed(PART + b"\r\n\r\n", SIGNATURE)))
        assert bytes(content) == PART + b"\r\n\r\n"

    def test_keeps_bare_line_feeds_and_trailing_blanks_as_received(self) -> None:
        """MUSTS 33: the part is hashed as received."""
        odd = b"Content-Type: text/plain \n\nodd \t\r\nlines\r"
        content, _ = split_signed(parse_entity(signed(odd, SIGNATURE)))
        assert bytes(content) == odd

    def test_splits_at_boundaries_with_line_feeds_alone(self) -> None:
        message = signed(PART, SIGNATURE).replace(b"\r\n", b"\n")
        content, signature = split_signed(parse_entity(message))
        assert bytes(content) == PART.replace(b"\r\n", b"\n")
        assert decode_body(signature) == b"\x30\x00"

    def test_a_carriage_return_before_a_bare_line_feed_boundary_belongs_to_the_boundary_only_once(self) -> None:
        parts = split_multipart(parse_entity(multipart(b"--b\r\n\r\nx\r\r\n--b--\r\n")))
        assert [bytes(part) for part in parts] == [b"\r\nx\r"]

    def test_takes_no_line_for_a_boundary_that_only_begins_like_it(self) -> None:
        """MUSTS 33, refusing."""
        parts = split_multipart(
            parse_entity(multipart(b"--b\r\n\r\nx\r\n--b2\r\n --b\r\ny --b\r\n--b--x\r\n--b--\r\n"))
        )
        assert [bytes(part) for part in parts] == [b"\r\nx\r\n--b2\r\n --b\r\ny --b\r\n--b--x"]

    def test_tolerates_blanks_behind_a_boundary_and_a_missing_close_boundary(self) -> None:
        parts = split_multipart(parse_entity(multipart(b"preamble\r\n--b \t\r\n\r\nx\r\n--b\t\r\n\r\ny\r\n")))
        assert [bytes(part) for part in parts] == [b"\r\nx", b"\r\ny\r\n"]

    def test_reads_nothing_behind_the_close_boundary(self) -> None:
        parts = split_multipart(parse_entity(multipart(b"--b\r\n\r\nx\r\n--b--\r\n--b\r\n\r\nevil\r\n--b--\r\n")))
        assert [bytes(part) for part in parts] == [b"\r\nx"]

    def test_an_empty_part_may_share_its_line_end_with_the_next_boundary(self) -> None:
        parts = split_multipart(parse_entity(multipart(b"--b\r\n--b\r\n\r\nx\r\n--b--")))
        assert [bytes(part) for part in parts] == [b"", b"\r\nx"]

    @pytest.mark.parametrize("count", [1, 3])
    def test_refuses_a_multipart_signed_without_exactly_two_parts(self, count: int) -> None:
        """MUSTS 44, refusing."""
        parts = [PART, SIGNATURE, PART][:count]
        message = multipart(*(b"--b\r\n" + part + b"\r\n" for part in parts), b"--b--\r\n")
        with pytest.raises(MalformedMessage, match="exactly two"):
            split_signed(parse_entity(message.replace(b"multipart/mixed", b"multipart/signed")))

    def test_refuses_a_second_part_that_is_not_what_the_protocol_announces(self) -> None:
        """MUSTS 44, refusing."""
        with pytest.raises(MalformedMessage, match="protocol"):
            split_signed(parse_entity(signed(PART, PART)))
        with pytest.raises(MalformedMessage, match="protocol"):
            split_signed(parse_entity(signed(PART, SIGNATURE.replace(b"pkcs7-signature", b"pkcs7-mime"))))

    @pytest.mark.parametrize("second", [b"x-pkcs7-signature", b"octet-stream"])
    def test_accepts_the_old_type_and_an_octet_stream_with_a_signature_name(self, second: bytes) -> None:
        """MUSTS 44, accepting."""
        entity = parse_entity(signed(PART, SIGNATURE.replace(b"pkcs7-signature", second)))
        assert decode_body(split_signed(entity)[1]) == b"\x30\x00"

    def test_a_signature_of_another_protocol_is_not_ours(self) -> None:
        assert not is_multipart_signed(parse_entity(signed(PART, PART, protocol="application/pgp-signature")))
        assert is_multipart_signed(parse_entity(signed(PART, SIGNATURE, protocol="application/x-pkcs7-signature")))
        assert not is_multipart_signed(parse_entity(multipart()))

    @pytest.mark.parametrize("parameter", [b"", b"; boundary=", b"; boundary=" + b"x" * 301])
    def test_refuses_a_multipart_without_a_usable_boundary(self, parameter: bytes) -> None:
        with pytest.raises(MalformedMessage, match="boundary"):
            split_multipart(parse_entity(b"Content-Type: multipart/mixed" + parameter + b"\r\n\r\n--\r\n"))

    def test_refuses_more_parts_than_the_limit(self) -> None:
        body = b"--b\r\n\r\nx\r\n" * (MAX_MIME_PARTS + 2)
        with pytest.raises(LimitExceeded, match="parts"):
            split_multipart(parse_entity(multipart(body)))

    @given(st.lists(st.binary(max_size=200).filter(lambda part: b"--=_b" not in part), max_size=5), st.booleans())
    def test_gives_the_parts_of_any_built_multipart_byte_for_byte(self, parts: list[bytes], closed: bool) -> None:
        body = b"".join(b"\r\n--=_b\r\n" + part for part in parts) + (b"\r\n--=_b--" if closed or not parts else b"")
        entity = parse_entity(b'Content-Type: multipart/mixed; boundary="=_b"\r\n\r\npreamble' + body)
        expected = parts if closed or not parts or parts[-1] else parts[:-1]
        assert [bytes(part) for part in split_multipart(entity)] == expected


class TestEntities:
    @given(st.binary(max_size=400))
    @example(b"From x\nA:b\n\nbody")
    def test_any_bytes_parse_or_raise_the_one_error(self, data: bytes) -> None:
        self._walk(data)

    @given(
        st.lists(
            st.sampled_from(
                b'Content-Type: |multipart/mixed|; boundary=|b|\r\n|\n|--b|--|"|\r|Content-Transfer-Encoding: base64'
                b"|quoted-printable|=?utf-8?Q?|?=|*0*=|%C3|;|From: |<|>|@|(|)|\\|,|:| |\t|\0|\xff|a".split(b"|")
            ),
            max_size=40,
        )
    )
    def test_any_pieces_of_mail_parse_or_raise_the_one_error(self, pieces: list[bytes]) -> None:
        self._walk(b"".join(pieces))

    def _walk(self, data: bytes) -> None:
        entity = parse_entity(data)
        assert bytes(data).endswith(bytes(entity.encoded))
        assert entity.encoded[len(entity.encoded) - len(entity.body) :] == entity.body
        from_addresses(entity.headers)
        _ = [field.text.encode() for field in entity.headers.fields], entity.filename.encode()
        for read in (decode_body, split_multipart, split_signed):
            try:
                read(entity)
            except MalformedMessage:
                continue
        outer, inner = split_message(data)
        assert prepare(inner, Preparation.CANONICAL) == inner
        join_message(outer, inner)

    def test_a_text_without_header_is_all_body(self) -> None:
        assert bytes(parse_entity(b"Hello\r\n\r\nyou").body) == b"Hello\r\n\r\nyou"
        assert bytes(parse_entity(b"\r\nHello").body) == b"Hello"

    def test_an_mbox_line_is_no_part_of_the_entity(self) -> None:
        entity = parse_entity(b"From alice@good.test Fri Nov 20 08:00:00 2026\nSubject: x\n\nbody")
        assert bytes(entity.encoded) == b"Subject: x\n\nbody"
        assert bytes(parse_entity(b"From here on\nno header").body) == b"From here on\nno header"

    @pytest.mark.parametrize("field", [b"From : a@b.test", b"From  :a@b.test", b"From \t : a@b.test"])
    def test_a_from_field_with_blanks_before_its_colon_is_no_mbox_line(self, field: bytes) -> None:
        headers = parse_entity(field + b"\r\nFrom: c@d.test\r\n\r\nbody").headers
        assert from_addresses(headers) == (Mailbox("", "a@b.test"), Mailbox("", "c@d.test"))

    def test_a_line_of_blanks_does_not_end_the_header_section(self) -> None:
        entity = parse_entity(b"Subject: x\r\n \r\nFrom: a@b.test\r\n\r\nbody")
        assert from_addresses(entity.headers) == (Mailbox("", "a@b.test"),)

    def test_header_text_is_unfolded_and_decoded_once(self) -> None:
        headers = parse_entity(b"Subject: =?utf-8?Q?=3D=3Futf-8=3FQ=3Fx=3F=3D?=\r\n =?utf-8?B?w6Q=?= y\r\n\r\n").headers
        assert headers.get("subject") == "=?utf-8?Q?x?=ä y"
        assert headers.get("absent") is None

    def test_a_character_split_between_encoded_words_is_joined(self) -> None:
        assert parse_entity(b"S: =?utf-8?B?w6TD?= =?utf-8?B?pA==?=\r\n\r\n").headers.get("S") == "ää"

    def test_a_line_break_inside_an_encoded_word_makes_no_line(self) -> None:
        assert parse_entity(b"S: =?utf-8?Q?a=0D=0AFrom:_b?=\r\n\r\n").headers.get("S") == "a From: b"

    def test_codecs_that_are_no_charsets_are_never_used(self) -> None:
        for charset in ("idna", "unicode_escape", "rot13", "utf-7", "\0", "../x"):
            header = f"S: =?{charset}?Q?+AOQ-\\x41?=\r\n\r\n".encode()
            assert "+AOQ-\\x41" in (parse_entity(header).headers.get("S") or "")

    def test_without_transfer_encoding_the_body_is_7bit_and_never_guessed(self) -> None:
        """MUSTS 43, refusing."""
        entity = parse_entity(b"Content-Type: application/pkcs7-mime\r\n\r\nMAA=")
        assert entity.transfer_encoding == "7bit"
        assert bytes(decode_body(entity)) == b"MAA="

    def test_a_binary_body_is_read_as_it_stands(self) -> None:
        """MUSTS 43, accepting."""
        data = bytes(range(256))
        assert bytes(decode_body(parse_entity(b"Content-Transfer-Encoding: binary\r\n\r\n" + data))) == data

    @pytest.mark.parametrize("damaged", [b"MA", b"MAA", b"MAA=!", b"-- \r\nMAA=", b"M*AA=", b"MA==AA=="])
    def test_refuses_damaged_base64_in_a_cms_part_and_reads_it_elsewhere(self, damaged: bytes) -> None:
        head = b"Content-Transfer-Encoding: base64\r\nContent-Type: "
        with pytest.raises(MalformedMessage, match="base64"):
            decode_body(parse_entity(head + b"application/pkcs7-mime\r\n\r\n" + damaged))
        assert bytes(decode_body(parse_entity(head + b"text/plain\r\n\r\n" + damaged))).startswith(b"\x30")

    @pytest.mark.parametrize(
        "body",
        [
            b"MAA=\r\n-- \r\nlist footer",
            b"MAA=\r\nFooter without a dash",
            b"AAAA\r\nOur list: x\r\n",
            b"MA\r\n==\n\n--\n",
        ],
    )
    def test_lines_that_a_mailing_list_wrote_under_base64_are_left_out(self, body: bytes) -> None:
        head = b"Content-Transfer-Encoding: base64\r\nContent-Type: application/pkcs7-mime\r\n\r\n"
        assert bytes(decode_body(parse_entity(head + body))) in (b"\x30\x00", b"\0\0\0", b"\x30")

    @pytest.mark.parametrize("end", [b"`\nend\n", b"end\n", b"", b"\xff damaged"])
    def test_uuencode_is_read_as_old_mail_has_it(self, end: bytes) -> None:
        lines = b"".join(binascii.b2a_uu(bytes(range(45))) for _ in range(3))
        body = b"A line before\nbegin 644 smime.p7m\n" + lines + end
        head = b"Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: x-uuencode\n\n"
        assert decode_body(parse_entity(head + body)) == bytes(range(45)) * 3

    def test_reads_base64_with_any_white_space_between(self) -> None:
        head = b"Content-Transfer-Encoding: BASE64 (comment)\r\nContent-Type: application/pkcs7-mime\r\n\r\n"
        assert decode_body(parse_entity(head + b" M\r\nA\nA\t=\r\n\r\n")) == b"\x30\x00"

    def test_quoted_printable_loses_blanks_that_transport_added(self) -> None:
        head = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        assert decode_body(parse_entity(head + b"a =  \r\nb=20 \r\nc=3D")) == b"a b \r\nc="

    @pytest.mark.parametrize(
        ("header", "is_cms"),
        [
            ("application/pkcs7-mime", True),
            ("application/X-PKCS7-MIME", True),
            ("application/pkcs7-signature", True),
            ("application/octet-stream; name=smime.p7m", True),
            ('application/octet-stream; name="SMIME.P7S"', True),
            ("application/octet-stream; name=smime.p7m.exe", False),
            ("text/plain; name=smime.p7m", False),
            ("application/pdf; name=smime.p7m", False),
        ],
    )
    def test_knows_a_cms_part_by_type_or_name(self, header: str, is_cms: bool) -> None:
        assert looks_like_cms_part(parse_entity(f"Content-Type: {header}\r\n\r\n".encode())) is is_cms

    def test_refuses_a_header_section_above_the_limit(self) -> None:
        field = b"X: " + b"x" * 995 + b"\r\n"
        with pytest.raises(LimitExceeded, match="header section"):
            parse_entity(field * (MAX_HEADER_BYTES // len(field) + 1) + b"\r\nbody")

    def test_refuses_more_header_fields_than_the_limit(self) -> None:
        assert len(parse_entity(b"a: b\n" * MAX_HEADER_FIELDS + b"\nbody").headers.fields) == MAX_HEADER_FIELDS
        with pytest.raises(LimitExceeded, match="header fields"):
            parse_entity(b"a: b\n" * (MAX_HEADER_FIELDS + 1) + b"\nbody")


class TestParameters:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ('; a="x;y\\"z"; B = c', {"a": 'x;y"z', "b": "c"}),
            ("; charset=us-ascii (Plain text)", {"charset": "us-ascii"}),
            ("; name=report (2).pdf", {"name": "report (2).pdf"}),
            ("; a=1; a=2", {"a": "1"}),
            ("; a*1=lo; a*0=hel", {"a": "hello"}),
            ("; a*0*=utf-8'de'%C3; a*1*=%A4; a*2=\"%41 \"", {"a": "ä%41 "}),
            ("; a*=iso-8859-1''%E4; a=old", {"a": "ä"}),
        ],
    )
    def test_reads(self, value: str, expected: dict[str, str]) -> None:
        """MUSTS 49, accepting."""
        assert parse_entity(f"Content-Type: text/x{value}\r\n\r\n".encode()).content_type.parameters == expected

    @pytest.mark.parametrize(
        "value",
        ["a*0=x; a*2=y", "a*00=x", "a*0=x; a*01=y; a*1=z; a*1=z", "a*=utf-8%41", "a*=utf-8'%41", "a*0=x; a*1*=%41"],
    )
    def test_an_invalid_set_of_sections_counts_as_absent(self, value: str) -> None:
        """MUSTS 49, refusing."""
        parameters = parse_entity(f"Content-Type: text/x; {value}; a=plain\r\n\r\n".encode()).content_type.parameters
        assert parameters == {"a": "plain"}

    def test_the_number_of_a_section_has_ascii_digits(self) -> None:
        """RFC 2231 section 7: `section` is of DIGIT."""
        sections = "".join(f"; a*{number}=x" for number in range(10))
        value = f"Content-Type: text/x{sections}; a*1٠=y\r\n\r\n"
        assert parse_entity(value.encode()).content_type.parameters == {"a": "x" * 10}

    def test_an_unreadable_type_is_plain_text(self) -> None:
        for value in (b"text", b"", b"a/b/c", b"/"):
            assert parse_entity(b"Content-Type: " + value + b"\r\n\r\n").content_type.media_type == "text/plain"

    @pytest.mark.parametrize(
        ("proposed", "cleaned"),
        [
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\a.txt", "a.txt"),
            ("invoice\u202efdp.exe", "invoicefdp.exe"),
            ("a\r\nb\0.txt", "ab.txt"),
            (".htaccess", "htaccess"),
            ("CON.txt", "_CON.txt"),
            ("con .tar.gz", "_con .tar.gz"),
            ("LPT³", "_LPT³"),
            ("com¹ .txt", "_com¹ .txt"),
            ("com٣.txt", "com٣.txt"),
            ("conan.txt", "conan.txt"),
            ("..", "attachment"),
            ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ],
    )
    def test_a_filename_keeps_no_folder_and_nothing_misleading(self, proposed: str, cleaned: str) -> None:
        """MUSTS 49: no folder is respected."""
        assert clean_filename(proposed) == cleaned


class TestAddresses:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("a@x.test", ("", "a@x.test")),
            ("Alice <a@x.test>", ("Alice", "a@x.test")),
            ('"Doe, Alice" <a@x.test> (work)', ("Doe, Alice", "a@x.test")),
            ("=?utf-8?Q?M=C3=BCller,_A?= <a@x.test>", ("Müller, A", "a@x.test")),
            ('"a.b"@x.test', ("", "a.b@x.test")),
            ('"a b"@x.test', ("", '"a b"@x.test')),
            ("(c (n\\)) d) a@x.test", ("", "a@x.test")),
            ("a@[192.0.2.1]", ("", "a@[192.0.2.1]")),
            ("ä@müller.test", ("", "ä@müller.test")),
        ],
    )
    def test_reads_one_mailbox(self, value: str, expected: tuple[str, str]) -> None:
        assert addresses(value) == (Mailbox(*expected),)

    @pytest.mark.parametrize(
        "value",
        [
            '"alice@good.test" <eve@evil.test>',
            "alice@good.test <eve@evil.test>",
            "=?utf-8?Q?alice=40good.test?= <eve@evil.test>",
            "=?utf-8?Q?alice=40good.test=2C?= <eve@evil.test>",
            "eve@evil.test (alice@good.test)",
            "(<alice@good.test>) eve@evil.test",
        ],
    )
    def test_a_display_name_that_looks_like_an_address_never_wins(self, value: str) -> None:
        assert [mailbox.address for mailbox in addresses(value)] == ["eve@evil.test"]

    @pytest.mark.parametrize(
        "value",
        [
            "<alice@good.test> <eve@evil.test>",
            "<alice@good.test>eve",
            "alice@good.test@evil.test",
            "<@good.test:alice@good.test>",
            "alice@good.test\0.evil.test",
            "alice@good.test\r",
            "\0 <alice@good.test>",
            '"alice@good.test',
            "alice@good.test (",
            "alice..x@good.test",
            "alice@good.test.",
            "alice@go\ufffdod.test",
            "alice",
        ],
    )
    def test_an_unreadable_mailbox_has_no_address(self, value: str) -> None:
        assert [mailbox.address for mailbox in addresses(value)] == [""]

    def test_opens_groups(self) -> None:
        mailboxes = addresses("Team: A <a@x.test>, b@x.test;, c@x.test")
        assert [mailbox.address for mailbox in mailboxes] == ["a@x.test", "b@x.test", "c@x.test"]
        assert addresses("undisclosed-recipients:;") == ()

    @pytest.mark.parametrize(
        "header",
        [
            b"From: alice@good.test\r\nFrom: eve@evil.test\r\n",
            b"From: alice@good.test\r\nfrom : eve@evil.test\r\n",
            b"From: alice@good.test,\r\n eve@evil.test\r\n",
            b"From: alice@good.test, <\r\n",
        ],
    )
    def test_every_from_field_and_mailbox_counts(self, header: bytes) -> None:
        """MUSTS 37: exactly one From, exactly one mailbox."""
        assert len(from_addresses(parse_entity(header + b"\r\n").headers)) == 2


class TestCanonicalForm:
    @given(st.binary(max_size=100).map(lambda data: data.replace(b"x", b"\r").replace(b"y", b"\n")))
    def test_only_pairs_of_cr_and_lf_remain(self, data: bytes) -> None:
        octets = to_crlf(data)
        assert octets.count(b"\r\n") == octets.count(b"\n") == octets.count(b"\r")
        assert to_crlf(octets) is octets

    @pytest.mark.parametrize("length", [65_534, 65_535, 65_536])
    def test_pairs_and_bare_line_ends_are_told_apart_in_large_data(self, length: int) -> None:
        paired = b"x" * length + b"\r\n" + b"y" * 70_000
        assert to_crlf(paired) is paired
        for bare in (b"\r", b"\n"):
            assert to_crlf(paired.replace(b"\r\n", bare)) == paired

    def test_text_gets_crlf_and_binary_parts_are_left_alone(self) -> None:
        """MUSTS 42."""
        binary = b"Content-Type: image/png\nContent-Transfer-Encoding: binary\n\n\x89PNG\r\n\x1a\n\n"
        text = b"Content-Type: text/plain\nContent-Transfer-Encoding: binary\n\na\nb\n"
        message = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + binary + b"\n--b\n" + text + b"\n--b--\n"
        parts = split_multipart(parse_entity(prepare(message, Preparation.CANONICAL)))
        assert bytes(parts[0]).endswith(b"\r\n\r\n\x89PNG\r\n\x1a\n\n")
        assert bytes(parts[1]) == text.replace(b"\n", b"\r\n")

    def test_refuses_nesting_above_the_limit(self) -> None:
        message = b"\nx"
        for level in range(MAX_MIME_DEPTH + 1):
            message = b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n%b\n--b%d--" % (
                level,
                level,
                message,
                level,
            )
        with pytest.raises(LimitExceeded, match="depth"):
            prepare(message, Preparation.CANONICAL)


class TestMessages:
    @pytest.mark.parametrize(
        "body",
        [
            "Grüße\r\n".encode(),
            b"From Alice\r\n",
            b"x\r\nFrom Alice\r\n",
            b"x\r\n.\r\ny\r\n",
            b".\r\n",
            b"trailing \r\n",
            b"trailing\t\r\nx",
            b"-- \r\nAlice",
            b"x" * 999 + b"\r\n",
        ],
    )
    def test_text_that_transport_may_alter_becomes_quoted_printable(self, body: bytes) -> None:
        """MUSTS 34: text that transport may alter is encoded."""
        _, inner = split_message(HEADERS + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + body)
        entity = parse_entity(inner)
        assert entity.transfer_encoding == "quoted-printable"
        assert is_transport_safe(inner)
        assert decode_body(entity) == body

    @pytest.mark.parametrize(
        "pattern", [b"\r\nFrom x", b"\r\n.\r\n", b" \r\n", b"\t\r\n", b"\xc3\xa4", b"\0", b"\n", b"\r"]
    )
    def test_bytes_that_transport_may_alter_are_found_anywhere(self, pattern: bytes) -> None:
        lines = (b"x" * 62 + b"\r\n") * 1_024  # 65,536 bytes, which is the size of the blocks of the search
        assert is_transport_safe(lines * 2)
        for place in range(len(lines) - 9, len(lines) + 3):
            body = (lines * 2)[:place].rstrip(b"\r") + b"y" + pattern + b"z" + lines
            assert not is_transport_safe(body)

    def test_text_that_is_fit_keeps_every_byte(self) -> None:
        """MUSTS 34: text that is fit for transport stays as it is."""
        outer, inner = split_message(HEADERS + b"MIME-Version: 1.0\r\n" + PART)
        assert (outer, inner) == (HEADERS, PART)

    def test_binary_files_become_base64(self) -> None:
        data = bytes(range(256))
        head = b"Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        entity = parse_entity(split_message(head + data)[1])
        assert (entity.transfer_encoding, decode_body(entity)) == ("base64", data)

    def test_only_the_part_that_needs_it_is_encoded_anew(self) -> None:
        unfit = b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xc3\xa4"
        parts = split_multipart(
            parse_entity(split_message(multipart(b"--b\r\n", PART, b"\r\n--b\r\n", unfit, b"\r\n--b--"))[1])
        )
        assert bytes(parts[0]) == PART
        assert decode_body(parse_entity(parts[1])) == b"\xc3\xa4\r\n"[:2]

    def test_a_signed_message_inside_is_never_touched(self) -> None:
        inside = signed(b"Content-Type: text/plain\r\n\r\ntrailing \r\n", SIGNATURE)
        message = multipart(b"--b0\r\n", inside, b"\r\n--b0--\r\n").replace(b"boundary=b\r\n", b"boundary=b0\r\n", 1)
        assert inside in split_message(message)[1]

    def test_foreign_letters_in_inner_header_fields_are_encoded(self) -> None:
        head = "Content-Type: text/plain; \r\n name=Übung.txt\r\nContent-Description: Größte Übung je\r\n\r\nx".encode()
        _, inner = split_message(head)
        entity = parse_entity(inner)
        assert is_transport_safe(inner)
        assert entity.filename == "Übung.txt"
        assert entity.headers.get("Content-Description") == "Größte Übung je"

    def test_a_message_without_type_gets_one(self) -> None:
        assert split_message(b"Subject: x\n\nhi\n") == (
            b"Subject: x\r\n",
            b"Content-Type: text/plain; charset=us-ascii\r\n\r\nhi\r\n",
        )

    @given(st.binary(max_size=300))
    def test_the_inner_entity_of_any_text_is_fit_and_says_the_same(self, body: bytes) -> None:
        _, inner = split_message(b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + body)
        assert is_transport_safe(inner)
        assert to_crlf(bytes(decode_body(parse_entity(inner)))) == to_crlf(body)

    def test_the_joined_message_is_the_split_one(self) -> None:
        message = HEADERS + b"MIME-Version: 1.0\r\n" + PART
        assert join_message(*split_message(message)) == HEADERS + PART.replace(
            b"\r\n\r\n", b"\r\nMIME-Version: 1.0\r\n\r\n"
        )

    def test_inner_fields_replace_outer_ones_only_when_the_header_is_protected(self) -> None:
        inner = b"From: eve@evil.test\r\nContent-Type: text/plain\r\n\r\nx"
        joined = parse_entity(join_message(HEADERS, inner)).headers
        assert [mailbox.address for mailbox in from_addresses(joined)] == ["alice@good.test"]
        protected = inner.replace(b"text/plain", b"text/plain; hp=cipher")
        joined = parse_entity(join_message(HEADERS, protected)).headers
        assert [mailbox.address for mailbox in from_addresses(joined)] == ["eve@evil.test"]

    def test_fields_that_somebody_added_outside_do_not_come_into_the_joined_message(self) -> None:
        """MUSTS 36: beside protected header fields, outer ones that the author could have written do not count."""
        inner = b"From: a@x.test\r\nHP-Outer: From: a@x.test\r\nContent-Type: text/plain; hp=cipher\r\n\r\nx"
        outer = b"Received: x\r\nReply-To: eve@evil.test\r\nCc: eve@evil.test\r\nFrom: eve@evil.test\r\n"
        names = [field.name for field in parse_entity(join_message(outer, inner)).headers.fields]
        assert names == ["Received", "From", "Content-Type", "MIME-Version"]

    @pytest.mark.parametrize("control", [b"\r", b"\0", b"\x0b"])
    def test_a_control_character_inside_a_field_begins_no_field(self, control: bytes) -> None:
        message = b"Subject: x" + control + b"From: eve@evil.test \xc3\xa4\r\nX: y\r\n\r\nbody"
        outer, inner = split_message(message)
        for built in (
            outer + b"\r\n",
            join_message(outer, inner),
            write_field(parse_entity(message).headers.fields[0]),
        ):
            assert not from_addresses(parse_entity(built).headers)
            assert b"\r" not in built.replace(b"\r\n", b"")

    def test_a_built_signed_message_holds_the_entity_byte_for_byte(self) -> None:
        message = build_signed(HEADERS, PART, b"\x30\x00", "sha-256", boundary="=_0123")
        content, signature = split_signed(parse_entity(message))
        assert message.startswith(HEADERS)
        assert bytes(content) == PART
        assert decode_body(signature) == b"\x30\x00"
        assert parse_entity(message).content_type.parameters["micalg"] == "sha-256"
        assert is_transport_safe(message)

    def test_several_digests_are_joined_by_commas(self) -> None:
        message = build_signed(b"", PART, b"\x30\x00", "sha-256,sha-512", boundary="=_0")
        assert parse_entity(message).content_type.parameters["micalg"] == "sha-256,sha-512"

    def test_refuses_a_boundary_that_stands_in_the_content_or_is_none(self) -> None:
        with pytest.raises(MalformedMessage, match="boundary"):
            build_signed(b"", PART + b"--abc", b"", "sha-256", boundary="abc")
        for boundary in ("", 'a"b', "a\r\nb", "x" * 71, "a "):
            with pytest.raises(MalformedMessage, match="boundary"):
                build_signed(b"", PART, b"", "sha-256", boundary=boundary)

    @pytest.mark.parametrize(("kind", "name"), [("enveloped-data", "smime.p7m"), ("certs-only", "smime.p7c")])
    def test_a_pkcs7_mime_message_names_its_type_and_carries_the_bytes(self, kind: str, name: str) -> None:
        message = build_pkcs7_mime(HEADERS, bytes(1000), kind)
        entity = parse_entity(message)
        assert entity.content_type.parameters == {"name": name, "smime-type": kind}
        assert decode_body(entity) == bytes(1000)
        assert max(map(len, message.split(b"\r\n"))) == 76

    def test_refuses_a_smime_type_that_would_break_the_header(self) -> None:
        with pytest.raises(MalformedMessage, match="smime-type"):
            build_pkcs7_mime(b"", b"", "a\r\nBcc: x")

    @pytest.mark.parametrize("length", [57 * 4_096 - 1, 57 * 4_096, 57 * 4_096 + 1, 57 * 8_192 + 57])
    def test_large_base64_is_wrapped_without_a_seam(self, length: int) -> None:
        data = b"Sealwax" * (length // 7) + b"x" * (length % 7)
        assert encode_base64(data) == base64.encodebytes(data).replace(b"\n", b"\r\n")

    @given(st.binary(max_size=500))
    def test_base64_decodes_elsewhere(self, data: bytes) -> None:
        assert encode_base64(data) == base64.encodebytes(data).replace(b"\n", b"\r\n")

    @pytest.mark.parametrize("length", range(66, 74))
    def test_a_guarded_line_stays_within_76_characters(self, length: int) -> None:
        text = b"From " + b"x" * length + b"\n"
        encoded = encode_quoted_printable(text)
        assert quopri.decodestring(encoded.replace(b"\r\n", b"\n")) == text
        assert max(map(len, encoded.split(b"\r\n"))) <= 76

    @given(st.text(alphabet="aF. \t\nä=From", max_size=400).map(lambda text: text.replace("F", "From ").encode()))
    def test_quoted_printable_decodes_elsewhere_and_is_fit(self, text: bytes) -> None:
        encoded = encode_quoted_printable(text)
        assert quopri.decodestring(encoded.replace(b"\r\n", b"\n")) == text
        assert max(map(len, encoded.split(b"\r\n"))) <= 76
        assert is_transport_safe(encoded)


@pytest.mark.parametrize("set_name", MIME_SETS)
def test_every_part_of_every_vector_is_found_byte_for_byte(set_name: str) -> None:
    """Each part that is split off is found in the source between two boundary lines, at every depth."""
    files = [path for path in sorted(vectors(set_name).rglob("*")) if path.is_file()]
    assert files
    for path in files:
        check_parts(path.read_bytes(), 0)
        with contextlib.suppress(OutlookMessage, PdfFile):
            split_message(path.read_bytes())


@pytest.mark.parametrize("set_name", MIME_SETS)
def test_every_vector_taken_apart_and_joined_again_has_the_same_bytes(set_name: str) -> None:
    """At every depth, the header fields, the parts and the bytes between them are the whole message."""
    for path in sorted(vectors(set_name).rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            entity = parse_entity(data)
            assert data[: len(data) - len(entity.encoded)] + rebuild(entity, 0) == data


def rebuild(entity: Entity, depth: int) -> bytes:
    raw, position, pieces = entity.headers.raw, 0, []
    for field in entity.headers.fields:
        start = raw.index(field.encoded, position)
        pieces += [raw[position:start], field.encoded]
        position = start + len(field.encoded)
    head_length = len(entity.encoded) - len(entity.body)
    blank_line = bytes(entity.encoded[len(raw) : head_length])
    assert blank_line in (b"", b"\r\n", b"\n")
    pieces += [raw[position:], blank_line]
    end = 0
    for start, stop in find_parts(entity) if has_parts(entity) and depth < MAX_MIME_DEPTH else ():
        part = bytes(entity.body[start:stop])
        inner = parse_entity(part)
        mbox_line = part[: len(part) - len(inner.encoded)]
        pieces += [bytes(entity.body[end:start]), mbox_line, rebuild(inner, depth + 1)]
        end = stop
    return b"".join([*pieces, entity.body[end:]])


def check_parts(data: bytes, depth: int) -> None:
    entity = parse_entity(data)
    try:
        parts = [bytes(part) for part in split_multipart(entity)] if depth < MAX_MIME_DEPTH else []
    except MalformedMessage:
        return
    delimiter = b"--" + entity.content_type.parameters.get("boundary", "").encode()
    position = 0
    for index, part in enumerate(parts):
        before = data.index(delimiter, position) + len(delimiter)
        start = data.index(part, before)
        assert data[before:start].strip(b" \t") in (b"\r\n", b"\n", b"")
        position = start + len(part)
        behind = data[position:]
        assert behind.startswith((b"\r\n" + delimiter, b"\n" + delimiter, delimiter)) or index == len(parts) - 1
        check_parts(part, depth + 1)
