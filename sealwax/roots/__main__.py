"""`python -m sealwax.roots certdata.txt --source NAME`: make `mozilla.pem` again."""

from __future__ import annotations

import argparse
from pathlib import Path

from sealwax.roots import MOZILLA_PEM
from sealwax.roots.certdata import build_list, parse_certdata


def main() -> None:
    """Read certdata.txt, write the list beside this file."""
    parser = argparse.ArgumentParser(prog="python -m sealwax.roots")
    parser.add_argument("certdata", type=Path, metavar="certdata.txt")
    parser.add_argument("--source", required=True, help="where the file is from, with its revision")
    arguments = parser.parse_args()
    roots = parse_certdata(arguments.certdata.read_text("utf-8"))
    MOZILLA_PEM.write_bytes(build_list(roots, source=arguments.source))


if __name__ == "__main__":
    main()
