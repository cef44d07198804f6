"""`python -m tools.bench_bridge`: compares the bridge with Roundcube, over the same mail server in the same run.

Prints a table for each part and the limits that were promised, and writes build/bench_bridge.json in the format of
`python -m tools.bench`. With `--page` it also writes the tables into a page of the documentation.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from rich.console import Console

from tests.support.browser.browsers import CHROMIUM_PROGRAMS, find_program
from tests.support.databases.postgresql import run_postgresql
from tests.support.servers import dovecot
from tests.support.servers.mail_host import MailHost
from tools.bench.machine import ask_version, describe_machine
from tools.bench.results import Figure, Figures, Limit, draw_limits, write_results
from tools.bench_bridge import (
    clicks,
    lists,
    load,
    mail,
    other_servers,
    processor,
    servers,
    slow_clients,
    streams,
    times,
)
from tools.bench_bridge.page import MACHINE, write_machine, write_page, write_table
from tools.bench_bridge.times import ANNA, OURS, THEIRS

_RUNS: Final = 30
_TABLE_WIDTH: Final = 130
_MESSAGES: Final = 10_000
_DISTANCE_MILLISECONDS: Final = 20
_TIMES_MORE: Final = 10
_FOLDERS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The choices of one run."""

    runs: int
    minutes: float
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One table, and the limits with which its figures are compared."""

    title: str
    measure: Callable[[Settings], list[Figure]]
    limits: Callable[[Figures], list[Limit]]


@contextlib.contextmanager
def _annas_mail(settings: Settings) -> Iterator[MailHost]:
    with servers.run_mail((ANNA,)) as host:
        mail.fill_inbox(host.maildirs / ANNA, settings.messages, to=ANNA)
        mail.hand_over(host.maildirs)
        yield host


def _measure_times(settings: Settings) -> list[Figure]:
    with _annas_mail(settings) as host, servers.run_rig(host) as rig:
        return times.measure_times(rig, settings.runs)


def _measure_distant(settings: Settings) -> list[Figure]:
    with (
        _annas_mail(settings) as host,
        servers.at_a_distance(host, _DISTANCE_MILLISECONDS / 2) as far,
        servers.run_rig(far) as rig,
    ):
        return times.measure_distant(rig, settings.runs, f"{_DISTANCE_MILLISECONDS} ms to the mail server")


def _measure_servers(settings: Settings) -> list[Figure]:
    return other_servers.measure_servers(settings.runs, settings.messages)


def _measure_clicks(settings: Settings) -> list[Figure]:
    with _annas_mail(settings) as host, servers.run_rig(host) as rig:
        return clicks.measure_clicks(rig, settings.runs)


def _measure_lists(settings: Settings) -> list[Figure]:
    with _annas_mail(settings) as host, servers.run_rig(host, with_roundcube=False) as rig:
        return lists.measure_lists(rig, settings.runs)


def _measure_clients(settings: Settings) -> list[Figure]:
    with _annas_mail(settings) as host, servers.run_rig(host) as rig:
        return load.measure_clients(rig)


def _measure_sessions(settings: Settings) -> list[Figure]:
    with _annas_mail(settings) as host, servers.run_rig(host, with_roundcube=False) as rig:
        return load.measure_sessions(rig, settings.minutes)


def _measure_slow(settings: Settings) -> list[Figure]:
    with _annas_mail(settings) as host:
        return slow_clients.measure_slow_clients(host)


def _measure_large(settings: Settings) -> list[Figure]:
    with _annas_mail(settings) as host, servers.run_rig(host, with_roundcube=False) as rig:
        return load.measure_large(rig)


def _measure_logins(settings: Settings) -> list[Figure]:
    with _annas_mail(settings) as host, servers.run_rig(host, with_roundcube=False) as rig:
        return load.measure_logins(rig)


def _measure_many(settings: Settings) -> list[Figure]:
    figures = []
    for where, messages, folders in (
        (times.USUAL, settings.messages, 0),
        (times.MANY, settings.messages * _TIMES_MORE, _FOLDERS),
    ):
        with servers.run_mail((ANNA,)) as host:
            mail.fill_inbox(host.maildirs / ANNA, messages, to=ANNA)
            mail.make_folders(host.maildirs / ANNA, folders)
            mail.hand_over(host.maildirs)
            with servers.run_rig(host, with_roundcube=False) as rig:
                figures += times.measure_our_list(rig, settings.runs, where)
    return figures


def _measure_processor(settings: Settings) -> list[Figure]:
    with (
        run_postgresql() as postgresql,
        _annas_mail(settings) as host,
        servers.run_rig(host, with_roundcube=False, database=postgresql.new_database()) as rig,
    ):
        return processor.measure_processor(rig, postgresql.pid)


def _measure_streams(_settings: Settings) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="bench-bridge-") as folder:
        return streams.measure_streams(Path(folder))


PARTS: Final = {
    "times": Part(title="Server times", measure=_measure_times, limits=times.time_limits),
    "distance": Part(title="A distant mail server", measure=_measure_distant, limits=times.distant_limits),
    "servers": Part(title="Other mail servers", measure=_measure_servers, limits=other_servers.server_limits),
    "clicks": Part(title="From click to text", measure=_measure_clicks, limits=clicks.click_limits),
    "lists": Part(title="A list of 10,000 in the browser", measure=_measure_lists, limits=lists.list_limits),
    "clients": Part(title="Many clients", measure=_measure_clients, limits=load.client_limits),
    "many": Part(title="A large mailbox", measure=_measure_many, limits=times.many_limits),
    "large": Part(title="Large messages", measure=_measure_large, limits=load.large_limits),
    "logins": Part(title="Wrong logins", measure=_measure_logins, limits=load.login_limits),
    "sessions": Part(title="Many people", measure=_measure_sessions, limits=load.session_limits),
    "slow": Part(title="Slow clients", measure=_measure_slow, limits=slow_clients.slow_client_limits),
    "processor": Part(title="Time of the processor", measure=_measure_processor, limits=processor.processor_limits),
    "streams": Part(title="Open pages", measure=_measure_streams, limits=streams.stream_limits),
}


def main() -> None:
    """Measure, print the tables, and write the results."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_bridge", description=__doc__)
    parser.add_argument("--only", choices=[*PARTS], nargs="*", help="parts (default: all)")
    parser.add_argument("--runs", type=int, default=_RUNS, help=f"of each job, the median counts (default {_RUNS})")
    parser.add_argument("--minutes", type=float, default=5.0, help="of the load by 200 sessions (default 5)")
    parser.add_argument("--messages", type=int, default=_MESSAGES, help=f"in the inbox (default {_MESSAGES})")
    parser.add_argument("--out", type=Path, default=Path("build/bench_bridge.json"))
    parser.add_argument("--page", type=Path, help="page of the documentation, into which the tables are written")
    options = parser.parse_args()
    if why := servers.absence():
        parser.exit(1, f"{why}\n")
    settings = Settings(runs=options.runs, minutes=options.minutes, messages=options.messages)
    console, machine = Console(width=_TABLE_WIDTH), {**describe_machine(), **describe_programs()}
    console.print(" · ".join(f"{name} {value}" for name, value in machine.items()))
    figures: list[Figure] = []
    limits: list[Limit] = []
    for name in options.only or PARTS:
        part, before = PARTS[name], describe_machine()
        measured = Figures(part.measure(settings))
        compared, part_limits = Figures(measured.with_ratio(OURS, THEIRS)), part.limits(measured)
        console.print(compared.draw(part.title))
        figures += measured.all
        limits += part_limits
        if options.page:
            table = write_table(compared, part_limits, before)
            write_page(options.page, {MACHINE: write_machine(machine), name: table})
    console.print(draw_limits(limits))
    write_results(options.out, machine, figures, limits)


def describe_programs() -> dict[str, str]:
    """The versions of the measured programs, and of the software that they run on."""
    peers = servers.peer_absence()
    versions = {
        "Dovecot": ask_version(str(dovecot.BINARY)),
        "gunicorn": version("gunicorn"),
        "Flask": version("flask"),
        "Chromium": ask_version(find_program(CHROMIUM_PROGRAMS[0])),
    }
    if peers:
        return {**versions, "Roundcube": f"not measured, {peers}"}
    query = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "roundcube-core"], capture_output=True, text=True, check=False
    )
    return {**versions, "Roundcube": query.stdout or "?", "PHP": ask_version(str(servers.PHP_FPM))}


if __name__ == "__main__":
    main()
