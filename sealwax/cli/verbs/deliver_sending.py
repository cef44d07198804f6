"""`sealwax deliver send`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import click

from sealwax.cli.judging.choosing import CandidateJudge
from sealwax.cli.judging.recipients import load_given
from sealwax.cli.options.delivery import ServiceOptions
from sealwax.cli.options.parameters import FILE, JSON, OUTPUT_FILE, now
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.options.signers import SignerChoice, load_signers
from sealwax.cli.options.trust import TrustOptions
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import (
    PRIVATE_MODE,
    STANDARD_STREAM,
    lock_file,
    read_input,
    write_json,
    write_line,
    write_output,
)
from sealwax.cli.streams.progress import show_steps
from sealwax.cli.user_files.delivery import KeptService, sends_folder
from sealwax.cli.user_files.sent_parcels import keep_expected_receipt
from sealwax.delivery.address import ParcelLink, parse_server
from sealwax.delivery.outgoing import OutgoingFile, outgoing_file, outgoing_message
from sealwax.delivery.send_states import SendStates
from sealwax.delivery.sending import Sender, Sending, Sent
from sealwax.words import ENGLISH, WORDS
from smime_core.cms import SignatureForm, Signing
from smime_core.mail import Draft, build_mail
from smime_core.parcels import MESSAGE_NAME, Addressee
from smime_core.report import time_to_json
from smime_core.text import addresses_match, parse_address
from smime_core.verdict import claim_of
from smime_core.x509 import Certificate

_MAX_DAYS: Final = 90
_DAYS: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """The sender's written message, which is encrypted with the files."""

    text: str | None = given_by(
        click.Option(["--message", "text"], metavar="TEXT|-", help="A message, or - for standard input.")
    )
    subject: str = given_by(
        click.Option(["--subject"], default="", metavar="TEXT", help="The subject of the message, encrypted too.")
    )

    def __post_init__(self) -> None:
        if self.subject and self.text is None:
            raise click.UsageError("--subject is that of --message")

    def load(self, sender: str, to: Sequence[str]) -> OutgoingFile | None:
        """The message as the first file of the parcel, or None. Raises OSError, MalformedMessage or ClickException."""
        if self.text is None:
            return None
        text = self.text
        if text == STANDARD_STREAM:
            try:
                text = read_input(STANDARD_STREAM).decode()
            except UnicodeDecodeError:
                raise click.ClickException("the message on standard input is no text in UTF-8") from None
        domain = sender.rpartition("@")[2]
        draft = Draft(
            sender=sender,
            to=to,
            date=now(),
            message_id=f"<{PROVIDER.random_bytes(16).hex()}@{domain}>",
            subject=self.subject,
            text=text,
        )
        return outgoing_message(MESSAGE_NAME, build_mail(draft), f"{self.subject}\n{text}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """The recipients of a parcel."""

    to: tuple[str, ...] = given_by(
        click.Option(
            ["--to"],
            multiple=True,
            required=True,
            metavar="ADDRESS",
            help="Whom it is for, who gets a notice. Repeatable.",
        )
    )
    certificate_files: tuple[str, ...] = given_by(
        click.Option(
            ["--to-cert", "certificate_files"],
            multiple=True,
            metavar="CERT",
            type=FILE,
            help="Certificate of somebody under --to, who then needs no words. Repeatable.",
        )
    )
    allow_expired: bool = given_by(
        click.Option(["--allow-expired"], is_flag=True, help="Encrypt for a given certificate though it has expired.")
    )
    language: str = given_by(
        click.Option(
            ["--language"],
            type=click.Choice(list(WORDS.languages)),
            default=ENGLISH,
            show_default=True,
            help="Language of the notice, and of the words if there is a list of words in it.",
        )
    )
    trust: TrustOptions = group_of(TrustOptions)

    def __post_init__(self) -> None:
        for address in self.to:
            if parse_address(address) is None:
                raise click.BadParameter(f"{address} is no mail address", param_hint="--to")

    def load(self) -> tuple[Certificate, ...]:
        """The certificates of --to-cert, each checked. Raises NoUsableCertificate, ClickException or OSError."""
        if not self.certificate_files:
            return ()
        judge = CandidateJudge(store=self.trust.load_store(), trust=self.trust, at=now())
        return tuple(self._load(name, judge) for name in self.certificate_files)

    def _load(self, name: str, judge: CandidateJudge) -> Certificate:
        certificate = load_given(name, judge, allow_expired=self.allow_expired)
        theirs = certificate.email_addresses
        if not any(addresses_match(address, other) for address in self.to for other in theirs):
            owner = ", ".join(theirs) or "no address"
            raise click.UsageError(f"{name} is the certificate of {owner}, who is not under --to")
        return certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest:
    """A message and files, their recipients, and the service that delivers them."""

    files: tuple[Path, ...] = given_by(
        click.Argument(["files"], nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
    )
    readers: Readers = group_of(Readers)
    letter: Letter = group_of(Letter)
    identity_file: str | None = given_by(
        click.Option(
            ["--identity", "identity_file"],
            metavar="P12",
            type=FILE,
            help="PKCS#12 or PEM file by which you sign, so that the recipient sees who sent it.",
        )
    )
    days: int = given_by(
        click.Option(
            ["--days"],
            type=click.IntRange(1, _MAX_DAYS),
            default=_DAYS,
            show_default=True,
            help="How long the service keeps it.",
        )
    )
    downloads: int | None = given_by(
        click.Option(["--downloads"], type=click.IntRange(min=1), help="How often it may be opened.")
    )
    words_in_link: bool = given_by(
        click.Option(
            ["--words-in-link"],
            is_flag=True,
            help="Print a link that has the words in it. It is as safe as the way by which you pass it on.",
        )
    )
    words_file: str | None = given_by(
        click.Option(
            ["--words-file"], metavar="OUT", type=OUTPUT_FILE, help="Write the words to this file and nowhere else."
        )
    )
    login: ServiceOptions = group_of(ServiceOptions)
    passphrases: PassphraseSource = group_of(PassphraseSource)
    as_json: bool = given_by(JSON)

    def __post_init__(self) -> None:
        if not self.files and self.letter.text is None:
            raise click.UsageError("give files, or --message")
        if self.letter.text == STANDARD_STREAM and STANDARD_STREAM in (
            self.identity_file,
            *self.readers.certificate_files,
        ):
            raise click.UsageError("--message and another option both read standard input")
        if self.words_file == STANDARD_STREAM:
            raise click.UsageError("--words-file names a file: without it the words go to standard output")
        if self.words_in_link and self.words_file is not None:
            raise click.UsageError("--words-in-link prints the words, and --words-file keeps them from being printed")


@verb(SendRequest)
def send(request: SendRequest) -> None:
    """Encrypt a message or files of any size, and send them to people who may have no key.

    The recipients get a notice with a link. Tell them the six words another way, such as by telephone: the notice does
    not contain the words, and the service does not know them. --to-cert encrypts for a certificate too.
    An interrupted sending goes on when you give the same command again within a day.
    """
    certificates = request.readers.load()
    with request.login.open() as (service, token, api):
        sending = _prepare(request, service, certificates)
        sender = Sender(api, SendStates(sends_folder(), token, PROVIDER), PROVIDER)
        with (
            lock_file(sender.state_file_of(sending)),
            show_steps("Sending", sum(file.size_bytes for file in sending.files)) as move,
        ):
            sent = sender.send(sending, now(), move)
        if sent.expected_receipt is not None:
            keep_expected_receipt(sent.parcel.parcel_id, sent.expected_receipt)
        # The state for resuming is deleted only after the words were shown, so an interruption before this line loses
        # nothing.
        _show(request, service, sent)
        sender.forget(sending)


def _prepare(request: SendRequest, service: KeptService, certificates: tuple[Certificate, ...]) -> Sending:
    letter = request.letter.load(service.address, request.readers.to)
    files = [outgoing_file(path) for path in request.files]
    signing = None
    if request.identity_file is not None:
        at = now()
        choice = SignerChoice(allow_expired=request.readers.allow_expired, allow_weak=False, holder=None)
        rules = replace(choice.rules(at), claimed=claim_of(service.address))
        signing = Signing(
            identities=load_signers([request.identity_file], request.passphrases, rules),
            signing_time=at,
            form=SignatureForm.OPAQUE,
        )
    return Sending(
        sender=service.address,
        to=[Addressee(address=address, language=request.readers.language) for address in request.readers.to],
        files=files if letter is None else [letter, *files],
        certificates=certificates,
        signing=signing,
        days=request.days,
        downloads=request.downloads,
        language=request.readers.language,
    )


def _show(request: SendRequest, service: KeptService, sent: Sent) -> None:
    link = None
    if service.pages:
        parcel_link = ParcelLink(pages=parse_server(service.pages), parcel_id=sent.parcel.parcel_id, words=sent.secret)
        link = parcel_link.with_words() if request.words_in_link else str(parcel_link)
    elif request.words_in_link:
        raise click.ClickException("the address of the pages is not known: give it by --server")
    if request.words_file is not None:
        write_output(request.words_file, f"{sent.secret}\n".encode(), mode=PRIVATE_MODE)
    if request.as_json:
        members: dict[str, Any] = {
            "id": sent.parcel.parcel_id,
            "reference": sent.parcel.reference,
            "link": link,
            "expires": None if sent.parcel.expires is None else time_to_json(sent.parcel.expires),
        }
        write_json(members if request.words_file is not None else {**members, "words": sent.secret})
        return
    write_line(f"Reference: {sent.parcel.reference}")
    if link is not None:
        write_line(f"Link: {link}")
    if request.words_file is None:
        write_line(f"Words: {sent.secret}")
