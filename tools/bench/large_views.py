"""Measures opening large mails in the mail pages: the time until the text is shown, and the page's longest freeze."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.support.browser.browsers import Name
from tests.support.large_mails import LARGE_MAILS
from tests.support.pages.driver import MailPages
from tests.support.pages.stillness import Opening, measure_opening
from tools.bench.results import Figure, Figures, Limit
from tools.bench.visits import build_letter, fresh_browser
from webbridge.demo.stack import DemoStack

_ORDINARY: Final = "an encrypted mail of 10 KB"
_WORDS: Final = "until the words"
_LONGEST: Final = "longest time in which the page stands still"
_MAX_MILLISECONDS: Final = {_WORDS: 2_000, _LONGEST: 50}


def measure_large_views(name: Name, dist: Path, runs: int) -> list[Figure]:
    """Open the mails in turn, each `runs` times. An additional first round only fills the caches."""
    openings: dict[str, list[Opening]] = {kind: [] for kind in (_ORDINARY, *LARGE_MAILS)}
    with DemoStack(pages_folder=dist / "pages") as stack, fresh_browser(name) as browser:
        reader, writer = stack.accounts
        mails = {kind: write() for kind, write in LARGE_MAILS.items()}
        mails[_ORDINARY] = build_letter(writer, reader, encrypted=True)
        words = dict.fromkeys(LARGE_MAILS, "Hello") | {_ORDINARY: "worth reading"}
        uids = {kind: stack.mail_server.append(reader.address, mail) for kind, mail in mails.items()}
        pages = MailPages(browser, stack.pages_url, reader)
        pages.enter()
        for round_number in range(runs + 1):
            for kind, series in openings.items():
                opening = measure_opening(pages, uids[kind], words[kind])
                if round_number > 0:
                    series.append(opening)
    return [
        Figure(where=name, job=f"{kind}: {what}", who="ours", unit="ms", values=values)
        for kind, series in openings.items()
        for what, values in (
            (_WORDS, tuple(sample.words for sample in series)),
            (_LONGEST, tuple(sample.longest for sample in series)),
        )
    ]


def large_view_limits(figures: Figures) -> list[Limit]:
    """Limits: 2 s until the text is shown, and 50 ms for the longest freeze."""
    return [
        Limit(
            where=browser,
            what=job,
            value=figures.median(browser, job, "ours"),
            limit=_MAX_MILLISECONDS[job.partition(": ")[2]],
            unit="ms",
        )
        for browser, job in figures.rows
    ]
