"""The folders that people have chosen for a use. The table names no account and no folder, only hashes of them."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from sqlalchemy import bindparam, delete, select, update

from sealwax.service import Database
from sealwax.service.database import insert_into
from webbridge.database.tables import FOLDER_USE
from webbridge.gateway.folder_uses import FolderUses, name_hash
from webbridge.gateway.imap_folders import Role
from webbridge.gateway.imap_syntax import write_folder_name

# The statement is made once, because making it takes longer than running it.
_IS: Final = FOLDER_USE.c.account == bindparam("of_account")
_FIND: Final = select(FOLDER_USE.c.role, FOLDER_USE.c.folder).where(_IS)


class FolderChoices:
    """The choices of one bridge's accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, account: str) -> FolderUses:
        """Return the choices of an account."""
        with self._database.reading() as rows:
            choices = rows.execute(_FIND, {"of_account": _hashed(account)}).all()
        return FolderUses(account, {Role(role): folder for role, folder in choices})

    def choose(self, account: str, folder: str, role: Role | None) -> None:
        """Note the use of a folder.

        This ends the folder's earlier use, and the same use of another folder. None means no use.
        """
        name, mine = name_hash(account, write_folder_name(folder)), FOLDER_USE.c.account == _hashed(account)
        with self._database.transaction(durable=False) as rows:
            rows.execute(delete(FOLDER_USE).where(mine, (FOLDER_USE.c.folder == name) | (FOLDER_USE.c.role == role)))
            if role is not None:
                row = {"account": _hashed(account), "role": role, "folder": name}
                rows.execute(insert_into(rows, FOLDER_USE).values(row).on_conflict_do_nothing())

    def were_renamed(self, account: str, renamed: Iterable[tuple[str, str]]) -> None:
        """Note the new names of folders, given as pairs of the old and the new name. The folders keep their uses."""
        mine = FOLDER_USE.c.account == _hashed(account)
        with self._database.transaction(durable=False) as rows:
            for names in renamed:
                old, new = (name_hash(account, write_folder_name(name)) for name in names)
                rows.execute(update(FOLDER_USE).where(mine, FOLDER_USE.c.folder == old).values(folder=new))


def _hashed(account: str) -> bytes:
    return sha256(f"sealwax folder choices\0{account.casefold()}".encode()).digest()
