"""`sealwax receipt`: make a signed receipt for a message that asks for one, and verify receipts (RFC 2634)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import click

from sealwax.cli.group import DONE, NOT_AS_ASKED
from sealwax.cli.judging.looking_up import judge
from sealwax.cli.messages.operations import Examined, load_whole
from sealwax.cli.messages.rewriting import load_wrapped
from sealwax.cli.options.parameters import CONTENT, FILE, INPUT, SIGNER, InputToOutput, now
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.options.signers import SignerChoice, load_signer
from sealwax.cli.options.trust import VerdictOptions
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import mode_like, write_error, write_json, write_line, write_output
from smime_core import blocking, ess
from smime_core.asn1 import GeneralNames
from smime_core.cms import (
    OctetsContent,
    SignedLayer,
    SignerInfo,
    Signing,
    armor,
    find_layer,
    find_signer_certificates,
    parse_message,
    verify_signer,
)
from smime_core.errors import MalformedMessage, SmimeError, VerificationError
from smime_core.ess import build_receipt, verify_receipt
from smime_core.identity import Identity
from smime_core.mime import Entity, addresses, build_pkcs7_mime
from smime_core.pkix import TrustStore
from smime_core.policy import Policy
from smime_core.report import State, report_to_json
from smime_core.x509 import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeReceiptRequest(InputToOutput):
    """A message that asks for a receipt, and the reader who signs one."""

    identity_file: str = given_by(SIGNER)
    content_file: str | None = given_by(CONTENT)
    choice: SignerChoice = group_of(SignerChoice)
    encoding: str | None = given_by(
        click.Option(["--pem", "encoding"], flag_value="pem", help="Write bare CMS as PEM, not a mail part."),
        click.Option(["--der", "encoding"], flag_value="der", help="Write bare CMS as DER, not a mail part."),
    )
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReceiptRequest:
    """A receipt, the message that the receipt confirms, and how the receipt's signer is judged."""

    source: str = given_by(INPUT)
    original: str = given_by(
        click.Option(["--original"], required=True, metavar="FILE", type=FILE, help="The message as it was sent.")
    )
    verdict: VerdictOptions = group_of(VerdictOptions)


@click.group()
def receipt() -> None:
    """Make and verify signed receipts."""


@verb(MakeReceiptRequest, group=receipt)
def make(request: MakeReceiptRequest) -> None:
    """Confirm with your signature that you could verify a message that asks for a receipt.

    The message's signature is checked first. One line on standard error says to whom the receipt goes. To see whether
    the message's signer is to be trusted, use sealwax verify.
    """
    data = load_whole(request.source)
    original = _find_signed(data, request.content_file, request.source)
    at, people = now(), _find_recipients(data)
    rules = replace(request.choice.rules(at), recipients=people)
    holder = load_signer(request.identity_file, request.passphrases, rules)
    verified = _find_verified(original, request.source)
    asking_signer, to = _find_request(verified, holder)
    if asking_signer is None or not to:
        raise VerificationError(f"{request.source} asks for no receipt from you")
    receipt_der = blocking.run(
        build_receipt(
            asking_signer,
            OctetsContent(original.content or b"", provider=PROVIDER),
            Signing(identities=[holder], signing_time=at),
            content_type=original.signed_data.e_content_type,
            certificate=next(certificate for info, certificate in verified if info is asking_signer),
            provider=PROVIDER,
        )
    )
    if request.encoding is None:
        receipt_der = build_pkcs7_mime(b"", receipt_der, "signed-receipt")
    data = armor(receipt_der).encode("ascii") if request.encoding == "pem" else receipt_der
    write_output(request.target, data, mode=mode_like(request.source))
    asking = [name.address for names in to for name in names if name.address]
    write_error(f"the receipt goes to {', '.join(asking) or 'someone without a mail address'}")


@verb(VerifyReceiptRequest, group=receipt)
def verify(request: VerifyReceiptRequest) -> int:
    """Say whether a receipt is for the message that was sent, and whose it is.

    Exits 0 only when the receipt is for that message, and its signer is verified.
    """
    options = request.verdict
    receipt_cms = load_wrapped(request.source).cms
    blocking.run(
        verify_receipt(
            receipt_cms,
            _find_signed(load_whole(request.original), None, request.original).signed_data,
            provider=PROVIDER,
            policy=Policy.ARCHIVE,
        )
    )

    def examine(trust_store: TrustStore) -> Examined:
        report = blocking.verify_bytes(
            receipt_cms,
            options.judging(trust_store),
            provider=PROVIDER,
            content_type=ess.ID_CT_RECEIPT,
            sender=options.sender,
            policy=Policy.ARCHIVE,
        )
        return Examined(report, None)

    judged = judge(examine, options.trust.load_store(), options.trust)
    if options.as_json:
        write_json(report_to_json(judged.report))
    if judged.report.state is not State.VERIFIED:
        write_error(judged.line)
        return NOT_AS_ASKED
    if not options.as_json:
        write_line(f"received: {judged.line}")
    return DONE


def _find_request(
    verified: list[tuple[SignerInfo, Certificate]], holder: Identity
) -> tuple[SignerInfo | None, tuple[GeneralNames, ...]]:
    """The signer that asks for a receipt (or None), and the recipients of the receipt that `holder` signs."""
    signers = [info for info, _ in verified]
    request_and_signer = ess.find_receipt_request(signers)
    if request_and_signer is None:
        return None, ()
    to = ess.receipt_recipients(
        request_and_signer[0],
        own_names=[ess.mail_name(address) for address in holder.certificate.email_addresses if address.isascii()],
        history=ess.find_expansion_history(signers),
    )
    return request_and_signer[1], to


def _find_verified(original: SignedLayer, source: str) -> list[tuple[SignerInfo, Certificate]]:
    """The signers whose signatures are valid, each with its certificate. Only these signers may ask for a receipt.

    Raises the error of the first signer if no signature is valid.
    """
    if original.content is None:
        raise MalformedMessage("it does not carry its content", where=source)
    signed_data, content = original.signed_data, OctetsContent(original.content, provider=PROVIDER)
    verified: list[tuple[SignerInfo, Certificate]] = []
    faults: list[SmimeError] = []
    for info in signed_data.signer_infos:
        try:
            if isinstance(info, SmimeError):
                raise info
            certificate = next(iter(find_signer_certificates(info, signed_data.certificates)), None)
            if certificate is None:
                raise MalformedMessage("it does not carry its signer's certificate", where=source)
            blocking.run(verify_signer(info, content, PROVIDER, certificate, signed_data.e_content_type))
            verified.append((info, certificate))
        except SmimeError as error:
            faults.append(error)
    if not verified:
        raise faults[0]
    return verified


def _find_recipients(data: bytes) -> tuple[str, ...]:
    """The addresses in To and Cc of a mail; empty for bare CMS."""
    node = parse_message(data)
    if not isinstance(node, Entity):
        return ()
    fields = [*node.headers.find("To"), *node.headers.find("Cc")]
    return tuple(mailbox.address for field in fields for mailbox in addresses(field.unfolded) if mailbox.address)


def _find_signed(data: bytes, content_file: str | None, source: str) -> SignedLayer:
    content = None if content_file is None else load_whole(content_file)
    layer = find_layer(parse_message(data), content)
    if not isinstance(layer, SignedLayer) or not layer.signed_data.signer_infos:
        raise MalformedMessage("found nothing signed", where=source)
    return layer
