"""The file of this computer about the user's accounts at key servers: one JSON file, readable only by its owner.

For each account it has the token by which the server recognises this computer. It also has facts about the latest
record that this computer has seen, so that the server cannot give an earlier one. Neither the token nor the facts
decrypt anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from roaming_keys.protocol.known import Known
from roaming_keys.protocol.messages.accounts import TOKEN_BYTES
from roaming_keys.protocol.messages.written import to_base64, write
from roaming_keys.protocol.session import AccountId
from sealwax.cli.streams.files import PRIVATE_MODE, lock_file, write_output
from sealwax.files.small import read_small
from sealwax.user_folders import user_folder
from smime_core.limits import check_limit
from smime_core.text import JsonObject

_MAX_BYTES: Final = 1_048_576
_MAX_ACCOUNTS: Final = 1_000
_MAX_KNOWN_BYTES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAccount:
    """The stored facts about one account. `known` is None until the first login on this computer."""

    token: bytes = field(repr=False)
    known: Known | None

    def after(self, seen: Known | None) -> KeptAccount:
        """Return the facts to store after a command has seen the account. Another command may have stored later facts.

        Raises ServerLies.
        """
        if seen is None:
            return self
        return replace(self, known=seen if self.known is None else self.known.followed_by(seen))

    def members(self, account_id: AccountId) -> dict[str, Any]:
        known = b"" if self.known is None else self.known.to_json()
        return {
            "server": account_id.server,
            "user": account_id.user,
            "token": to_base64(self.token),
            "known": to_base64(known),
        }


def load_accounts() -> dict[AccountId, KeptAccount]:
    """Return the accounts, in the order of their last use; none without a file. Raises OSError or MalformedMessage."""
    try:
        data = read_small(_file(), max_bytes=_MAX_BYTES)
    except FileNotFoundError:
        return {}
    reader = JsonObject(data, "roaming.json", max_bytes=_MAX_BYTES)
    return reader.whole(dict(_read_account(account) for account in reader.objects("accounts", _MAX_ACCOUNTS)))


@contextmanager
def changing_accounts() -> Iterator[dict[AccountId, KeptAccount]]:
    """Yield the accounts, and write them at the end. Other commands wait until then.

    Raises as `load_accounts`, or LimitExceeded if the file could not be read again.
    """
    file = _file()
    with lock_file(file):
        accounts = load_accounts()
        yield accounts
        # A full file never drops an account, because the facts about an account expose a server that lies.
        check_limit("accounts at key servers on this computer", len(accounts), _MAX_ACCOUNTS)
        data = write({"accounts": [account.members(account_id) for account_id, account in accounts.items()]})
        check_limit("roaming.json in bytes", len(data), _MAX_BYTES)
        write_output(str(file), data, mode=PRIVATE_MODE)


def _file() -> Path:
    return user_folder("XDG_DATA_HOME", ".local/share") / "roaming.json"


def _read_account(reader: JsonObject) -> tuple[AccountId, KeptAccount]:
    account_id = AccountId(server=reader.short_text("server"), user=reader.short_text("user"))
    token, known = reader.whole((reader.exactly("token", TOKEN_BYTES), reader.data("known", _MAX_KNOWN_BYTES)))
    return account_id, KeptAccount(token=token, known=Known.from_json(known) if known else None)
