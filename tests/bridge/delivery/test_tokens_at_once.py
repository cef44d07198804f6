"""Tokens that an account makes at once are counted one after another, with each database."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection

from sealwax.service import ServiceError
from tests.support.servers.mailboxes import ALICE
from tests.support.servers.parcels import Rig

# Not `in_turn`, because SQLite lets one writer in at a time, and only PostgreSQL shows the race.
pytestmark = pytest.mark.server


def test_tokens_made_at_once_are_not_more_than_an_account_may_have(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbridge.delivery.tokens.MAX_TOKENS", 3)
    tokens = rig.delivery.tokens
    execute = Connection.execute

    def execute_slowly(self: Connection, statement: Any, *args: Any, **further: Any) -> Any:
        # The pause is between the count and the new row.
        if getattr(statement, "is_insert", False):
            time.sleep(0.2)
        return execute(self, statement, *args, **further)

    monkeypatch.setattr(Connection, "execute", execute_slowly)

    def make(number: int) -> str:
        try:
            tokens.make(ALICE, f"program {number}", 1)
        except ServiceError as error:
            return error.code
        return "made"

    with ThreadPoolExecutor(5) as pool:
        outcomes = list(pool.map(make, range(5)))
    assert sorted(outcomes) == ["made"] * 3 + ["too-many-tokens"] * 2
    assert len(tokens.list(ALICE)) == 3
