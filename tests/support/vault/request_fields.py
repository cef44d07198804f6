"""The fields of the vault's requests in Python, in the form of `wasm_build/vault/schema.js`."""

from __future__ import annotations

import dataclasses
import datetime
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from wasm_build.vault.python.requests import Json, Secret
from wasm_build.vault.python.streams import STREAM_VERBS
from wasm_build.vault.python.verbs import OPERATIONS, VERBS

KINDS: dict[Any, str] = {
    bytes: "bytes",
    Secret: "secret",
    str: "text",
    datetime.datetime: "text",
    bool: "flag",
    int: "number",
    Json: "json",
}


def request_fields() -> dict[str, Any]:
    """The fields of each verb's request."""
    requests = [(verb, known.request) for verb, known in VERBS.items()]
    requests += [(verb, known.request) for verb, known in OPERATIONS.items()]
    requests += [(verb, known.request) for verb, known in STREAM_VERBS.items()]
    return {verb: members_of(request) for verb, request in requests}


def members_of(kind: Any) -> dict[str, Any]:
    """The fields of a request class, in the form of the schema."""
    members: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        hint = get_type_hints(kind)[field.name]
        if field.metadata:
            members |= members_of(hint)
        else:
            first, *rest = field.name.strip("_").split("_")
            mark = "" if field.default is dataclasses.MISSING else "?"
            members[first + "".join(word.title() for word in rest) + mark] = kind_of(hint)
    return members


def kind_of(hint: Any) -> Any:
    if NoneType in get_args(hint):
        return kind_of(get_args(hint)[0])
    if get_origin(hint) is tuple:
        return [kind_of(get_args(hint)[0])]
    return members_of(hint) if dataclasses.is_dataclass(hint) else KINDS[hint]
