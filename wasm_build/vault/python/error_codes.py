"""The codes of errors, from which pages choose their words."""

from __future__ import annotations

from smime_core.errors import DecisionRefused, NoUsableSigner, ParcelWordsRefused, SmimeError


def error_code(error: SmimeError) -> str:
    """The code of an error, from which pages choose their words.

    The code includes the reason why a decision, a signer or words were refused, and the number of an unknown word.
    """
    if isinstance(error, ParcelWordsRefused):
        return f"{error.code}-{error.why}" + (f"-{error.word_number}" if error.word_number is not None else "")
    return f"{error.code}-{error.why}" if isinstance(error, DecisionRefused | NoUsableSigner) else error.code
