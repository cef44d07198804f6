"""`sealwax receipt`: signed receipts, made for what asks for one and held against what was sent (RFC 2634)."""

from __future__ import annotations

import datetime

import click

from smime_core import blocking, ess
from smime_core.certificate import Certificate
from smime_core.cli.files import mode_like, open_input, write_error, write_line, write_output
from smime_core.cli.group import DONE, NOT_AS_ASKED
from smime_core.cli.looking_up import judge
from smime_core.cli.operations import PROVIDER, Examined, read_whole
from smime_core.cli.options import (
    FILE,
    input_argument,
    load_signers,
    now,
    output_option,
    write_json,
)
from smime_core.cli.passphrases import PassphraseSource, passphrase_options
from smime_core.cli.rewriting import load_wrapped
from smime_core.cli.verdict_options import TrustOptions, verdict_options
from smime_core.content_info import armor
from smime_core.errors import MalformedMessage, SmimeError, VerificationError
from smime_core.layers import SignedLayer, find_layer, parse_message
from smime_core.mime import build_pkcs7_mime
from smime_core.pkix import TrustStore
from smime_core.policy import Policy
from smime_core.report import State
from smime_core.report_json import report_to_json
from smime_core.signed_content import OctetsContent
from smime_core.signed_data import find_signer_certificates
from smime_core.signer_info import SignerInfo, verify_signer


@click.group()
def receipt() -> None:
    """Make and verify signed receipts."""


@receipt.command()
@input_argument
@output_option
@click.option("--identity", "identity_file", required=True, metavar="P12", type=FILE, help="PKCS#12 or PEM file.")
@click.option("--content", "content_file", metavar="FILE", type=FILE, help="The content of a detached signature.")
@click.option("--pem", "encoding", flag_value="pem", help="Write bare CMS as PEM, not a mail part.")
@click.option("--der", "encoding", flag_value="der", help="Write bare CMS as DER, not a mail part.")
@passphrase_options
def make(
    source: str,
    target: str,
    identity_file: str,
    content_file: str | None,
    encoding: str | None,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Say with your signature that you could verify a message that asks for it.

    The message's signature is checked first. One line on standard error says to whom the receipt goes. Whether its
    signer is to be trusted, sealwax verify tells.
    """
    passphrases = PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    original = _load_signed(source, content_file)
    (holder,) = load_signers([identity_file], passphrases)
    verified = _find_verified(original, source)
    signers = [info for info, _ in verified]
    asked = ess.find_receipt_request(signers)
    own_names = [ess.mail_name(address) for address in holder.certificate.email_addresses if address.isascii()]
    history = ess.find_expansion_history(signers)
    to = ess.receipt_recipients(asked[0], own_names=own_names, history=history) if asked else ()
    if asked is None or not to:
        raise VerificationError(f"{source} asks for no receipt from you")
    signer = asked[1]
    receipt_der = blocking.build_receipt(
        signer,
        OctetsContent(original.content or b"", provider=PROVIDER),
        content_type=original.signed_data.e_content_type,
        certificate=next(certificate for info, certificate in verified if info is signer),
        holder=holder,
        signing_time=now(),
        provider=PROVIDER,
    )
    if encoding is None:
        receipt_der = build_pkcs7_mime(b"", receipt_der, "signed-receipt")
    write_output(
        target, armor(receipt_der).encode("ascii") if encoding == "pem" else receipt_der, mode=mode_like(source)
    )
    addresses = [name.address for names in to for name in names if name.address]
    write_error(f"the receipt goes to {', '.join(addresses) or 'somebody without a mail address'}")


@receipt.command()
@input_argument
@click.option("--original", required=True, metavar="FILE", type=FILE, help="The message as it was sent.")
@verdict_options
def verify(
    source: str,
    original: str,
    trust: TrustOptions,
    sender: str | None,
    at: datetime.datetime | None,
    as_json: bool,
) -> int:
    """Say whether a receipt is for the message that was sent, and whose it is.

    Exits 0 only when it is, and its signer is verified.
    """
    receipt_cms = load_wrapped(source).cms
    blocking.verify_receipt(
        receipt_cms, _load_signed(original, None).signed_data, provider=PROVIDER, policy=Policy.ARCHIVE
    )

    def examine(trust_store: TrustStore) -> Examined:
        report = blocking.verify_bytes(
            receipt_cms,
            provider=PROVIDER,
            trust_store=trust_store,
            at=at or now(),
            content_type=ess.ID_CT_RECEIPT,
            # One judgement says both whose it is and who vouches for that: a key may have several certificates.
            sender=sender,
            policy=Policy.ARCHIVE,
        )
        return Examined(report, None)

    judged = judge(examine, trust.load_store(), trust)
    if as_json:
        write_json(report_to_json(judged.report))
    if judged.report.state is not State.VERIFIED:
        write_error(judged.line)
        return NOT_AS_ASKED
    if not as_json:
        write_line(f"received: {judged.line}")
    return DONE


def _find_verified(original: SignedLayer, source: str) -> list[tuple[SignerInfo, Certificate]]:
    """The signers whose signatures hold, each with a certificate of its key: only their word counts for a receipt.

    Raises what is wrong with the first one when none holds.
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
            checked = verify_signer(
                info, content, content_type=signed_data.e_content_type, certificate=certificate, provider=PROVIDER
            )
            blocking.run(checked)
            verified.append((info, certificate))
        except SmimeError as error:
            faults.append(error)
    if not verified:
        raise faults[0]
    return verified


def _load_signed(source: str, content_file: str | None) -> SignedLayer:
    with open_input(source) as opened:
        data = read_whole(opened)
    content = None
    if content_file is not None:
        with open_input(content_file) as opened:
            content = read_whole(opened)
    node = parse_message(data)
    layer = find_layer(node, detached_content=content)
    if not isinstance(layer, SignedLayer) or not layer.signed_data.signer_infos:
        raise MalformedMessage("found nothing signed", where=source)
    return layer
