"""The parts against abuse that live as long as the application, and the sender of notices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sealwax.service import Database
from webbridge.delivery.abuse.blocks import Blocks
from webbridge.delivery.abuse.complaints import Complaints
from webbridge.delivery.abuse.refusals import RefusalTokens
from webbridge.delivery.abuse.senders import OwnNames, SenderCheck, SenderLimits
from webbridge.delivery.notices.sending import ParcelNoticeSender
from webbridge.delivery.notices.settings import NoticesConfig
from webbridge.delivery.own_keys.codes import CodeBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """The parts against abuse.

    Without a mail server, `notices` is None, and senders pass links on to recipients themselves.
    """

    blocks: Blocks
    complaints: Complaints
    refusals: RefusalTokens
    senders: SenderCheck
    notices: ParcelNoticeSender | None

    def start(self) -> None:
        """Begin to send notices, in a thread. After this call the process must not fork."""
        if self.notices is not None:
            self.notices.start()

    def close(self) -> None:
        """Stop the sending of notices."""
        if self.notices is not None:
            self.notices.stop()


def open_protection(
    database: Database,
    *,
    secret: bytes,
    notices: NoticesConfig | None,
    limits: SenderLimits,
    own: OwnNames,
    codes: CodeBook,
    clock: Callable[[], datetime],
) -> Protection:
    """Return the parts for one configuration. The caller closes them.

    `secret` is the bridge's secret, and `codes` has the codes for keys.
    """
    refusals = RefusalTokens(secret)
    return Protection(
        blocks=Blocks(database),
        complaints=Complaints(database, secret),
        refusals=refusals,
        senders=SenderCheck(database, limits, own, clock=clock),
        notices=None if notices is None else ParcelNoticeSender(database, notices, clock, refusals, codes=codes),
    )
