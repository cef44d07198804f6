"""The machine and the versions of the programs of a measurement."""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
from pathlib import Path


def describe_machine() -> dict[str, str]:
    """The date, the processor and its load."""
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": f"{os.cpu_count()} × {model[1] if model else platform.machine()}",
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def ask_version(program: str, option: str = "--version") -> str:
    """The version that a program prints, on its standard output or standard error."""
    process = subprocess.run([program, option], capture_output=True, text=True, check=True)
    output = process.stdout or process.stderr
    version = re.search(r"[\d.]+\w*", output)
    return version[0] if version else output.strip()
