"""Streams judge mails of every shape as the operations in memory do: encodings, wrapped messages, delimiters, sizes.

The blocks of streams are small here, and so is the size up to which protected parts are looked for. Mails are drawn
that are below these sizes, and mails that are above them.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import functools
import io
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from sealwax.cli.messages import operations
from sealwax.cli.streams import files
from smime_core import AES_256_CBC, AES_256_GCM, SignatureForm, blocking, stream
from smime_core.blocking import run
from smime_core.cms.compressed_data import build_compressed_data
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.errors import SmimeError
from smime_core.limits import MAX_LOOKED_INSIDE_BYTES, MAX_MIME_PARTS
from smime_core.message import sign_entity
from smime_core.mime.multipart import MAX_DELIMITER_BLANKS
from smime_core.stream import examination, octets
from smime_core.trust.judging import Judging
from smime_core.verdict import walk as in_memory_examination
from tests.support.people import NOW, PROVIDER, person, trust
from tools.fuzz.agreement import Opinion, as_if_too_large, in_memory, in_stream, opinion_of
from tools.fuzz.targets import STREAMING

SMALL_BLOCKS = (64, 257, 4_096)
FROM = b"From: Alice <alice@example.test>\r\n"
TEXT = b"Content-Type: text/plain\r\n\r\nThe quick brown fox\r\n"
PADDINGS = st.sampled_from([0, 1, 50, 63, 64, 65, 1_000, 4_000, 4_097, 9_000])
BLANKS = st.sampled_from(
    [
        b"",
        b" ",
        b"\t \t",
        b" " * 77,
        b" " * 78,
        b" " * 79,
        b" " * MAX_DELIMITER_BLANKS,
        b" " * (MAX_DELIMITER_BLANKS + 1),
    ]
)
LINE_ENDS = st.sampled_from([b"\r\n", b"\n"])
SAFE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def encode_quoted_printable(data: bytes) -> bytes:
    return b"=\r\n".join(b"".join(b"=%02X" % octet for octet in data[at : at + 20]) for at in range(0, len(data), 20))


def encode_uu(data: bytes) -> bytes:
    lines = [binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45)]
    return b"begin 644 a\n" + b"".join(lines) + b"`\nend\n"


def pem(data: bytes) -> bytes:
    return b"-----BEGIN CMS-----\n" + base64.encodebytes(data) + b"-----END CMS-----\n"


ENCODINGS: Final[dict[bytes, Callable[[bytes], bytes]]] = {
    b"7bit": bytes, b"8bit": bytes, b"binary": bytes, b"x-unheard-of": bytes,
    b"base64": base64.encodebytes, b"BASE64": base64.encodebytes,
    b"quoted-printable": encode_quoted_printable, b"x-uuencode": encode_uu,
}  # fmt: skip
# The forms that a CMS part may have before its transfer encoding.
ARMORS: Final[tuple[Callable[[bytes], bytes], ...]] = (
    bytes, pem, base64.encodebytes, lambda data: b"A note.\n" + pem(data), lambda data: b"\xef\xbb\xbf" + pem(data),
    lambda data: pem(b"nothing") + pem(data), lambda data: pem(data).replace(b"END CMS", b"END PKCS7"),
    lambda data: b" " * 100 + pem(data), lambda data: base64.encodebytes(data) + pem(data),
)  # fmt: skip
FOOTERS = (b"", b"-- \r\nOur mailing list\r\n", b"=\r\n", b"====\r\n", b"!" * 2_000, b"\r\n\r\n", b" " * 1_500 + b"=")


@functools.cache
def signature(content: bytes, form: SignatureForm) -> bytes:
    return blocking.sign_bytes(
        content, Signing(identities=[person("alice")], signing_time=NOW, form=form), provider=PROVIDER
    )


@st.composite
def entities(draw: st.DrawFn, depth: int = 0) -> bytes:
    """Entities to sign or encrypt: text, parts with a protection of their own, a message in a transfer encoding."""
    kind = draw(st.sampled_from(["text", "text", "mixed", "wrapped", "wrapped", "forwarded"]))
    padding = b"x" * draw(PADDINGS) + b"\r\n"
    if kind == "text" or depth > 1:
        return TEXT + padding
    inner = draw(entities(depth + 1))
    if kind == "mixed":
        boundary = draw(st.sampled_from([b"; boundary=p", b"; boundary=p", b""]))
        nested = run(sign_entity(TEXT, Signing(identities=[person("alice")], signing_time=NOW), provider=PROVIDER))
        parts = b"".join(b"--p\r\n" + part + b"\r\n" for part in (inner, nested))
        return b"Content-Type: multipart/mixed" + boundary + b"\r\n\r\n" + parts + b"--p--\r\n"
    encoding = draw(st.sampled_from(list(ENCODINGS)))
    author = draw(st.sampled_from([FROM, FROM, b"From: mallory@example.test\r\n", b"Subject: x\r\n"]))
    mbox = draw(st.sampled_from([b"", b"", b"From x\n", b"From x\nFrom : mallory@example.test\n"]))
    head = b"Content-Type: message/rfc822" + (b"; forwarded=yes" if kind == "forwarded" else b"")
    message = ENCODINGS[encoding](mbox + author + inner)
    return head + b"\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n" + message


@st.composite
def cms_parts(draw: st.DrawFn, cms: bytes) -> bytes:
    """An entity of CMS, under the types, encodings and armors that it can have, with a footer now and then."""
    kind = draw(st.sampled_from([b"pkcs7-mime", b"octet-stream; name=smime.p7m", b"octet-stream", b"x-unheard-of"]))
    encoding = draw(st.sampled_from(list(ENCODINGS)))
    body = ENCODINGS[encoding](draw(st.sampled_from([bytes, bytes, *ARMORS]))(cms))
    footer = draw(st.sampled_from([b"", b"", *FOOTERS]))
    head = b"Content-Type: application/" + kind + b"\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n"
    return head + body.replace(b"\n", b"\r\n" if encoding.lower() == b"base64" else b"\n") + footer


@st.composite
def signed_parts(draw: st.DrawFn, entity: bytes) -> bytes:
    """A multipart/signed whose delimiters may be written in unusual or wrong forms."""
    end, blanks = draw(LINE_ENDS), draw(BLANKS)
    first = draw(st.sampled_from([b"--b", b"--b", b"--b", b"--b--", b"--bb", b"--b x"])) + draw(BLANKS)
    last = draw(st.sampled_from([b"--b--", b"--b--", b"--b", b"--b-", b""])) + blanks
    tail = draw(st.sampled_from([b"\r\n", b"\n", b"", b"\r", b"\r\nepilogue\r\n", b"\r\n--b--\r\n"]))
    preamble = draw(st.sampled_from([b"", b"", b"\r\n", b"preamble\r\n", b"--b not a delimiter\r\n", b"--b--\r\n"]))
    content = entity if draw(st.booleans()) else entity.replace(b"\r\n", b"\n")
    cms = base64.encodebytes(signature(entity, SignatureForm.DETACHED)).replace(b"\n", end)
    part = b"Content-Type: application/pkcs7-signature" + end + b"Content-Transfer-Encoding: base64" + end + end + cms
    micalg = draw(st.sampled_from([b"sha-256", b"sha1", b"x"]))
    return (
        b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=' + micalg + b"; boundary=b"
        + end + end + preamble + first + end + content + end + b"--b" + draw(BLANKS) + end + part + end + last + tail
    )  # fmt: skip


@st.composite
def layers(draw: st.DrawFn, entity: bytes) -> bytes:
    """The entity in one layer of any kind."""
    kind = draw(st.sampled_from(["detached", "opaque", "encrypted", "compressed"]))
    if kind == "detached":
        return draw(signed_parts(entity))
    if kind == "opaque":
        return draw(cms_parts(signature(entity, SignatureForm.OPAQUE)))
    if kind == "compressed":
        return draw(cms_parts(build_compressed_data(entity, content_type=ID_DATA)))
    cipher = draw(st.sampled_from([AES_256_CBC, AES_256_GCM]))
    to = draw(st.sampled_from(["bob", "bob", "carol"]))
    encrypted = blocking.encrypt_bytes(
        entity, Encrypting(recipients=[person(to).certificate], cipher=cipher), provider=PROVIDER
    )
    return draw(cms_parts(encrypted))


@st.composite
def protected(draw: st.DrawFn, entity: bytes) -> bytes:
    """The entity with header fields of its own, and with a valid or unknown mark that they are protected."""
    mark = draw(st.sampled_from([b'; hp="clear"', b'; hp="cipher"', b"; protected-headers=v1", b"; hp=x"]))
    author = draw(st.sampled_from([FROM, FROM, b"From: mallory@example.test\r\n", b"Subject: x\r\n"]))
    records = draw(st.sampled_from([b"", b"HP-Outer: " + FROM, b"HP-Outer: Subject: [...]\r\n"]))
    first, rest = entity.split(b"\r\n", 1)
    return author + records + first + mark + b"\r\n" + rest


@st.composite
def bare_files(draw: st.DrawFn) -> bytes:
    """CMS without a mail around it, and with content that could be taken for a further layer."""
    inner = draw(st.sampled_from([TEXT, b"\x00\x01", b"", b"x" * 5_000]))
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            inner = draw(cms_parts(signature(inner, SignatureForm.OPAQUE)))
        head = draw(st.sampled_from([b"", b"", FROM, b"From x\n", b"X" * 77 + b": y\r\n", b"X : y\r\n", b"\r\n"]))
        encrypted = blocking.encrypt_bytes(
            head + inner, Encrypting(recipients=[person("bob").certificate]), provider=PROVIDER
        )
        signed = signature(head + inner, SignatureForm.OPAQUE)
        packed = build_compressed_data(head + inner, content_type=ID_DATA)
        inner = draw(st.sampled_from([signed, signed, encrypted, packed]))
    return draw(st.sampled_from([bytes, bytes, *ARMORS]))(inner)


@st.composite
def mails(draw: st.DrawFn) -> bytes:
    """A mail with up to three layers, such a mail inside an unprotected one, or CMS without a mail."""
    if draw(st.integers(0, 4)) == 0:
        return draw(bare_files())
    entity = draw(entities())
    if draw(st.integers(0, 3)) == 0:
        entity = draw(protected(entity))
    for _ in range(draw(st.integers(0, 3))):
        entity = draw(layers(entity))
    if draw(st.integers(0, 3)) == 0:
        entity = b"Content-Type: message/rfc822\r\n\r\n" + FROM + entity
    return draw(st.sampled_from([b"", b"From x\n"])) + FROM + entity


def opinions(data: bytes, block_bytes: int) -> tuple[Opinion, Opinion]:
    """The opinions of the operation in memory and of the stream, both with blocks of this size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(octets, "BLOCK_BYTES", block_bytes)
        return in_memory(data), in_stream(data)


@SAFE
@given(mails(), st.sampled_from(SMALL_BLOCKS))
def test_mails_of_every_shape_are_judged_alike(data: bytes, block_bytes: int) -> None:
    memory, streamed = opinions(data, block_bytes)
    # The two may refuse a mail for different damage; nothing else may differ.
    assert memory == streamed or (memory.refusal and streamed.refusal)


@pytest.mark.parametrize("encoding", [b"7bit", b"base64"])
def test_an_unprotected_mail_around_a_signed_one_is_given_whole(encoding: bytes) -> None:
    signing = Signing(identities=[person("alice")], signing_time=NOW)
    inside = blocking.sign_message(FROM + b"Subject: inside\r\n" + TEXT, signing, provider=PROVIDER)
    data = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n"
    data = FROM + b"Subject: outside\r\n" + data + ENCODINGS[encoding](inside)
    memory, streamed = opinions(data, 4_096)
    assert memory == streamed
    assert memory.content == data
    assert memory.layers == ()
    assert len(memory.nested) == 1


@SAFE
@given(mails(), st.sampled_from([0, 1_000, 5_000]))
def test_no_size_gives_a_better_state(data: bytes, looked_inside_bytes: int) -> None:
    """Both report a mail that is too large to be searched for protected parts, and give it the same state as before."""
    looked = in_memory(data)
    with pytest.MonkeyPatch.context() as patch:
        for module in (in_memory_examination, examination):
            patch.setattr(module, "MAX_LOOKED_INSIDE_BYTES", looked_inside_bytes)
        memory, streamed = in_memory(data), in_stream(data)
    assert streamed == memory or (memory.refusal and streamed.refusal)
    assert as_if_too_large(memory) == as_if_too_large(looked) or (memory.refusal and looked.refusal)


@pytest.mark.parametrize("parts", [2, MAX_MIME_PARTS + 1])
@pytest.mark.parametrize("extra_bytes", [-1, 0, 1, 1_000])
def test_a_mail_at_the_size_limit_is_judged_alike(parts: int, extra_bytes: int) -> None:
    part = b"\r\n--b\r\n\r\n"
    head, end = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n", b"\r\n--b--\r\n"
    filler = MAX_LOOKED_INSIDE_BYTES + extra_bytes - parts * len(part) - len(end)
    data = FROM + head + part * parts + b"x" * filler + end
    memory, streamed = in_memory(data), in_stream(data)
    assert memory == streamed
    is_refused = extra_bytes <= 0 and parts > MAX_MIME_PARTS
    assert memory.refusal == ("limit-exceeded" if is_refused else "")
    assert ("too-large-to-look-inside" in memory.reasons) == (extra_bytes > 0)


def by_command(path: Path, small_input_bytes: int) -> Opinion:
    """The opinion of `sealwax verify` on a file, if it reads files of at most this size into memory."""
    target = io.BytesIO()
    keys = Keys(identities=[person("bob")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "SMALL_INPUT_BYTES", small_input_bytes)
        try:
            with files.open_input(str(path)) as data:
                examined = operations.examine(data, Judging(trust_store=trust(), at=NOW), sender=None, keys=keys)
                examined.write_content(target)
        except SmimeError as error:
            return Opinion(refusal=error.code)
    return opinion_of(examined.report, target.getvalue())


@SAFE
@given(mails())
def test_the_command_judges_alike_on_both_sides_of_its_threshold(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "mail.eml"
        path.write_bytes(data)
        below, above = by_command(path, len(data)), by_command(path, len(data) - 1)
    assert below == above or (below.refusal and above.refusal)


def decrypted(data: bytes) -> tuple[bytes | None, bytes | None]:
    """The content as decrypted in memory, and as decrypted by a stream; None for a refusal."""
    target = io.BytesIO()
    bob = [person("bob")]
    whole, streamed = None, None
    with contextlib.suppress(SmimeError):
        whole = blocking.decrypt_message(data, Keys(identities=bob), provider=PROVIDER)
    with contextlib.suppress(SmimeError):
        stream.decrypt_mail_file(io.BytesIO(data), target, Keys(identities=bob), provider=STREAMING)
        streamed = target.getvalue()
    return whole, streamed


@SAFE
@given(mails(), st.sampled_from(SMALL_BLOCKS))
def test_mails_of_every_shape_are_decrypted_alike(data: bytes, block_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(octets, "BLOCK_BYTES", block_bytes)
        whole, streamed = decrypted(data)
    assert whole == streamed
