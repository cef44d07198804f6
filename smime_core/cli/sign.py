"""`sealwax sign`."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Final

import click

from smime_core.algorithms import SignatureScheme
from smime_core.certificate import Certificate
from smime_core.cli import operations
from smime_core.cli.certificates import collect
from smime_core.cli.files import mode_like, open_input, open_output, read_input
from smime_core.cli.operations import PROVIDER, SigningOrder
from smime_core.cli.options import (
    FILE,
    encoding_options,
    headers_option,
    input_argument,
    load_recipient,
    load_signers,
    now,
    open_cms_output,
    output_option,
)
from smime_core.cli.passphrases import PassphraseSource, passphrase_options
from smime_core.cli.progress import show_progress
from smime_core.header_protection import ProtectionMode
from smime_core.identity import Identity
from smime_core.message import SignatureForm
from smime_core.signed_attributes import build_key_preference
from smime_core.signer_info import AttributesForm, SignerIdentifierForm, SignerOptions, UnsignedAttributes

_CLASSIFICATIONS: Final = ("unmarked", "unclassified", "restricted", "confidential", "secret", "top-secret")


@click.command()
@input_argument
@output_option
@click.option(
    "--identity",
    "identity_files",
    multiple=True,
    required=True,
    metavar="P12",
    type=FILE,
    help="PKCS#12 or PEM file of a signer. Repeatable.",
)
@click.option("--opaque", is_flag=True, help="The content inside the signature, not beside it.")
@click.option("--raw", is_flag=True, help="IN is content, not a mail; the result is bare CMS.")
@encoding_options
@headers_option
@click.option("--pss", is_flag=True, help="RSA keys sign by PSS, which old programs do not read.")
@click.option("--key-id", is_flag=True, help="Name the signer by its key identifier, not by issuer and serial number.")
@click.option("--no-attributes", is_flag=True, help="Sign the content alone: no time, no protection of algorithms.")
@click.option("--ask-receipt", is_flag=True, help="Ask the readers for a signed receipt, to the signer's address.")
@click.option("--label", metavar="POLICY[:CLASS[:MARK]]", help="Security label, as 1.3.6.1.4.1.99:confidential.")
@click.option(
    "--carry",
    "carried",
    multiple=True,
    metavar="FILE",
    type=FILE,
    help="Certificates and CRLs to send along. Repeatable.",
)
@click.option(
    "--timestamp",
    "timestamp_url",
    metavar="URL",
    help="A timestamp service that proves when this was signed (RFC 3161): its URL.",
)
@click.option("--prefer", "preferred", metavar="CERT", type=FILE, help="Ask for answers sealed to this certificate.")
@passphrase_options
def sign(
    source: str,
    target: str,
    identity_files: tuple[str, ...],
    opaque: bool,
    raw: bool,
    encoding: str | None,
    plain_headers: bool,
    pss: bool,
    key_id: bool,
    no_attributes: bool,
    ask_receipt: bool,
    label: str | None,
    carried: tuple[str, ...],
    timestamp_url: str | None,
    preferred: str | None,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Sign a mail and its header fields.

    The result is multipart/signed, or one opaque part. Several identities give several signatures beside one another.
    """
    if encoding and not raw and not opaque:
        raise click.UsageError(
            "a detached signature of a mail stands in the mail: give --opaque or --raw with --der or --pem"
        )
    passphrases = PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    with open_input(source) as data, show_progress(data, "Signing") as watched:
        signers, at = load_signers(identity_files, passphrases), now()
        further = _further_attributes(signers[0], at, ask_receipt=ask_receipt, label=label)
        certificates, crls = _load_carried(carried)
        if preferred is not None:
            certificates.append(load_recipient(preferred))
            further += (build_key_preference(certificates[-1]),)
        signers = (dataclasses.replace(signers[0], chain=(*signers[0].chain, *certificates)), *signers[1:])
        order = SigningOrder(
            identities=signers,
            at=at,
            form=SignatureForm.OPAQUE if opaque else SignatureForm.DETACHED,
            scheme=SignatureScheme.RSA_PSS if pss else None,
            options=SignerOptions(
                sid_form=SignerIdentifierForm.SUBJECT_KEY_IDENTIFIER
                if key_id
                else SignerIdentifierForm.ISSUER_AND_SERIAL,
                attributes=AttributesForm.NONE if no_attributes else AttributesForm.STANDARD,
                further_attributes=further,
                unsigned_attributes=_timestamper(timestamp_url),
            ),
            crls=crls,
        )
        if raw or encoding:
            with open_cms_output(target, encoding, mode=mode_like(source)) as output:
                operations.sign_content(watched, output, order, raw=raw)
        else:
            protection = None if plain_headers else operations.choose_protection(watched, ProtectionMode.CLEAR)
            with open_output(target, mode=mode_like(source)) as output:
                operations.sign_mail(watched, output, order, protection=protection)


def _further_attributes(
    signer: Identity, at: datetime.datetime, *, ask_receipt: bool, label: str | None
) -> tuple[bytes, ...]:
    if not ask_receipt and label is None:
        return ()
    # Imported here: few messages have either.
    from smime_core import ess

    further: list[bytes] = []
    if ask_receipt:
        addresses = signer.certificate.email_addresses
        if not addresses:
            raise click.UsageError("the signer's certificate names no address for receipts")
        key_id = bytes.fromhex(signer.certificate.fingerprint)
        request = ess.ReceiptRequest(
            signed_content_identifier=ess.new_content_identifier(key_id, moment=at, provider=PROVIDER),
            receipts_from=ess.AllOrFirstTier.ALL_RECEIPTS,
            receipts_to=((ess.mail_name(addresses[0]),),),
        )
        further.append(ess.build_receipt_request(request))
    if label is not None:
        policy, _, rest = label.partition(":")
        classification, _, mark = rest.partition(":")
        further.append(
            ess.build_security_label(
                ess.SecurityLabel(
                    policy=policy,
                    classification=_parse_classification(classification),
                    privacy_mark=mark or None,
                )
            )
        )
    return tuple(further)


def _timestamper(url: str | None) -> UnsignedAttributes | None:
    if url is None:
        return None
    # Imported here: what speaks HTTP takes longer to import than most mails to sign.
    from smime_core.cades import timestamp_when_signed
    from smime_core.cli.timestamping import ask_service

    return timestamp_when_signed(ask_service(url), provider=PROVIDER)


def _load_carried(names: tuple[str, ...]) -> tuple[list[Certificate], list[bytes]]:
    certificates: list[Certificate] = []
    crls: list[bytes] = []
    for name in names:
        own, lists = collect(read_input(name), name)
        certificates += own
        crls += lists
    return certificates, crls


def _parse_classification(text: str) -> int | None:
    if not text:
        return None
    if text in _CLASSIFICATIONS:
        return _CLASSIFICATIONS.index(text)
    if text.isdecimal() and text.isascii():
        return int(text)
    raise click.UsageError(f"--label: {text} is no number and none of {', '.join(_CLASSIFICATIONS)}")
