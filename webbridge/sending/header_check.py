"""The header fields of an outgoing message that tell readers who it is from (RFC 5322 section 3.6.2)."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from smime_core.errors import SmimeError
from smime_core.mime import Field, Headers, canonical_mailbox, parse_headers
from webbridge.gateway import GatewayCode, GatewayError
from webbridge.gateway.door import check_message_id

# RFC 5322 section 2.2: a name of printable ASCII, then lines that begin with a blank. Lines of blanks, and blanks
# before the colon, are obsolete. Some programs do not read fields that have these. The group is not possessive, because
# Python before 3.11.5 does not match with such a group around possessive parts.
_FIELD: Final = re.compile(rb"[!-9;-~]++:[^\r\n]*+(?:\r\n[ \t]++[^\r\n \t][^\r\n]*+)*(?:\r\n|\Z)")
_HIDDEN: Final = ("Bcc", "Resent-Bcc")
# The fields besides From that show readers a sender.
_SENDERS: Final = ("Sender", "Resent-From", "Resent-Sender")
# RFC 8601 section 2.2: the name of the server that has checked the message. A name after a comment is not read.
_AUTHSERV_ID: Final = re.compile(r"""(?:"(?P<quoted>[^"\\]*)"|(?P<token>[^ \t;()"]+))(?:[ \t]+\d+)?[ \t]*(?:;|$)""")


def check_header(header: bytes, account: str, *, shared_addresses: Collection[str] = ()) -> str:
    """Return the Message-ID of a message that this account may send, or "" if the message has none in the usual form.

    The message has one author, the same for every reader. The author is the account, or one of `shared_addresses` (in
    small letters) if Sender names the account. No other field names another sender. Raises GatewayError with
    BAD_ARGUMENT.
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


def leave_out_results(header: bytes, authserv_ids: Collection[str]) -> bytes:
    """Return a checked header without each Authentication-Results that claims to be from one of these servers.

    Programs trust such a field if it names their own server (RFC 8601 section 5). A field whose server cannot be read
    is left out too. `authserv_ids` are in small letters.
    """
    fields = parse_headers(header).fields
    remaining_fields = [field for field in fields if not _is_result_of(field, {"", *authserv_ids})]
    return b"".join(field.encoded for field in remaining_fields) + header[sum(len(field.encoded) for field in fields) :]


def message_id_of(header: bytes) -> str:
    """Return the Message-ID of a message. Raises GatewayError with BAD_ARGUMENT."""
    try:
        return check_message_id((parse_headers(header).get_unfolded("Message-ID") or "").strip())
    except SmimeError:
        raise GatewayError(GatewayCode.BAD_ARGUMENT, "The message's header fields cannot be read.") from None


def _check_lines(header: bytes) -> None:
    """Raise GatewayError if a line is no field. Some servers end the header at such a line, others do not."""
    at = 0
    while at < len(header) and (field := _FIELD.match(header, at)):
        at = field.end()
    if at == 0 or header[at:] not in (b"", b"\r\n"):
        raise GatewayError(GatewayCode.BAD_ARGUMENT, "The message's header has a line that is no field.")


def _check_from(fields: Headers, account: str, shared_addresses: Collection[str]) -> None:
    address = _only_address(fields, "From")
    if not address:
        text = "The message needs one field From with one address, in its usual form."
        raise GatewayError(GatewayCode.BAD_ARGUMENT, text)
    if not _is_account(address, account):
        if not address.isascii() or address.lower() not in shared_addresses:
            text = f"The message is from another address than {account}, as which you are signed in."
            raise GatewayError(GatewayCode.BAD_ARGUMENT, text)
        # Otherwise nobody would learn which of the people who share the address has sent the message.
        if not _is_account(_only_address(fields, "Sender"), account):
            text = f"The message is from a shared address, so it needs one field Sender with {account}."
            raise GatewayError(GatewayCode.BAD_ARGUMENT, text)
    for name in _SENDERS:
        if fields.find(name) and not _is_account(_only_address(fields, name), account):
            text = f"The message's field {name} names another sender than {account}. Leave it out."
            raise GatewayError(GatewayCode.BAD_ARGUMENT, text)


def _only_address(fields: Headers, name: str) -> str:
    """Return the address of a field that occurs once and has one canonical mailbox, otherwise an empty text."""
    named = fields.find(name)
    mailbox = canonical_mailbox(named[0].unfolded) if len(named) == 1 else None
    return "" if mailbox is None else mailbox.address


def _is_result_of(field: Field, authserv_ids: Collection[str]) -> bool:
    """Return whether a field is an Authentication-Results of one of these servers. "" means an unreadable name."""
    if field.name.lower() != "authentication-results":
        return False
    match = _AUTHSERV_ID.match(field.unfolded)
    return ("" if match is None else match["quoted"] or match["token"] or "").lower() in authserv_ids


def _is_account(address: str, account: str) -> bool:
    # An account is in ASCII. Some letters outside ASCII, such as the Kelvin sign, become ASCII in lower case.
    return address.isascii() and address.lower() == account.lower()


def _message_id(fields: Headers) -> str:
    try:
        return check_message_id((fields.get_unfolded("Message-ID") or "").strip())
    except GatewayError:
        return ""
