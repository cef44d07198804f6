"""Measures opening an encrypted mail of 10 KB in a real Roundcube, with the background script running or stopped."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from smime_core import blocking
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from tests.support.browser.bidi import BidiError
from tests.support.browser.browsers import Name, launch
from tests.support.extension.driver import Extension
from tests.support.extension.webmail import RoundcubePages
from tests.support.peers.people import NOW, PASSPHRASE, PROVIDER, address, certificate, identity, write_people
from tests.support.servers.mail_host import run_mail_host
from tests.support.servers.roundcube import absence, run_roundcube
from tools.bench.results import Figure, Figures, Limit
from webbridge.demo.tls import write_tls_files

_WARM: Final = "open a 10 KB mail in Roundcube"
_AT_ONCE: Final = "the same, pointer comes and clicks at once"
_STOPPED: Final = "the same, background stopped"
_MAX_MILLISECONDS: Final = {_WARM: 150, _AT_ONCE: 150, _STOPPED: 1200}
# People rest the pointer on a button before they press it. Meanwhile the extension prepares its frame.
_POINTER_SECONDS: Final = 0.2
_BYTES: Final = 10_000
_PATIENCE_SECONDS: Final = 30
_PAUSE_SECONDS: Final = 0.25
# Meanwhile the vault starts its reserve Worker. The extension opens at most 20 mails a minute for one site.
_REST_SECONDS: Final = 2.5
_READER, _WRITER = address("rsa2"), address("rsa")

_NOTE_CLICK: Final = """() => {
  const note = () => { window.clickedAt = performance.timeOrigin + performance.now(); };
  addEventListener("click", note, { capture: true });
}"""
_CLICKED: Final = "() => window.clickedAt"
# The time of the first paint with content in the view, which is empty until it has the mail.
_PAINTED: Final = """() => {
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  return paint && performance.timeOrigin + paint.startTime;
}"""


def measure_webmail(name: Name, dist: Path, runs: int) -> list[Figure]:
    """Measure in turn with a running and a stopped background script, with and without a pointer that rests first."""
    if why := absence():
        return [Figure(where=name, job=job, who="ours", unit="ms", failure=why) for job in _MAX_MILLISECONDS]
    times: dict[str, list[float]] = {job: [] for job in _MAX_MILLISECONDS}
    with _running(name, dist) as (extension, pages, uid):
        _open(extension, pages, uid, _WARM)
        for _ in range(runs):
            for job, values in times.items():
                values.append(_open(extension, pages, uid, job))
    return [Figure(where=name, job=job, who="ours", unit="ms", values=tuple(values)) for job, values in times.items()]


def webmail_limits(figures: Figures) -> list[Limit]:
    """Limits: 150 ms with a running background script, 1.2 s if it was stopped."""
    return [
        Limit(
            where=browser,
            what=job,
            value=figures.median(browser, job, "ours"),
            limit=_MAX_MILLISECONDS[job],
            unit="ms",
        )
        for browser, job in figures.rows
    ]


@contextlib.contextmanager
def _running(name: Name, dist: Path) -> Iterator[tuple[Extension, RoundcubePages, int]]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # Dovecot's own user must be able to read the TLS files.
        folder.chmod(0o755)
        write_tls_files(folder, at=NOW)
        people = write_people(folder)
        mail = stack.enter_context(run_mail_host({_READER: "a password"}, tls_folder=folder))
        roundcube = stack.enter_context(run_roundcube(mail))
        browser = launch(name, folder / "profile")
        stack.callback(browser.close)
        extension = Extension(browser, dist / "extension_test")
        extension.unlock(people / "rsa2.p12", PASSPHRASE)
        extension.keep(anchors=[people / "ca.pem"])
        pages = RoundcubePages(extension.browser.open("about:blank"), roundcube, address=_READER)
        yield extension, pages, mail.append(_READER, _mail())


def _mail() -> bytes:
    text = "For nobody else.\r\n" * (_BYTES // 18)
    message = (
        f"From: {_WRITER}\r\nTo: {_READER}\r\nSubject: The harbour\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}"
    ).encode()
    signed = blocking.sign_message(message, Signing(identities=[identity("rsa")], signing_time=NOW), provider=PROVIDER)
    return blocking.encrypt_message(signed, Encrypting(recipients=[certificate("rsa2")]), provider=PROVIDER)


def _open(extension: Extension, pages: RoundcubePages, uid: int, job: str) -> float:
    """Open the mail. Returns the milliseconds from the click to the first paint with content in the view."""
    pages.show(uid)
    place = pages.read_button()
    pages.page.js(_NOTE_CLICK)
    pages.page.point_at(1, 1)
    time.sleep(_REST_SECONDS)
    if job == _STOPPED:
        extension.stop_background()
    if job == _WARM:
        pages.page.point_at(place["x"], place["y"])
        time.sleep(_POINTER_SECONDS)
    pages.page.click_at(place["x"], place["y"])
    deadline = time.monotonic() + _PATIENCE_SECONDS
    painted: float | None = None
    while painted is None and time.monotonic() < deadline:
        # The browser itself records the time of the paint. Requests from the driver without pauses would slow the
        # browser down.
        time.sleep(_PAUSE_SECONDS)
        # The extension asks for consent when the first mail is decrypted.
        if job != _STOPPED and extension.has_window():
            extension.answer()
        # A frame may load another document between two requests.
        with contextlib.suppress(BidiError):
            views = [frame for frame in pages.page.frames() if "mail_view.html" in frame.url]
            painted = views[0].js(_PAINTED) if views else None
    assert painted is not None, "the mail was not shown"
    clicked: float = pages.page.js(_CLICKED)
    return painted - clicked
