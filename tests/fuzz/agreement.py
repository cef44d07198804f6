"""Memory and streams hold the same opinion of the same octets: verdict, layers, content, or the kind of refusal."""

from __future__ import annotations

import io
from typing import NamedTuple

from smime_core import MessageReport, blocking, stream
from smime_core.errors import SmimeError
from tests.fuzz.targets import keys
from tests.unit.people import NOW, trust

# Streams say that they do not look for protected parts inside, memory says what it found there.
_OWN_REASONS = frozenset({"nested-protection", "too-large-to-look-inside"})


class Opinion(NamedTuple):
    """What was thought of some octets; `refusal` is the code of the error, and then nothing else counts."""

    refusal: str = ""
    state: str = ""
    reasons: frozenset[str] = frozenset()
    layers: tuple[object, ...] = ()
    sender: str | None = None
    content: bytes = b""


def in_memory(data: bytes) -> Opinion:
    """The opinion of `examine_message`."""
    try:
        report = blocking.examine_message(data, trust_store=trust(), at=NOW, **keys())
    except SmimeError as error:
        return Opinion(refusal=error.code)
    return _opinion(report, report.content)


def in_stream(data: bytes) -> Opinion:
    """The opinion of `stream.examine_file`."""
    target = io.BytesIO()
    try:
        streamed = stream.examine_file(io.BytesIO(data), trust_store=trust(), at=NOW, **keys())
        stream.copy_content(streamed, target)
    except SmimeError as error:
        return Opinion(refusal=error.code)
    return _opinion(streamed.report, target.getvalue())


def _opinion(report: MessageReport, content: bytes) -> Opinion:
    return Opinion(
        state=report.state,
        reasons=frozenset(reason.code for reason in report.reasons) - _OWN_REASONS,
        layers=tuple(layer for layer in report.layers if layer.covers_whole),
        sender=report.sender,
        content=content,
    )
