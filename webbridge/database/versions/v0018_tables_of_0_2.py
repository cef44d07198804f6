"""The tables of 0.2. Until the release of 0.2, each change of the tables goes into this step and raises its number.

Databases of builds before such a change are refused, because their revision has a lower number.
"""

from __future__ import annotations

from webbridge.database.step_to_0_2 import counters, kept_files, mailboxes, parcels, processes, sessions

revision = "bridge_0018"
down_revision = "bridge_0001"

_SUBJECTS = (counters, sessions, processes, mailboxes, parcels, kept_files)


def upgrade() -> None:
    """Make the tables of 0.2, with the sessions and counters of 0.1."""
    for subject in _SUBJECTS:
        subject.upgrade()


def downgrade() -> None:
    """Make the tables of 0.1 again, with the sessions of the pages and the counters."""
    for subject in reversed(_SUBJECTS):
        subject.downgrade()
