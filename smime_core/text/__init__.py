"""Text forms that several packages share: addresses, domain names, origins, base64, keys, names, times, lines of LDIF.

RFC 5321, 5890, 6454, 4648, 2849.
"""

from smime_core.text.answer_codes import AnswerCodes
from smime_core.text.base64url import read_base64url, read_ed25519, write_base64url, write_ed25519
from smime_core.text.entrust import check_no_entrust_profile
from smime_core.text.json_object import MAX_SECONDS, MAX_SMALL_BYTES, JsonObject, base64_text
from smime_core.text.ldif_lines import build_binary_ldif_line, build_ldif_line, escape_dn_value
from smime_core.text.length_prefixed import length_prefixed
from smime_core.text.mail_address import (
    MailAddress,
    address_key,
    addresses_match,
    condition_key,
    normalise_address,
    normalise_without_detail,
    parse_address,
    without_detail,
)
from smime_core.text.origin import check_origin, is_loopback
from smime_core.text.shown_name import (
    clean_name,
    looks_like_address,
    without_address_signs,
    write_proved,
    write_unread,
)
from smime_core.text.strict_json import parse_json
from smime_core.text.times import utc_text

__all__ = [
    "MAX_SECONDS",
    "MAX_SMALL_BYTES",
    "AnswerCodes",
    "JsonObject",
    "MailAddress",
    "address_key",
    "addresses_match",
    "base64_text",
    "build_binary_ldif_line",
    "build_ldif_line",
    "check_no_entrust_profile",
    "check_origin",
    "clean_name",
    "condition_key",
    "escape_dn_value",
    "is_loopback",
    "length_prefixed",
    "looks_like_address",
    "normalise_address",
    "normalise_without_detail",
    "parse_address",
    "parse_json",
    "read_base64url",
    "read_ed25519",
    "utc_text",
    "without_address_signs",
    "without_detail",
    "write_base64url",
    "write_ed25519",
    "write_proved",
    "write_unread",
]
