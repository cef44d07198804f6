"""`sealwax sign`."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import Final

import click

from sealwax.cli.judging.recipients import load_preferred
from sealwax.cli.messages import operations
from sealwax.cli.options.identities import load_carried_file
from sealwax.cli.options.parameters import (
    ENCODING,
    FILE,
    PLAIN_HEADERS,
    RAW_INPUT,
    SHA2_HASHES,
    SIGNERS,
    InputToOutput,
    ValueChoice,
    now,
)
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.options.signers import SignerChoice, load_signers, warn_of_author, warn_of_date
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import mode_like, open_input, open_output, write_error
from sealwax.cli.streams.progress import show_progress
from smime_core.algorithms import HashName, SignatureScheme
from smime_core.cms import (
    AttributesForm,
    SignatureForm,
    SignerIdentifierForm,
    SignerOptions,
    Signing,
    UnsignedAttributes,
    build_key_preference,
)
from smime_core.identity import Identity
from smime_core.mail import ProtectionMode
from smime_core.provider import KeyType
from smime_core.x509 import Certificate

_OPAQUE_NOTE: Final = "signed with the content inside the signature, because "
_CUT_FIELD: Final = (
    "mail servers cut a header field of more than 100,000 bytes and break its lines of more than 998, "
    "which would break a signature in clear"
)
_SEVERAL_DIGESTS: Final = "the signers' keys have no common digest, and Thunderbird sees no signature in clear with two"
_CLASSIFICATIONS: Final = ("unmarked", "unclassified", "restricted", "confidential", "secret", "top-secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRequest(InputToOutput):
    """A mail or content, its signers, and how they sign."""

    identity_files: tuple[str, ...] = given_by(SIGNERS)
    opaque: bool = given_by(
        click.Option(["--opaque"], is_flag=True, help="Put the content inside the signature, not before it.")
    )
    raw: bool = given_by(RAW_INPUT)
    encoding: str | None = given_by(*ENCODING)
    plain_headers: bool = given_by(PLAIN_HEADERS)
    pss: bool = given_by(
        click.Option(["--pss"], is_flag=True, help="RSA keys sign by PSS, which old programs do not read.")
    )
    rsa_hash: HashName | None = given_by(
        click.Option(["--rsa-hash"], type=ValueChoice(SHA2_HASHES), help="The hash of signatures by RSA keys.")
    )
    key_id: bool = given_by(
        click.Option(
            ["--key-id"],
            is_flag=True,
            help="Name the signer by its key identifier, not by issuer and serial number.",
        )
    )
    no_attributes: bool = given_by(
        click.Option(
            ["--no-attributes"], is_flag=True, help="Sign only the content: no time, no protection of algorithms."
        )
    )
    ask_receipt: bool = given_by(
        click.Option(
            ["--ask-receipt"], is_flag=True, help="Ask the readers for a signed receipt, to the signer's address."
        )
    )
    label: str | None = given_by(
        click.Option(
            ["--label"], metavar="POLICY[:CLASS[:MARK]]", help="Security label, as 1.3.6.1.4.1.99:confidential."
        )
    )
    carried: tuple[str, ...] = given_by(
        click.Option(
            ["--carry", "carried"],
            multiple=True,
            metavar="FILE",
            type=FILE,
            help="Certificates and CRLs to send along. Repeatable.",
        )
    )
    timestamp_url: str | None = given_by(
        click.Option(
            ["--timestamp", "timestamp_url"],
            metavar="URL",
            help="A timestamp service that proves when this was signed (RFC 3161): its URL.",
        )
    )
    preferred: str | None = given_by(
        click.Option(
            ["--prefer", "preferred"],
            metavar="CERT",
            type=FILE,
            help="Ask for replies encrypted for this certificate.",
        )
    )
    choice: SignerChoice = group_of(SignerChoice)
    passphrases: PassphraseSource = group_of(PassphraseSource)

    def __post_init__(self) -> None:
        if self.encoding and not self.raw and not self.opaque:
            raise click.UsageError(
                "the detached signature of a mail is a part of the mail: give --opaque or --raw with --der or --pem"
            )

    def load_signing(self, data: operations.Input) -> Signing:
        """The signers of `data` and their options.

        Raises NoUsableSigner, NoUsableCertificate, OSError, MalformedMessage, UsageError or WrongPassphrase.
        """
        at = now()
        headers = None if self.raw else operations.read_head(data).headers
        if not self.no_attributes:
            warn_of_date(headers, at)
        warn_of_author(headers)
        rules = self.choice.rules(at, headers)
        rules = replace(rules, scheme=self._scheme)
        first, *others = load_signers(self.identity_files, self.passphrases, rules)
        if self.rsa_hash and not any(signer.private_key.key_type is KeyType.RSA for signer in (first, *others)):
            raise click.UsageError("--rsa-hash is for RSA keys, and no signer has one")
        further = self._further_attributes(first, at)
        certificates, crls = _load_carried(self.carried)
        if self.preferred is not None:
            certificates.append(load_preferred(self.preferred, first.certificate, self.choice))
            further.append(build_key_preference(certificates[-1]))
        first = replace(first, chain=(*first.chain, *certificates))
        return Signing(
            identities=(first, *others),
            signing_time=at,
            form=self._form,
            scheme=self._scheme,
            rsa_hash=self.rsa_hash,
            options=self._signer_options(further),
            crls=crls,
        )

    @property
    def _scheme(self) -> SignatureScheme | None:
        return SignatureScheme.RSA_PSS if self.pss else None

    @property
    def _form(self) -> SignatureForm | None:
        if self.opaque:
            return SignatureForm.OPAQUE
        return SignatureForm.DETACHED if self.raw else None

    def _signer_options(self, further_attributes: list[bytes]) -> SignerOptions:
        key_id, by_issuer = SignerIdentifierForm.SUBJECT_KEY_IDENTIFIER, SignerIdentifierForm.ISSUER_AND_SERIAL
        return SignerOptions(
            sid_form=key_id if self.key_id else by_issuer,
            attributes=AttributesForm.NONE if self.no_attributes else AttributesForm.STANDARD,
            further_attributes=tuple(further_attributes),
            unsigned_attributes=_timestamper(self.timestamp_url),
        )

    def _further_attributes(self, signer: Identity, at: datetime.datetime) -> list[bytes]:
        further: list[bytes] = []
        if self.ask_receipt:
            further.append(_receipt_request(signer, at))
        if self.label is not None:
            further.append(_security_label(self.label))
        return further


@verb(SignRequest)
def sign(request: SignRequest) -> None:
    """Sign a mail and its header fields.

    The result is multipart/signed, or one opaque part. Several identities give several signatures of one content.
    """
    with open_input(request.source) as data, show_progress(data, "Signing") as watched:
        signing, mode = request.load_signing(watched), mode_like(request.source)
        if request.raw or request.encoding:
            with operations.open_cms_output(request.target, request.encoding, mode) as output:
                operations.sign_content(watched, output, signing, raw=request.raw)
            return
        is_plain = request.plain_headers
        protection = None if is_plain else operations.choose_protection(watched, ProtectionMode.CLEAR)
        with open_output(request.target, mode) as output:
            form = operations.sign_mail(watched, output, signing, protection)
    if form is SignatureForm.OPAQUE and not request.opaque:
        has_several = len({algorithm.hash_name for algorithm in signing.algorithms}) > 1
        write_error(_OPAQUE_NOTE + (_SEVERAL_DIGESTS if has_several else _CUT_FIELD))


def _receipt_request(signer: Identity, at: datetime.datetime) -> bytes:
    # Imported here because few messages ask for a receipt.
    from smime_core import ess

    addresses = signer.certificate.email_addresses
    if not addresses:
        raise click.UsageError("the signer's certificate names no address for receipts")
    key_id = bytes.fromhex(signer.certificate.fingerprint)
    return ess.build_receipt_request(
        ess.ReceiptRequest(
            signed_content_identifier=ess.new_content_identifier(key_id, moment=at, provider=PROVIDER),
            receipts_from=ess.AllOrFirstTier.ALL_RECEIPTS,
            receipts_to=((ess.mail_name(addresses[0]),),),
        )
    )


def _security_label(text: str) -> bytes:
    # Imported here because few messages have a label.
    from smime_core import ess

    if not text.isprintable():
        raise click.UsageError("--label: it has bytes that are no text")
    policy, _, rest = text.partition(":")
    classification, _, mark = rest.partition(":")
    label = ess.SecurityLabel(
        policy=policy, classification=_parse_classification(classification), privacy_mark=mark or None
    )
    return ess.build_security_label(label)


def _timestamper(url: str | None) -> UnsignedAttributes | None:
    if url is None:
        return None
    # Imported here because HTTP takes longer to import than signing most mails.
    from sealwax.cli.messages.timestamp_service import ask_service
    from smime_core.cades import timestamp_when_signed

    return timestamp_when_signed(ask_service(url), provider=PROVIDER)


def _load_carried(names: tuple[str, ...]) -> tuple[list[Certificate], list[bytes]]:
    certificates: list[Certificate] = []
    crls: list[bytes] = []
    for name in names:
        carried = load_carried_file(name)
        certificates += carried.certificates
        crls += carried.crls
    return certificates, crls


def _parse_classification(text: str) -> int | None:
    if not text:
        return None
    if text in _CLASSIFICATIONS:
        return _CLASSIFICATIONS.index(text)
    if text.isdecimal() and text.isascii():
        return int(text)
    raise click.UsageError(f"--label: {text} is no number and none of {', '.join(_CLASSIFICATIONS)}")
