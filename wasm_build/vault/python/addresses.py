"""The verbs that read mail addresses in texts of the person or of a page. JavaScript never parses addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from smime_core.limits import MAX_TYPED_ADDRESSES_CHARACTERS, check_limit
from smime_core.mime import Mailbox, addresses, find_addresses
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.requests import Reply, request_class


@request_class
class ReadAddresses:
    texts: tuple[str, ...]


async def read_addresses(request: ReadAddresses, provider: CryptoProvider) -> Reply:
    """Returns `{mailboxes}`: for each text the list of its mailboxes, read as in a header field.

    The lines of a pasted list are separate mailboxes. An unreadable mailbox has an empty address. Raises LimitExceeded.
    """
    return _describe(request.texts, lambda text: addresses(",".join(text.splitlines())))


async def find_addresses_in(request: ReadAddresses, provider: CryptoProvider) -> Reply:
    """Returns `{mailboxes}` of texts that a page shows. The texts may have other words between the addresses.

    The page may only propose these addresses to the person. Raises LimitExceeded.
    """
    return _describe(request.texts, find_addresses)


def _describe(texts: Iterable[str], read: Callable[[str], tuple[Mailbox, ...]]) -> Reply:
    texts = tuple(texts)
    check_limit("characters of addresses", sum(map(len, texts)), MAX_TYPED_ADDRESSES_CHARACTERS)
    return {
        "mailboxes": [[{"name": mailbox.name, "address": mailbox.address} for mailbox in read(text)] for text in texts]
    }
