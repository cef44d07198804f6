"""Runs the operator's commands as root, each in a process that an audit hook watches or kills.

    python -m tests.support.servers.root_commands

Each line of standard input is an object in JSON: {"arguments", "killed_at"}. Each line of standard output answers one:
{"code", "output", "changes"}. These are the exit code, what the command printed, and each change that it made as root
where another user could have put a link. With a number in "killed_at", the command dies by SIGKILL at the change of
that number, and the code is -9.
The processes are forked, because starting Python takes longer than most commands run. The modules are loaded before,
because the service's user may not read the interpreter's folder.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from sealwax.cli import group, main
from tests.support.command.forked_runs import preload

LONGEST_SECONDS: Final = 60
TICKET_KEY: Final = "ed25519:A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"
# https://docs.python.org/3/library/audit_events.html
_CHANGES: Final = frozenset(
    {
        "os.chmod",
        "os.chown",
        "os.link",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.symlink",
        "os.truncate",
        "os.utime",
        "sqlite3.connect",
    }
)
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def answer(case: dict[str, Any]) -> dict[str, Any]:
    """Run one command to its end."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as changes:
        process = os.fork()
        if process == 0:
            signal.alarm(LONGEST_SECONDS)
            _run(case, output.fileno(), changes.fileno())
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        output.seek(0)
        changes.seek(0)
        return {"code": code, "output": output.read(), "changes": changes.read().splitlines()}


def _run(case: dict[str, Any], output: int, changes: int) -> None:
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115  # until the process ends
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = ["sealwax", *case["arguments"]]
    passed = 0

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal passed
        is_opened = event == "open" and bool(arguments[2] & _WRITING)
        if not is_opened and event not in _CHANGES:
            return
        passed += 1
        if passed == case["killed_at"]:
            os.kill(os.getpid(), signal.SIGKILL)
        # A descriptor leads to the file that was looked at, and a name to any other one.
        if os.geteuid() == 0 and not isinstance(arguments[0], int) and _is_exposed(arguments[0]):
            os.write(changes, f"{event} {arguments[0]}\n".encode())

    sys.addaudithook(hear)
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _is_exposed(path: Any) -> bool:
    """Return whether a folder on the way to a file belongs to another user than root."""
    absolute = Path(os.path.abspath(os.fsdecode(path)))
    return any(parent.exists() and parent.stat().st_uid != 0 for parent in absolute.parents)


def _load() -> None:
    """Load what commands import only when they need it."""
    import plistlib  # noqa: F401  # of importlib.metadata

    preload(group.sealwax)
    with tempfile.TemporaryDirectory() as folder:
        _warm(Path(folder))


def _warm(folder: Path) -> None:
    made = [
        ["bridge", "init", "-c", f"{folder}/bridge.toml", "--database", f"{folder}/b.sqlite"],
        ["bridge", "step-back", "-c", f"{folder}/bridge.toml"],
        ["keys", "init", "-c", f"{folder}/keys.toml", "--database", f"{folder}/k.sqlite", "--ticket-key", TICKET_KEY],
        ["keys", "check", "-c", f"{folder}/keys.toml"],
        ["keys", "audit", "-c", f"{folder}/keys.toml"],
        ["discovery", "init", "-c", f"{folder}/discovery.toml", "--state", f"{folder}/state.json"],
        ["discovery", "sign", "-c", f"{folder}/discovery.toml", "-o", f"{folder}/signed"],
        ["discovery", "check", "-c", f"{folder}/discovery.toml"],
        ["discovery", "rotate", "-c", f"{folder}/discovery.toml"],
    ]
    stdout = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        for arguments in made:
            sys.argv = ["sealwax", *arguments]
            main()
    finally:
        sys.stdout.flush()
        os.dup2(stdout, 1)


if __name__ == "__main__":
    _load()
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
