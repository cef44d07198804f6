"""Fixtures of the code that both web services share: a clock that only the test moves, and databases of both kinds."""

from __future__ import annotations

from tests.support.clock import clock as clock
from tests.support.databases.postgresql import database_url as database_url, postgresql as postgresql
