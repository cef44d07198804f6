"""The output of verbs that write bare CMS."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sealwax.cli.streams.files import open_output
from smime_core.stream import ArmorWriter, Sink


@contextlib.contextmanager
def open_cms_output(target: str, encoding: str | None, mode: int) -> Iterator[Sink]:
    """A sink for the DER of bare CMS. It writes PEM if `encoding` is "pem"."""
    with open_output(target, mode) as file:
        if encoding != "pem":
            yield file
            return
        with ArmorWriter(file) as armored:
            yield armored
