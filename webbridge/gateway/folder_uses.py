"""The uses that a person has chosen for folders: "use this folder for Sent".

A choice counts more than a mark of the server (SPECIAL-USE) or a usual name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

_PREFIX: Final = b"sealwax folder use\0"


class _Listed(Protocol):
    @property
    def wire_name(self) -> bytes:
        """The bytes of the name."""


_Folder = TypeVar("_Folder", bound=_Listed)


def name_hash(account: str, wire_name: bytes) -> bytes:
    """Return the hash of 32 bytes for a folder's name in the database. It differs for each account."""
    return sha256(_PREFIX + account.casefold().encode() + b"\0" + wire_name).digest()


class FolderUses:
    """The choices of one account: the hash of a folder's name for each role's word."""

    def __init__(self, account: str = "", chosen: Mapping[str, bytes] = MappingProxyType({})) -> None:
        self._account = account
        self._role_of = {name: role for role, name in chosen.items()}

    @property
    def has_any(self) -> bool:
        """Whether any folder was chosen."""
        return bool(self._role_of)

    def chosen_for(self, wire_name: bytes) -> str | None:
        """Return the role for which a folder was chosen."""
        return self._role_of.get(name_hash(self._account, wire_name)) if self._role_of else None

    def folders_by_role(self, folders: Sequence[_Folder]) -> dict[str, _Folder]:
        """Return those of the folders that were chosen, by their roles."""
        named = ((self.chosen_for(folder.wire_name), folder) for folder in folders)
        return {role: chosen_folder for role, chosen_folder in named if role is not None}


NO_USES: Final = FolderUses()
