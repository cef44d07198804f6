"""Measures sending a letter with an attachment of 25 MB: from the click on Send until the webmail has it encrypted."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.support.browser.browsers import Name, launch
from tests.support.extension.compose_driver import Webmail, add_fake_webmail, send
from tests.support.extension.driver import Extension, running_site
from tests.support.peers.people import PASSPHRASE, address, write_people
from tools.bench.results import Figure, Figures, Limit

_JOB: Final = "sign and encrypt a letter with 25 MB"
_BYTES: Final = 25_000_000
_MAX_MILLISECONDS: Final = 3000
_PATIENCE_SECONDS: Final = 120
_WRITER, _READER = "rsa2", "rsa"

_NOTE_CLICK: Final = """() => {
  const note = () => { window.clickedAt = performance.timeOrigin + performance.now(); };
  addEventListener("click", note, { capture: true });
}"""
_CLICKED: Final = "() => window.clickedAt"
_NOTE_TAKEN: Final = """() => {
  const note = () => { window.takenAt = performance.timeOrigin + performance.now(); };
  new MutationObserver(note).observe(document.documentElement, { attributeFilter: ["data-taken"] });
}"""
_TAKEN: Final = "() => window.takenAt"


def measure_letters(name: Name, dist: Path, runs: int) -> list[Figure]:
    """Send each letter in a new window. The first letter only fills the caches, and is not counted."""
    with _running(name, dist) as (webmail, file):
        times = [_send(webmail, file) for _ in range(runs + 1)][1:]
    return [Figure(where=name, job=_JOB, who="ours", unit="ms", values=tuple(times))]


def letter_limits(figures: Figures) -> list[Limit]:
    """Limit: three seconds."""
    return [
        Limit(where=browser, what=job, value=figures.median(browser, job, "ours"), limit=_MAX_MILLISECONDS, unit="ms")
        for browser, job in figures.rows
    ]


@contextlib.contextmanager
def _running(name: Name, dist: Path) -> Iterator[tuple[Webmail, Path]]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        people = write_people(folder)
        file = folder / "attached.bin"
        file.write_bytes(os.urandom(_BYTES))
        browser = launch(name, folder / "profile")
        stack.callback(browser.close)
        extension = Extension(browser, add_fake_webmail(dist / "extension_test", folder / "extension"))
        extension.unlock(people / f"{_WRITER}.p12", PASSPHRASE)
        extension.keep(anchors=[people / "ca.pem"], people=[people / f"{_READER}.pem"])
        site = stack.enter_context(running_site())
        yield Webmail(extension, site), file


def _send(webmail: Webmail, file: Path) -> float:
    webmail.forget()
    webmail.page.js(_NOTE_TAKEN)
    people: dict[str, Any] = {"from": address(_WRITER), "to": [address(_READER)]}
    window = webmail.write(**people)
    window.choose_files("input[data-test=compose-file]", [file])
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=_PATIENCE_SECONDS)
    window.wait_for_text(file.name, selector="[data-test=compose-attachments]", timeout_seconds=_PATIENCE_SECONDS)
    window.js(_NOTE_CLICK)
    send(window)
    webmail.taken()
    clicked, taken = window.js(_CLICKED), webmail.page.js(_TAKEN)
    window.close()
    return float(taken - clicked)
