"""The statements of a login: how many they are, their order, and their one transaction."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from roaming_keys.server.app import close_app
from roaming_keys.server.audit import AuditTrail
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import COUNTER, SESSION
from tests.support.clock import FakeClock
from tests.support.keys.people import Person, make_client
from tests.support.statements import traced_statements

pytestmark = pytest.mark.server
_VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE")


@pytest.fixture
def laptop(clock: FakeClock, database_url: str) -> Iterator[Person]:
    person = Person(make_client(clock, database_url), clock)
    person.register()
    person.log_in()
    yield person
    close_app(person.client.application)


def statements_of_a_login(laptop: Person) -> list[str]:
    with traced_statements() as statements:
        laptop.log_in()
    return [" ".join(text.split()) for text in statements.texts if text.startswith(_VERBS)]


def test_a_login_on_a_known_device_needs_few_statements(laptop: Person) -> None:
    statements = statements_of_a_login(laptop)
    assert len(statements) <= 15, "\n".join(statements)


def test_a_login_locks_the_counters_of_others_after_all_rows_of_accounts(laptop: Person) -> None:
    """A transaction that had them, and then waited for a row of an account, could wait for one that waits for them."""
    statements = statements_of_a_login(laptop)
    (place,) = [number for number, text in enumerate(statements) if text.startswith("DELETE FROM counter")]
    after = [text for text in statements[place + 1 :] if "pg_advisory_xact_lock" not in text]
    assert [text.split()[0] for text in after] == ["SELECT", "INSERT"]
    assert all("audit" in text for text in after), after


def test_a_login_whose_transaction_fails_stays_counted(
    laptop: Person, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    database = SCHEMA.open(database_url)
    with database.reading() as rows:
        sessions = rows.execute(select(SESSION.c.key)).all()
        assert rows.execute(select(COUNTER.c.name)).all() == []
    with monkeypatch.context() as failing:
        failing.setattr(AuditTrail, "add", fail)
        with pytest.raises(Exception):  # noqa: B017, PT011
            laptop.log_in()
    with database.reading() as rows:
        assert rows.execute(select(SESSION.c.key)).all() == sessions
        assert [(row.kind, row.value) for row in rows.execute(select(COUNTER))] == [("failed device", 1.0)]
    laptop.log_in()
    with database.reading() as rows:
        assert rows.execute(select(COUNTER.c.name)).all() == []
    database.close()
