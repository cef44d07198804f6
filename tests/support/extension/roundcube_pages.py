"""Fixtures of a running Roundcube, and of one person's tab in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.extension.driver import Extension
from tests.support.extension.webmail import RoundcubePages
from tests.support.extension.webmail_letters import ME
from tests.support.servers import roundcube
from tests.support.servers.mail_host import MailHost
from tests.support.servers.roundcube import Roundcube, run_roundcube
from tests.support.servers.started import started


@pytest.fixture(scope="module")
def webmail(mail: MailHost) -> Iterator[Roundcube]:
    yield from started(roundcube.absence(), run_roundcube(mail))


@pytest.fixture(scope="module")
def pages(extension: Extension, webmail: Roundcube) -> Iterator[RoundcubePages]:
    pages = RoundcubePages(extension.browser.open("about:blank"), webmail, address=ME)
    yield pages
    pages.close()
