"""The mails that are relayed: each form that Sealwax writes, and letters that relays often change."""

from __future__ import annotations

from typing import Final

from smime_core import SignatureForm, blocking
from smime_core.algorithms import AES_256_GCM
from smime_core.cms import Encrypting, Keys, Signing
from smime_core.mail import ProtectionMode
from smime_core.message import compress_message
from smime_core.provider import NewKey
from smime_core.report import MessageReport
from smime_core.trust import Judging
from tests.support.people import NOW, PROVIDER, person, trust

_HEAD: Final = (
    b"From: Alice <alice@example.test>\r\nTo: Bob <bob@example.test>,carol@example.test\r\n"
    b"Date: Mon, 01 Jun 2026 12:00:00 +0000\r\nMessage-ID: <relayed@example.test>\r\n"
)
_RECIPIENTS: Final = b"To: Bob <bob@example.test>,carol@example.test"
_PEOPLE: Final = b",\r\n ".join(b"Person %d <person%d@example.test>" % (number, number) for number in range(3_000))
_TEXT: Final = b"Content-Type: text/plain; charset=utf-8\r\n"
_PLAIN: Final = _HEAD + b"Subject: Supper\r\n" + _TEXT + b"\r\nAt eight.\r\n"
_CLEAR, _CIPHER = ProtectionMode.CLEAR, ProtectionMode.CIPHER
_MIXED: Final = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"


def make_forms() -> dict[str, bytes]:
    """The mails by the names of their rows."""
    bob = Encrypting(recipients=[person("bob").certificate])
    gcm = Encrypting(recipients=[person("bob").certificate], cipher=AES_256_GCM)
    return {
        "signed in clear": sign(_PLAIN),
        "signed in clear, header fields outside": sign(_PLAIN, protection=None),
        "signed in clear by two": blocking.sign_message(_PLAIN, _signing("alice", "carol"), PROVIDER, _CLEAR),
        "signed opaquely": sign(_PLAIN, form=SignatureForm.OPAQUE),
        "signed opaquely, header fields outside": sign(_PLAIN, form=SignatureForm.OPAQUE, protection=None),
        "encrypted": blocking.encrypt_message(_PLAIN, bob, PROVIDER, _CIPHER),
        "encrypted, header fields outside": blocking.encrypt_message(_PLAIN, bob, PROVIDER),
        "encrypted, AES-256-GCM": blocking.encrypt_message(_PLAIN, gcm, PROVIDER, _CIPHER),
        "signed in encrypted": blocking.encrypt_message(sign(_PLAIN, protection=_CIPHER), bob, PROVIDER),
        "encrypted in signed": sign(blocking.encrypt_message(_PLAIN, bob, PROVIDER, _CIPHER), protection=None),
        "compressed": compress_message(_PLAIN),
        "compressed in signed": sign(compress_message(_PLAIN), protection=None),
        "3,000 recipients, which is signed opaquely": sign(_PLAIN.replace(_RECIPIENTS, b"To: " + _PEOPLE)),
        **{f"in clear: {name}": sign(letter) for name, letter in _make_letters().items()},
    }


def sign(letter: bytes, *, form: SignatureForm | None = None, protection: ProtectionMode | None = _CLEAR) -> bytes:
    """The letter, signed by Alice."""
    return blocking.sign_message(letter, _signing("alice", form=form), PROVIDER, protection)


def judge(mail: bytes) -> MessageReport:
    """Return the report that Bob reads."""
    judging = Judging(trust_store=trust(), at=NOW)
    return blocking.examine_message(mail, judging, PROVIDER, Keys(identities=[person("bob")]), "alice@example.test")


def _signing(*names: str, form: SignatureForm | None = None) -> Signing:
    identities = [person(name, NewKey.RSA_2048) for name in names]
    return Signing(identities=identities, signing_time=NOW, form=form)


def _make_letters() -> dict[str, bytes]:
    return {
        "`Subject:` without text": _HEAD + b"Subject:\r\n" + _TEXT + b"\r\nHello\r\n",
        "`Subject:x`, `Content-Type:text/plain`": _HEAD + b"Subject:x\r\nContent-Type:text/plain\r\n\r\nHello\r\n",
        "a field that is folded after its colon": _HEAD + b"Subject:\r\n x\r\n" + _TEXT + b"\r\nHello\r\n",
        "a subject of 500 characters": _HEAD + b"Subject: " + b"word " * 100 + b"x\r\n" + _TEXT + b"\r\nHello\r\n",
        "a foreign subject": _HEAD + "Subject: Grüße an alle\r\n".encode() + _TEXT + b"\r\nHello\r\n",
        "8-bit text": _HEAD + _TEXT + "Content-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n".encode(),
        "lines of 2,000 characters": _HEAD + _TEXT + b"\r\n" + b"word " * 400 + b"\r\n" + b"x" * 2_000 + b"\r\n",
        "lines that begin with a dot": _HEAD + _TEXT + b"\r\n.\r\n..\r\n.x\r\n",
        "a line that begins with `From `": _HEAD + _TEXT + b"\r\nFrom here on\r\n",
        "blanks at the end of lines": _HEAD + _TEXT + b"\r\nHello \r\n-- \r\nAlice\t\r\n",
        "no line end at the end": _HEAD + _TEXT + b"\r\nHello",
        "a part with `Content-Type:text/plain`": (
            _HEAD + _MIXED + b"Content-Type:text/plain\r\nContent-Description:\r\n\r\nHello\r\n--b--\r\n"
        ),
        "a multipart whose end has no line end": (
            _HEAD
            + _MIXED
            + b"Content-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\nHello\r\n--c--\r\n--b--"
        ),
        "a file": (
            _HEAD + _MIXED + b"\r\nHello\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--b--\r\n"
        ),
        "a forwarded mail": _HEAD
        + b"Content-Type: message/rfc822\r\n\r\nFrom:eve@example.test\r\nSubject:\r\n\r\nHello\r\n",
    }
