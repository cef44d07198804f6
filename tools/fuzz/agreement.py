"""Compares the core's results in memory and in streams for the same bytes: verdict, layers, content, or refusal."""

from __future__ import annotations

import io
from typing import NamedTuple

from smime_core import MessageReport, blocking, stream
from smime_core.errors import SmimeError
from smime_core.policy import Policy
from smime_core.trust.judging import Judging
from tests.support.people import NOW, trust
from tools.fuzz.targets import STREAMING, keys


class Opinion(NamedTuple):
    """The result for some bytes. If they were refused, `refusal` is the error's code and all other fields are empty.

    `nested`: the layers of parts below the top. `headers`: the shown header fields, with the protection of each.
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
    """The result of `examine_message`."""
    try:
        report = blocking.examine_message(
            data, Judging(trust_store=trust(), at=NOW), provider=STREAMING, keys=keys(), policy=Policy.ARCHIVE
        )
    except SmimeError as error:
        return Opinion(refusal=error.code)
    return opinion_of(report, report.content)


def in_stream(data: bytes) -> Opinion:
    """The result of `stream.examine_file`."""
    target = io.BytesIO()
    try:
        streamed = stream.examine_file(
            io.BytesIO(data),
            Judging(trust_store=trust(), at=NOW),
            provider=STREAMING,
            keys=keys(),
            policy=Policy.ARCHIVE,
        )
        stream.copy_content(streamed, target)
    except SmimeError as error:
        return Opinion(refusal=error.code)
    return opinion_of(streamed.report, target.getvalue())


def as_if_too_large(opinion: Opinion) -> Opinion:
    """The result without protected parts below the top, for which too large streams are not searched."""
    looked = frozenset({"encrypted-part", "nested-protection", "too-large-to-look-inside"})
    return opinion._replace(reasons=opinion.reasons - looked, nested=())


def opinion_of(report: MessageReport, content: bytes) -> Opinion:
    """The result from a report and its content."""
    return Opinion(
        state=report.state,
        reasons=frozenset(reason.code for reason in report.reasons),
        layers=tuple(layer for layer in report.layers if layer.covers_whole),
        nested=tuple(layer for layer in report.layers if not layer.covers_whole),
        headers=(report.header_scheme, report.headers, report.header_protections),
        sender=report.sender,
        content=content,
    )
