"""Measures the time from a recipient's visit until a letter of 10 KB is painted, over a line of 50 Mbit/s and 40 ms.

The letter is signed. A script in the page presses Open as soon as possible and watches for the text, because each
request from the driver would cost time too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from sealwax.delivery.address import parse_server
from sealwax.delivery.connection import Connection
from sealwax.delivery.outgoing import OutgoingFile, outgoing_message
from sealwax.delivery.patience import Patience
from sealwax.delivery.send_states import SendStates
from sealwax.delivery.sender_api import SenderApi
from sealwax.delivery.sending import Sender, Sending, Sent
from smime_core.cms import Signing
from smime_core.parcels import MESSAGE_NAME, Addressee
from tests.support.browser.browsers import Browser, Name
from tests.support.pages.driver import named
from tests.support.people import PROVIDER
from tools.bench.results import Figure, Figures, Limit
from tools.bench.visits import UNTIL, fresh_browser, visit
from tools.bench_parcels.rig import SENDER, Line, ParcelRig, run_rig

LINE: Final = Line(megabits=50, milliseconds=40)
COLD: Final = "first visit, the words in the link"
SECOND: Final = "second visit"
OPEN: Final = "from Open, the page loaded and the words typed"
TEXT, VERDICT = "text", "final verdict"
_MAX_MILLISECONDS: Final = {COLD: 4000, SECOND: 1500, OPEN: 1000}
_RECIPIENT: Final = "renate@elsewhere.test"
_LETTER: Final = "Nothing in this letter is worth reading.\n" * 240
_SETTLE_SECONDS: Final = 5.0

# Runs before the scripts of each page. If the link has the words, this script presses Open.
_PRELOAD: Final = f"""() => {{
  const find = (selector) => document.querySelector(selector);
  const times = (window.times = {{}});
  const note = (name) => {{
    if (times[name] !== undefined) return;
    times[name] = null;
    requestAnimationFrame(() => setTimeout(() => {{ times[name] = performance.now(); }}));
  }};
  const look = () => {{
    const button = find('{named("open-parcel")}');
    if (button && find('{named("words-in-link")}') && times.pressed === undefined) {{
      times.pressed = performance.now();
      setTimeout(() => button.click());
    }}
    if (find('{named("body")}')?.getClientRects().length) note("text");
    if (find('{named("parcel")}[aria-busy="false"]')) note("verdict");
  }};
  addEventListener("click", (event) => {{
    if (event.target.closest('{named("open-parcel")}')) times.pressed = performance.now();
  }}, {{ capture: true }});
  new MutationObserver(look).observe(document, {{ subtree: true, childList: true, attributes: true }});
}}"""
_TIMES: Final = """() => new Promise((resolve) => {
  const look = () => {
    const { text, verdict } = window.times;
    if (text && verdict) resolve(window.times);
    else setTimeout(look, 20);
  };
  look();
})"""


def measure_openings(name: Name, runs: int) -> list[Figure]:
    """Measure all visits, in a new browser for each run."""
    series: dict[tuple[str, str], list[float]] = {}
    with run_rig(with_pages=True, line=LINE) as rig:
        sent = send_letter(rig)
        for _ in range(runs):
            with fresh_browser(name) as browser:
                for job, times in _visit(browser, rig, sent):
                    since = times["pressed"] if job == OPEN else 0.0
                    series.setdefault((job, TEXT), []).append(times["text"] - since)
                    series.setdefault((job, VERDICT), []).append(times["verdict"] - since)
    return [
        Figure(where=name, job=job, who=what, unit="ms", values=tuple(values)) for (job, what), values in series.items()
    ]


def opening_limits(figures: Figures) -> list[Limit]:
    """Limits until the text is painted: 4 s, 1.5 s, 1.0 s."""
    return [
        Limit(
            where=browser,
            what=job,
            value=figures.median(browser, job, TEXT),
            limit=_MAX_MILLISECONDS[job],
            unit="ms",
        )
        for browser, job in figures.rows
    ]


def send_letter(rig: ParcelRig) -> Sent:
    """Send a signed letter of 10 KB."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = SENDER, _RECIPIENT, "A letter"
    message["Date"], message["Message-ID"] = datetime.now(UTC), "<1@example.test>"
    message.set_content(_LETTER)
    return send(rig, [outgoing_message(MESSAGE_NAME, message.as_bytes(), "letter")])


def send(rig: ParcelRig, files: list[OutgoingFile]) -> Sent:
    """Send files in a signed parcel, without the slow line."""
    at = datetime.now(UTC).replace(microsecond=0)
    sending = Sending(
        sender=SENDER,
        to=[Addressee(address=_RECIPIENT, language="en")],
        files=files,
        signing=Signing(identities=[rig.signer], signing_time=at),
        days=7,
    )
    with Connection(parse_server(f"http://127.0.0.1:{rig.direct_port}")) as connection:
        api = SenderApi(connection, rig.token, Patience())
        return Sender(api, SendStates(rig.folder / "sends", rig.token, PROVIDER), PROVIDER).send(sending, at)


def link_to(rig: ParcelRig, sent: Sent, *, words: bool) -> str:
    """The link of the notice, with the words if `words` is true."""
    behind = f".{sent.secret.replace(' ', '-')}" if words else ""
    return f"{rig.pages_origin}/parcel.html#{sent.parcel.parcel_id}{behind}"


def _visit(browser: Browser, rig: ParcelRig, sent: Sent) -> Iterator[tuple[str, dict[str, float]]]:
    browser.bidi.command("script.addPreloadScript", functionDeclaration=_PRELOAD)
    for job in (COLD, SECOND):
        page = visit(browser, link_to(rig, sent, words=True))
        yield job, page.js(_TIMES)
        # The browser fetches the snapshot in the background, after the start of the first visit.
        time.sleep(_SETTLE_SECONDS)
        page.close()
    yield OPEN, _open_typed(browser, rig, sent)


def _open_typed(browser: Browser, rig: ParcelRig, sent: Sent) -> dict[str, float]:
    page = visit(browser, link_to(rig, sent, words=False))
    page.js(UNTIL % f"() => Boolean(document.querySelector('{named('words')}'))")
    page.click(named("words"))
    page.type(sent.secret)
    time.sleep(_SETTLE_SECONDS)
    page.click(named("open-parcel"))
    times: dict[str, float] = page.js(_TIMES)
    page.close()
    return times
