"""Letters for the tests of reading: two people of one authority, and mails with every kind of protection."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import struct
import zlib
from pathlib import Path

from smime_core.blocking import run
from smime_core.ca.demo import Authority, create_authority, issue_identity
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.identity.identity import Identity, export_identity
from smime_core.mail.header_protection import ProtectionMode
from smime_core.message import encrypt_message, sign_bytes, sign_entity, sign_message
from smime_core.own_content.fields import protect_field
from smime_core.providers.native import NativeProvider

PASSPHRASE = "Vier Möwen & ein Wal"
NATIVE = NativeProvider()
MARKUP = '<h2>Thursday</h2><p>at <b>one</b>, <a href="https://map.example.test/x">here</a> <img src="cid:seal@b"></p>'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Alice, who reads, and Bob, who writes. `folder` has Alice's key file and the authority's certificate."""

    alice: Identity
    bob: Identity
    authority: Authority
    folder: Path

    def signed(self, message: bytes) -> bytes:
        """The message signed by Bob, with its header fields."""
        now = datetime.datetime.now(datetime.UTC)
        signing = sign_message(
            message, Signing(identities=[self.bob], signing_time=now), provider=NATIVE, protection=ProtectionMode.CLEAR
        )
        return run(signing)

    def signed_entity(self, entity: bytes) -> bytes:
        """A multipart/signed by Bob that covers only this entity."""
        now = datetime.datetime.now(datetime.UTC)
        return run(sign_entity(entity, Signing(identities=[self.bob], signing_time=now), provider=NATIVE))

    def detached(self, content: bytes) -> bytes:
        """Bob's detached signature of a file."""
        now = datetime.datetime.now(datetime.UTC)
        form = SignatureForm.DETACHED
        return run(sign_bytes(content, Signing(identities=[self.bob], signing_time=now, form=form), provider=NATIVE))

    def encrypted(self, message: bytes) -> bytes:
        """The message encrypted to Alice, with its header fields."""
        encrypting = encrypt_message(
            message, Encrypting(recipients=[self.alice.certificate]), provider=NATIVE, protection=ProtectionMode.CIPHER
        )
        return run(encrypting)

    def encrypted_for_bob(self, message: bytes) -> bytes:
        """The message encrypted to Bob only, so that Alice cannot read it."""
        return run(encrypt_message(message, Encrypting(recipients=[self.bob.certificate]), provider=NATIVE))

    def signed_and_encrypted(self, message: bytes) -> bytes:
        """The message signed by Bob, then encrypted to Alice."""
        now = datetime.datetime.now(datetime.UTC)
        signing = sign_message(
            message, Signing(identities=[self.bob], signing_time=now), provider=NATIVE, protection=ProtectionMode.CIPHER
        )
        return run(encrypt_message(run(signing), Encrypting(recipients=[self.alice.certificate]), provider=NATIVE))

    def field_text(self, words: str, *, origin: str, is_signed: bool = True, is_encrypted: bool = True) -> bytes:
        """The armored text of a field, signed by Bob, encrypted to Alice, or both."""
        now = datetime.datetime.now(datetime.UTC)
        signing = Signing(identities=[self.bob], signing_time=now) if is_signed else None
        encrypting = Encrypting(recipients=[self.alice.certificate] if is_encrypted else [])
        return run(protect_field(words, NATIVE, origin=origin, signing=signing, encrypting=encrypting)).encode()

    def write(self, name: str, octets: bytes) -> Path:
        """Write a file to open in the viewer, and return its path."""
        path = self.folder / name
        path.write_bytes(octets)
        return path


def make_letters(folder: Path) -> Letters:
    """Create people with new keys, and write their files."""
    now = datetime.datetime.now(datetime.UTC)
    authority = run(create_authority("Example CA", provider=NATIVE, at=now))
    alice, bob = (
        run(issue_identity(authority, f"{name}@example.test", provider=NATIVE, at=now)) for name in ("alice", "bob")
    )
    p12 = run(export_identity(alice, PASSPHRASE.encode(), provider=NATIVE, iterations=2048))
    (folder / "alice.p12").write_bytes(p12)
    (folder / "ca.der").write_bytes(authority.identity.certificate.der)
    (folder / "bob.der").write_bytes(bob.certificate.der)
    return Letters(alice=alice, bob=bob, authority=authority, folder=folder)


def mail(entity: bytes, *, subject: str = "Thursday") -> bytes:
    """A mail from Bob to Alice with this entity."""
    head = f"From: Bob <bob@example.test>\r\nTo: alice@example.test\r\nSubject: {subject}\r\n"
    return f"{head}Date: Fri, 20 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n".encode() + entity


def text(content: str) -> bytes:
    """A part of plain text."""
    return f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{content}\r\n".encode()


def html(markup: str) -> bytes:
    """A part of HTML."""
    encoded = base64.encodebytes(markup.encode()).replace(b"\n", b"\r\n")
    return b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded


def file(name: str, media_type: str, data: bytes, *, content_id: str = "") -> bytes:
    """A part that is a file."""
    extra = (
        f"Content-ID: <{content_id}>\r\nContent-Disposition: inline"
        if content_id
        else "Content-Disposition: attachment"
    )
    head = f'Content-Type: {media_type}; name="{name}"\r\n{extra}\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return head.encode() + base64.encodebytes(data).replace(b"\n", b"\r\n")


def multipart(subtype: str, *parts: bytes, boundary: str = "b1") -> bytes:
    """A multipart entity of these parts."""
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'
    return head.encode() + body + f"--{boundary}--\r\n".encode()


def picture() -> bytes:
    """A PNG of 40 x 20 red pixels."""
    rows = b"".join(b"\0" + b"\xb0\x20\x30" * 40 for _ in range(20))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 40, 20, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def rich_letter() -> bytes:
    """A mail with markup, a picture in it, and two attached files."""
    related = multipart(
        "related", html(MARKUP), file("s.png", "image/png", picture(), content_id="seal@b"), boundary="b2"
    )
    inner = mail(text("From long ago."), subject="Old")
    return mail(
        multipart(
            "mixed",
            multipart("alternative", text("Thursday at one."), related, boundary="b3"),
            file("plan.pdf", "application/pdf", b"%PDF-1.7 plan"),
            b'Content-Type: message/rfc822; name="old.eml"\r\nContent-Disposition: attachment\r\n\r\n' + inner,
        )
    )
