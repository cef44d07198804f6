"""The vault's Argon2id and scrypt leave neither a passphrase nor the key derived from it in memory."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from smime_core.algorithms import Argon2id, Kdf, Scrypt
from smime_core.blocking import run
from smime_core.providers.native import NativeProvider
from tests.support.browser.residue.markers import Needle
from tests.support.browser.residue.processes import count_by_secret, scan_processes
from tests.support.project import ROOT

KDFS: Final[dict[str, Kdf]] = {
    "argon2id": Argon2id(salt=bytes(16), memory_kib=1024, passes=2, lanes=1),
    "scrypt": Scrypt(salt=bytes(16), cost=1024, block_size=8, parallelisation=1),
}
LIBRARY: Final = ROOT / "node_modules/hash-wasm/dist"

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs /proc"),
    pytest.mark.skipif(not LIBRARY.exists() or shutil.which("node") is None, reason="needs Node and npm's packages"),
]


def octets_of(seed: int) -> bytes:
    """The bytes that kdf_residue.mjs computes from this number."""
    state, octets = seed, bytearray()
    for _ in range(32):
        state = (state * 1_103_515_245 + 12_345) & 0xFFFFFFFF
        octets.append(state >> 16 & 0xFF)
    return bytes(octets)


def copy_scripts(folder: Path) -> Path:
    """The path of a copy of the script beside copies of its imports. Node loads the library there as modules."""
    scripts = [f"wasm_build/vault/{name}.js" for name in ("cleanup", "worker/hash_door", "rinse")]
    library = [f"{LIBRARY.relative_to(ROOT)}/{name}.umd.min.js" for name in ("argon2", "scrypt")]
    own = "tests/vault/kdf_residue.mjs"
    for name in (*scripts, *library, own):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for place in (folder, folder / LIBRARY.relative_to(ROOT)):
        (place / "package.json").write_text('{"type": "module"}')
    return folder / own


@pytest.mark.parametrize("name", KDFS)
def test_a_derived_key_and_its_passphrase_are_gone_after_cleanup(name: str, tmp_path: Path) -> None:
    script = copy_scripts(tmp_path)
    seed = secrets.randbits(31)
    derived = run(NativeProvider().derive_key(KDFS[name], octets_of(seed), 32))
    looked_for = {"passphrase": octets_of(seed), "derived key": derived}
    needles = [Needle(secret=what, form="raw", octets=octets) for what, octets in looked_for.items()]
    with subprocess.Popen(["node", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as node:

        def step(line: str, expected: str) -> Counter[str]:
            assert node.stdin is not None
            assert node.stdout is not None
            node.stdin.write(f"{line}\n")
            node.stdin.flush()
            assert node.stdout.readline().strip() == expected
            return count_by_secret(scan_processes([node.pid], needles))

        try:
            during = step(f"{name} {seed}", "derived 32")
            assert during.keys() == looked_for.keys()
            assert step("wipe", "wiped") == Counter()
        finally:
            node.kill()
