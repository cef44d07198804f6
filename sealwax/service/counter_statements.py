"""The SQL of one kind of counter, made once: making a statement takes SQLAlchemy longer than running it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Delete,
    Select,
    Table,
    Update,
    bindparam,
    case,
    delete,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.sql.dml import ReturningInsert

from sealwax.service.columns import INSTANT, NUMBER
from sealwax.service.counter_table import COUNTER_KEY
from sealwax.service.database import CLOCK_SLACK_SECONDS, Database, insert_into

# This is more than the number of names that all processes count between two sweeps of one process.
SWEPT_AT_ONCE: Final = 1000

# The names of the parameters. They differ from the names of columns, which an INSERT uses for its values.
COUNTER, EVENTS, NOW, PER_SECOND, MOST, NAMES = "counter", "events", "now", "per_second", "most", "names"


class CounterStatements:
    """The statements for the counters of one kind, each of which is empty after `seconds`.

    `COUNTER` is the name, `EVENTS` the number of events, `NOW` the time, `PER_SECOND` how fast the value drains, and
    `MOST` the highest value.
    """

    def __init__(self, database: Database, table: Table, *, kind: str, seconds: int) -> None:
        self._table, self._kind = table, kind
        self.count: Final = self._count(database)
        self.take_back: Final = self._take_back()
        self.forget: Final[Delete] = delete(table).where(*self._is_named())
        self.read_level: Final[Select[float]] = select(self._level()).where(*self._is_named())
        self.sweeps: Final = (
            self._sweep(table.c.at <= _now() - seconds),
            self._sweep(table.c.at > _now() + CLOCK_SLACK_SECONDS),
        )

    def _count(self, database: Database) -> ReturningInsert[float]:
        """Count events, and return the new value if there was room for them."""
        level, since, events = self._level(), self._table.c.at, bindparam(EVENTS, type_=NUMBER)
        # A time that is slightly ahead is kept, so that the bucket does not drain twice for the same seconds.
        is_ahead = (since > _now()) & (since <= _now() + CLOCK_SLACK_SECONDS)
        first = insert_into(database, self._table).values(
            kind=self._kind, name=bindparam(COUNTER), value=events, at=_now()
        )
        counted = first.on_conflict_do_update(
            index_elements=COUNTER_KEY,
            set_={"value": level + events, "at": case((is_ahead, since), else_=_now())},
            where=level + events <= bindparam(MOST, type_=NUMBER),
        )
        return counted.returning(self._table.c.value)

    def _take_back(self) -> Update:
        value, events = self._table.c.value, bindparam(EVENTS, type_=NUMBER)
        left = case((value > events, value - events), else_=0.0)
        return update(self._table).where(*self._is_named()).values(value=left)

    def _level(self) -> ColumnElement[float]:
        """The value now. A time that is far ahead comes from a wrong clock, and the value then counts as 0."""
        value, since = self._table.c.value, self._table.c.at
        drained = value - (_now() - since) * bindparam(PER_SECOND, type_=NUMBER)
        is_dead = (since > _now() + CLOCK_SLACK_SECONDS) | ((since <= _now()) & (drained <= 0))
        return case((is_dead, 0.0), (since > _now(), value), else_=drained)

    def _sweep(self, is_dead: ColumnElement[bool]) -> Delete:
        """Delete some rows that count nothing any more."""
        table = self._table
        dead = (
            select(table.c.kind, table.c.name)
            .where(table.c.kind == self._kind, is_dead)
            .order_by(table.c.at)
            .limit(SWEPT_AT_ONCE)
            # Rows that another process is changing are skipped.
            .with_for_update(skip_locked=True)
        )
        return delete(table).where(tuple_(table.c.kind, table.c.name).in_(dead))

    def _is_named(self) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return self._table.c.kind == self._kind, self._table.c.name == bindparam(COUNTER)


class DecayStatements(CounterStatements):
    """The statements for values of one kind that decay by a rule of the caller.

    `value` is the value that the caller has written, and `at` the time for which the value was computed. `NAMES` are
    several names. `trim` deletes the rows that were written longest ago, beyond the latest `most_rows`.
    """

    def __init__(self, database: Database, table: Table, *, kind: str, seconds: int, most_rows: int) -> None:
        super().__init__(database, table, kind=kind, seconds=seconds)
        row, is_named = table.c, self._is_named()
        first = insert_into(database, table).values(kind=kind, name=bindparam(COUNTER), value=0.0, at=_now())
        # One event of a name that has no row.
        first_event = insert_into(database, table).values(kind=kind, name=bindparam(COUNTER), value=1.0, at=_now())
        self.begin: Final = first_event.on_conflict_do_nothing(index_elements=COUNTER_KEY).returning(row.value)
        unchanged = first.on_conflict_do_update(index_elements=COUNTER_KEY, set_={"value": row.value})
        self.lock: Final = unchanged.returning(row.value, row.at)
        # A value only falls, so the value now is at most the written value.
        is_few = row.value <= bindparam(EVENTS, type_=NUMBER)
        self.forget_few: Final = delete(table).where(*is_named, is_few).returning(row.name)
        written = {"value": bindparam(EVENTS, type_=NUMBER), "at": _now()}
        self.write: Final = update(table).where(*is_named).values(written)
        total = func.coalesce(func.sum(row.value), 0.0)
        self.total: Final = select(total).where(row.kind == kind, row.name.in_(bindparam(NAMES, expanding=True)))
        latest = select(row.at).where(row.kind == kind).order_by(row.at.desc())
        self.trim: Final = self._sweep(row.at <= latest.offset(most_rows).limit(1).scalar_subquery())


def _now() -> BindParameter[float]:
    return bindparam(NOW, type_=INSTANT)
