"""A bridge in a process of its own that kills itself at one point of its work, and the words that it said before.

A point is the moment before or after a write, a sync, a new name of a file, or a COMMIT. So each kill falls where
something could be lost, however fast the machine is.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import event

from tests.support.clock import FakeClock
from tests.support.servers.parcels import Draft, Rig, Sender
from webbridge import BridgeConfig, create_app
from webbridge.services import services_of

PIECE = 7
"""The bytes of each request that adds to an object."""


def work_until(point: int, config: BridgeConfig, token: str, drafts: Sequence[Draft]) -> list[tuple[str, ...]]:
    """Return what a process has acknowledged until it was killed at a point, or at its end.

    Drafts with an even number go whole, others in parts. Every third one is withdrawn.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _work(point, config, token, drafts, writing)
    os.close(writing)
    with os.fdopen(reading) as words:
        report = words.read()
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, report
    return [tuple(line.split()) for line in report.splitlines(keepends=True) if line.endswith("\n")]


def _work(point: int, config: BridgeConfig, token: str, drafts: Sequence[Draft], writing: int) -> None:
    """Do the work in the child, which never returns."""
    status = 1
    try:
        clock = config.clock
        assert isinstance(clock, FakeClock)
        app = create_app(config)
        _kill_at(point, Rig(app, clock))
        _send_all(Sender(app.test_client(), token), drafts, lambda *words: _say(writing, *words))
        status = 0
    except BaseException:  # noqa: BLE001 (printed, and then the process ends)
        traceback.print_exc()
    finally:
        os._exit(status)


def _send_all(sender: Sender, drafts: Sequence[Draft], say: Callable[..., None]) -> None:
    for number, draft in enumerate(drafts):
        if number % 2 == 0:
            sender.send_whole(draft)
            say("submitted", draft.id)
        else:
            _send_parts(sender, draft, say)
        if number % 3 == 2:
            assert sender.call(draft, "withdraw").status_code == 200
            say("withdrawn", draft.id)
        if number % 3 == 1:
            answer = sender.client.post(
                "/api/open",
                base_url="http://127.0.0.1:8461",
                headers={"X-Sealwax": "1"},
                json={"id": draft.id, "proof": draft.members()["proof"]},
            )
            assert answer.status_code == 200
            say("opened", draft.id)


def _send_parts(sender: Sender, draft: Draft, say: Callable[..., None]) -> None:
    assert sender.create(draft).status_code == 201
    say("created", draft.id)
    for name, data in draft.objects.items():
        assert sender.begin(draft, name, len(data)).status_code == 201
        say("added", draft.id, name, "0")
        for start in range(0, len(data), PIECE):
            piece = data[start : start + PIECE]
            assert sender.patch(draft, name, start, piece).status_code == 204
            say("added", draft.id, name, str(start + len(piece)))
    assert sender.submit(draft).status_code == 200
    say("submitted", draft.id)


def _say(writing: int, *words: str) -> None:
    # Past os.write, which counts points.
    with os.fdopen(os.dup(writing), "w") as stream:
        stream.write(" ".join(words) + "\n")


def _kill_at(point: int, rig: Rig) -> None:
    left = point

    def pass_point() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            pass_point()
            result = call(*arguments, **named)
            pass_point()
            return result

        return counted

    os.write, os.fsync = around(os.write), around(os.fsync)
    Path.rename = around(Path.rename)  # type: ignore[method-assign]
    engine = services_of(rig.app).database._engine

    @event.listens_for(engine, "commit")
    def before_commit(_connection: object) -> None:
        pass_point()

    @event.listens_for(engine, "checkin")
    def after_commit(_connection: object, _record: object) -> None:
        pass_point()
