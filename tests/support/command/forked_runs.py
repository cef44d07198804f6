"""Runs the command many times, each time in a new process, with standard streams that are closed, full or unread.

Standard input is a JSON list of {"arguments", "folder", "streams"}. `streams` maps 0, 1 and 2 to "closed", "full",
"unread" or the path of a file. Standard output is the JSON list of exit codes. The processes are forked, because
starting Python takes ten times as long. Each process ends like a normal interpreter, which reports output that it
cannot write.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from typing import Any

import click

from sealwax.cli import group, main

LONGEST_SECONDS = 60


def run(case: dict[str, Any]) -> None:
    """Set the streams and the folder of the case, as a shell does it, and run the command."""
    os.chdir(case["folder"])
    states = [case["streams"][str(descriptor)] for descriptor in range(3)]
    for descriptor, state in enumerate(states):
        if state != "closed":
            _take(descriptor, state)
    for descriptor, (name, state) in enumerate(zip(("stdin", "stdout", "stderr"), states, strict=True)):
        # Open sys.stdin, sys.stdout and sys.stderr as Python does when it starts.
        stream = None
        if state == "closed":
            os.close(descriptor)
        else:
            stream = open(descriptor, "w" if descriptor else "r", encoding="utf-8", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
    sys.argv = ["sealwax", *case["arguments"]]
    sys.exit(main())


def _take(descriptor: int, state: str) -> None:
    if state == "unread":
        read_end, opened = os.pipe()
        os.close(read_end)
    else:
        path = "/dev/full" if state == "full" else state
        opened = os.open(path, os.O_WRONLY | os.O_CREAT if descriptor else os.O_RDONLY, 0o600)
    os.dup2(opened, descriptor)
    os.close(opened)


def preload(verbs: click.Group) -> None:
    """Import all verbs before the processes are forked."""
    context = click.Context(verbs)
    for name in verbs.list_commands(context):
        if isinstance(verb := verbs.get_command(context, name), click.Group):
            preload(verb)


def run_all(cases: list[dict[str, Any]]) -> list[int]:
    codes = []
    for case in cases:
        process = os.fork()
        if process == 0:
            signal.alarm(LONGEST_SECONDS)
            run(case)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
    return codes


if __name__ == "__main__":
    preload(group.sealwax)
    # Without this, each process would collect garbage among all these objects when it ends.
    gc.freeze()
    json.dump(run_all(json.load(sys.stdin)), sys.stdout)
