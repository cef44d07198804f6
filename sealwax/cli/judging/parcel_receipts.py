"""The verdict on the signed receipts for a parcel that was sent (RFC 2634 section 2.6).

The delivery service has checked the signatures, but the sender need not trust the service. A receipt counts only if it
is for the manifest that was sent, and its signer is verified for the address of a recipient. Only the computer that
sent the parcel knows the signature of its manifest. On other computers, the verdict says that the receipt could not be
compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from sealwax.cli.judging.looking_up import judge
from sealwax.cli.messages.operations import Examined
from sealwax.cli.options.parameters import now
from sealwax.cli.options.trust import TrustOptions
from sealwax.cli.provider import PROVIDER
from sealwax.cli.user_files.sent_parcels import find_expected_receipt
from sealwax.delivery.sender_api import SentParcel
from smime_core import blocking
from smime_core.asn1 import Buffer
from smime_core.errors import SmimeError
from smime_core.ess import ID_CT_RECEIPT, parse_signed_receipt
from smime_core.parcels import check_parcel_receipt
from smime_core.pkix import TrustStore
from smime_core.policy import Policy
from smime_core.report import State
from smime_core.text import addresses_match
from smime_core.trust import Judging

_NOT_COMPARED: Final = "not compared with the parcel, which another computer has sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedReceipt:
    """A receipt: the recipient according to its certificate, its state, and the verdict in words."""

    recipient: str
    state: State
    line: str


class ReceiptJudge:
    """Judges receipts with the trust store of the options, which is loaded for the first receipt."""

    def __init__(self, trust: TrustOptions) -> None:
        self._trust = trust

    def judge_all(self, parcel: SentParcel) -> list[JudgedReceipt]:
        """The verdicts on the receipts for a parcel, the oldest first."""
        return [self._judge(cms, parcel) for cms in parcel.receipts]

    def _judge(self, cms: bytes, parcel: SentParcel) -> JudgedReceipt:
        expected = find_expected_receipt(parcel.parcel_id)
        try:
            blocking.run(check_parcel_receipt(cms, PROVIDER, parcel=parcel.parcel_id, expected=expected))
            recipient = _find_recipient(cms, parcel)
        except SmimeError as error:
            return JudgedReceipt(recipient="", state=State.INVALID, line=f"invalid: {error}")

        def examine(trust_store: TrustStore) -> Examined:
            report = blocking.verify_bytes(
                cms,
                Judging(trust_store=trust_store, at=now()),
                provider=PROVIDER,
                content_type=ID_CT_RECEIPT,
                sender=recipient,
                policy=Policy.ARCHIVE,
            )
            return Examined(report, None)

        judged = judge(examine, self._store, self._trust)
        return JudgedReceipt(
            recipient=recipient,
            state=judged.report.state,
            line=judged.line if expected is not None else f"{judged.line}; {_NOT_COMPARED}",
        )

    @cached_property
    def _store(self) -> TrustStore:
        return self._trust.load_store()


def _find_recipient(cms: Buffer, parcel: SentParcel) -> str:
    """The recipient whose address is in a certificate of the receipt. Without one, the parcel's first recipient."""
    certificates = parse_signed_receipt(cms).signed_data.certificates
    named = [address for certificate in certificates for address in certificate.email_addresses]
    return next(
        (recipient for recipient in parcel.to if any(addresses_match(recipient, name) for name in named)),
        next(iter(parcel.to), ""),
    )
