"""The PBKDF2 and the repeated hashes of the vault, run by Node: the answers, the bytes of the module, a cancel."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import Any, Final

import pytest

from smime_core.algorithms import HashName, Pbkdf2, RepeatedHash, hash_length
from smime_core.blocking import run
from smime_core.providers.native import NativeProvider
from smime_core.providers.python_kdf import derive_pbkdf2
from smime_core.providers.webcrypto import WebCryptoProvider
from tests.support.kdf_answers import ANSWERS, derive_all, derive_all_sizes
from tests.support.poor_door import PoorDoor
from tests.support.project import ROOT
from wasm_build.vault.python.stand_in import drive

NATIVE: Final = NativeProvider()
FOLDER: Final = ROOT / "wasm_build/vault/worker/pbkdf2"
# SHA-256 of the module for each hash, which our own JavaScript makes.
MODULES: Final = {
    HashName.SHA1: "815e77de82c95992753dc05bcf3ca90c8e78ab3911ea612bde5b5d31165b1d2d",
    HashName.SHA224: "eaf8945d977ce6bc4c51c148f6059ec69246e023280028e489aa10b087b5614d",
    HashName.SHA256: "ec255afb4c261418877b952d23e70ced2c99444e9960504b9ee04964b9927c8d",
    HashName.SHA384: "4e7217197fd210018126bb7cefbf7f03a7624948e53f5009e9f9a1ddc9fecd05",
    HashName.SHA512: "7acfc5c528cb1a8506c5c35062c3cb0aecf60728bb244731d8b1b68c7e766dc0",
}
DIGESTS: Final = """
import {{ createHash }} from "node:crypto";
const {{ buildHmacModule }} = await import("{folder}/hmac.js");
const {{ Sha }} = await import("{folder}/sha.js");
const digestOf = (name) => createHash("sha256").update(buildHmacModule(new Sha(name))).digest("hex");
console.log(JSON.stringify(Object.fromEntries({names}.map((name) => [name, digestOf(name)]))));
"""
# A timer that is set when all is ready fires only if the derivation lets messages be heard.
CANCEL: Final = """
const {{ iterate }} = await import("{folder}/iterations.js");
const memories = [];
const cancelling = new AbortController();
const keepMemory = (memory) => {{
  memories.push(memory);
  if ({cancelled}) setTimeout(() => cancelling.abort());
}};
const residue = {{ keepBuffer: (buffer) => buffer, keepMemory }};
const secret = () => new Uint8Array(64).fill(1);
const job = {{ hash: "sha256", key: {key}, firsts: secret(), iterations: {iterations} }};
const code = await iterate(residue, job, cancelling.signal).then(() => "derived", ({{ code }}) => code);
const left = memories.map(({{ buffer }}) => new Uint8Array(buffer).some((byte) => byte !== 0));
console.log(JSON.stringify({{ code, left }}));
"""
# Derives with each of the jobs at once. Gives the error's code, or the first byte of the key.
JOBS: Final = """
const {{ iterate }} = await import("{folder}/iterations.js");
const residue = {{ keepBuffer: (buffer) => buffer, keepMemory: () => {{}} }};
const derive = ({{ hash = "sha256", key = 64, firsts = 32, iterations = 2, fill = 1 }}) => iterate(residue, {{
  hash, key: new Uint8Array(key).fill(fill), firsts: new Uint8Array(firsts).fill(fill), iterations: Number(iterations),
}}).then(([first]) => first, ({{ code }}) => code);
const jobs = {jobs};
const together = await Promise.all(jobs.map(derive));
const alone = [];
for (const job of jobs) alone.push(await derive(job));
console.log(JSON.stringify({{ together, alone }}));
"""

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")


class CountingDoor(PoorDoor):
    """Counts the derivations in WebAssembly."""

    derivations = 0

    def pbkdf2(self, *args: object) -> Any:
        self.derivations += 1
        return super().__getattr__("pbkdf2")(*args)

    def repeatHash(self, *args: object) -> Any:
        self.derivations += 1
        return super().__getattr__("repeatHash")(*args)


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> CountingDoor:
    door = CountingDoor()
    monkeypatch.setitem(sys.modules, "sealwax_js", door)
    return door


def run_node(script: str, **values: object) -> Any:
    filled = script.format(folder=FOLDER.as_uri(), **values)
    command = ["node", "--no-warnings", "--input-type=module", "--eval", filled]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_the_published_answers(door: CountingDoor) -> None:
    answers = drive(derive_all(WebCryptoProvider()))
    assert answers == {name: expected for name, (_, _, expected) in ANSWERS.items()}
    assert door.derivations > 0


def test_all_sizes_give_what_openssl_gives(door: CountingDoor) -> None:
    assert drive(derive_all_sizes(WebCryptoProvider())) == run(derive_all_sizes(NATIVE))
    assert door.derivations > 1000


def test_more_iterations_than_one_call_takes(door: CountingDoor) -> None:
    # One call does 100,000 iterations after the first.
    for iterations in (100_001, 100_002, 200_001, 250_000):
        kdf = Pbkdf2(hash_name=HashName.SHA256, salt=b"salt", iterations=iterations)
        derived = drive(WebCryptoProvider().derive_key(kdf, b"secret", 40))
        assert derived == run(NATIVE.derive_key(kdf, b"secret", 40))


@pytest.mark.parametrize("hash_name", sorted(set(HashName) - {HashName.SHAKE128, HashName.SHAKE256}))
@pytest.mark.parametrize("iterations", [1, 2, 3, 100_002])
def test_a_repeated_hash_gives_what_hashlib_gives(door: CountingDoor, hash_name: HashName, iterations: int) -> None:
    kdf = RepeatedHash(hash_name=hash_name, iterations=iterations)
    digest = drive(WebCryptoProvider().derive_key(kdf, b"some words" * 20, hash_length(hash_name)))
    assert digest == run(NATIVE.derive_key(kdf, b"some words" * 20, hash_length(hash_name)))
    assert door.derivations == (hash_name in MODULES and iterations > 1)


def test_other_hashes_stay_in_python(door: CountingDoor) -> None:
    for hash_name in set(HashName) - set(MODULES) - {HashName.SHAKE128, HashName.SHAKE256}:
        kdf = Pbkdf2(hash_name=hash_name, salt=b"salt", iterations=3)
        assert drive(WebCryptoProvider().derive_key(kdf, b"secret", 40)) == derive_pbkdf2(kdf, b"secret", 40)
    assert door.derivations == 0


def test_the_modules_bytes_are_these() -> None:
    """A change of the generated code changes these digests. The answers above hold for these bytes."""
    assert run_node(DIGESTS, names=json.dumps(list(MODULES))) == MODULES


@pytest.mark.parametrize("key", ["secret()", "null"])
def test_a_cancel_is_heard_in_the_middle(key: str) -> None:
    outcome = run_node(CANCEL, key=key, iterations=3_000_000, cancelled="true")
    assert outcome == {"code": "vault-aborted", "left": [False]}


@pytest.mark.parametrize("key", ["secret()", "null"])
def test_the_memory_is_empty_after_a_derivation(key: str) -> None:
    assert run_node(CANCEL, key=key, iterations=2, cancelled="false") == {"code": "derived", "left": [False]}


@pytest.mark.parametrize(
    "job",
    [
        {"hash": "sha512-256"}, {"hash": "SHA256"}, {"hash": "__proto__"}, {"key": 65}, {"key": 63}, {"firsts": 31},
        {"iterations": -1}, {"iterations": 0.5}, {"iterations": "NaN"}, {"iterations": 1e300},
    ],
)  # fmt: skip
def test_a_wrong_job_derives_no_key(job: dict[str, object]) -> None:
    assert run_node(JOBS, jobs=json.dumps([job])) == {"together": ["bad-request"], "alone": ["bad-request"]}


def test_derivations_at_the_same_time_do_not_disturb_each_other() -> None:
    jobs = [{"fill": number, "iterations": 1 + number * 150_000} for number in range(3)]
    outcome = run_node(JOBS, jobs=json.dumps(jobs))
    assert outcome["together"] == outcome["alone"]
