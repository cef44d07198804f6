"""Anna's messages: fifteen that are read, protected as docs/days_work.md says or in clear, and older messages."""

from __future__ import annotations

import random
import struct
import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from typing import Final

from smime_core import blocking
from smime_core.cms import Encrypting, Signing
from smime_core.mail import ProtectionMode
from tools.days_work.people import ANNA, BOB, CAROL, CROWD, DAN, DOMAIN, ERIN, NAMES, PROVIDER, People

FOLDERS: Final = ("Archive", "Drafts", "Sent", "Spam", "Trash", "Invoices", "Ward 3")
MESSAGES: Final = 200
READ: Final = tuple(f"M{number}" for number in range(1, 16))
SUBJECT_WORD: Final = "regatta"
"""A word in the subjects of three messages that are not encrypted, and nowhere else."""
SUBJECT_HITS: Final = ("F60", "F90", "F120")
TEXT_WORD: Final = "heliotrope"
"""A word in the text of M3 only."""
HIDDEN_SUBJECT: Final = "The key of the archive room"
INNER_TEXT: Final = "The attached words of Dan."
SAVED_NAME: Final = "measurements.bin"
SAVED_BYTES: Final = 5_000_000
PICTURE_NAME: Final = "photograph.png"
PDF_NAME: Final = "plan.pdf"
PDF_WORDS: Final = "Page 1 of the plan"
_PICTURE_SIDE: Final = 816
_THREAD: Final = ("F20", "F40", "F70", "F100")
"""The messages before M11 in its thread, the newest first."""
_WORDS: Final = ("harbour", "meeting", "budget", "garden", "report", "travel", "minutes", "question", "schedule")
_SEED: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A message as its writer has composed it, before it is protected. `words` are in its text and nowhere else."""

    name: str
    sender: str
    mail: EmailMessage
    words: str
    signed: bool = False
    encrypted_for: str | None = None
    hides_subject: bool = False
    is_changed: bool = False

    @property
    def message_id(self) -> str:
        return str(self.mail["Message-ID"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A message as it is stored in the mailbox."""

    name: str
    subject: str
    message_id: str
    words: str
    raw: bytes
    date: datetime


def build_messages(people: People, at: datetime, *, in_clear: bool, count: int = MESSAGES) -> list[Stored]:
    """Return Anna's messages, the newest first. `in_clear` leaves out all protection."""
    # The newest message is ten minutes old. Each further message is two hours older than the last.
    dates = [at - timedelta(minutes=10, hours=2 * number) for number in range(count)]
    written = [*_fifteen(), *_others(count - len(READ))]
    stored = []
    for date, draft in zip(dates, written, strict=True):
        draft.mail["Date"] = format_datetime(date)
        plain = draft.mail.as_bytes()
        raw = plain if in_clear else _protect(plain, draft, people, at)
        stored.append(
            Stored(
                name=draft.name,
                subject=str(draft.mail["Subject"]),
                message_id=draft.message_id,
                words=draft.words,
                raw=raw,
                date=date,
            )
        )
    return stored


def _protect(plain: bytes, draft: Written, people: People, at: datetime) -> bytes:
    hiding = ProtectionMode.CIPHER if draft.hides_subject else None
    message = plain
    if draft.signed:
        signing = Signing(identities=[people.identity(draft.sender)], signing_time=at)
        message = blocking.sign_message(message, signing, PROVIDER, hiding)
    if draft.is_changed:
        changed = message.replace(draft.words.encode(), draft.words.upper().encode())
        assert changed != message, "the words are encoded"
        message = changed
    if draft.encrypted_for:
        encrypting = Encrypting(recipients=[people.identity(draft.encrypted_for).certificate])
        # If the message is signed, signing has already hidden the header fields.
        message = blocking.encrypt_message(message, encrypting, PROVIDER, None if draft.signed else hiding)
    return message


def _fifteen() -> list[Written]:
    measured = _with_file("M15", DAN, "The measurements", SAVED_NAME, "application/octet-stream", _noise_bytes())
    return [
        _plain("M1", BOB, "Lunch on Thursday"),
        replace(_plain("M2", BOB, "The new timetable"), signed=True),
        _for_anna(replace(_plain("M3", BOB, "About the tender", more=TEXT_WORD), signed=True)),
        _for_anna(replace(_plain("M4", BOB, HIDDEN_SUBJECT), signed=True, hides_subject=True)),
        _formatted("M5", CAROL, "The newsletter", inside=False),
        _for_anna(replace(_formatted("M6", BOB, "The new sign", inside=True), signed=True)),
        _for_anna(_with_file("M7", DAN, "The plan", PDF_NAME, "application/pdf", _pdf())),
        _for_anna(_with_file("M8", CAROL, "From the roof", PICTURE_NAME, "image/png", _noise())),
        replace(_plain("M9", BOB, "To all members", to=(ANNA, *CROWD)), signed=True),
        _for_anna(_with_mail("M10", DAN, "What Dan wrote")),
        _plain("M11", BOB, "Re: The boathouse", answers=_THREAD),
        replace(_plain("M12", BOB, "For Carol only"), encrypted_for=CAROL),
        replace(_plain("M13", BOB, "The account number"), signed=True, is_changed=True),
        replace(_plain("M14", ERIN, "An offer"), signed=True),
        _for_anna(measured),
    ]


def _for_anna(written: Written) -> Written:
    return replace(written, encrypted_for=ANNA)


def _others(count: int) -> list[Written]:
    chance = random.Random(_SEED)  # noqa: S311 (every walk has the same messages)
    messages = []
    for number in range(len(READ) + 1, len(READ) + count + 1):
        name = f"F{number}"
        subject = " ".join(chance.sample(_WORDS, 3))
        if name in SUBJECT_HITS:
            subject = f"{subject} {SUBJECT_WORD}"
        if name in _THREAD:
            subject = "The boathouse" if name == _THREAD[-1] else "Re: The boathouse"
        answers = _THREAD[_THREAD.index(name) + 1 :] if name in _THREAD else ()
        sender = BOB if name in _THREAD else CROWD[number % len(CROWD)]
        messages.append(_plain(name, sender, subject, answers=answers, lines=chance.randint(10, 60)))
    return messages


def _id_of(name: str) -> str:
    return f"<{name.lower()}.{_SEED}@{DOMAIN}>"


def _begin(name: str, sender: str, subject: str, *, to: tuple[str, ...] = (ANNA,)) -> EmailMessage:
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = Address(NAMES.get(sender, ""), addr_spec=sender)
    mail["To"] = [Address(NAMES.get(address, ""), addr_spec=address) for address in to]
    mail["Subject"] = subject
    mail["Message-ID"] = _id_of(name)
    return mail


def _words_of(name: str) -> str:
    return f"These are the words of message {name}."


def _text_of(name: str, lines: int, more: str = "") -> str:
    line = "The quick brown fox jumps over the lazy dog.\n"
    return f"{_words_of(name)}\n\n{line * lines}{more}\n"


def _plain(
    name: str,
    sender: str,
    subject: str,
    *,
    to: tuple[str, ...] = (ANNA,),
    answers: tuple[str, ...] = (),
    lines: int = 8,
    more: str = "",
) -> Written:
    mail = _begin(name, sender, subject, to=to)
    if answers:
        mail["In-Reply-To"] = _id_of(answers[0])
        mail["References"] = " ".join(_id_of(answer) for answer in reversed(answers))
    mail.set_content(_text_of(name, lines, more), cte="7bit")
    return Written(name=name, sender=sender, mail=mail, words=_words_of(name))


def _formatted(name: str, sender: str, subject: str, *, inside: bool) -> Written:
    mail = _begin(name, sender, subject)
    source = "cid:picture" if inside else "https://pictures.example.org/banner.png"
    mail.set_content(_text_of(name, 8), cte="7bit")
    lines = "".join(f"<li>The quick brown fox jumps <i>{number}</i> times.</li>" for number in range(1, 9))
    mail.add_alternative(
        f"<html><body><h1>{subject}</h1><p><b>{_words_of(name)}</b></p><ul>{lines}</ul>"
        f'<p><img src="{source}" width="120" height="120" alt="A picture"></p></body></html>',
        subtype="html",
        cte="7bit",
    )
    if inside:
        part = mail.get_payload()
        assert isinstance(part, list)
        formatted = part[1]
        assert isinstance(formatted, MIMEPart)
        formatted.add_related(_png(120), "image", "png", cid="<picture>")
    return Written(name=name, sender=sender, mail=mail, words=_words_of(name))


def _with_file(name: str, sender: str, subject: str, file: str, media_type: str, data: bytes) -> Written:
    written = _plain(name, sender, subject)
    main, _, sub = media_type.partition("/")
    written.mail.add_attachment(data, main, sub, filename=file)
    return written


def _with_mail(name: str, sender: str, subject: str) -> Written:
    written = _plain(name, sender, subject)
    inner = _begin("inner", DAN, "The inner mail")
    inner["Date"] = "Mon, 02 Nov 2026 10:00:00 +0000"
    inner.set_content(f"{INNER_TEXT}\n", cte="7bit")
    written.mail.add_attachment(inner)
    return written


def _noise_bytes() -> bytes:
    return random.Random(_SEED).randbytes(SAVED_BYTES)  # noqa: S311


def _noise() -> bytes:
    """A picture of two megabytes of noise, which cannot be compressed."""
    return _png(_PICTURE_SIDE)


def _png(side: int) -> bytes:
    chance = random.Random(side)  # noqa: S311
    rows = b"".join(b"\0" + chance.randbytes(side * 3) for _ in range(side))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _pdf() -> bytes:
    """A PDF of two pages, each with one line."""
    pages = [f"BT /F1 24 Tf 72 700 Td (Page {number} of the plan) Tj ET".encode() for number in (1, 2)]
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>",
        *(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
            b" /Resources << /Font << /F1 7 0 R >> >> >>" % content
            for content in (5, 6)
        ),
        *(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page) for page in pages),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)
