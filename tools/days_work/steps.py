"""The 40 steps as a table of acts for a program, the walk through the steps, and its result."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from tools.days_work.mailbox import READ
from tools.days_work.people import BOB, CAROL, CROWD, DAN
from tools.days_work.post import Received
from tools.days_work.rig import Rig

FIRST_READ: Final = 3
NAMES: Final = {
    1: "sign in",
    2: "unlock the keys",
    **{number: f"read {name}" for number, name in enumerate(READ, FIRST_READ)},
    18: "reply to M3",
    19: "reply to M1, encrypted",
    20: "reply to all of M9, signed",
    21: "reply to M11, Carol under Cc",
    22: "reply to M6 without the quote",
    23: "reply to the newest in Sent",
    24: "forward M7 with its PDF",
    25: "search in subjects",
    26: "search in the text of M3",
    27: "archive M1",
    28: "delete M5",
    29: "take that back",
    30: "move M7",
    31: "mark three as unread",
    32: "flag M8",
    33: "move M14 to Spam",
    34: "archive twenty",
    35: "make a folder, move M6 there",
    36: "open a folder, and return",
    37: "begin a draft, close the browser",
    38: "finish it on the second device",
    39: "send two files, encrypted",
    40: "lock the keys",
}
TWENTY: Final = 20
NEW_FOLDER: Final = "Ward 4"
DRAFT_SUBJECT: Final = "The keys of the boathouse"
FILES_SUBJECT: Final = "Two files"


class Cannot(Exception):
    """A program cannot do a step. The text says what the program lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reply: to a message, with one line. `cc` is the beginning of somebody's name, typed into the Cc field."""

    name: str
    line: str
    recipients: int = 1
    to_all: bool = False
    encrypted: bool = True
    cc: str = ""
    drops_quote: bool = False


class Program(Protocol):
    """A program that is walked, with one kind of user. Each act ends when its step is done."""

    name: str
    is_protecting: bool

    @property
    def clicks(self) -> int: ...

    def prepare(self) -> None: ...
    def sign_in(self) -> None: ...
    def unlock(self) -> None: ...
    def read(self, name: str) -> None: ...
    def reply(self, reply: Reply) -> None: ...
    def reply_to_sent(self, line: str) -> None: ...
    def forward(self, name: str, to: str) -> None: ...
    def search_subjects(self) -> None: ...
    def search_text(self) -> None: ...
    def archive(self, name: str) -> None: ...
    def delete(self, name: str) -> None: ...
    def take_back(self, name: str) -> None: ...
    def move(self, name: str, folder: str) -> None: ...
    def mark_unread(self, names: tuple[str, ...]) -> None: ...
    def flag(self, name: str) -> None: ...
    def junk(self, name: str) -> None: ...
    def archive_many(self, names: tuple[str, ...]) -> None: ...
    def move_to_new(self, name: str, folder: str) -> None: ...
    def visit(self, folder: str) -> None: ...
    def begin_draft(self, line: str) -> None: ...
    def finish_draft(self, line: str) -> None: ...
    def send_files(self, line: str) -> None: ...
    def lock(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The outcome of one step. `lacks` says why the program cannot do the step, which then has no clicks."""

    number: int
    clicks: int = 0
    seconds: float = 0.0
    lacks: str | None = None


def line_of(number: int) -> str:
    """The line that is typed in a step."""
    return f"The line of step {number}."


def table_of(program: Program, rig: Rig) -> Mapping[int, Callable[[], None]]:
    """The steps of docs/days_work.md, as acts of a program."""
    first = rig.order.index(READ[-1])
    twenty = rig.order[first : first + TWENTY]
    reply = partial(Reply, encrypted=program.is_protecting)
    return {
        1: program.sign_in,
        2: program.unlock,
        **{number: partial(program.read, name) for number, name in enumerate(READ, FIRST_READ)},
        18: lambda: program.reply(reply(name="M3", line=line_of(18))),
        19: lambda: program.reply(reply(name="M1", line=line_of(19))),
        20: lambda: program.reply(
            Reply(name="M9", line=line_of(20), to_all=True, encrypted=False, recipients=1 + len(CROWD))
        ),
        21: lambda: program.reply(reply(name="M11", line=line_of(21), cc="Ca", recipients=2)),
        22: lambda: program.reply(reply(name="M6", line=line_of(22), drops_quote=True)),
        23: lambda: program.reply_to_sent(line_of(23)),
        24: lambda: program.forward("M7", DAN),
        25: program.search_subjects,
        26: program.search_text,
        27: lambda: program.archive("M1"),
        28: lambda: program.delete("M5"),
        29: lambda: program.take_back("M5"),
        30: lambda: program.move("M7", "Invoices"),
        31: lambda: program.mark_unread(("M2", "M3", "M4")),
        32: lambda: program.flag("M8"),
        33: lambda: program.junk("M14"),
        34: lambda: program.archive_many(twenty),
        35: lambda: program.move_to_new("M6", NEW_FOLDER),
        36: lambda: program.visit("Ward 3"),
        37: lambda: program.begin_draft(line_of(37)),
        38: lambda: program.finish_draft(line_of(38)),
        39: lambda: program.send_files(line_of(39)),
        40: program.lock,
    }


def walk(
    program: Program,
    rig: Rig,
    numbers: Collection[int] = tuple(NAMES),
    *,
    is_first_visit: bool = False,
    report: Callable[[Done], None] = lambda done: None,
) -> list[Done]:
    """Walk the steps in their order, and check the result of each step at the mail servers.

    Before a walk the program is visited once, as on the day before, unless this is the first visit. `report` gets
    each step when it has ended.
    """
    if not is_first_visit:
        program.prepare()
    table = table_of(program, rig)
    outcomes = []
    for number in sorted(numbers):
        before, begun = program.clicks, time.perf_counter()
        try:
            table[number]()
        except Cannot as lack:
            outcomes.append(Done(number=number, lacks=str(lack)))
            report(outcomes[-1])
            continue
        except AssertionError as error:
            raise AssertionError(f"{program.name}, step {number}, {NAMES[number]}: {error}") from error
        outcomes.append(Done(number=number, clicks=program.clicks - before, seconds=time.perf_counter() - begun))
        report(outcomes[-1])
        _check(number, program, rig)
    return outcomes


def _check(number: int, program: Program, rig: Rig) -> None:
    """Check the messages on the mail servers after a step."""
    readers = {18: BOB, 19: BOB, 20: CROWD[0], 21: CAROL, 22: BOB, 23: BOB, 38: CAROL, 39: BOB}
    if number in readers:
        got = rig.post.last_received(readers[number], line_of(number))
        _check_protection(number, program, got)
    if number == 24:
        forwarded = rig.post.last_received(DAN, rig.messages["M7"].words)
        _check_protection(number, program, forwarded)
    places = {27: ("M1", "Archive"), 30: ("M7", "Invoices"), 33: ("M14", "Spam"), 35: ("M6", NEW_FOLDER)}
    if number in places:
        name, folder = places[number]
        rig.post.wait_for_message(rig.messages[name].message_id, folder)
    if number == 29:
        rig.post.wait_for_message(rig.messages["M5"].message_id, "INBOX")
    if number == 34:
        rig.post.wait_for_message(rig.messages[READ[-1]].message_id, "Archive")
        assert rig.post.count("Archive") >= TWENTY, "fewer than twenty were archived"


def _check_protection(number: int, program: Program, got: Received) -> None:
    if not program.is_protecting:
        return
    if number == 20:
        assert got.is_signed_only, got.mail.get_content_type()
    else:
        assert got.is_encrypted, got.mail.get_content_type()
