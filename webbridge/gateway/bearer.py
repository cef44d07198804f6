"""The messages of SASL OAUTHBEARER (RFC 7628), by which a bearer token logs in in place of a password.

The client sends the token in its first message. A server that refuses it sends a JSON object with the reason, and the
client answers with one byte, so that the server can end the exchange (section 3.2.3). How a person comes by a token is
not part of the bridge.
"""

from __future__ import annotations

import json
from typing import Final

from webbridge.gateway.door import Credentials, GatewayCode, GatewayError, LoginRefused, ServerAddress

LAST_MESSAGE: Final = b"\x01"
# RFC 6750 section 3.1. The token is right then, so that another token of the same kind would be refused too.
_NOT_OF_THE_TOKEN: Final = frozenset({"insufficient_scope", "invalid_request"})


def first_message(credentials: Credentials, address: ServerAddress) -> bytes:
    """Return the client's first message (RFC 7628 section 3.1). `check_token` has bounded the letters of the token."""
    # RFC 5801 section 4: the comma separates, and the equals sign escapes.
    login = credentials.account.login.replace("=", "=3D").replace(",", "=2C")
    fields = (f"n,a={login},", f"host={address.host}", f"port={address.port}", f"auth=Bearer {credentials.password}")
    return "".join(f"{field}\x01" for field in (*fields, "")).encode()


def meaning_of(reason: bytes) -> GatewayError:
    """Return the error for a refused token, by the server's JSON with its reason.

    Every reason is about the token, also one that cannot be read, except those that say that another token would not
    help.
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
