"""`python -m tools.fuzz [--seconds N] [--target NAME] [--seed N] [--costs]`: tries hostile input for N seconds.

The inputs are our own samples, and the files and fuzz corpora of the published sets (SEALWAX_VECTORS). First each
published file is read as it is; then altered inputs are read until the time is over. An input is stored under
build/fuzz if it causes another error than SmimeError, takes a reader longer than two seconds, or is signed and has
another result in a stream than in memory. `--costs` instead measures the cost of each hostile megabyte for each reader.
The program ends with status 1 if anything was found.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.support.project import ROOT
from tools.fuzz.agreement import in_memory, in_stream
from tools.fuzz.alterations import alter
from tools.fuzz.hostile import HOSTILE, hostile
from tools.fuzz.measure import MAX_BYTES, MAX_SECONDS, measure
from tools.fuzz.samples import TARGETS_OF_KIND, samples, vector_files
from tools.fuzz.targets import TARGETS, read_by

FINDINGS: Final = ROOT / "build" / "fuzz"
_KINDS_OF_SUFFIX: Final = {".eml": "mail", ".p12": "identities", ".pfx": "identities", ".crt": "certificates"}


class Fuzzer:
    """Runs inputs, counts them, and stores those that cause a fault. `only`: the only target to run."""

    def __init__(self, only: str | None) -> None:
        self._only = only
        self.executions = 0
        self.findings: Counter[str] = Counter()
        self.slowest = (0.0, "")

    def run(self, kind: str, data: bytes) -> None:
        """Read the bytes with all targets for this kind of input."""
        for target in TARGETS_OF_KIND[kind]:
            if self._only not in (None, target):
                continue
            started = time.process_time()
            try:
                read_by(target, data)
            except Exception as error:  # noqa: BLE001 (fuzzing looks for these errors)
                self._keep(target, _place(error), data)
            seconds = time.process_time() - started
            self.executions += len(TARGETS[target])
            self.slowest = max(self.slowest, (seconds, target))
            # The limit is for one reader, and a target may have several.
            if seconds > MAX_SECONDS * len(TARGETS[target]):
                self._keep(target, "slow", data)
        if self._only is None and kind in ("cms", "own"):
            memory, streamed = in_memory(data), in_stream(data)
            if memory.state in ("verified", "signed-unverified") and memory != streamed:
                self._keep("agreement", f"{memory.state} in memory, {streamed.state or streamed.refusal}", data)

    def _keep(self, target: str, what: str, data: bytes) -> None:
        self.findings[f"{target}: {what}"] += 1
        if self.findings[f"{target}: {what}"] == 1:
            FINDINGS.mkdir(parents=True, exist_ok=True)
            path = FINDINGS / f"{target}-{hashlib.sha256(data).hexdigest()[:16]}.bin"
            path.write_bytes(data)
            print(f"found: {target}: {what}; {path.relative_to(ROOT)}", flush=True)


def main() -> int:
    """Fuzz, or measure costs. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--target", choices=TARGETS)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--costs", action="store_true")
    options = parser.parse_args()
    return measure_costs() if options.costs else fuzz(options.seconds, options.target, options.seed)


def fuzz(seconds: float, only: str | None, seed: int) -> int:
    """Run the published files, then altered inputs, until the time is over. Returns 1 if anything was found, else 0."""
    fuzzer, end = Fuzzer(only), time.monotonic() + seconds
    seeds: dict[str, list[bytes]] = {kind: list(ones) for kind, ones in samples().items()}
    for kind, octets in _read_vectors():
        seeds[kind].append(octets)
        if time.monotonic() < end:
            fuzzer.run(kind, octets)
    print(f"seed {seed}; {sum(map(len, seeds.values()))} inputs to begin with", flush=True)
    dice = random.Random(seed)  # noqa: S311 (the same inputs for the same seed)
    others = [sample for ones in seeds.values() for sample in ones]
    kinds = [kind for kind in seeds if only is None or only in TARGETS_OF_KIND[kind]]
    while time.monotonic() < end:
        kind = dice.choice(kinds)
        # Half of the inputs come from our own samples, which our keys can decrypt.
        ones = seeds[kind] if dice.random() < 0.5 else samples()[kind]
        fuzzer.run(kind, alter(dice.choice(ones), dice, others))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024
    print(
        f"{fuzzer.executions} executions, slowest target {fuzzer.slowest[1]} {fuzzer.slowest[0]:.2f} s, "
        f"process at most {memory} MB, {len(fuzzer.findings)} kinds of findings"
    )
    return 1 if fuzzer.findings else 0


def measure_costs() -> int:
    """Run each hostile megabyte through each reader. Prints the runs above the limits; returns 1 if there are any."""
    worst_seconds, worst_octets, broken, runs = (0.0, ""), (0, ""), 0, 0
    for name in HOSTILE:
        data = hostile(name)
        for readers in TARGETS.values():
            for reader_name, reader in readers.items():
                cost = measure(reader, data)
                runs += 1
                where = f"{name} by {reader_name}"
                worst_seconds = max(worst_seconds, (cost.seconds, where))
                worst_octets = max(worst_octets, (cost.octets, where))
                is_refusal = cost.ending == "read" or cost.ending.startswith("refused")
                if cost.seconds > MAX_SECONDS or cost.octets > MAX_BYTES or not is_refusal:
                    broken += 1
                    print(f"{where}: {cost.seconds:.1f} s, {cost.octets // 1_000_000} MB, {cost.ending}", flush=True)
    summary = {
        "inputs": len(HOSTILE), "runs": runs, "broken": broken,
        "slowest": [round(worst_seconds[0], 2), worst_seconds[1]],
        "largest": [worst_octets[0] // 1_000_000, worst_octets[1]],
    }  # fmt: skip
    FINDINGS.mkdir(parents=True, exist_ok=True)
    (FINDINGS / "costs.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(summary))
    return 1 if broken else 0


def _read_vectors() -> Iterator[tuple[str, bytes]]:
    root = Path(os.environ.get("SEALWAX_VECTORS") or ROOT.parent / "shared" / "vectors")
    if not root.is_dir():
        print("no published vectors: SEALWAX_VECTORS names no folder; our own samples remain")
        return
    for path in vector_files(root):
        octets = path.read_bytes()
        yield _kind_of(path, octets), octets


def _kind_of(path: Path, octets: bytes) -> str:
    where = str(path)
    if path.suffix in _KINDS_OF_SUFFIX:
        return _KINDS_OF_SUFFIX[path.suffix]
    if "pkcs8" in where or "privkey" in where or "spki" in where:
        return "keys"
    if "/crl" in where or "x509" in where or "cert" in where or "pkits" in where:
        return "certificates"
    if octets[:1] in (b"{", b"["):
        return "contacts"
    return "cms" if octets[:1] == b"0" else "mail"


def _place(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"


if __name__ == "__main__":
    sys.exit(main())
