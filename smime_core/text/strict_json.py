"""JSON texts (RFC 8259) that all programs read alike: no member twice, and no unpaired surrogate."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any, Final

from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_JSON_TOKENS, check_limit

_HALF_CHARACTER: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_TOKEN: Final = re.compile(rb'"(?>(?:[^"\\]++|\\.)*)"?|[\[{,]', re.DOTALL)


def parse_json(data: bytes, where: str, *, max_bytes: int, max_tokens: int = MAX_JSON_TOKENS) -> object:
    """The value of a JSON text without repeated members and without unpaired surrogates.

    Raises MalformedMessage or LimitExceeded.
    """
    check_limit(f"bytes of {where}", len(data), max_bytes)
    # Three bytes of JSON, such as an empty list, take 70 bytes of memory. The tokens are counted one by one, and not
    # beyond the limit.
    tokens = sum(1 for _ in itertools.islice(_TOKEN.finditer(data), max_tokens + 1))
    check_limit(f"JSON tokens of {where}", tokens, max_tokens)

    def read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            raise MalformedMessage("a member appears twice", where)
        return members

    try:
        # Decoded here, because `json` also accepts UTF-16.
        value: object = json.loads(data.decode("utf-8-sig"), object_pairs_hook=read_object)
        if _HALF_CHARACTER.search(data):
            # `json` accepts unpaired surrogates in escapes. They are no characters (RFC 8259 section 8.2), so they
            # cannot be encoded.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise MalformedMessage("this is not JSON", where) from error
    return value
