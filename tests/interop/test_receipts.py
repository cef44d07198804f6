"""Signed receipts between us and `openssl cms` (RFC 2634 section 2): each side requests, gives and checks them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from smime_core.asn1.general_names import mail_name
from smime_core.blocking import run
from smime_core.cms.content_info import ID_DATA, parse_content_info
from smime_core.cms.signed_content import OctetsContent
from smime_core.cms.signed_data import SignedData, build_signed_data, parse_signed_data
from smime_core.cms.signer_info import SignerInfo
from smime_core.cms.signing import SignerOptions, Signing
from smime_core.errors import VerificationError
from smime_core.ess.receipt_request import (
    AllOrFirstTier,
    ReceiptRequest,
    build_receipt_request,
    find_receipt_request,
)
from smime_core.ess.receipts import build_receipt, verify_receipt
from tests.support.peers import ours
from tests.support.peers.openssl import OpenSsl
from tests.support.peers.peer import Peer, Refused
from tests.support.peers.people import PROVIDER, address, certificate, identity

CONTENT = b"Content-Type: text/plain\r\n\r\nplease say that you got this\r\n"
ASKING = ("-receipt_request_all", "-receipt_request_to", address("rsa"))


@pytest.fixture
def openssl(start_peer: Callable[[str], Peer]) -> OpenSsl:
    peer = start_peer("openssl")
    assert isinstance(peer, OpenSsl)
    return peer


def ask_by_openssl(openssl: OpenSsl) -> bytes:
    options = ("-signer", "rsa.pem", "-inkey", "rsa.key", "-md", "sha256")
    return openssl.run("-sign", "-nodetach", "-binary", "-outform", "DER", *options, *ASKING, data=CONTENT)


def ask_by_us() -> bytes:
    request = ReceiptRequest(
        signed_content_identifier=PROVIDER.random_bytes(32),
        receipts_from=AllOrFirstTier.ALL_RECEIPTS,
        receipts_to=((mail_name(address("rsa")),),),
    )
    options = SignerOptions(further_attributes=(build_receipt_request(request),))
    return run(
        build_signed_data(
            CONTENT,
            Signing(identities=[identity("rsa")], signing_time=ours.now(), options=options),
            content_type=ID_DATA,
            provider=PROVIDER,
        )
    )


def signed_data_of(cms: bytes) -> SignedData:
    return parse_signed_data(parse_content_info(cms).content)


def only_signer(cms: bytes) -> SignerInfo:
    (signer,) = signed_data_of(cms).signer_infos
    assert isinstance(signer, SignerInfo)
    return signer


def check_by_openssl(openssl: OpenSsl, original: bytes, receipt: bytes, folder: Path) -> None:
    file = folder / "receipt"
    file.write_bytes(receipt)
    options = ("-rctform", "DER", "-inform", "DER", "-CAfile", "ca.pem")
    openssl.run("-verify_receipt", str(file), *options, data=original)


def give_by_us(original: bytes) -> bytes:
    return run(
        build_receipt(
            only_signer(original),
            OctetsContent(CONTENT, provider=PROVIDER),
            Signing(identities=[identity("rsa2")], signing_time=ours.now()),
            content_type=ID_DATA,
            certificate=certificate("rsa"),
            provider=PROVIDER,
        )
    )


def give_by_openssl(openssl: OpenSsl, original: bytes) -> bytes:
    options = ("-signer", "rsa2.pem", "-inkey", "rsa2.key", "-md", "sha256")
    return openssl.run("-sign_receipt", "-inform", "DER", "-outform", "DER", *options, data=original)


def test_openssl_checks_our_receipt_for_its_request(openssl: OpenSsl, tmp_path: Path) -> None:
    original = ask_by_openssl(openssl)
    request = find_receipt_request([only_signer(original)])
    assert request is not None
    assert request[0].receipts_from is AllOrFirstTier.ALL_RECEIPTS
    assert [[name.address for name in names] for names in request[0].receipts_to] == [[address("rsa")]]
    check_by_openssl(openssl, original, give_by_us(original), tmp_path)


def test_openssl_refuses_our_receipt_for_another_message(openssl: OpenSsl, tmp_path: Path) -> None:
    receipt = give_by_us(ask_by_openssl(openssl))
    with pytest.raises(Refused):
        check_by_openssl(openssl, ask_by_openssl(openssl), receipt, tmp_path)


def test_we_check_openssls_receipt_for_our_request(openssl: OpenSsl) -> None:
    original = ask_by_us()
    receipt = give_by_openssl(openssl, original)
    verified = run(verify_receipt(receipt, signed_data_of(original), provider=PROVIDER))
    assert verified.certificate == certificate("rsa2")


def test_we_refuse_openssls_receipt_for_another_message(openssl: OpenSsl) -> None:
    receipt = give_by_openssl(openssl, ask_by_us())
    with pytest.raises(VerificationError):
        run(verify_receipt(receipt, signed_data_of(ask_by_us()), provider=PROVIDER))
