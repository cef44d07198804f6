"""`python -m tools.conformance SET FOLDER`: runs one set of test vectors, or all of them, and prints a table."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from smime_core.blocking import run
from smime_core.providers.native import NativeProvider
from tools.conformance.case import Case, Outcome, pack_cases
from tools.conformance.readers import described
from tools.conformance.readers.sets import SETS, reader_for
from tools.conformance.run import run_cases
from tools.conformance.table import counts, format_page, format_table

Provider = Literal["native", "chromium", "firefox"]

_EPILOG = f"""sets: {", ".join(SETS)}; or `all`, with the folder that holds all of them.

The set `cms` is any folder with a `cases.json`:

{described.__doc__}
operations:

{described.describe_operations()}
"""


def main(arguments: Sequence[str]) -> int:
    """The exit code: 1 if a case failed or there were none, 2 if the folder cannot be read, else 0."""
    options = _parse(arguments)
    folder = options.folder.resolve()
    try:
        cases = read_all(folder) if options.set == "all" else list(SETS[options.set](folder))
    except (OSError, ValueError, KeyError) as error:
        print(f"{options.folder}: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    outcomes: dict[str, list[Outcome]] = {}
    for provider in options.provider or ["native"]:
        start = time.monotonic()
        outcomes[provider] = run_with(provider, cases)
        print(format_table(outcomes[provider]))
        print(f"provider {provider}, {time.monotonic() - start:.1f} s")
    if options.page:
        options.page.write_text(format_page(outcomes, formats=f"```text\n{_EPILOG}```"), encoding="utf-8")
    passed, failed, skipped = counts(
        [outcome for provider_outcomes in outcomes.values() for outcome in provider_outcomes]
    )
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not cases else 0


def read_all(folder: Path) -> list[Case]:
    """The cases of every set in the folder of all published vectors."""
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    return [case for path in folders for case in reader_for(path.name)(path)]


def run_with(provider: Provider, cases: Sequence[Case]) -> list[Outcome]:
    """The outcomes with one provider. Browsers run the same tasks inside the vault."""
    if provider == "native":
        return run(run_cases(cases, NativeProvider()))
    from tests.support.vault.conformance import run_in_browser  # imported only if a browser is requested

    return run_in_browser(provider, pack_cases(cases))


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.conformance",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("set", metavar="SET", choices=[*SETS, "all"], help="what kind of set it is")
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="where its files are")
    parser.add_argument(
        "--provider",
        choices=get_args(Provider),
        action="append",
        help="who computes; again for each, native by default",
    )
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="also write the result as a page of the documentation"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
