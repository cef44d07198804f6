"""Mail of OpenPGP is called what it is: in reports, of memory and of streams, in descriptions and in errors."""

from __future__ import annotations

import base64
import io

import pytest

from smime_core import blocking, stream
from smime_core.cms import Keys, Signing, parse_carried
from smime_core.describe import describe_message, findings_to_json
from smime_core.errors import OpenPgpContent
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report import State
from smime_core.trust import Judging
from tests.support.people import NOW, PROVIDER, person, trust

HEAD = b"From: Alice <alice@example.test>\r\nTo: bob@example.test\r\nSubject: Supper\r\nMIME-Version: 1.0\r\n"
ARMOUR = b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA0\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n"
CLEAR = (
    b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nAt eight.\r\n"
    b"-----BEGIN PGP SIGNATURE-----\r\n\r\niQEz\r\n=abcd\r\n-----END PGP SIGNATURE-----\r\n"
)


def multipart(media_type: str, *parts: bytes) -> bytes:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
    return HEAD + b"Content-Type: " + media_type.encode() + b'; boundary="b"\r\n\r\n' + body


CONTROL = b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
DATA = b"Content-Type: application/octet-stream; name=encrypted.asc\r\n\r\n" + ARMOUR
TEXT = b"Content-Type: text/plain\r\n\r\n"
MAILS = {
    "PGP/MIME, encrypted": (
        multipart('multipart/encrypted; protocol="application/pgp-encrypted"', CONTROL, DATA),
        "encrypted",
    ),
    "PGP/MIME, signed": (
        multipart(
            'multipart/signed; micalg=pgp-sha256; protocol="application/pgp-signature"',
            TEXT + b"At eight.\r\n",
            b"Content-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n",
        ),
        "signed",
    ),
    "PGP/MIME as Exchange leaves it": (multipart("multipart/mixed", TEXT, CONTROL, DATA), "encrypted"),
    "inline, encrypted": (HEAD + TEXT + ARMOUR, "encrypted"),
    "inline, encrypted, after some words": (HEAD + TEXT + b"Hello,\r\n\r\n" + ARMOUR, "encrypted"),
    "inline, signed": (HEAD + TEXT + CLEAR, "signed"),
    "inline, without a type": (HEAD + b"\r\n" + CLEAR.replace(b"\r\n", b"\n"), "signed"),
    "inline, in base64": (
        HEAD + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(ARMOUR),
        "encrypted",
    ),
    "inline, in an alternative": (
        multipart("multipart/alternative", TEXT + ARMOUR, b"Content-Type: text/html\r\n\r\n<pre></pre>"),
        "encrypted",
    ),
}


def opinions(data: bytes) -> list[tuple[State, list[str]]]:
    """The states and the reasons' codes, in memory and in a stream."""
    judging = Judging(trust_store=trust(), at=NOW)
    in_memory = blocking.examine_message(data, judging, PROVIDER)
    in_stream = stream.examine_file(io.BytesIO(data), judging, NativeStreamingProvider()).report
    return [(report.state, [reason.code for reason in report.reasons]) for report in (in_memory, in_stream)]


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_of_openpgp_is_called_so(name: str) -> None:
    data, kind = MAILS[name]
    assert opinions(data) == [(State.PLAIN, [f"openpgp-{kind}"])] * 2
    described = describe_message(data)
    assert described.openpgp == kind
    assert [reason["code"] for reason in findings_to_json(described)["reasons"]] == [f"openpgp-{kind}"]


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_of_openpgp_is_not_decrypted_and_carries_no_certificates(name: str) -> None:
    data, _ = MAILS[name]
    keys = Keys(identities=[person("bob")])
    with pytest.raises(OpenPgpContent):
        blocking.decrypt_message(data, keys, provider=PROVIDER)
    with pytest.raises(OpenPgpContent):
        stream.decrypt_mail_file(io.BytesIO(data), io.BytesIO(), keys, NativeStreamingProvider())
    with pytest.raises(OpenPgpContent):
        parse_carried(data)


@pytest.mark.parametrize(
    "data",
    [
        HEAD + TEXT + b"> " + ARMOUR.replace(b"\n", b"\n> "),
        HEAD + TEXT + b"They write -----BEGIN PGP MESSAGE----- before it.\r\n",
        HEAD + b"Content-Type: text/plain; name=key.asc\r\nContent-Disposition: attachment\r\n\r\n" + ARMOUR,
        HEAD + b"Content-Type: text/html\r\n\r\n" + ARMOUR,
        multipart('multipart/encrypted; protocol="application/other"', CONTROL.replace(b"pgp-encrypted", b"other")),
        HEAD + b"Content-Type: multipart/mixed\r\n\r\n" + ARMOUR,
        HEAD + TEXT + b"x" * 70_000 + b"\r\n" + ARMOUR,
    ],
)
def test_a_mail_that_only_speaks_of_openpgp_is_plain(data: bytes) -> None:
    assert opinions(data) == [(State.PLAIN, [])] * 2


def test_openpgp_inside_a_signature_of_s_mime_changes_no_verdict() -> None:
    signing = Signing(identities=[person("alice")], signing_time=NOW)
    signed = blocking.sign_message(MAILS["inline, encrypted"][0], signing, provider=PROVIDER)
    assert opinions(signed) == [(State.VERIFIED, ["revocation-not-checked"])] * 2
