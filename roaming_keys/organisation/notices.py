"""The notices that reach the owner of keys outside the key server's clients, such as by mail.

Each device of the owner shows the case at its next login in any case.
"""

from __future__ import annotations

from typing import Protocol

from roaming_keys.organisation.messages import CaseFacts


class OwnerNotices(Protocol):
    """The way to the owners of keys. It must not raise, because a case is open when it is called."""

    def recovery_asked(self, facts: CaseFacts) -> None:
        """Tell the owner that the keys are to be recovered, by whom, for whom and why."""


class NoNotices:
    """No way: the owner learns of a case at the next login."""

    def recovery_asked(self, facts: CaseFacts) -> None:
        """Do nothing."""
