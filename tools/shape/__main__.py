"""`python -m tools.shape`: counts the measures of the source, and names measures above their ceilings.

With `--page` it writes the table into docs/architecture.md. Fails if a measure is above its ceiling.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.support.made_tables import MadeTable
from tools.shape.measures import count_all, draw

TABLE: Final = MadeTable("<!-- begin of the measures: `make shape` -->\n", "<!-- end of the measures -->\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="python -m tools.shape", description=__doc__)
    parser.add_argument("--page", type=Path, help="the page with the table")
    options = parser.parse_args(arguments)
    counted = count_all()
    sys.stdout.write(draw(counted))
    if options.page:
        TABLE.write(options.page, draw(counted))
    above = [count for count in counted if count.now > count.measure.ceiling]
    for count in above:
        sys.stderr.write(f"{count.measure.name}: {count.now:,}, and at most {count.measure.ceiling:,} are allowed\n")
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main())
