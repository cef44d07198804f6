"""The verbs about new passphrases: how hard one is to guess, and words for one.

A measure calls no function of the browser. After the rewind nothing of the passphrase is in memory.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from smime_core.errors import MalformedMessage
from smime_core.identity import measure_passphrase
from smime_core.parcels import draw_words
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.late_package import bring_package
from wasm_build.vault.python.requests import Reply, Secret, decode_text, request_class

SUGGESTED_WORDS = 5
"""Five words of 2,048 have 55 bits. A key server stretches a passphrase, so that each guess costs time."""


@request_class
class MeasurePassphrase:
    """A typed passphrase, and the archive of zxcvbn, which is not part of the start."""

    measured: Secret
    zxcvbn: bytes


@request_class
class SuggestPassphrase:
    language: str


async def measure(request: MeasurePassphrase, _: CryptoProvider) -> Reply:
    """Returns `{score, warning}` of a passphrase. Raises MalformedMessage for another archive than the build's."""
    _bring_zxcvbn(request.zxcvbn)
    strength = measure_passphrase(decode_text(request.measured))
    return {"score": strength.score, "warning": strength.warning}


async def suggest(request: SuggestPassphrase, provider: CryptoProvider) -> Reply:
    """Returns `{words}`: random words, joined by spaces. A language without a list gets English words.

    Raises MalformedMessage if no language is named.
    """
    if not request.language:
        raise MalformedMessage("expected a language", where="request")
    return {"words": draw_words(provider, SUGGESTED_WORDS, request.language).encode()}


def _bring_zxcvbn(archive: bytes) -> None:
    # The module is made by the build. The archive is bytecode, so no other archive may run.
    from sealwax_zxcvbn import ARCHIVE_SHA384

    digest = base64.b64encode(hashlib.sha384(archive).digest()).decode()
    if not hmac.compare_digest(f"sha384-{digest}", ARCHIVE_SHA384):
        raise MalformedMessage("not the archive of zxcvbn that belongs to this version", where="request")
    bring_package(archive)
