"""The header fields of an outgoing message that decide who it is from (RFC 5322 section 3.6.2)."""

from __future__ import annotations

import re
from typing import Final

from smime_core.errors import SmimeError
from smime_core.mime import Headers, addresses, parse_headers
from webbridge.gateway import GatewayCode, GatewayError
from webbridge.gateway.door import check_message_id

# RFC 5322 section 2.2: a name of printable ASCII, then lines that begin with a blank. Lines of blanks are obsolete.
# The group is not possessive, because Python before 3.11.5 does not match with such a group around possessive parts.
_FIELD: Final = re.compile(rb"[!-9;-~]++[ \t]*+:[^\r\n]*+(?:\r\n[ \t]++[^\r\n \t][^\r\n]*+)*(?:\r\n|\Z)")
_HIDDEN: Final = ("Bcc", "Resent-Bcc")


def check_header(header: bytes, account: str) -> str:
    """Return the Message-ID of a message that this account may send; "" if it has none of the usual form.

    Raises GatewayError with BAD_ARGUMENT.
    """
    _check_lines(header)
    try:
        fields = parse_headers(header)
    except SmimeError:
        raise GatewayError(GatewayCode.BAD_ARGUMENT, "The message's header fields cannot be read.") from None
    _check_from(fields, account)
    for name in _HIDDEN:
        if fields.find(name):
            text = f"The message has a field {name}, which would show everybody the hidden recipients. Leave it out."
            raise GatewayError(GatewayCode.BAD_ARGUMENT, text)
    return _message_id(fields)


def message_id_of(header: bytes) -> str:
    """Return the Message-ID of a message. Raises GatewayError with BAD_ARGUMENT."""
    try:
        return check_message_id((parse_headers(header).get_unfolded("Message-ID") or "").strip())
    except SmimeError:
        raise GatewayError(GatewayCode.BAD_ARGUMENT, "The message's header fields cannot be read.") from None


def _check_lines(header: bytes) -> None:
    """Raise GatewayError if a line is no field. For some servers the header ends there, for others it goes on."""
    at = 0
    while at < len(header) and (field := _FIELD.match(header, at)):
        at = field.end()
    if at == 0 or header[at:] not in (b"", b"\r\n"):
        raise GatewayError(GatewayCode.BAD_ARGUMENT, "The message's header has a line that is no field.")


def _check_from(fields: Headers, account: str) -> None:
    named = fields.find("From")
    mailboxes = addresses(named[0].unfolded) if len(named) == 1 else ()
    if len(mailboxes) != 1 or not mailboxes[0].address:
        raise GatewayError(GatewayCode.BAD_ARGUMENT, "The message needs one field From with one address.")
    address = mailboxes[0].address
    # An account is in ASCII. Some other letters become ASCII in lower case, such as the Kelvin sign.
    if not address.isascii() or address.lower() != account.lower():
        text = f"The message is from another address than {account}, as which you are signed in."
        raise GatewayError(GatewayCode.BAD_ARGUMENT, text)


def _message_id(fields: Headers) -> str:
    try:
        return check_message_id((fields.get_unfolded("Message-ID") or "").strip())
    except GatewayError:
        return ""
