"""Mails that transport might alter: the command writes the same in memory and in a stream, and openssl reads it."""

from __future__ import annotations

import re
from email import message_from_bytes, policy

import pytest

from sealwax.cli.streams import files
from tests.support.command.lab import READER, SIGNER, TRUST, Lab, QuickLab
from tests.support.unfit_mails import UNFIT_LEAVES, unfit_mail

_OWN_BOUNDARY = rb'boundary="(sealwax-[0-9a-f]+)"'

LEAVES = {**UNFIT_LEAVES, "signed already": b"", "all": b""}


@pytest.fixture(scope="module")
def quick(lab: Lab) -> QuickLab:
    return QuickLab(lab.folder)


@pytest.fixture(params=list(LEAVES))
def mail(request: pytest.FixtureRequest, quick: QuickLab) -> str:
    leaves = UNFIT_LEAVES.values() if request.param == "all" else [LEAVES[request.param]]
    is_signed = request.param == "signed already"
    return quick.write("unfit.eml", signed_unfit_mail(quick) if is_signed else unfit_mail(*leaves))


def signed_unfit_mail(quick: QuickLab) -> bytes:
    """Return a mail that openssl signed, with 8-bit text and long lines inside."""
    inside = b"".join(unfit_mail(*UNFIT_LEAVES.values()).partition(b"Content-Type")[1:]).replace(b"\r\n", b"\n")
    quick.write("inside.txt", inside.replace(b"\n", b"\r\n"))
    signer = ("-signer", "ids/alice.pem", "-inkey", "ids/alice.key", "-from", "alice@example.test")
    return quick.openssl("cms", "-sign", "-binary", "-crlfeol", "-in", "inside.txt", *signer)


def on_both_sides(quick: QuickLab, *arguments: str, target: str) -> tuple[str, str]:
    """Run the command with `unfit.eml` in memory and as a stream. Returns the names of both results."""
    size = len(quick.read("unfit.eml"))
    for side, small_input_bytes in (("below", size), ("above", size - 1)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "SMALL_INPUT_BYTES", small_input_bytes)
            quick.made(*arguments, "-o", f"{side}_{target}")
    return f"below_{target}", f"above_{target}"


def check_signed(quick: QuickLab, mail: str, *options: str) -> None:
    below, above = (
        quick.openssl("cms", "-verify", "-in", name, "-CAfile", "ids/ca.pem")
        for name in on_both_sides(quick, "sign", mail, *SIGNER, *options, target="signed.eml")
    )
    assert without_own_boundary(below) == without_own_boundary(above)
    assert quick.sealwax("verify", "above_signed.eml", *TRUST).code == 0
    assert words(above) == words(quick.read(mail))


def test_openssl_verifies_the_same_on_both_sides_of_the_threshold(quick: QuickLab, mail: str) -> None:
    check_signed(quick, mail)


@pytest.mark.parametrize("option", ["--opaque", "--plain-headers"])
def test_openssl_verifies_the_same_in_every_form(quick: QuickLab, option: str) -> None:
    check_signed(quick, quick.write("unfit.eml", unfit_mail(*UNFIT_LEAVES.values())), option)


def decrypted(quick: QuickLab, mail: str, *signer: str) -> tuple[bytes, bytes]:
    keys = ("-recip", "ids/bob.pem", "-inkey", "ids/bob.key")
    arguments = ("encrypt", mail, "--to", "ids/bob.pem", "--plain-headers", *signer)
    below, above = (
        quick.openssl("cms", "-decrypt", "-in", name, *keys)
        for name in on_both_sides(quick, *arguments, target="encrypted.eml")
    )
    quick.made("decrypt", "above_encrypted.eml", *READER, "-o", "opened.eml")
    assert words(quick.read("opened.eml")) == words(quick.read(mail))
    return below, above


def test_openssl_decrypts_the_same_on_both_sides_of_the_threshold(quick: QuickLab, mail: str) -> None:
    below, above = decrypted(quick, mail)
    assert below == above


def test_openssl_decrypts_the_same_with_a_signature_inside(quick: QuickLab) -> None:
    mail = quick.write("unfit.eml", unfit_mail(*UNFIT_LEAVES.values()))
    below, above = decrypted(quick, mail, *SIGNER)
    assert without_signature(below) == without_signature(above)


def test_compressed_mail_is_the_same_on_both_sides_of_the_threshold(quick: QuickLab, mail: str) -> None:
    below, above = on_both_sides(quick, "compress", mail, target="compressed.eml")
    assert quick.read(below) == quick.read(above)
    quick.made("unpack", above, "-o", "unpacked.eml")
    assert words(quick.read("unpacked.eml")) == words(quick.read(mail))


def test_an_encrypted_signed_mail_keeps_its_signature(quick: QuickLab) -> None:
    quick.write("unfit.eml", signed_unfit_mail(quick))
    quick.made("verify", "unfit.eml", *TRUST, "-o", "nothing")
    for name in on_both_sides(quick, "encrypt", "unfit.eml", "--to", "ids/bob.pem", target="encrypted.eml"):
        quick.made("decrypt", name, *READER, "-o", "opened.eml")
        assert quick.sealwax("verify", "opened.eml", *TRUST).code == 0


def words(data: bytes) -> list[bytes]:
    """The content of each leaf, without its transfer encoding, its line ends and a signature around it."""
    leaves = [part for part in message_from_bytes(data, policy=policy.default).walk() if not part.is_multipart()]
    contents = [(part, part.get_payload(decode=True)) for part in leaves]
    return [
        re.sub(rb"[\r\n]+", b"\n", content).strip()
        for part, content in contents
        if isinstance(content, bytes) and part.get_content_type() != "application/pkcs7-signature"
    ]


def without_signature(data: bytes) -> bytes:
    """The signed part of a multipart/signed."""
    (boundary,) = re.findall(_OWN_BOUNDARY, data)
    return data.split(b"--" + boundary)[1]


def without_own_boundary(data: bytes) -> bytes:
    """`data` with a fixed word for the random boundary of the multipart/mixed that we put around signed content."""
    for boundary in re.findall(_OWN_BOUNDARY, data):
        data = data.replace(boundary, b"boundary")
    return data


@pytest.mark.parametrize("field", ["Subject:", "Subject: ", "Cc:", "X-Note:\t"])
def test_a_mail_whose_field_has_no_value_is_encrypted_like_any_other(quick: QuickLab, field: str) -> None:
    mail = quick.write("unfit.eml", f"From: alice@example.test\nTo: bob@example.test\n{field}\n\nHi\n".encode())
    for signer in ((), SIGNER):
        arguments = ("encrypt", mail, "--to", "ids/bob.pem", *signer)
        for name in on_both_sides(quick, *arguments, target="encrypted.eml"):
            quick.openssl("cms", "-decrypt", "-in", name, "-recip", "ids/bob.pem", "-inkey", "ids/bob.key")
            assert quick.sealwax("decrypt", name, *READER, *TRUST, "-o", "opened.eml").code == 0
            assert b"\r\nHi\r\n" in quick.read("opened.eml")
