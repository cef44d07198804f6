"""The messages of SASL OAUTHBEARER (RFC 7628), which logs in with a bearer token instead of a password.

The client sends the token in its first message. A server that refuses the token sends a JSON object with the reason.
The client answers with one byte, so that the server can end the exchange (section 3.2.3). The bridge does not obtain
tokens.
"""

from __future__ import annotations

import json
from typing import Final

from webbridge.gateway.door import Credentials, GatewayCode, GatewayError, LoginRefused, ServerAddress

LAST_MESSAGE: Final = b"\x01"
# RFC 6750 section 3.1. For these reasons a server refuses a right token, and would refuse another token of the same
# kind too.
_NOT_OF_THE_TOKEN: Final = frozenset({"insufficient_scope", "invalid_request"})


def first_message(credentials: Credentials, address: ServerAddress) -> bytes:
    """Return the client's first message (RFC 7628 section 3.1). `check_token` has checked the token's characters."""
    # RFC 5801 section 4: a comma in a name would separate, and an equals sign would escape.
    login = credentials.account.login.replace("=", "=3D").replace(",", "=2C")
    fields = (f"n,a={login},", f"host={address.host}", f"port={address.port}", f"auth=Bearer {credentials.password}")
    return "".join(f"{field}\x01" for field in (*fields, "")).encode()


def meaning_of(reason: bytes) -> GatewayError:
    """Return the error for a refused token. `reason` is the server's JSON with its reason.

    Every reason, even an unreadable one, counts as a wrong token, except the reasons in _NOT_OF_THE_TOKEN.
    """
    try:
        status = json.loads(reason)["status"]
    except (ValueError, TypeError, KeyError, RecursionError):
        status = None
    if isinstance(status, str) and status in _NOT_OF_THE_TOKEN:
        text = f"The mail server refused to sign you in by a token ({status}). Tell your administrator."
        return GatewayError(GatewayCode.MISCONFIGURED, text)
    text = "The mail server did not accept this address and token. The token may have expired: get a new one."
    return LoginRefused(names_password=True, message=text)
