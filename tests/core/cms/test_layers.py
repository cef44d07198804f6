"""The CMS layers of an input are found by their content, under every name and encoding that mail programs use."""

from __future__ import annotations

import base64
import binascii

import pytest
from hypothesis import given, strategies as st

from smime_core.blocking import sign_bytes, sign_message
from smime_core.cms.compressed_data import build_compressed_data, decompress
from smime_core.cms.content_info import (
    ID_COMPRESSED_DATA,
    ID_DATA,
    ID_DIGESTED_DATA,
    ID_ENCRYPTED_DATA,
    build_content_info,
)
from smime_core.cms.layers import (
    CompressedLayer,
    EncryptedLayer,
    RareLayer,
    SignedLayer,
    find_any_layer,
    find_layer,
    parse_message,
)
from smime_core.cms.nested_parts import find_nested_layers
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.errors import LimitExceeded, MalformedMessage, SmimeError, UnsupportedAlgorithm
from smime_core.limits import MAX_MIME_DEPTH, MAX_MIME_PARTS
from smime_core.mime import Entity, parse_entity
from smime_core.mime.transfer import encode_base64
from tests.support.people import MESSAGE, NOW, PROVIDER, person
from tests.support.vectors import vectors

INNER = b"Content-Type: text/plain\r\n\r\nHello\r\n"
SIGNED_DER = sign_bytes(INNER, Signing(identities=[person("alice")], signing_time=NOW), provider=PROVIDER)
SIGNED_MESSAGE = sign_message(MESSAGE, Signing(identities=[person("alice")], signing_time=NOW), provider=PROVIDER)
BASE64 = b"Content-Transfer-Encoding: base64\r\n"


def uuencoded(data: bytes) -> bytes:
    lines = [binascii.b2a_uu(data[start : start + 45]) for start in range(0, len(data), 45)]
    return b"begin 644 smime.p7m\n" + b"".join(lines) + b"`\nend\n"


def pem(label: str, data: bytes = SIGNED_DER) -> bytes:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(data).decode()}-----END {label}-----\n".encode()


def mixed(*parts: bytes, subtype: str = "mixed", boundary: str = "outer") -> bytes:
    body = b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts)
    head = f'From: a@example.test\r\nContent-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
    return head + body + f"--{boundary}--\r\n".encode()


OPAQUE = b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n" + BASE64 + b"\r\n"
OPAQUE += encode_base64(SIGNED_DER)
TEXT = b"Content-Type: text/plain\r\n\r\nThis list is public.\r\n"


def fault_of(message: bytes) -> str:
    """Why the signature of a multipart/signed cannot be read. It is also its only signer, which nobody can verify."""
    layer = find_layer(parse_message(message))
    assert isinstance(layer, SignedLayer)
    assert layer.fault is not None
    assert layer.signed_data.signer_infos == (layer.fault,)
    return str(layer.fault)


class TestTheTop:
    @pytest.mark.parametrize(
        "head",
        [
            b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n",
            b"Content-Type: application/pkcs7-mime\r\n",
            b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n",
            b"Content-Type: application/x-pkcs7-mime; name=smime.p7m\r\n",
            b"Content-Type: application/octet-stream; name=smime.p7m\r\n",
            b"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=SMIME.P7M\r\n",
            b"Content-Type: application/octet-stream; name=document\r\n",
            b"Content-Type: application/x-unheard-of\r\n",
            b"Content-Type: application/cms\r\n",
        ],
    )
    def test_a_signed_body_is_found_under_every_type_that_mail_programs_give_it(self, head: bytes) -> None:
        message = b"From: a@example.test\r\n" + head + BASE64 + b"\r\n" + encode_base64(SIGNED_DER)
        layer = find_layer(parse_message(message))
        assert isinstance(layer, SignedLayer)
        assert layer.content is not None
        assert (bytes(layer.content), layer.detached) == (INNER, False)

    @pytest.mark.parametrize(
        ("encoding", "body"),
        [
            (b"binary", SIGNED_DER),
            (b"8bit", SIGNED_DER),
            (b"7bit", pem("PKCS7")),
            (b"7bit", encode_base64(SIGNED_DER)),
            (b"base64", base64.b64encode(pem("CMS"))),
            (b"base64", base64.encodebytes(base64.encodebytes(SIGNED_DER))),
            (b"base64", encode_base64(SIGNED_DER) + b"-- \r\nOur mailing list\r\n"),
            (b"base64", b"\r\n \r\n" + encode_base64(SIGNED_DER)),
            (b"x-uuencode", uuencoded(SIGNED_DER)),
            (b"quoted-printable", binascii.b2a_qp(SIGNED_DER, istext=False)),
        ],
    )
    def test_a_signed_body_is_read_in_every_encoding(self, encoding: bytes, body: bytes) -> None:
        """MUSTS 43: binary bodies too."""
        head = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n"
        assert isinstance(find_layer(parse_message(head + body)), SignedLayer)

    @pytest.mark.parametrize(
        "file",
        [
            SIGNED_DER,
            pem("CMS"),
            pem("PKCS7"),
            b"\xef\xbb\xbf" + pem("PKCS7").replace(b"\n", b"\r\n"),
            pem("SIGNED MESSAGE"),
            base64.encodebytes(SIGNED_DER),
            b"\r\n" + base64.b64encode(SIGNED_DER) + b"\r\n",
            base64.b64encode(base64.b64encode(SIGNED_DER)),
            base64.encodebytes(base64.encodebytes(SIGNED_DER)),
            base64.encodebytes(base64.encodebytes(pem("CMS"))),
        ],
    )
    def test_a_bare_file_is_read_as_der_pem_and_base64(self, file: bytes) -> None:
        assert isinstance(find_layer(parse_message(file)), SignedLayer)

    @pytest.mark.parametrize(
        "head",
        [
            b"Content-Type: text/plain; name=smime.p7m\r\n",
            b"Content-Type: image/png; name=smime.p7m\r\n",
            b"",
        ],
    )
    def test_text_and_pictures_are_never_cms_whatever_they_hold(self, head: bytes) -> None:
        message = b"From: a@example.test\r\n" + head + BASE64 + b"\r\n" + encode_base64(SIGNED_DER)
        assert find_layer(parse_message(message)) is None

    def test_an_application_file_that_only_begins_like_asn1_is_a_file(self) -> None:
        key_like = bytes.fromhex("300d06092a864886f70d010101050003")
        head = b"Content-Type: application/octet-stream; name=key.der\r\n" + BASE64 + b"\r\n"
        assert find_layer(parse_message(head + encode_base64(key_like))) is None

    def test_a_part_that_announces_cms_and_holds_none_is_refused(self) -> None:
        head = b"Content-Type: application/pkcs7-mime\r\n" + BASE64 + b"\r\n"
        with pytest.raises(MalformedMessage, match="DER"):
            find_layer(parse_message(head + encode_base64(b"no structure at all")))

    def test_the_signature_of_a_multipart_signed_may_be_an_octet_stream_of_any_name(self) -> None:
        """MUSTS 44, accepting: the content of the part decides."""
        dialect = SIGNED_MESSAGE.replace(b"application/pkcs7-signature; name", b"application/octet-stream; name")
        dialect = dialect.replace(b"smime.p7s", b"attachment.dat")
        assert isinstance(find_layer(parse_message(dialect)), SignedLayer)

    def test_a_multipart_signed_whose_second_part_is_no_signature_is_refused(self) -> None:
        """MUSTS 44, refusing."""
        start = SIGNED_MESSAGE.rindex(b"\r\n\r\n") + 4
        end = SIGNED_MESSAGE.rindex(b"\r\n--")
        forged = SIGNED_MESSAGE[:start] + base64.b64encode(b"nothing") + SIGNED_MESSAGE[end:]
        forged = forged.replace(b"application/pkcs7-signature; name", b"application/octet-stream; name")
        assert "no CMS structure" in fault_of(forged)

    def test_content_inside_and_beside_a_signature_is_refused(self) -> None:
        """MUSTS 8, refusing."""
        start = SIGNED_MESSAGE.rindex(b"\r\n\r\n") + 4
        end = SIGNED_MESSAGE.rindex(b"\r\n--")
        twice = SIGNED_MESSAGE[:start] + encode_base64(SIGNED_DER) + SIGNED_MESSAGE[end:]
        assert "no detached signature" in fault_of(twice)

    def test_a_layer_tells_what_its_micalg_announces(self) -> None:
        """MUSTS 35."""
        layer = find_layer(parse_message(SIGNED_MESSAGE.replace(b"micalg=sha-256", b"micalg=rsa-sha1")))
        assert isinstance(layer, SignedLayer)
        assert layer.micalg == "rsa-sha1"

    def test_a_signature_file_covers_the_content_given_beside_it(self) -> None:
        detached = sign_bytes(
            INNER,
            Signing(identities=[person("alice")], signing_time=NOW, form=SignatureForm.DETACHED),
            provider=PROVIDER,
        )
        for file in (
            detached,
            b"Content-Type: application/pkcs7-signature\r\n" + BASE64 + b"\r\n" + encode_base64(detached),
        ):
            layer = find_layer(parse_message(file), detached_content=INNER)
            assert isinstance(layer, SignedLayer)
            assert (layer.content, layer.detached) == (INNER, True)

    def test_preamble_and_epilogue_are_no_signed_content(self) -> None:
        attacked = SIGNED_MESSAGE.replace(b"This is a signed S/MIME message.", b"Johnny, you are fired!")
        attacked += b"Johnny, you are fired!\r\n"
        layer = find_layer(parse_message(attacked))
        assert isinstance(layer, SignedLayer)
        assert layer.content is not None
        assert b"fired" not in bytes(layer.content)


class TestOtherStructures:
    def test_compressed_content_is_a_layer_that_opens_without_a_key(self) -> None:
        """MUSTS 48."""
        cms = build_compressed_data(INNER, content_type=ID_DATA)
        head = b"Content-Type: application/pkcs7-mime; smime-type=compressed-data\r\n" + BASE64 + b"\r\n"
        for data in (cms, head + encode_base64(cms)):
            layer = find_any_layer(parse_message(data))
            assert isinstance(layer, CompressedLayer)
            assert decompress(layer.compressed) == INNER
            with pytest.raises(UnsupportedAlgorithm) as refused:
                find_layer(parse_message(data))
            assert refused.value.oid == ID_COMPRESSED_DATA

    def test_encrypted_data_of_rfc4134_is_described(self) -> None:
        data = (vectors("rfc4134") / "7.1.bin").read_bytes()
        layer = find_any_layer(parse_message(data))
        assert isinstance(layer, RareLayer)
        assert layer.content_type == ID_ENCRYPTED_DATA
        with pytest.raises(UnsupportedAlgorithm):
            find_layer(parse_message(data))

    def test_digested_data_of_rfc4134_is_described(self) -> None:
        layer = find_any_layer(parse_message((vectors("rfc4134") / "6.0.bin").read_bytes()))
        assert isinstance(layer, RareLayer)
        assert layer.content_type == ID_DIGESTED_DATA

    def test_a_structure_that_nobody_knows_is_refused_by_name(self) -> None:
        with pytest.raises(UnsupportedAlgorithm, match=r"1\.2\.840\.113549\.1\.7\.99"):
            find_any_layer(build_content_info("1.2.840.113549.1.7.99", b"\x05\x00"))

    def test_other_structures_are_no_signature_of_a_multipart_signed(self) -> None:
        """MUSTS 44, refusing."""
        start = SIGNED_MESSAGE.rindex(b"\r\n\r\n") + 4
        end = SIGNED_MESSAGE.rindex(b"\r\n--")
        cms = encode_base64(build_compressed_data(INNER, content_type=ID_DATA))
        assert "no detached signature" in fault_of(SIGNED_MESSAGE[:start] + cms + SIGNED_MESSAGE[end:])

    def test_an_encrypted_structure_is_no_signature_of_a_multipart_signed(self) -> None:
        """MUSTS 44, refusing."""
        start = SIGNED_MESSAGE.rindex(b"\r\n\r\n") + 4
        end = SIGNED_MESSAGE.rindex(b"\r\n--")
        encrypted = encode_base64((vectors("rfc4134") / "5.1.bin").read_bytes())
        assert "no detached signature" in fault_of(SIGNED_MESSAGE[:start] + encrypted + SIGNED_MESSAGE[end:])


class TestBelowTheTop:
    def paths(self, message: bytes) -> list[str]:
        return [path for path, _ in find_nested_layers(parse_entity(message))]

    def test_a_signed_part_above_the_footer_of_a_mailing_list_is_found(self) -> None:
        message = mixed(SIGNED_MESSAGE, TEXT)
        (nested,) = find_nested_layers(parse_entity(message))
        assert nested.path == "1"
        layer = find_layer(nested.entity)
        assert isinstance(layer, SignedLayer)
        assert layer.detached

    def test_a_cms_part_beside_a_disclaimer_and_a_winmail_file_is_found(self) -> None:
        winmail = b"Content-Type: application/ms-tnef; name=winmail.dat\r\n" + BASE64 + b"\r\neJ8+Ig==\r\n"
        assert self.paths(mixed(TEXT, OPAQUE, winmail)) == ["2"]

    def test_protected_parts_in_forwarded_messages_and_digests_are_found(self) -> None:
        forwarded = b"Content-Type: message/rfc822\r\n\r\n" + mixed(TEXT, OPAQUE)
        international = b"Content-Type: message/global\r\n" + BASE64 + b"\r\n" + encode_base64(SIGNED_MESSAGE)
        assert self.paths(mixed(TEXT, forwarded, international, boundary="top")) == ["2.1.2", "3.1"]

    def test_a_part_of_a_digest_without_type_is_a_message(self) -> None:
        """RFC 2046 section 5.1.5."""
        assert self.paths(mixed(b"\r\n" + SIGNED_MESSAGE, subtype="digest")) == ["1.1"]

    def test_layers_inside_a_protected_part_belong_to_it(self) -> None:
        again = sign_message(
            mixed(OPAQUE, TEXT), Signing(identities=[person("alice")], signing_time=NOW), provider=PROVIDER
        )
        assert self.paths(mixed(again, TEXT, boundary="top")) == ["1"]

    def test_the_top_itself_is_not_nested(self) -> None:
        assert self.paths(SIGNED_MESSAGE) == self.paths(OPAQUE) == []

    @pytest.mark.parametrize(
        "kind", ["partial; id=x; number=1; total=2", 'external-body; access-type=URL; URL="http://x"']
    )
    def test_partial_messages_and_external_bodies_are_not_followed(self, kind: str) -> None:
        head = f"Content-Type: message/{kind}\r\n\r\n".encode()
        assert self.paths(mixed(head + SIGNED_MESSAGE)) == []

    def test_more_parts_than_the_limit_are_refused(self) -> None:
        nested = mixed(*[TEXT] * (MAX_MIME_PARTS // 2), boundary="inner")
        with pytest.raises(LimitExceeded, match="MIME parts"):
            self.paths(mixed(nested, nested, nested))

    def test_deeper_nesting_than_the_limit_is_refused(self) -> None:
        message = TEXT
        for level in range(MAX_MIME_DEPTH + 1):
            message = mixed(message, boundary=f"level{level}-")
        with pytest.raises(LimitExceeded, match="MIME depth"):
            self.paths(message)

    def test_thousands_of_messages_in_one_another_are_refused_without_recursion(self) -> None:
        with pytest.raises(LimitExceeded):
            self.paths(b"Content-Type: message/rfc822\r\n\r\n" * 30_000)


class TestVectors:
    @pytest.mark.parametrize("name", ["m1-prepending-text/m1-smime.eml", "m3-hiding-in-reference/m3-smime.eml"])
    def test_a_signed_part_inside_a_johnny_mail_is_found_below_the_top_only(self, name: str) -> None:
        entity = parse_entity((vectors("johnny") / "03-mime" / name).read_bytes())
        assert find_layer(entity) is None
        assert [path for path, _ in find_nested_layers(entity)] == ["2"]

    @pytest.mark.parametrize(
        ("name", "kind"), [("4.8.eml", SignedLayer), ("4.9.eml", SignedLayer), ("5.3.eml", EncryptedLayer)]
    )
    def test_the_mails_of_rfc4134_show_their_layer(self, name: str, kind: type) -> None:
        node = parse_message((vectors("rfc4134") / name).read_bytes())
        assert isinstance(node, Entity)
        assert isinstance(find_layer(node), kind)

    @pytest.mark.parametrize(
        "set_name",
        ["mime-cpython", "mime-mailparser", "mime-mime4j", "mime-notmuch-lkml", "mime-spamassassin", "mime-stalwart"],
    )
    def test_every_vector_is_walked_or_refused(self, set_name: str) -> None:
        for path in vectors(set_name).rglob("*"):
            if path.is_file():
                try:
                    node = parse_message(path.read_bytes())
                    find_layer(node)
                    list(find_nested_layers(node) if isinstance(node, Entity) else ())
                except SmimeError:
                    continue


PIECES = b"Content-Type: |multipart/signed|multipart/mixed|message/rfc822|application/pkcs7-mime|; boundary=b|\r\n"
PIECES += (
    b"|--b|--|base64|Content-Transfer-Encoding: |MIAGCSqGSIb3DQEHAqCA|-----BEGIN CMS-----|x-uuencode|begin 644 a\n"
)


@given(st.lists(st.sampled_from(PIECES.split(b"|")) | st.binary(max_size=20), max_size=30))
def test_any_pieces_have_layers_or_raise_the_one_error(pieces: list[bytes]) -> None:
    try:
        node = parse_message(b"".join(pieces))
        find_layer(node)
        list(find_nested_layers(node) if isinstance(node, Entity) else ())
    except SmimeError:
        return
