"""`python -m smime_core.roots certdata.txt --source NAME`: make `mozilla.py` anew."""

from __future__ import annotations

import argparse
from pathlib import Path

from smime_core.roots.certdata import build_store, parse_certdata


def main() -> None:
    """Read certdata.txt, write the store beside this file."""
    parser = argparse.ArgumentParser(prog="python -m smime_core.roots")
    parser.add_argument("certdata", type=Path, metavar="certdata.txt")
    parser.add_argument("--source", required=True, help="where the file is from, with its revision")
    arguments = parser.parse_args()
    store = build_store(parse_certdata(arguments.certdata.read_text("utf-8")), source=arguments.source)
    Path(__file__).with_name("mozilla.py").write_text(store, "utf-8")


if __name__ == "__main__":
    main()
