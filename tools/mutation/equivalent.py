"""Mutants whose change no test can notice, each with the reason."""

from __future__ import annotations

from typing import Final

# The keys: the module, the beginning of the change's description, and the beginning of the changed source text.
_SAME_OCTETS: Final = "received and sorted octets are the same then, and are only verified twice"
_ONLY_SPEED: Final = "decides whether something is kept for the next time, not what it is"
EQUIVALENT: Final[dict[tuple[str, str, str], str]] = {
    ("cms/signer_info/verifying.py", "never taken", "if not signed_attrs.tolerances"): _SAME_OCTETS,
    ("cms/signer_info/verifying.py", "not raised", "raise"): _SAME_OCTETS,
    ("cms/layers.py", "operand 2 never true", "if not isinstance(layer, SignedLayer) or not layer.detached"): (
        "content beside a structure that has its own is refused before"
    ),
    ("x509/certificate.py", "negated", "len(octets) <= _MAX_CACHED_BYTES"): _ONLY_SPEED,
}


def find_reason(module: str, source: str, change: str) -> str | None:
    """The reason why no test can notice this mutant, or None."""
    for (where, what, beginning), reason in EQUIVALENT.items():
        if (
            where == module
            and change.startswith(what)
            and (source == beginning or (len(beginning) > 5 and source.startswith(beginning)))
        ):
            return reason
    return None
