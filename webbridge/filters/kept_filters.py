"""Load and save a person's filters by ManageSieve, as the script `sealwax` among the person's scripts.

At most one script is active. If that is a script of another program, or if another program changed `sealwax`, the
filters replace it only if the person wants that. The answers of the server are checked against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sealwax.service import ServiceError
from webbridge.filters.compiling import extensions_of
from webbridge.filters.model import Filters
from webbridge.filters.script_text import NotOfSealwax, is_same_script, read_script, write_script
from webbridge.gateway import MAX_SCRIPT_BYTES, GatewayCode, GatewayError, SieveConnection

SCRIPT_NAME: Final = "sealwax"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFilters:
    """The filters on the server.

    `filters` is None if another program changed the script. `version` identifies its text, and is empty if there is no
    script. `is_active` says that the script filters the mail now. `other` is the name of another program's script that
    does so instead, and `names` are those of all scripts of other programs.
    """

    filters: Filters | None
    version: str
    is_active: bool
    other: str | None
    names: frozenset[str]
    extensions: frozenset[str]


def load_filters(connection: SieveConnection) -> KeptFilters:
    """Return the filters on the server. Without the script, they are empty. Raises GatewayError."""
    scripts = {script.name: script for script in connection.list_scripts()}
    own = scripts.pop(SCRIPT_NAME, None)
    text = b"" if own is None else connection.get_script(SCRIPT_NAME)
    return KeptFilters(
        filters=Filters() if own is None else _read(text),
        version="" if own is None else _version_of(text),
        is_active=own is not None and own.is_active,
        other=next((script.name for script in scripts.values() if script.is_active), None),
        names=frozenset(scripts),
        extensions=connection.extensions,
    )


def save_filters(
    connection: SieveConnection, filters: Filters, *, seen_version: str, replaces_others: bool
) -> KeptFilters:
    """Store the filters, and let them filter the mail. Return what the server has now.

    `seen_version` is the version that the person saw. `replaces_others` says that the person wants to replace what
    another program made. Raises ServiceError or GatewayError.
    """
    script = write_script(filters)
    if len(script) > MAX_SCRIPT_BYTES:
        raise ServiceError(400, "bad-argument", "The filters are too long. Remove some rules.")
    kept = load_filters(connection)
    if kept.version != seen_version:
        raise _changed()
    if not replaces_others and _has_others(kept, filters):
        raise _of_others()
    _check_offered(kept, filters)
    _check_include(kept, filters)
    connection.put_script(SCRIPT_NAME, script)
    if not is_same_script(script, connection.get_script(SCRIPT_NAME)):
        raise _not_kept()
    if not kept.is_active:
        connection.activate(SCRIPT_NAME)
    saved = load_filters(connection)
    if not saved.is_active or saved.filters != filters:
        raise _not_kept()
    return saved


def _read(text: bytes) -> Filters | None:
    try:
        return read_script(text)
    except NotOfSealwax:
        return None


def _version_of(text: bytes) -> str:
    return sha256(text).hexdigest()


def _has_others(kept: KeptFilters, filters: Filters) -> bool:
    """Return whether saving would replace what another program made, and the person has not included it."""
    return kept.filters is None or (kept.other is not None and kept.other != filters.include)


def _changed() -> ServiceError:
    text = "The filters on the mail server have changed meanwhile. Load them again."
    return ServiceError(409, "filters-changed", text)


def _of_others() -> ServiceError:
    text = "Another program has filters on the mail server. Nothing was changed."
    return ServiceError(409, "filters-of-others", text)


def _check_offered(kept: KeptFilters, filters: Filters) -> None:
    if missing := sorted(extensions_of(filters) - kept.extensions):
        text = f"The mail server cannot filter so. It lacks {', '.join(missing)}."
        raise GatewayError(GatewayCode.NOT_OFFERED, text)


def _check_include(kept: KeptFilters, filters: Filters) -> None:
    if filters.include is not None and filters.include not in kept.names:
        raise ServiceError(400, "bad-argument", "There is no script of this name to include.")


def _not_kept() -> GatewayError:
    text = "The mail server keeps other filters than it was given. Tell your administrator."
    return GatewayError(GatewayCode.UNREADABLE, text)
