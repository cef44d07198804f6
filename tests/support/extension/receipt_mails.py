"""Mails that ask for a signed receipt, and receipts as another program makes them."""

from __future__ import annotations

import datetime

from smime_core import ess
from smime_core.asn1 import GeneralNames
from smime_core.blocking import run
from smime_core.cms import Encrypting, Keys, OctetsContent, SignerOptions, Signing, find_signed_layer
from smime_core.cms.signer_info import SignerInfo
from smime_core.identity.identity import Identity
from smime_core.message import decrypt_entity, encrypt_message, sign_message
from smime_core.mime import build_pkcs7_mime
from smime_core.providers.native import NativeProvider

NATIVE = NativeProvider()


def asking_mail(
    signer: Identity,
    *,
    recipient: str = "alice@example.test",
    reader: Identity | None = None,
    to: tuple[str, ...] = ("bob@example.test",),
    more: tuple[str, ...] = (),
    label: str = "",
    words: str = "Turn left.",
) -> bytes:
    """A mail that asks for a receipt to the addresses `to`, encrypted to `reader` if there is one.

    `more` are further names of one of those who get it, of which the protocol allows many. `label` is the OID of the
    policy of a security label.
    """
    now = datetime.datetime.now(datetime.UTC)
    entities = [*((address,) for address in to), *((more,) if more else ())]
    request = ess.ReceiptRequest(
        signed_content_identifier=ess.new_content_identifier(b"", NATIVE, moment=now),
        receipts_from=ess.AllOrFirstTier.ALL_RECEIPTS,
        receipts_to=tuple[GeneralNames, ...]([tuple(map(ess.mail_name, names)) for names in entities]),
    )
    plain = (
        f"From: {signer.certificate.email_addresses[0]}\r\nTo: {recipient}\r\nSubject: Lighthouse\r\n"
        f"Message-ID: <asking@example.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n{words}\r\n"
    ).encode()
    labels = [ess.build_security_label(ess.SecurityLabel(policy=label, classification=5))] if label else []
    options = SignerOptions(further_attributes=(ess.build_receipt_request(request), *labels))
    signed = run(sign_message(plain, Signing(identities=[signer], signing_time=now, options=options), provider=NATIVE))
    if reader is None:
        return signed
    return run(encrypt_message(signed, Encrypting(recipients=[reader.certificate]), provider=NATIVE))


def receipt_mail(message: bytes, *, by: Identity, sender: Identity, reader: Identity, number: int = 1) -> bytes:
    """The receipt of `by` for a message of `sender`, which `reader` can decrypt. `number` is that of the mail."""
    layer = find_signed_layer(decrypted(message, reader))
    (info,) = layer.signed_data.signer_infos
    assert isinstance(info, SignerInfo)
    receipt = ess.build_receipt(
        info,
        OctetsContent(bytes(layer.content or b""), NATIVE),
        Signing(identities=[by], signing_time=datetime.datetime.now(datetime.UTC)),
        NATIVE,
        content_type=layer.signed_data.e_content_type,
        certificate=sender.certificate,
    )
    head = (
        f"From: {by.certificate.email_addresses[0]}\r\nTo: alice@example.test\r\nSubject: Receipt\r\n"
        f"Message-ID: <receipt{number}@example.test>\r\nMIME-Version: 1.0\r\n"
    )
    return head.encode() + build_pkcs7_mime(b"", run(receipt), "signed-receipt")


def decrypted(message: bytes, reader: Identity) -> bytes:
    """The content of a message, which need not be encrypted."""
    if b"signed" in message[: message.index(b"\r\n\r\n")]:
        return message
    return run(decrypt_entity(message, Keys(identities=[reader]), provider=NATIVE))
