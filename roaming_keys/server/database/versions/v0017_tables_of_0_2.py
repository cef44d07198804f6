"""The tables of 0.2.

Until 0.2 is released, each change of the tables goes into this migration, and its number rises by one. Databases of
earlier development builds are refused, because their revision has a lower number.
"""

from __future__ import annotations

from roaming_keys.server.database.step_to_0_2 import (
    accounts,
    audit,
    factors,
    groups,
    limits,
    master_key,
    notices,
    organisations,
    resets,
)

revision = "keys_0017"
down_revision = "keys_0001"

_SUBJECTS = (accounts, limits, audit, master_key, factors, organisations, resets, notices, groups)


def upgrade() -> None:
    """Make the tables of 0.2. The accounts of 0.1 stay, but nobody can log in to them."""
    for subject in _SUBJECTS:
        subject.upgrade()


def downgrade() -> None:
    """Make the tables of 0.1 again. The accounts that were made since are lost."""
    for subject in reversed(_SUBJECTS):
        subject.downgrade()
