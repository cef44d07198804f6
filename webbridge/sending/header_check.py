"""The header fields of an outgoing message that decide who it is from (RFC 5322 section 3.6.2)."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from smime_core.errors import SmimeError
from smime_core.mime import Headers, addresses, parse_headers
from webbridge.gateway import GatewayCode, GatewayError
from webbridge.gateway.door import check_message_id

# RFC 5322 section 2.2: a name of printable ASCII, then lines that begin with a blank. Lines of blanks are obsolete.
# The group is not possessive, because Python before 3.11.5 does not match with such a group around possessive parts.
_FIELD: Final = re.compile(rb"[!-9;-~]++[ \t]*+:[^\r\n]*+(?:\r\n[ \t]++[^\r\n \t][^\r\n]*+)*(?:\r\n|\Z)")
_HIDDEN: Final = ("Bcc", "Resent-Bcc")


def check_header(header: bytes, account: str, *, shared_addresses: Collection[str] = ()) -> str:
    """Return the Message-ID of a message that this account may send; "" if it has none of the usual form.

    The message is from the account, or from one of `shared_addresses`, in small letters, and names the account in
    Sender. Raises GatewayError with BAD_ARGUMENT.
    """
    _check_lines(header)
    try:
        fields = parse_headers(header)
    except SmimeError:
        raise GatewayError(GatewayCode.BAD_ARGUMENT, "The message's header fields cannot be read.") from None
    _check_from(fields, account, shared_addresses)
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


def _check_from(fields: Headers, account: str, shared_addresses: Collection[str]) -> None:
    address = _only_address(fields, "From")
    if not address:
        raise GatewayError(GatewayCode.BAD_ARGUMENT, "The message needs one field From with one address.")
    if _is_account(address, account):
        return
    if not address.isascii() or address.lower() not in shared_addresses:
        text = f"The message is from another address than {account}, as which you are signed in."
        raise GatewayError(GatewayCode.BAD_ARGUMENT, text)
    # Otherwise nobody would learn which of the people who share the address has sent it.
    if not _is_account(_only_address(fields, "Sender"), account):
        text = f"The message is from a shared address, so it needs one field Sender with {account}."
        raise GatewayError(GatewayCode.BAD_ARGUMENT, text)


def _only_address(fields: Headers, name: str) -> str:
    """Return the address of a field that is there once and has one mailbox; otherwise an empty text."""
    named = fields.find(name)
    mailboxes = addresses(named[0].unfolded) if len(named) == 1 else ()
    return mailboxes[0].address if len(mailboxes) == 1 else ""


def _is_account(address: str, account: str) -> bool:
    # An account is in ASCII. Some other letters become ASCII in lower case, such as the Kelvin sign.
    return address.isascii() and address.lower() == account.lower()


def _message_id(fields: Headers) -> str:
    try:
        return check_message_id((fields.get_unfolded("Message-ID") or "").strip())
    except GatewayError:
        return ""
