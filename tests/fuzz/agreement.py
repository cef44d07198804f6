"""Memory and streams hold the same opinion of the same octets: verdict, layers, content, or the kind of refusal."""

from __future__ import annotations

import io
from typing import NamedTuple

from smime_core import MessageReport, blocking, stream
from smime_core.errors import SmimeError
from tests.fuzz.targets import keys
from tests.unit.people import NOW, trust


class Opinion(NamedTuple):
    """What was thought of some octets; `refusal` is the code of the error, and then nothing else counts.

    `nested` are the layers of parts below the top. `headers` are the shown fields, each with what protects it.
    """

    refusal: str = ""
    state: str = ""
    reasons: frozenset[str] = frozenset()
    layers: tuple[object, ...] = ()
    nested: tuple[object, ...] = ()
    headers: tuple[object, ...] = ()
    sender: str | None = None
    content: bytes = b""


def in_memory(data: bytes) -> Opinion:
    """The opinion of `examine_message`."""
    try:
        report = blocking.examine_message(data, trust_store=trust(), at=NOW, **keys())
    except SmimeError as error:
        return Opinion(refusal=error.code)
    return opinion_of(report, report.content)


def in_stream(data: bytes) -> Opinion:
    """The opinion of `stream.examine_file`."""
    target = io.BytesIO()
    try:
        streamed = stream.examine_file(io.BytesIO(data), trust_store=trust(), at=NOW, **keys())
        stream.copy_content(streamed, target)
    except SmimeError as error:
        return Opinion(refusal=error.code)
    return opinion_of(streamed.report, target.getvalue())


def as_if_too_large(opinion: Opinion) -> Opinion:
    """What a stream says that does not look for protected parts below the top: the same, but for what is there."""
    looked = frozenset({"nested-protection", "too-large-to-look-inside"})
    return opinion._replace(reasons=opinion.reasons - looked, nested=())


def opinion_of(report: MessageReport, content: bytes) -> Opinion:
    """What a report and the content beside it say."""
    return Opinion(
        state=report.state,
        reasons=frozenset(reason.code for reason in report.reasons),
        layers=tuple(layer for layer in report.layers if layer.covers_whole),
        nested=tuple(layer for layer in report.layers if not layer.covers_whole),
        headers=(report.header_scheme, report.headers, report.header_protections),
        sender=report.sender,
        content=content,
    )
