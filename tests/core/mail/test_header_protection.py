"""Header protection: writing, showing, attacks and replies (RFC 9788, MUSTS 36)."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from smime_core.errors import MalformedMessage
from smime_core.mail.header_policies import hcp_baseline, hcp_no_confidentiality, hcp_shy
from smime_core.mail.header_protection import (
    FieldProtection,
    HeaderScheme,
    ProtectedHeaders,
    ProtectionMode,
    protect_headers,
    unprotect_headers,
)
from smime_core.mail.header_replies import HiddenField, keep_hidden, reply_headers
from smime_core.mail.reading import read_encrypted_payload, read_entity
from smime_core.mime import Headers, from_addresses, parse_entity, parse_headers, split_signed
from smime_core.mime.seven_bit import is_transport_safe
from tests.support.vectors import vectors

OUTER = (
    b"From: Alice <alice@good.test>\r\nTo: Bob <bob@good.test>\r\nSubject: Dinner plans\r\n"
    b"Date: Fri, 20 Nov 2026 08:07:06 +0100\r\nMessage-ID: <1@good.test>\r\nKeywords: food\r\n"
)
ENTITY = b"Content-Type: text/plain; charset=us-ascii\r\n\r\nAt eight.\r\n"
CLEAR, CIPHER = ProtectionMode.CLEAR, ProtectionMode.CIPHER
# Fields as they are sent and as relays write them: sendmail 8.17 puts a blank after each comma.
REWRITTEN = [
    (b"To: b@x.test,c@x.test\r\n", b"To: b@x.test, c@x.test\r\n"),
    (b"To: b@x.test, c@x.test\r\n", b"To: b@x.test,\r\n\tc@X.TEST\r\n"),
    (b"Cc: Bob <b@x.test>\r\n", b'Cc: "Bob" <b@x.test>\r\n'),
    (b"Cc: Bob <b@x.test>\r\n", b"Cc: =?utf-8?Q?Bob?=  <b@x.test>\r\n"),
    (b"Reply-To: b@x.test\r\n", b"Reply-To: <b@x.test>\r\n"),
    (b"Sender: b@x.test\r\n", b"Sender: b@x.test (posted)\r\n"),
    (b"Date: Fri, 20 Nov 2026 08:07:06 +0100\r\n", b"Date: Fri, 20 Nov 2026 07:07:06 GMT\r\n"),
    (b"Date: Fri, 20 Nov 2026 08:07:06 +0100\r\n", b"Date: 20 Nov 2026 08:07:06 +0100 (CET)\r\n"),
]
ATTACKED = [
    (b"To: b@x.test,c@x.test\r\n", b"To: b@x.test\r\n"),
    (b"To: b@x.test,c@x.test\r\n", b"To: b@x.test, c@x.test, e@evil.test\r\n"),
    (b"Cc: Bob <b@x.test>\r\n", b"Cc: The Bank <b@x.test>\r\n"),
    (b"Cc: b@x.test\r\n", b"Cc: b@x.test, (\r\n"),
    (b"Reply-To: b@x.test\r\n", b"Reply-To: B@x.test@evil.test\r\n"),
    (b"Date: Fri, 20 Nov 2026 08:07:06 +0100\r\n", b"Date: Fri, 20 Nov 2026 08:07:06 +0000\r\n"),
    (b"Date: Fri, 20 Nov 2026 08:07:06 +0100\r\n", b"Date: yesterday\r\n"),
]
VALUES = ["", " ", "\t", "\r\n ", "x", " a@x.test", " a@x.test,\r\n b@x.test"]


def shown(outer: bytes, inner: bytes, *, signed: bool = True, encrypted: bool = True) -> ProtectedHeaders:
    return unprotect_headers(parse_headers(outer), parse_entity(inner), signed=signed, encrypted=encrypted)


def protections(headers: ProtectedHeaders) -> dict[str, FieldProtection]:
    return {field.field.name: field.protection for field in headers.fields}


def text(headers: ProtectedHeaders, name: str) -> str | None:
    return headers.headers.get(name)


class TestWriting:
    def test_a_signed_message_repeats_its_fields_inside_and_hides_nothing(self) -> None:
        """MUSTS 36, accepting."""
        outer, inner = protect_headers(OUTER, ENTITY, mode=CLEAR)
        assert outer == OUTER
        assert inner == OUTER + b'Content-Type: text/plain; charset=us-ascii;\r\n hp="clear"\r\n\r\nAt eight.\r\n'

    def test_an_encrypted_message_records_what_stands_outside(self) -> None:
        """MUSTS 36, accepting: HP-Outer."""
        outer, inner = protect_headers(OUTER, ENTITY, mode=CIPHER)
        expected = OUTER.replace(b"Dinner plans", b"[...]").replace(b"Keywords: food\r\n", b"")
        assert outer == expected
        records = b"".join(b"HP-Outer: " + line + b"\r\n" for line in expected.split(b"\r\n")[:-1])
        assert inner.startswith(OUTER + records + b'Content-Type: text/plain; charset=us-ascii;\r\n hp="cipher"')

    def test_blind_copies_and_the_marks_of_servers_stay_outside(self) -> None:
        outer = b"Received: by x\r\nBcc: secret@good.test\r\nDKIM-Signature: v=1\r\n" + OUTER
        protected, inner = protect_headers(outer, ENTITY, mode=CIPHER)
        assert protected.startswith(b"Received: by x\r\nBcc: secret@good.test\r\nDKIM-Signature: v=1\r\n")
        assert b"secret" not in inner
        assert b"Received" not in inner

    def test_marks_and_records_of_an_earlier_message_are_taken_off(self) -> None:
        marked = ENTITY.replace(b"us-ascii", b'us-ascii; hp="clear"; protected-headers=v1')
        outer, inner = protect_headers(b"HP-Outer: Subject: forged\r\n" + OUTER, marked, mode=CIPHER)
        parameters = parse_entity(inner).content_type.parameters
        assert parameters == {"charset": "us-ascii", "hp": "cipher"}
        assert b"forged" not in outer + inner

    def test_foreign_letters_are_encoded_inside_and_outside_alike(self) -> None:
        """MUSTS 34: signed content is 7-bit."""
        outer = 'From: "Müller, Jörg" <j@good.test>\r\nSubject: Grüße\r\n'.encode()
        protected, inner = protect_headers(outer, ENTITY, mode=CLEAR)
        assert is_transport_safe(inner)
        assert inner.startswith(protected)
        (sender,) = from_addresses(parse_entity(inner).headers)
        assert (sender.name, sender.address) == ("Müller, Jörg", "j@good.test")
        assert parse_entity(inner).headers.get("Subject") == "Grüße"

    def test_an_address_that_cannot_be_written_in_ascii_is_refused(self) -> None:
        with pytest.raises(MalformedMessage, match="beyond ASCII"):
            protect_headers("From: jörg@good.test\r\n".encode(), ENTITY, mode=CLEAR)

    @pytest.mark.parametrize("kind", [b"multipart/signed; boundary=b", b"application/pkcs7-mime"])
    def test_a_signed_or_encrypted_part_is_refused(self, kind: bytes) -> None:
        with pytest.raises(MalformedMessage, match="before the first signature"):
            protect_headers(OUTER, ENTITY.replace(b"text/plain", kind), mode=CIPHER)

    @pytest.mark.parametrize("value", ["x\r\nBcc: eve@evil.test", "x\0", "ä", "x" * 901])
    def test_no_policy_can_put_a_field_of_its_own_outside(self, value: str) -> None:
        with pytest.raises(MalformedMessage, match="Subject"):
            protect_headers(OUTER, ENTITY, mode=CIPHER, policy=lambda n, v: value if n == "Subject" else v)

    @pytest.mark.parametrize("value", [None, "eve@evil.test"])
    def test_no_policy_can_change_the_author(self, value: str | None) -> None:
        """RFC 9788 section 3.1.1."""
        with pytest.raises(MalformedMessage, match="author"):
            protect_headers(OUTER, ENTITY, mode=CIPHER, policy=lambda n, v: value if n == "From" else v)

    def test_the_shy_policy_hides_names_and_time_zone(self) -> None:
        outer, _ = protect_headers(OUTER, ENTITY, mode=CIPHER, policy=hcp_shy)
        assert outer == (
            b"From: alice@good.test\r\nTo: bob@good.test\r\nSubject: [...]\r\n"
            b"Date: Fri, 20 Nov 2026 07:07:06 +0000\r\nMessage-ID: <1@good.test>\r\n"
        )

    @pytest.mark.parametrize(
        ("name", "value"),
        [("To", "Bob <broken, x@y.test"), ("Date", "tomorrow"), ("Date", "Fri, 99 Nov 2026 08:07:06 +0100")],
    )
    def test_the_shy_policy_leaves_alone_what_it_cannot_read(self, name: str, value: str) -> None:
        assert hcp_shy(name, value) == value

    def test_without_confidentiality_everything_stands_outside(self) -> None:
        outer, inner = protect_headers(OUTER, ENTITY, mode=CIPHER, policy=hcp_no_confidentiality)
        assert outer == OUTER
        assert set(protections(shown(outer, inner)).values()) == {FieldProtection.SIGNED}


class TestShowing:
    def test_each_field_says_what_protects_it(self) -> None:
        """MUSTS 36, accepting: the inner fields are shown."""
        headers = shown(*protect_headers(OUTER, ENTITY, mode=CIPHER))
        assert headers.scheme is HeaderScheme.CIPHER
        assert text(headers, "Subject") == "Dinner plans"
        assert protections(headers)["Subject"] is FieldProtection.SIGNED_AND_ENCRYPTED
        assert protections(headers)["Keywords"] is FieldProtection.SIGNED_AND_ENCRYPTED
        assert protections(headers)["From"] is FieldProtection.SIGNED
        assert not headers.altered_outside
        assert not headers.outer_from_differs

    @pytest.mark.parametrize(
        ("mode", "signed", "encrypted", "subject", "sender"),
        [
            (CIPHER, False, True, FieldProtection.ENCRYPTED, FieldProtection.UNPROTECTED),
            (CIPHER, True, False, FieldProtection.SIGNED, FieldProtection.SIGNED),
            (CLEAR, True, False, FieldProtection.SIGNED, FieldProtection.SIGNED),
            (CLEAR, True, True, FieldProtection.SIGNED, FieldProtection.SIGNED),
            (CLEAR, False, False, FieldProtection.UNPROTECTED, FieldProtection.UNPROTECTED),
        ],
    )
    def test_no_field_claims_more_than_its_layers_give(
        self,
        mode: ProtectionMode,
        signed: bool,
        encrypted: bool,
        subject: FieldProtection,
        sender: FieldProtection,
    ) -> None:
        outer, inner = protect_headers(OUTER, ENTITY, mode=mode)
        field_protections = protections(shown(outer, inner, signed=signed, encrypted=encrypted))
        assert (field_protections["Subject"], field_protections["From"]) == (subject, sender)

    def test_a_differing_outer_from_is_told(self) -> None:
        """MUSTS 36, refusing: such a message is never "verified"."""
        outer, inner = protect_headers(OUTER, ENTITY, mode=CLEAR)
        assert shown(outer.replace(b"alice@", b"mallory@"), inner).outer_from_differs
        assert shown(b"From: x@y.test\r\n" + outer, inner).outer_from_differs
        assert not shown(outer.replace(b"Alice <alice@good.test>", b"ALICE@good.test"), inner).outer_from_differs

    @pytest.mark.parametrize("mode", [CLEAR, CIPHER])
    def test_a_field_altered_outside_is_reported_and_not_shown(self, mode: ProtectionMode) -> None:
        outer, inner = protect_headers(OUTER, ENTITY, mode=mode)
        attacked = outer.replace(b"Bob <bob@good.test>", b"Eve <eve@evil.test>")
        headers = shown(attacked, inner, encrypted=mode is CIPHER)
        assert headers.altered_outside == ("To",)
        assert text(headers, "To") == "Bob <bob@good.test>"

    @pytest.mark.parametrize("mode", [CLEAR, CIPHER])
    @pytest.mark.parametrize(("sent", "relayed"), REWRITTEN)
    def test_a_relay_that_writes_people_and_moments_otherwise_alters_nothing(
        self, mode: ProtectionMode, sent: bytes, relayed: bytes
    ) -> None:
        outer, inner = protect_headers(b"From: a@good.test\r\n" + sent, ENTITY, mode=mode)
        assert sent in outer
        headers = shown(outer.replace(sent, relayed), inner, encrypted=mode is CIPHER)
        assert headers.altered_outside == ()
        assert headers.fields == shown(outer, inner, encrypted=mode is CIPHER).fields

    @pytest.mark.parametrize("mode", [CLEAR, CIPHER])
    @pytest.mark.parametrize(("sent", "attacked"), ATTACKED)
    def test_other_people_and_moments_are_reported_in_any_form(
        self, mode: ProtectionMode, sent: bytes, attacked: bytes
    ) -> None:
        outer, inner = protect_headers(b"From: a@good.test\r\n" + sent, ENTITY, mode=mode)
        headers = shown(outer.replace(sent, attacked), inner, encrypted=mode is CIPHER)
        assert headers.altered_outside == (sent.partition(b":")[0].decode(),)

    @pytest.mark.parametrize(
        "added", [b"Reply-To: eve@evil.test\r\n", b"Cc: eve@evil.test\r\n", b"Sender: e@e.test\r\n"]
    )
    def test_a_field_that_somebody_added_outside_is_not_shown(self, added: bytes) -> None:
        outer, inner = protect_headers(OUTER, ENTITY, mode=CLEAR)
        assert b"evil" not in shown(added + outer, inner, encrypted=False).headers.raw
        assert added.partition(b":")[0].decode() not in protections(shown(added + outer, inner))

    def test_a_payload_without_from_shows_the_outer_one_as_unprotected(self) -> None:
        inner = b"Subject: x\r\nContent-Type: text/plain; hp=clear\r\n\r\nx"
        headers = shown(OUTER, inner)
        assert protections(headers) == {"Subject": FieldProtection.SIGNED, "From": FieldProtection.UNPROTECTED}

    def test_every_inner_from_counts(self) -> None:
        """MUSTS 37: exactly one From."""
        inner = b"From: a@x.test\r\nFrom: b@x.test\r\nContent-Type: text/plain; hp=clear\r\n\r\nx"
        assert len(from_addresses(shown(b"From: a@x.test\r\n", inner).headers)) == 2

    def test_structural_fields_and_records_are_never_shown_as_fields(self) -> None:
        outer, inner = protect_headers(OUTER, ENTITY, mode=CIPHER)
        names = protections(shown(outer, b"MIME-Version: 1.0\r\nContent-Language: en\r\n" + inner))
        assert not {"MIME-Version", "Content-Language", "Content-Type", "HP-Outer"} & names.keys()

    def test_a_record_that_holds_line_breaks_makes_one_field(self) -> None:
        inner = b"From: a@x.test\r\nHP-Outer:\r\n From: a@x.test\r\n Subject: forged\r\nHP-Outer: nothing\r\n"
        headers = shown(b"", inner + b"Content-Type: text/plain; hp=cipher\r\n\r\nx")
        assert [field.name for field in headers.recorded_outer] == ["From"]

    @pytest.mark.parametrize("mark", ["", "; hp=secret", "; protected-headers=v2"])
    def test_fields_inside_mean_nothing_without_the_mark(self, mark: str) -> None:
        inner = f"Subject: forged\r\nContent-Type: text/plain{mark}\r\n\r\nx".encode()
        headers = shown(OUTER, inner)
        assert headers.scheme is HeaderScheme.NONE
        assert text(headers, "Subject") == "Dinner plans"
        assert set(protections(headers).values()) == {FieldProtection.UNPROTECTED}

    def test_a_mark_in_a_part_further_in_means_nothing(self) -> None:
        part = b"Subject: forged\r\nContent-Type: text/plain; hp=clear\r\n\r\nx"
        inner = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + part + b"\r\n--b--\r\n"
        assert text(shown(OUTER, inner), "Subject") == "Dinner plans"

    @given(st.binary(max_size=300), st.binary(max_size=300), st.booleans())
    def test_any_bytes_are_shown(self, outer: bytes, inner: bytes, encrypted: bool) -> None:
        for mark in (b"", b"Content-Type: x/y; hp=cipher\r\n", b"Content-Type: message/rfc822\r\n\r\n"):
            headers = shown(outer, mark + inner, encrypted=encrypted)
            assert all("\n" not in field.field.text for field in headers.fields)
            reply_headers(headers)

    @given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=100))
    def test_any_subject_comes_back_and_never_stands_outside(self, subject: str) -> None:
        line = f"From: a@x.test\r\nSubject: secret-{subject}\r\n".encode()
        outer, inner = protect_headers(line, ENTITY, mode=CIPHER)
        assert b"secret" not in outer
        assert is_transport_safe(inner)
        shown_subject = text(shown(outer, inner), "Subject") or ""
        assert shown_subject.split() == (parse_headers(line).get("Subject") or "").split()

    @given(
        st.lists(st.tuples(st.sampled_from(["Subject", "Cc", "To", "From", "X-Note"]), st.sampled_from(VALUES))),
        st.sampled_from(ProtectionMode),
    )
    def test_any_field_is_protected_in_every_mode_unless_it_has_no_value(
        self, fields: list[tuple[str, str]], mode: ProtectionMode
    ) -> None:
        lines = "".join(f"{name}:{value}\r\n" for name, value in fields).encode()
        protected = shown(*protect_headers(lines, ENTITY, mode=mode)).fields
        assert all(shown_field.protection is not FieldProtection.UNPROTECTED for shown_field in protected)
        back = [(shown_field.field.name, shown_field.field.unfolded.split()) for shown_field in protected]
        first_subject = next((value for name, value in fields if name == "Subject"), "")
        expected = [(name, value) for name, value in fields if name != "Subject" or first_subject.strip()]
        assert back == [(name, value.split()) for name, value in expected if value.strip()]


class TestOlderForms:
    def test_a_wrapped_message_is_the_message(self) -> None:
        """RFC 8551 section 3.1."""
        inner = b"Content-Type: message/rfc822; forwarded=no\r\n\r\n" + OUTER + ENTITY
        headers = shown(OUTER.replace(b"Dinner plans", b"..."), inner)
        assert headers.scheme is HeaderScheme.WRAPPED
        assert (text(headers, "Subject"), protections(headers)["Subject"]) == (
            "Dinner plans",
            FieldProtection.SIGNED_AND_ENCRYPTED,
        )
        assert bytes(headers.content.body) == b"At eight.\r\n"

    @pytest.mark.parametrize("mark", [b"; forwarded=yes", b"\r\nContent-Disposition: attachment"])
    def test_a_forwarded_message_is_somebody_elses(self, mark: bytes) -> None:
        inner = b"Content-Type: message/rfc822" + mark + b"\r\n\r\nFrom: eve@evil.test\r\n\r\nx"
        headers = shown(OUTER, inner)
        assert headers.scheme is HeaderScheme.NONE
        assert [address.address for address in from_addresses(headers.headers)] == ["alice@good.test"]

    @pytest.mark.parametrize("name", ["smime-enc+legacy-disp.inner", "smime-sign+enc+legacy-disp.inner.inner"])
    def test_the_drafts_messages_show_their_subject_and_hide_its_copy(self, name: str) -> None:
        inner = (vectors("protected-headers-autocrypt") / name).read_bytes()
        outer = (vectors("protected-headers-autocrypt") / f"{name.partition('.')[0]}.eml").read_bytes()
        headers = unprotect_headers(parse_entity(outer).headers, parse_entity(inner), signed=False, encrypted=True)
        assert headers.scheme is HeaderScheme.LEGACY
        assert text(headers, "Subject") == "BarCorp contract signed, let's go!"
        assert protections(headers)["Subject"] is FieldProtection.ENCRYPTED
        assert protections(headers)["From"] is FieldProtection.UNPROTECTED
        assert not headers.outer_from_differs
        assert read_encrypted_payload(inner).text.startswith("Hi Bob!")
        assert read_entity(inner).text.startswith("Subject: BarCorp")

    @pytest.mark.parametrize("name", ["smime-multipart-signed.eml"])
    def test_the_drafts_signed_message_protects_its_fields(self, name: str) -> None:
        message = parse_entity((vectors("protected-headers-notmuch") / "corpora/protected-headers" / name).read_bytes())
        payload = parse_entity(split_signed(message)[0])
        headers = unprotect_headers(message.headers, payload, signed=True, encrypted=False)
        assert headers.scheme is HeaderScheme.LEGACY
        assert protections(headers)["Subject"] is FieldProtection.SIGNED


class TestLegacyDisplay:
    HEAD = b'Subject: Dinner plans\r\nContent-Type: text/plain; hp-legacy-display="1"; hp="cipher"\r\n\r\n'

    def test_the_copy_of_the_fields_is_left_out_of_encrypted_text(self) -> None:
        """RFC 9788 section 4.5.3.2."""
        message = self.HEAD + b"Subject: Dinner plans\r\n\r\nLet's meet\r\n\r\nat eight.\r\n"
        assert read_encrypted_payload(message).text == "Let's meet\n\nat eight."
        assert read_entity(message).text.startswith("Subject:")

    @pytest.mark.parametrize(
        "mark", [b'; hp-legacy-display="1"', b"", b'; hp="cipher"', b'; hp="clear"; hp-legacy-display=1']
    )
    def test_nothing_is_left_out_without_both_marks(self, mark: bytes) -> None:
        message = b"Content-Type: text/plain" + mark + b"\r\n\r\nSubject: x\r\n\r\ntext\r\n"
        assert read_encrypted_payload(message).text == "Subject: x\n\ntext"

    def test_the_first_division_of_a_document_is_left_out(self) -> None:
        """RFC 9788 section 4.5.3.3."""
        head = self.HEAD.replace(b"text/plain", b"text/html")
        copy = b'<html><head><title>t</title></head><body>\n<div class="header-protection-legacy-display">'
        copy += b"<pre>Subject: Dinner plans</pre></div>"
        assert read_encrypted_payload(head + copy + b"<p>shown").text == "shown"
        hidden = copy.replace(b"Subject: Dinner plans", b"hidden?")
        for message in (head + b"before " + hidden, head + hidden):
            assert "hidden?" in read_encrypted_payload(message).text

    @pytest.mark.parametrize(
        "words",
        [b"I take it all back.", b"Subject: No dinner", b"Subject: Dinner plans\r\nI take it all back.", b"To: eve@x"],
    )
    def test_no_words_of_the_signer_are_left_out(self, words: bytes) -> None:
        shown_text = words.decode().replace("\r\n", "\n")
        message = self.HEAD + words + b"\r\n\r\nI agree.\r\n"
        assert read_encrypted_payload(message).text == f"{shown_text}\n\nI agree."
        whole_part = (
            b'Subject: Dinner plans\r\nContent-Type: multipart/mixed; boundary=b; protected-headers="v1"\r\n\r\n'
        )
        whole_part += b'--b\r\nContent-Type: text/plain; protected-headers="v1"\r\n\r\n' + words
        whole_part += b"\r\n--b\r\nContent-Type: text/plain\r\n\r\nI agree.\r\n--b--\r\n"
        assert read_encrypted_payload(whole_part).text == f"{shown_text}\n\nI agree."

    def test_folded_and_encoded_copies_are_left_out(self) -> None:
        head = self.HEAD.replace(b"Dinner plans", b"=?utf-8?q?D=C3=AEner?=\r\n plans")
        for copy in ("Subject: Dîner plans", "subject:  Dîner\r\n  plans", "Subject: =?utf-8?q?D=C3=AEner?= plans"):
            assert read_encrypted_payload(head + copy.encode() + b"\r\n\r\nAt eight.\r\n").text == "At eight."


class TestReplies:
    def original(self) -> ProtectedHeaders:
        return shown(*protect_headers(OUTER, ENTITY, mode=CIPHER, policy=hcp_shy))

    def test_a_reply_answers_what_was_shown(self) -> None:
        reply = reply_headers(self.original())
        assert (reply.subject, reply.in_reply_to, reply.references) == (
            "Re: Dinner plans",
            "<1@good.test>",
            "<1@good.test>",
        )

    def test_a_reply_hides_what_the_original_hid_whatever_the_writers_policy(self) -> None:
        """RFC 9788 section 6.1."""
        reply = reply_headers(self.original(), policy=hcp_no_confidentiality)
        assert reply.policy("Subject", "Re: Dinner plans") == "Re: [...]"
        assert reply.policy("To", "Alice <alice@good.test>") == "alice@good.test"
        assert reply.policy("In-Reply-To", "<1@good.test>") == "<1@good.test>"
        assert reply.policy("Subject", "Another thing") == "Another thing"

    def test_a_field_that_did_not_stand_outside_at_all_is_left_out_again(self) -> None:
        hides_ids = protect_headers(OUTER, ENTITY, mode=CIPHER, policy=lambda n, v: None if n == "Message-ID" else v)
        reply = reply_headers(shown(*hides_ids), policy=hcp_no_confidentiality)
        assert reply.policy("In-Reply-To", "<1@good.test>") is None
        assert reply.policy("References", "<1@good.test>") is None

    def test_a_thread_stays_hidden_however_the_reply_writes_it(self) -> None:
        hides_ids = protect_headers(OUTER, ENTITY, mode=CIPHER, policy=lambda n, v: None if n == "Message-ID" else v)
        policy = keep_hidden(reply_headers(shown(*hides_ids)).hidden)
        assert policy("References", "<0@good.test> <1@good.test>") is None
        assert policy("To", "alice@good.test") == "alice@good.test"

    @pytest.mark.parametrize(
        ("name", "outside", "expected"),
        [
            ("subject", "Re: \N{LOCK}", "[...]"),
            ("subject", "Re: " + "x" * 900, "[...]"),
            ("subject", "Re: secret?", "Re: secret?"),
            ("references", "<1@x> " * 200, None),
        ],
        ids=["beyond ASCII", "too long", "fine", "a long thread"],
    )
    def test_an_unfit_outer_value_is_replaced_or_left_out(self, name: str, outside: str, expected: str | None) -> None:
        hidden = [HiddenField(name=name, value="Re: Plans", outside=outside)]
        assert keep_hidden(hidden, hcp_no_confidentiality)(name.title(), "Re: Plans") == expected

    @pytest.mark.parametrize("scheme", ['hp="clear"', 'protected-headers="v1"'])
    def test_a_signed_original_hides_nothing_whatever_was_changed_outside(self, scheme: str) -> None:
        payload = parse_entity(OUTER + f"Content-Type: text/plain; {scheme}\r\n\r\nHi".encode())
        changed = b"Subject: Overdue\r\nReply-To: eve@evil.test\r\nMessage-ID: <2@evil.test>\r\n"
        original = unprotect_headers(parse_headers(changed), payload, signed=True, encrypted=False)
        assert reply_headers(original).hidden == ()

    @pytest.mark.parametrize("outside", [None, "eve@evil.test", "alice@good.test, eve@evil.test", "alice at good"])
    def test_nobody_but_the_recipient_is_named_outside(self, outside: str | None) -> None:
        hidden = [HiddenField(name="to", value="Alice <alice@good.test>", outside=outside)]
        policy = keep_hidden(hidden, hcp_no_confidentiality)
        assert policy("To", "Alice <alice@good.test>") is None
        assert policy("To", "bob@good.test") == "bob@good.test"

    def test_the_writers_own_policy_still_counts(self) -> None:
        reply = reply_headers(shown(*protect_headers(OUTER, ENTITY, mode=CLEAR)))
        assert reply.policy("Subject", "Re: Dinner plans") == hcp_baseline("Subject", "") == "[...]"
        hidden_before = reply_headers(self.original())
        assert hidden_before.policy("Subject", "Re: Dinner plans") == "[...]"

    def test_a_long_thread_keeps_its_first_and_latest_messages(self) -> None:
        thread = b" ".join(b"<%d@x>" % number for number in range(100))
        headers = Headers(parse_headers(OUTER + b"References: " + thread + b"\r\n").fields, b"")
        references = reply_headers(
            unprotect_headers(headers, parse_entity(ENTITY), signed=False, encrypted=False)
        ).references
        assert (references.split()[0], references.split()[-1], len(references.split())) == (
            "<0@x>",
            "<1@good.test>",
            20,
        )
