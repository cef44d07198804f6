"""The vault's own symmetric ciphers and PBKDF2, run by Node over a WebCrypto that lacks some algorithms."""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

_SCRIPT: Final = Path(__file__).with_suffix(".mjs")
FUNCTIONS: Final = ("encrypt", "decrypt", "decryptBlocks", "wrap", "unwrap", "pbkdf2", "repeatHash")


@functools.cache
def _node() -> subprocess.Popen[str]:
    # One process for all tests.
    if shutil.which("node") is None:
        pytest.skip("not installed: node")
    command = ["node", "--no-warnings", str(_SCRIPT)]
    node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    # Node ends when its input ends.
    atexit.register(node.communicate)
    return node


def call_node(name: str, *args: object) -> bytes | str:
    """Call one of `FUNCTIONS`. Returns the resulting bytes, or the name of the DOMException that it throws."""
    node = _node()
    assert node.stdin is not None
    assert node.stdout is not None
    arguments = [{"hex": bytes(value).hex()} if isinstance(value, bytes | bytearray) else value for value in args]
    node.stdin.write(json.dumps({"name": name, "args": arguments}) + "\n")
    node.stdin.flush()
    reply = json.loads(node.stdout.readline())
    return str(reply["refusal"]) if "refusal" in reply else bytes.fromhex(reply["hex"])
