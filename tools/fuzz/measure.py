"""Measures the cost of one input for one reader, in a child process whose time and memory the kernel counts."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from typing import Final, NamedTuple

from smime_core.errors import SmimeError
from tools.fuzz.targets import Reader

MAX_SECONDS: Final = 2.0
MAX_BYTES: Final = 200_000_000
_GIVE_UP_SECONDS: Final = 60


class Cost(NamedTuple):
    """The processor time of a run, its memory in bytes beyond the parent process's, and its result."""

    seconds: float
    octets: int
    ending: str


def measure(reader: Reader, data: bytes) -> Cost:
    """Measure one run. `ending` is "read", "refused: " with the error's code, or the text of another error."""
    before = _resident()
    outlet, inlet = os.pipe()
    child = os.fork()
    if not child:
        os.close(outlet)
        resource.setrlimit(resource.RLIMIT_CPU, (_GIVE_UP_SECONDS, _GIVE_UP_SECONDS))
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        os.write(inlet, _ending(reader, data).encode()[:4_000])
        os._exit(0)
    os.close(inlet)
    with open(outlet, "rb") as pipe:
        ending = pipe.read().decode("utf-8", "replace")
    _, _, usage = os.wait4(child, 0)
    octets = max(0, usage.ru_maxrss * 1_024 - before)
    return Cost(usage.ru_utime + usage.ru_stime, octets, ending or "the process was ended from outside")


def _ending(reader: Reader, data: bytes) -> str:
    try:
        reader(data)
    except SmimeError as error:
        return f"refused: {error.code}"
    except BaseException as error:  # noqa: BLE001 (fuzzing looks for these errors)
        return f"{type(error).__name__}: {error}"
    return "read"


def _resident() -> int:
    with contextlib.suppress(OSError), open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024
