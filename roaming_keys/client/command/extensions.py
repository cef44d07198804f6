"""The packages that add steps to the commands of an account, found through the entry points `roaming_keys.client`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from roaming_keys.client.command.login import Roaming
from roaming_keys.protocol.records.state import AccountState

_GROUP: Final = "roaming_keys.client"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountExtension:
    """The steps that a package adds. `after_own_passphrase` changes the state when the owner chooses a passphrase."""

    after_login: Callable[[Roaming], None]
    after_own_passphrase: Callable[[AccountState], AccountState]


def follow_login(roaming: Roaming) -> None:
    """Run the steps that packages add after a login."""
    for extension in _find_extensions():
        extension.after_login(roaming)


def with_own_passphrase(state: AccountState) -> AccountState:
    """Return the account's state after the owner has chosen a passphrase, as the packages change it."""
    for extension in _find_extensions():
        state = extension.after_own_passphrase(state)
    return state


@cache
def _find_extensions() -> tuple[AccountExtension, ...]:
    # Imported here because importlib.metadata imports the standard library's e-mail package, and a refused login needs
    # neither.
    from importlib.metadata import entry_points

    extensions = [point.load() for point in sorted(entry_points(group=_GROUP))]
    for extension in extensions:
        if not isinstance(extension, AccountExtension):
            raise TypeError(f"{extension!r} of the entry points {_GROUP} is no AccountExtension")
    return tuple(extensions)
