"""Text forms that several packages share: mail addresses, domain names, base64, times.

RFC 5321, 5890, 4648.
"""

from smime_core.text.entrust import check_no_entrust_profile
from smime_core.text.loopback import is_loopback
from smime_core.text.mail_address import address_key, addresses_match, parse_address

__all__ = [
    "address_key",
    "addresses_match",
    "check_no_entrust_profile",
    "is_loopback",
    "parse_address",
]
