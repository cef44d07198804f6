"""Fixtures of the tests of a bridge before an IMAP and an SMTP server whose answers are written by the tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from tests.support.servers.bridge import bridge_before
from tests.support.servers.hostile_imap import HEALTHY
from tests.support.servers.lying_server import LyingServer


@pytest.fixture
def imap(imap: LyingServer) -> LyingServer:
    """An IMAP server with two messages in each folder, until a test writes other answers."""
    imap.answers |= {**HEALTHY, "STATUS": [b"TAG OK\r\n"]}
    return imap


@pytest.fixture
def smtp(smtp: LyingServer) -> LyingServer:
    """An SMTP server that takes each message, also a second one by the same connection."""
    smtp.answers["RSET"] = [b"250 ok\r\n"]
    return smtp


@pytest.fixture
def browser(imap: LyingServer, smtp: LyingServer) -> Iterator[FlaskClient]:
    """A browser before a bridge with the two servers. `alice` has signed in with it."""
    with bridge_before(replace(imap.address(timeout_seconds=2.0), smtp=smtp.address().smtp)) as browser:
        yield browser
