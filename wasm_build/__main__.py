"""`python -m wasm_build [--out dist]`: makes the bundle from node_modules and the virtual environment, offline."""

from __future__ import annotations

import argparse
from pathlib import Path

from sealwax.words import WrongWords
from wasm_build.bundle.build import build
from wasm_build.bundle.inputs import InputError
from wasm_build.bundle.tree import read_content


def main() -> None:
    """Read the command line and build."""
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(prog="python -m wasm_build", description=__doc__)
    parser.add_argument("--out", type=Path, default=root / "dist", help="folder to fill (default: dist)")
    out = parser.parse_args().out
    try:
        files = build(root, out)
    except (InputError, WrongWords) as error:
        raise SystemExit(f"python -m wasm_build: {error}") from None
    runtime_bytes = sum(len(read_content(content)) for name, content in files.items() if name.startswith("runtime/"))
    print(f"{out}: {len(files)} files, runtime {runtime_bytes / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
