"""The table of docs/mail_servers.md about days at mail servers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.support.made_tables import MadeTable
from tools.mail_servers.day import Met
from tools.mail_servers.known import find_known

TABLE: Final = MadeTable("<!-- Made by `make nightly`: mail servers. -->\n", "<!-- End of the mail servers. -->\n")
_HEAD: Final = ("server", "version", "protocol", "steps", "otherwise than expected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One server's day. `absence` says why it was not started; then `met` is empty.

    `family` is the name under which its known deviations are listed.
    """

    name: str
    family: str
    protocol: str
    version: str = ""
    met: Sequence[Met] = ()
    absence: str = ""

    @property
    def unknown(self) -> list[Met]:
        """The deviations that are not known."""
        return [met for met in self.met if met.words and find_known(self.family, met) is None]


def draw(rows: Sequence[Row]) -> str:
    """The table: for each server, the steps with the expected result, and its deviations."""
    lines = [list(_HEAD), ["---"] * len(_HEAD)]
    lines += [[row.name, row.version, row.protocol, _count(row), row.absence or _deviations(row)] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _count(row: Row) -> str:
    return f"{sum(not met.words for met in row.met)} of {len(row.met)}" if row.met else ""


def _deviations(row: Row) -> str:
    known = (find_known(row.family, met) for met in row.met if met.words)
    named = list(dict.fromkeys(deviation for deviation in known if deviation is not None))
    return "; ".join([*named, *(f"**{met.step}: {_cell(met.words)}**" for met in row.unknown)])


def _cell(words: str) -> str:
    return words.replace("|", "\\|")
