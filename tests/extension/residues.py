"""The tables of docs/vault.md: what is left of secrets in the memory of browsers, in each state of the vault.

`make residues` takes three hours. Several of these may run at once, each with its own `--out`. Each run has a new
browser, with new keys and words. The page of the tests and the extension are searched, with RSA and EC keys, on
defaults and strict. Nothing forces the browsers to collect garbage before the last search of a run, which comes after
the vault is closed.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal, get_args

from smime_core.provider import NewKey
from tests.support.browser.browsers import Browser, Name
from tests.support.browser.page import Page
from tests.support.browser.residue.lab import Lab, Secrets, Watch, make_secrets, open_lab, start
from tests.support.browser.residue.processes import Finding, copies_of
from tests.support.extension.driver import Extension
from tests.support.extension.keys_page import show_section
from tests.support.extension.viewer import open_file
from tests.support.project import ROOT

Place = Literal["page", "extension"]
KEYS: Final = {"rsa": NewKey.RSA_2048, "ec": NewKey.P256}
REST_SECONDS: Final = 10
# A Worker ends after a minute without a request, and then has 16 seconds for its cleanup.
IDLE_SECONDS: Final = 80
# This many runs of each kind wait for the extension's Worker to end by itself.
IDLE_RUNS: Final = 2
# The rows of a table, each with the beginning of the names of its states.
STATES: Final = {
    "during an operation": "during ",
    "right after it": "after ",
    "ten seconds later": f"{REST_SECONDS} s ",
    "idle end": "idle end",
    "lock": "lock",
    "close": "close",
}
COLUMNS: Final = {
    "private key": ("private key",),
    "content key": ("cek",),
    "passphrase, key derived from it": ("passphrase", "derived key"),
    "session's key": ("seal key",),
    "decrypted and signed bytes": ("plaintext", "signed text"),
    "the mail's text": ("mail's text",),
    "its subject": ("mail's subject",),
    "its addresses": ("mail's address",),
}
# Nothing waits for strings of JavaScript to be gone: no script can overwrite them.
_STRINGS: Final = Counter(dict.fromkeys(("mail's text", "mail's subject", "mail's address"), 1_000_000))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The number of copies of each secret, by its form, in one state of one run."""

    place: Place
    browser: Name
    key: str
    strict: bool
    state: str
    copies: dict[str, dict[str, int]]


def count(findings: Iterable[Finding]) -> dict[str, dict[str, int]]:
    """The copies of each secret by their forms. The parts of a key that are close together are one copy."""
    counted: dict[str, Counter[str]] = {}
    for copy in copies_of(findings):
        forms = ", ".join(sorted({finding.needle.form for finding in copy}))
        counted.setdefault(copy[0].needle.secret, Counter())[forms] += 1
    return {secret: dict(forms) for secret, forms in counted.items()}


def search_page(name: Name, given: Secrets, *, strict: bool) -> Iterator[tuple[str, list[Finding]]]:
    """Unlock, decrypt, read a mail and sign in the page of the tests, and search its browser in each state."""
    with tempfile.TemporaryDirectory() as profile, open_lab(name, Path(profile), given, strict=strict) as lab:
        lab.type_passphrase(given.passphrase)
        for step in ("unlock", "decrypt", "read", "sign"):
            yield from _search_operation(lab, step)
        lab.retire()
        yield "idle end", lab.watch.scan_memory()
        lab.lock()
        yield "lock", lab.watch.scan_memory()
        lab.close()
        yield "close", lab.watch.wait_until_gone(lab.page, allowed=_STRINGS)
        _check_disk(lab.watch)


def _search_operation(lab: Lab, step: str) -> Iterator[tuple[str, list[Finding]]]:
    lab.begin(step)
    yield f"during {step}", lab.watch.scan_memory()
    outcome = lab.go_on()
    if not isinstance(outcome, dict) or "value" not in outcome:
        raise RuntimeError(f"{step}: {outcome}")
    yield f"after {step}", lab.watch.scan_memory()
    time.sleep(REST_SECONDS)
    yield f"{REST_SECONDS} s after {step}", lab.watch.scan_memory()


def search_extension(name: Name, given: Secrets, *, strict: bool, idle: bool) -> Iterator[tuple[str, list[Finding]]]:
    """Unlock and read a mail in the extension's viewer, and search its browser in each state."""
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "profile"
        keys, mail = Path(folder) / "bob.p12", Path(folder) / "mail.eml"
        keys.write_bytes(given.p12)
        mail.write_bytes(given.mail)
        browser = start(name, profile)
        try:
            # The extension makes its session's key by itself.
            known = [needle for needle in given.needles if needle.secret != "seal key"]
            watch = Watch(browser, profile, [*known, *given.words])
            extension = Extension(browser, ROOT / "dist" / "extension_test")
            if strict:
                _choose_strict(extension)
            extension.import_keys(keys, given.passphrase, expect="are ready")
            yield "after unlock", watch.scan_memory()
            time.sleep(REST_SECONDS)
            yield f"{REST_SECONDS} s after unlock", watch.scan_memory()
            viewer = _open_viewer(browser, extension)
            open_file(viewer, mail)
            yield "after read", watch.scan_memory()
            time.sleep(REST_SECONDS)
            yield f"{REST_SECONDS} s after read", watch.scan_memory()
            if idle:
                time.sleep(IDLE_SECONDS)
                yield "idle end", watch.scan_memory()
            extension.lock()
            yield "lock", watch.scan_memory()
            viewer.close()
            page = browser.open("about:blank")
            extension.stop_background()
            yield "close", watch.wait_until_gone(page, allowed=_STRINGS)
            _check_disk(watch)
        finally:
            browser.close()


def _choose_strict(extension: Extension) -> None:
    page = extension.open_options()
    show_section(page, "settings")
    page.click("[data-test=strict]")
    page.wait_for("() => document.querySelector('[data-test=strict]').checked")
    page.close()


def _open_viewer(browser: Browser, extension: Extension) -> Page:
    viewer = browser.open(extension.base + "viewer/viewer.html")
    viewer.wait_for_text("Choose a file")
    return viewer


def _check_disk(watch: Watch) -> None:
    if on_disk := watch.scan_disk():
        raise RuntimeError(f"secrets on disk: {on_disk}")


def build_table(found: list[Found], place: Place) -> str:
    """A row for each state: the most copies that one search found, in Chromium and in Firefox."""
    searches = [result for result in found if result.place == place]
    lines = [f"| {place} | " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * len(COLUMNS)]
    for strict, (name, beginning) in itertools.product((False, True), STATES.items()):
        chosen = [search for search in searches if search.strict == strict and search.state.startswith(beginning)]
        if not chosen:
            continue
        cells = [
            " / ".join(
                _most([result for result in chosen if result.browser == browser], secrets) for browser in get_args(Name)
            )
            for secrets in COLUMNS.values()
        ]
        setting = "strict" if strict else "defaults"
        lines.append(f"| {name}, {setting} ({len(chosen)} searches) | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _most(searches: list[Found], secrets: tuple[str, ...]) -> str:
    known = secrets != COLUMNS["session's key"] or any(search.place == "page" for search in searches)
    copies = (sum(sum(search.copies.get(secret, {}).values()) for secret in secrets) for search in searches)
    return str(max(copies, default=0)) if known else "–"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--place", nargs="*", choices=get_args(Place), default=get_args(Place))
    parser.add_argument("--browser", nargs="*", choices=get_args(Name), default=get_args(Name))
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "residues.jsonl", help="results are added to it")
    arguments = parser.parse_args()
    kinds = itertools.product(range(arguments.runs), arguments.place, arguments.browser, KEYS, (False, True))
    for run, place, name, key, strict in kinds:
        secrets = make_secrets(KEYS[key])
        states = (
            search_page(name, secrets, strict=strict)
            if place == "page"
            else search_extension(name, secrets, strict=strict, idle=run < IDLE_RUNS)
        )
        with arguments.out.open("a") as out:
            for state, findings in states:
                result = Found(place=place, browser=name, key=key, strict=strict, state=state, copies=count(findings))
                out.write(json.dumps(dataclasses.asdict(result)) + "\n")
    results = [Found(**json.loads(line)) for line in arguments.out.read_text().splitlines()]
    for place in dict.fromkeys(result.place for result in results):
        print(build_table(results, place), end="\n\n")


if __name__ == "__main__":
    main()
