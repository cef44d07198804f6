"""The gate between a right login and its session: an account with a second factor gets no session before the factor.

Waiting logins are in a separate table. So no call of a session finds them, whatever its route.
"""

from __future__ import annotations

import datetime
import os
from typing import Final

from sqlalchemy import Connection, delete, select

from roaming_keys.protocol.messages.factors import CHALLENGE_BYTES, FactorDemand
from roaming_keys.server.database.tables import WAITING_LOGIN
from roaming_keys.server.factors.kept import (
    known_tokens,
    knows_device,
    read_factors,
)
from roaming_keys.server.factors.security_keys import SecurityKey
from roaming_keys.server.master_key import ServerKeys
from roaming_keys.server.sessions.new_session import NewSession, UsedBefore
from sealwax.service import CLOCK_SLACK_SECONDS, Database, insert_into

# A code is valid for 30 seconds, but people may first have to find their phone.
WAITING_LIFETIME: Final = datetime.timedelta(minutes=5)
MAX_WAITING: Final = 20  # The limit on each known device, and on all other devices together.


class FactorGate:
    """Holds back the logins of accounts that have a factor."""

    def __init__(self, database: Database, keys: ServerKeys) -> None:
        self._keys = keys
        self._wait = insert_into(database, WAITING_LOGIN).on_conflict_do_nothing().returning(WAITING_LOGIN.c.key)

    def hold_back(self, rows: Connection, new: NewSession, at: datetime.datetime) -> FactorDemand:
        """If the account has a factor, let the login wait, and return the demand for the factor.

        The account is locked. Raises UsedBefore if a login with this key waits already.
        """
        factors = read_factors(rows, self._keys, new.user, method=new.method)
        challenge, ends = os.urandom(CHALLENGE_BYTES), at + WAITING_LIFETIME
        waiting = {
            "key": new.key,
            "user": new.user,
            "way": new.method.value,
            "token": new.token_hash,
            "sealed_name": new.sealed_name,
            "counter": 0,
            "challenge": challenge,
            "started": at.timestamp(),
            "ends": ends.timestamp(),
        }
        if rows.execute(self._wait, waiting).first() is None:
            raise UsedBefore
        _drop_others(rows, new, at.timestamp())
        return FactorDemand(
            ends=int(ends.timestamp()),
            kinds=tuple(dict.fromkeys(factor.kind for factor in factors)),
            challenge=challenge,
            credentials=tuple(
                factor.means.credential_id for factor in factors if isinstance(factor.means, SecurityKey)
            ),
        )


def _drop_others(rows: Connection, new: NewSession, now: float) -> None:
    """Delete the logins that have waited too long, and the user's oldest logins if there are too many.

    A known device's logins are deleted only for later logins of the same device. So somebody who has the passphrase,
    but no factor, cannot delete the owner's login on a known device.
    """
    table = WAITING_LOGIN
    rows.execute(delete(table).where((table.c.ends <= now) | (table.c.started > now + CLOCK_SLACK_SECONDS)))
    is_beside = (
        table.c.token == new.token_hash
        if knows_device(rows, new.user, new.token_hash)
        else table.c.token.not_in(known_tokens(new.user))
    )
    is_other = (table.c.user == new.user, table.c.key != new.key, is_beside)
    newest_keys = select(table.c.key).where(*is_other).order_by(table.c.started.desc()).limit(MAX_WAITING - 1)
    rows.execute(delete(table).where(*is_other, table.c.key.not_in(newest_keys)))
