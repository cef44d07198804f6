"""The verb that reads messages for the search in encrypted mail."""

from __future__ import annotations

from typing import Final

from smime_core.cms import Keys
from smime_core.errors import SmimeError
from smime_core.mail import ReadableEntity, read_payload
from smime_core.message import UnverifiedMessage, read_unverified
from smime_core.mime import Entity
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.messages import ReadMessages
from wasm_build.vault.python.replies import Reply
from wasm_build.vault.python.signers import unseal

_PEOPLE: Final = ("From", "To", "Cc")
# In longer texts, only the beginning can be found, because a single message must not fill the index.
_MAX_CHARACTERS: Final = 100_000
_NOTHING: Final = ReadableEntity("", (), ())


async def read_texts(request: ReadMessages, provider: CryptoProvider) -> Reply:
    """Returns `{texts}`: for each message `{subject, people, text}`, or None if it cannot be read.

    `people` has the fields From, To and Cc, `text` the text and the names of files. No signature is checked. An error
    of one message is not reported, because it could describe unauthenticated plaintext.
    """
    keys = Keys(identities=await unseal(request.keys, provider))
    return {"texts": [await _read_text(message, keys, provider) for message in request.messages]}


async def _read_text(message: bytes, keys: Keys, provider: CryptoProvider) -> Reply | None:
    try:
        opened = await read_unverified(message, keys, provider, policy=Policy.ARCHIVE)
        readable = _read_content(opened)
    except SmimeError:
        return None
    names = [file.filename for file in readable.attachments if file.filename]
    text = "\n".join([readable.text[:_MAX_CHARACTERS], *names])
    return {
        "subject": _join(opened, ("Subject",)),
        "people": _join(opened, _PEOPLE),
        "text": text[: 2 * _MAX_CHARACTERS].encode(),
    }


def _read_content(opened: UnverifiedMessage) -> ReadableEntity:
    if not isinstance(opened.content, Entity):
        return _NOTHING
    return read_payload(opened.content.encoded, encrypted=opened.is_encrypted)


def _join(opened: UnverifiedMessage, names: tuple[str, ...]) -> str:
    fields = [field.text for name in names for field in opened.headers.find(name)]
    return "\n".join(fields)[:_MAX_CHARACTERS]
