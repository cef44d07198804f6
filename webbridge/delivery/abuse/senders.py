"""The check of a sender before a parcel is accepted: blocks, look-alike domains, recipients, and limits."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sealwax.service import Database, LeakyCounter, ServiceError
from smime_core.text import address_key, normalise_without_detail
from webbridge.database.tables import TABLES
from webbridge.delivery.abuse.blocks import BlockReason, Blocks
from webbridge.delivery.abuse.lookalikes import find_lookalike, has_mixed_scripts
from webbridge.delivery.notices.recipients import NoPerson, Unreachable, check_recipient

DAY_SECONDS: Final = 24 * 60 * 60
SENDER_RECIPIENTS: Final = 200
"""The recipients to whom one sender may send at once, and then in each further day."""
DOMAIN_RECIPIENTS: Final = 5_000
"""The recipients to whom all senders of one domain together may send at once, and then in each further day."""
_REFUSAL: Final = "Too many parcels have gone out. Send this one later."


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderLimits:
    """The operator's limits on recipients in a day: for one sender, and for all senders of a domain together."""

    sender_recipients: int = SENDER_RECIPIENTS
    domain_recipients: int = DOMAIN_RECIPIENTS

    def __post_init__(self) -> None:
        for name in ("sender_recipients", "domain_recipients"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}, more than 0 is expected")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnNames:
    """The names of the service.

    `domains` are the domains whose addresses may sign in. Other people have no addresses in these domains. `hosts` are
    further names that people may think belong to the service, such as the hosts of its origins. `addresses` get no
    parcels.
    """

    domains: Collection[str] = ()
    hosts: Collection[str] = ()
    addresses: Collection[str] = ()


class SenderCheck:
    """Decides whether an address may send a parcel to some recipients."""

    def __init__(
        self, database: Database, limits: SenderLimits, own: OwnNames, *, clock: Callable[[], datetime.datetime]
    ) -> None:
        self._blocks = Blocks(database)
        self._limits = limits
        self._own = own
        self._clock = clock
        self._sent = LeakyCounter(database, clock, tables=TABLES, kind="parcel", seconds=DAY_SECONDS, refusal=_REFUSAL)

    def check(self, sender: str, recipients: Sequence[str]) -> None:
        """Check a parcel without counting it. Raises ServiceError.

        The sender is checked first, then the recipients one by one.
        """
        at = self._clock()
        self._check_block(sender, at)
        for recipient in recipients:
            self._check_recipient(recipient)
            if self._blocks.find_for_recipient(recipient, at) is not None:
                text = "A recipient wants no mails from this service. Tell them of the parcel another way."
                raise ServiceError(422, "recipient-refused", text)
        self._check_lookalike(sender, recipients)

    def count(self, sender: str, recipients: int) -> None:
        """Count the recipients of a parcel, outside of a transaction. Beyond a limit, raises TryLater."""
        limits = self._limits_of(sender)
        if recipients > min(limits.values()):
            text = f"A parcel may have {min(limits.values())} recipients at most."
            raise ServiceError(422, "too-many-recipients", text)
        self._sent.start(limits, events=recipients)

    def take_back(self, sender: str, recipients: int) -> None:
        """Uncount the recipients of a parcel that was not accepted. Raises DatabaseUnavailable."""
        self._sent.take_back(self._limits_of(sender), events=recipients)

    def _limits_of(self, sender: str) -> dict[str, int]:
        return {
            f"sender {normalise_without_detail(sender)}": self._limits.sender_recipients,
            f"domain {address_key(sender)[1]}": self._limits.domain_recipients,
        }

    def _check_recipient(self, recipient: str) -> None:
        try:
            check_recipient(recipient, own=self._own.addresses)
        except NoPerson as error:
            # The service sends no notice to this address, but the sender can pass the link on.
            if error.reason is not Unreachable.ADDRESS:
                raise

    def _check_block(self, sender: str, at: datetime.datetime) -> None:
        block = self._blocks.find_for_sender(sender, at)
        if block is None:
            return
        is_held = block.reason is BlockReason.COMPLAINTS
        because = "recipients have complained" if is_held else "the operator has decided so"
        raise ServiceError(403, "sender-blocked", f"You may send no parcels now: {because}. Ask your administrator.")

    def _check_lookalike(self, sender: str, recipients: Sequence[str]) -> None:
        domain = address_key(sender)[1]
        if domain in self._own.domains:
            return
        known = [*self._own.hosts, *self._own.domains]
        known += [address_key(recipient)[1] for recipient in recipients]
        if has_mixed_scripts(domain) or find_lookalike(domain, known) is not None:
            text = "The domain of your address looks like another one. Ask your administrator."
            raise ServiceError(403, "look-alike-domain", text)
