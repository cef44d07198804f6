"""The script of the filters: a comment with the filters as JSON, and the Sieve that is made of them.

The server is not trusted, and other programs may change the script. So a script is read only if its comment makes
exactly this script. A later form of the Sieve needs another `version` in the comment, and has to read this one too.
"""

from __future__ import annotations

import json
from itertools import takewhile
from typing import Final

from smime_core.errors import SmimeError
from smime_core.text import JsonObject
from webbridge.filters.compiling import compile_filters
from webbridge.filters.members import read_filters, render_filters
from webbridge.filters.model import Filters
from webbridge.gateway import MAX_SCRIPT_BYTES, GatewayError
from webbridge.gateway.door import check_folder_name

_VERSION: Final = "1"
_HEAD: Final = "# Filters of Sealwax. Change them there: changes in this script are not read.\r\n"
_MARK: Final = "#: "
_LINE_CHARACTERS: Final = 100


class NotOfSealwax(Exception):
    """The script is not what these filters make: another program changed it."""


def write_script(filters: Filters) -> bytes:
    """Return the script of the filters."""
    members = {"version": _VERSION, **render_filters(filters, str)}
    text = json.dumps(members, ensure_ascii=True, separators=(",", ":"))
    pieces = (text[place : place + _LINE_CHARACTERS] for place in range(0, len(text), _LINE_CHARACTERS))
    comment = "".join(f"{_MARK}{piece}\r\n" for piece in pieces)
    return f"{_HEAD}{comment}{compile_filters(filters)}".encode()


def read_script(script: bytes) -> Filters:
    """Return the filters of a script. Raises NotOfSealwax."""
    mark, (_head, *lines) = _MARK.encode(), script.replace(b"\r\n", b"\n").split(b"\n")
    pieces = [line.removeprefix(mark) for line in takewhile(lambda line: line.startswith(mark), lines)]
    try:
        members = JsonObject(b"".join(pieces), "filters", max_bytes=MAX_SCRIPT_BYTES)
        if members.text("version") != _VERSION:
            raise NotOfSealwax
        filters = read_filters(members, check_folder_name)
    except (SmimeError, GatewayError):
        raise NotOfSealwax from None
    if not is_same_script(write_script(filters), script):
        raise NotOfSealwax
    return filters


def is_same_script(ours: bytes, theirs: bytes) -> bool:
    """Return whether two scripts are equal but for their line ends, which servers may change."""
    return ours.replace(b"\r\n", b"\n") == theirs.replace(b"\r\n", b"\n")
