"""The walk of the 40 steps still works: a few steps at once, and all of them in each program. They measure nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.project import ROOT
from tools.bench_bridge.page import write_page
from tools.days_work.__main__ import PROGRAMS
from tools.days_work.engines import ENGINES, absence as engine_absence, running_browser
from tools.days_work.mailbox import MESSAGES
from tools.days_work.ours import Ours
from tools.days_work.report import Walked, combine, keep, measures, write_blocks, write_table
from tools.days_work.rig import Rig, absence
from tools.days_work.steps import NAMES, Done, walk

# Signs in, reads an encrypted message, replies to it, archives another, and locks the keys.
FEW = (1, 2, 5, 18, 27, 40)
FEW_MESSAGES = 40
# The ways that are walked in every engine.
WAYS = ("keyboard", "touch")
# The number of messages that are sent in the 40 steps.
SENT = 9
# The steps that a program cannot do.
LACKING = {"Roundcube": set[int](), "extension": {2, 9, 10, 26, 37, 38}}


@contextmanager
def rig_of(program: str, *, count: int = MESSAGES) -> Iterator[Rig]:
    if why := absence(with_roundcube=PROGRAMS[program].with_roundcube):
        pytest.skip(why)
    with PROGRAMS[program].run_rig(count) as rig:
        yield rig


@pytest.mark.browser
@pytest.mark.server
@pytest.mark.thorough
def test_a_few_steps_are_walked_and_counted(browser: Browser) -> None:
    with rig_of("pointer", count=FEW_MESSAGES) as rig:
        program = Ours(rig, browser, rest_seconds=0)
        steps = walk(program, rig, FEW, is_first_visit=True)
        program.page.close()
    assert [done.number for done in steps] == list(FEW)
    assert all(done.clicks > 0 and done.seconds > 0 and done.lacks is None for done in steps)


@pytest.mark.browser
@pytest.mark.server
@pytest.mark.thorough
@pytest.mark.parametrize(
    ("program", "engine"),
    [*((program, ENGINES[0]) for program in PROGRAMS), *((way, name) for way in WAYS for name in ENGINES[1:])],
)
def test_all_steps_are_walked(program: str, engine: str) -> None:
    if why := engine_absence(engine):
        pytest.skip(why)
    with (
        rig_of(program) as rig,
        running_browser(engine, rig.downloads, has_mouse=PROGRAMS[program].has_mouse) as browser,
    ):
        steps = walk(PROGRAMS[program].start(rig, browser, 0), rig)
        if program != "Roundcube":
            # Nothing is sent twice, also where the answer to a request was lost.
            assert len(rig.post.taken) == SENT - (38 in LACKING.get(program, ()))
    assert [done.number for done in steps] == list(NAMES)
    lacking = {done.number: done.lacks for done in steps if done.lacks is not None}
    assert lacking.keys() <= LACKING.get(program, {9})
    assert all(lacking.values())


def walked(program: str, *steps: Done) -> Walked:
    return combine(program, "2026-11-26", [steps])


def test_a_step_that_cannot_be_done_counts_as_nothing_and_is_named() -> None:
    ours = walked("pointer", Done(number=1, clicks=2, seconds=1.0), Done(number=2, lacks="has no such thing"))
    theirs = walked("Roundcube", Done(number=1, clicks=4, seconds=2.0), Done(number=2, clicks=6, seconds=3.0))
    table = write_table({"pointer": ours, "Roundcube": theirs})
    assert "| 2 | unlock the keys | cannot | – | 6 | 3.0 |" in table
    assert "|  | **all** | **2** | **1.0** | **10** | **5.0** |" in table
    assert "|  | **what both can do** | **2** | **1.0** | **4** | **2.0** |" in table
    assert "Steps that ours cannot do, and that count as nothing: 2 (has no such thing)." in table
    assert measures({"pointer": ours, "Roundcube": theirs}) == {"clicks": (0.2, 1.0), "seconds": (0.2, 1.2)}


def test_the_extension_is_the_third_column_and_is_compared_by_what_it_can_do() -> None:
    ours = walked("pointer", *(Done(number=number, clicks=1, seconds=1.0) for number in (1, 2, 3)))
    theirs = walked("Roundcube", *(Done(number=number, clicks=2, seconds=2.0) for number in (1, 2, 3)))
    extended = walked(
        "extension", Done(number=1, clicks=3, seconds=5.0), *(Done(number=n, lacks="shows none") for n in (2, 3))
    )
    table = write_table({result.program: result for result in (ours, theirs, extended)})
    assert "| the extension in Roundcube: clicks | the extension in Roundcube: s |" in table
    assert "|  | **what all three can do** | **1** | **1.0** | **2** | **2.0** | **3** | **5.0** |" in table
    assert "of what both can do: clicks 1.50, seconds 2.50." in table
    assert "Steps that the extension in Roundcube cannot do, and that count as nothing: 2, 3 (shows none)." in table


def test_the_median_of_several_walks_counts() -> None:
    walks = [[Done(number=1, clicks=3, seconds=seconds)] for seconds in (1.0, 9.0, 2.0)]
    assert combine("pointer", "2026-11-26", walks).seconds == 2.0


def test_the_walks_of_one_program_replace_only_its_own(tmp_path: Path) -> None:
    out = tmp_path / "build" / "days_work.json"
    keep(out, walked("pointer", Done(number=1, clicks=3, seconds=1.0)), {})
    keep(out, walked("Roundcube", Done(number=1, clicks=4, seconds=1.0)), {})
    results = keep(out, walked("pointer", Done(number=1, clicks=2, seconds=1.0)), {})
    assert {name: result.clicks for name, result in results.items()} == {"pointer": 2, "Roundcube": 4}


def test_the_tables_have_a_place_in_the_page(tmp_path: Path) -> None:
    page = Path(shutil.copy(ROOT / "docs/benchmarks.md", tmp_path))
    walks = {name: walked(name, Done(number=1, clicks=3, seconds=1.0)) for name in ("pointer", "touch, firefox")}
    blocks = write_blocks(walks)
    write_page(page, {"days-work machine": "the machine", **blocks})
    assert all(page.read_text().count(f"\n{block}\n") == 1 for block in ("the machine", *blocks.values()))
    # A walk that is compared with nothing leaves the table of those that are.
    assert write_blocks({"touch, firefox": walks["touch, firefox"]}).keys() == {"days-work otherwise"}
