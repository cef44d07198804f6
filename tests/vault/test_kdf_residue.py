"""The vault's key derivations leave neither a passphrase nor the key derived from it in memory."""

from __future__ import annotations

import hmac
import secrets
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from smime_core.algorithms import Argon2id, HashName, Kdf, RepeatedHash, Scrypt
from smime_core.blocking import run
from smime_core.providers.native import NativeProvider
from smime_core.providers.python_kdf import repeat_hash
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
    own_wasm = [f"worker/pbkdf2/{name}" for name in ("hmac", "iterations", "sha", "wasm_format")]
    names = ("memory/cleanup", "values/next_task", "memory/rinse", "errors/vault_error", "worker/hash_door", *own_wasm)
    scripts = [f"wasm_build/vault/{name}.js" for name in names]
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
    check_gone_after_cleanup(script, f"{name} {seed}", looked_for)


def test_pbkdf2_leaves_no_key_of_hmac_either(tmp_path: Path) -> None:
    script = copy_scripts(tmp_path)
    seed = secrets.randbits(30)
    key, first = octets_of(seed), octets_of(seed + 1)
    looked_for = {"passphrase": key, "derived key": iterate_pbkdf2(key, first, 2000)}
    # These are only in the module's memory, which is emptied at once.
    pads = {f"pad {pad:x}": bytes(octet ^ pad for octet in key) for pad in (0x36, 0x5C)}
    at_once = {**pads, **{f"{name} in words": in_words(octets) for name, octets in {**looked_for, **pads}.items()}}
    check_gone_after_cleanup(script, f"pbkdf2 {seed}", looked_for, at_once)


def test_a_repeated_hash_leaves_no_digest(tmp_path: Path) -> None:
    script = copy_scripts(tmp_path)
    seed = secrets.randbits(31)
    first = octets_of(seed)
    looked_for = {
        "first digest": first,
        "derived key": repeat_hash(RepeatedHash(hash_name=HashName.SHA256, iterations=2000), first),
    }
    at_once = {f"{name} in words": in_words(octets) for name, octets in looked_for.items()}
    check_gone_after_cleanup(script, f"hash {seed}", looked_for, at_once)


def iterate_pbkdf2(key: bytes, first: bytes, iterations: int) -> bytes:
    """The exclusive or of `first` and its HMACs, each of the one before."""
    total, message = int.from_bytes(first, "big"), first
    for _ in range(iterations):
        message = hmac.digest(key, message, "sha256")
        total ^= int.from_bytes(message, "big")
    return total.to_bytes(32, "big")


def in_words(octets: bytes) -> bytes:
    """The order of a processor's words of 32 bits."""
    return b"".join(octets[at : at + 4][::-1] for at in range(0, len(octets), 4))


def check_gone_after_cleanup(
    script: Path, order: str, looked_for: dict[str, bytes], at_once: dict[str, bytes] | None = None
) -> None:
    """Check that all that is looked for is in memory during the derivation, and gone after the cleanup.

    `at_once` is gone when the derivation is over.
    """
    searched = {**looked_for, **(at_once or {})}
    needles = [Needle(secret=what, form="raw", octets=octets) for what, octets in searched.items()]
    with subprocess.Popen(["node", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as node:

        def step(line: str, expected: str) -> Counter[str]:
            assert node.stdin is not None
            assert node.stdout is not None
            node.stdin.write(f"{line}\n")
            node.stdin.flush()
            assert node.stdout.readline().strip() == expected
            return count_by_secret(scan_processes([node.pid], needles))

        try:
            during = step(order, "derived 32")
            assert during.keys() == looked_for.keys()
            assert step("wipe", "wiped") == Counter()
        finally:
            node.kill()
