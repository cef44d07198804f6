"""Our services in processes of their own, as an operator starts them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.support.signals import interruptible_children
from webbridge.gateway import MailServer

START_SECONDS = 30.0
PATIENCE_SECONDS = 900.0  # An import of 500 people may take ten minutes.
SEALWAX = (sys.executable, "-m", "sealwax.cli")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One service that runs. `log` has its standard error."""

    process: subprocess.Popen[bytes]
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        """The lines of its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def reload(self) -> None:
        """Ask the service to read its settings anew."""
        self.process.send_signal(signal.SIGHUP)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=60)


def clean_environment(**variables: str) -> dict[str, str]:
    """The environment without settings of the tester's own."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("SEALWAX_", "CREDENTIALS_"))
    }
    return environment | variables


def sealwax(
    *arguments: str,
    program: Sequence[str] = SEALWAX,
    typed: str | None = None,
    output: IO[str] | None = None,
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, with what a person types into it. Its output is returned or goes to `output`."""
    return subprocess.run(
        [*program, *arguments],
        input=typed,
        env=clean_environment(**variables),
        stdout=output or subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@contextlib.contextmanager
def running(
    *arguments: str, folder: Path, answers: str, program: Sequence[str] = SEALWAX, **variables: str
) -> Iterator[Running]:
    """Run a service during the block, from when it answers at a URL. `program` are the words before the arguments."""
    log = folder / "service.log"
    with log.open("ab") as output, interruptible_children():
        process = subprocess.Popen(
            [*program, *arguments],
            env=clean_environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    service = Running(process=process, log=log)
    try:
        wait_for(answers, service)
        yield service
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=60)


def wait_for(url: str, service: Running) -> None:
    """Wait until something answers at a URL."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and service.process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nothing answers at {url}:\n{service.log.read_text()[-3000:]}")


def bridge_file(folder: Path, values: Mapping[str, Any], mail_server: MailServer) -> Path:
    """Write a configuration of a bridge on loopback. `values` are TOML texts by their path, as "server.listen"."""
    settings = {
        "database": json.dumps(str(folder / "state" / "bridge.sqlite")),
        "trusted_proxies": "0",
        "mail.ca_file": json.dumps(str(mail_server.ca_file)),
        **_address("mail.imap", mail_server.imap),
        **_address("mail.smtp", mail_server.smtp),
        **values,
    }
    file = folder / "bridge.toml"
    file.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    return file


def _address(name: str, address: Any) -> dict[str, str]:
    return {
        f"{name}.host": json.dumps(address.host),
        f"{name}.port": str(address.port),
        f"{name}.security": json.dumps(address.security.value),
    }
