"""`python -m tools.days_work`: walks the steps of docs/days_work.md in our pages, in Roundcube, and by the extension.

Prints the table of clicks and seconds, keeps the figures of each program in build/days_work.json, and with `--page`
writes the table into a page of the documentation. A walk of one program takes about three minutes. Our pages are also
walked by keyboard alone, by touch, and with losses of the network, in three browser engines. The extension is walked in
Chromium only.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.browser.bidi import BidiError
from tests.support.browser.browsers import Browser
from tests.support.servers import postfix
from tools.bench.machine import describe_machine
from tools.bench_bridge.__main__ import describe_programs
from tools.bench_bridge.page import write_machine, write_page
from tools.days_work import rig as rigs
from tools.days_work.engines import ENGINES, absence, running_browser
from tools.days_work.extended import Extended
from tools.days_work.mailbox import MESSAGES
from tools.days_work.ours import Ours
from tools.days_work.ours_lost import OursWithLosses
from tools.days_work.ours_otherwise import OursByKeyboard, OursByTouch
from tools.days_work.report import combine, keep, measures, write_blocks
from tools.days_work.rig import Rig
from tools.days_work.roundcube import Roundcube
from tools.days_work.steps import NAMES, Done, walk
from tools.days_work.user import REST_SECONDS


@dataclass(frozen=True, slots=True)
class Walkable:
    """A program that can be walked: the class that operates it, its browser, and its servers."""

    walker: type[Ours | Roundcube]
    has_mouse: bool = True
    with_roundcube: bool = False
    in_clear: bool = False

    def run_rig(self, count: int = MESSAGES) -> AbstractContextManager[Rig]:
        """The servers for the walk."""
        return rigs.run_rig(with_roundcube=self.with_roundcube, in_clear=self.in_clear, count=count)

    def start(self, rig: Rig, browser: Browser, rest_seconds: float = REST_SECONDS) -> Ours | Roundcube:
        """Open a tab for the walk."""
        return self.walker(rig, browser, rest_seconds=rest_seconds)


PROGRAMS: Final = {
    "pointer": Walkable(Ours),
    "Roundcube": Walkable(Roundcube, with_roundcube=True, in_clear=True),
    "extension": Walkable(Extended, with_roundcube=True),
    "keyboard": Walkable(OursByKeyboard),
    "touch": Walkable(OursByTouch, has_mouse=False),
    "losses": Walkable(OursWithLosses),
}
COMPARED: Final = ("pointer", "Roundcube", "extension")
_PICTURES: Final = Path("build/days_work")


def main() -> None:
    """Walk, print the table, and write the results."""
    parser = argparse.ArgumentParser(prog="python -m tools.days_work", description=__doc__)
    parser.add_argument(
        "--only", choices=[*PROGRAMS], type=_program, nargs="*", help=f"programs (default: {', '.join(COMPARED)})"
    )
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0], help=f"the browser (default: {ENGINES[0]})")
    parser.add_argument("--runs", type=int, default=1, help="walks of each program, the median counts (default 1)")
    parser.add_argument("--steps", type=int, default=len(NAMES), help="the last step of the walk (default 40)")
    parser.add_argument("--out", type=Path, default=Path("build/days_work.json"))
    parser.add_argument("--page", type=Path, help="page of the documentation, into which the table is written")
    options = parser.parse_args()
    chosen = options.only or [*COMPARED]
    with_roundcube = any(PROGRAMS[name].with_roundcube for name in chosen)
    if why := rigs.absence(with_roundcube=with_roundcube) or absence(options.engine):
        parser.exit(1, f"{why}\n")
    numbers = range(1, options.steps + 1)
    for name in chosen:
        before = describe_machine()
        machine = {**before, **describe_programs(), "Postfix": postfix.version()}
        walks = [_walk_once(name, options.engine, numbers) for _ in range(options.runs)]
        title = name if options.engine == ENGINES[0] else f"{name}, {options.engine}"
        walked = combine(title, f"{before['date']}, load before it {before['load']}", walks)
        results = keep(options.out, walked, machine)
        blocks = write_blocks(results)
        print(*blocks.values(), sep="\n\n", flush=True)
        if options.page:
            programs = f"{machine['processor']}; {write_machine(machine)}"
            write_page(options.page, {**blocks, **({"days-work machine": programs} if name in COMPARED else {})})
    for what, (share, most) in measures(results).items():
        print(f"{what}: {share:.2f} of Roundcube's, wanted at most {most}")


def _program(text: str) -> str:
    """The name of a program, in any case of letters."""
    return next((name for name in PROGRAMS if name.lower() == text.lower()), text)


def _print(done: Done) -> None:
    """Print a step when it has ended, so that a walk that stops can be followed."""
    outcome = f"cannot: {done.lacks}" if done.lacks else f"{done.clicks} clicks, {done.seconds:.1f} s"
    print(f"step {done.number}, {NAMES[done.number]}: {outcome}", flush=True)


def _walk_once(name: str, engine: str, numbers: Sequence[int]) -> list[Done]:
    walkable = PROGRAMS[name]
    with (
        walkable.run_rig() as rig,
        running_browser(engine, rig.downloads, has_mouse=walkable.has_mouse) as browser,
    ):
        program = walkable.start(rig, browser)
        try:
            return walk(program, rig, numbers, report=_print)
        except (AssertionError, BidiError):
            picture = program.page.screenshot(_PICTURES / f"{name}-{engine}.png")
            print(f"the walk ended here: {picture}", flush=True)
            raise
        finally:
            if isinstance(program, OursWithLosses):
                print("The page said:", *dict.fromkeys(program.sentences), sep="\n  ", flush=True)


if __name__ == "__main__":
    main()
