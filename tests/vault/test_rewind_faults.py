"""A fault in an operation, or in the rewind after it: the next operation is right, in a new Worker if need be."""

from __future__ import annotations

from typing import Final

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.vault.operations import check, operations, started
from tests.support.vault.page import OpenPage, call

IN_PAGE = page_scripts("vault/rewind_faults.js")

pytestmark = pytest.mark.browser

# Faults before the first request, in a Worker that has its image.
SURVIVED: Final = {
    "a reference that nobody gives back": "({ pyodide }) => { pyodide._module._hiwire_new({}); }",
    "a promise that never resolves": "() => { void new Promise(() => {}); }",
    "garbage of Python": "({ pyodide }) => { pyodide.runPython('import sys; sys.left = [bytearray(100_000)]'); }",
}
DOUBTFUL: Final = {
    "pages that were not restored": IN_PAGE["damageRestoredPages"],
    "an interned name": "({ pyodide }) => { pyodide._module.__hiwire_immortal_add({}); }",
    "a stack that is not empty": "({ pyodide }) => { pyodide._module.stackAlloc(64); }",
    "a known object": """() => {
      const { clear } = Map.prototype;
      Map.prototype.clear = function () { clear.call(this); if (this.size === 0) this.set({}, 1); };
    }""",
    "a key that somebody holds": IN_PAGE["holdKeys"],
}
FATAL: Final = {
    "a trap": "({ pyodide }) => { pyodide.runPython('import os; os.abort()'); }",
    "memory that is used up": "({ memory }) => { memory.grow(2 ** 16); }",
    "an error of JavaScript": "() => { throw new TypeError('a fault'); }",
}
LISTEN: Final = """() => {
  const channel = new BroadcastChannel("sealwax test");
  channel.onmessage = ({ data }) => { window.prepared ||= Boolean(data.prepared); };
}"""


def failing(fault: str) -> str:
    """A Worker with this fault before its first request."""
    return f"""
import {{ serve }} from "/source/wasm_build/vault/worker/worker_core.js";
const channel = new BroadcastChannel("sealwax test");
const fault = {fault};
let isFirst = true;
serve(self, {{
  prepared: () => setTimeout(() => channel.postMessage({{ prepared: true }}), 200),
  beforeRequest: (python) => {{
    if (isFirst) fault(python);
    isFirst = false;
  }},
}});
"""


@pytest.mark.thorough(after=3)
@pytest.mark.parametrize("fault", [*SURVIVED, *DOUBTFUL, *FATAL])
def test_the_operation_after_a_fault_is_right(open_vault_page: OpenPage, browser: Browser, fault: str) -> None:
    browser.expect_error("fatal error|cause|a fault|unreachable")
    script = {**SURVIVED, **DOUBTFUL, **FATAL}[fault]
    page = open_vault_page(failing(script), options={"device": {"deviceMemory": 4}})
    page.js(LISTEN)
    page.wait_for("() => window.prepared || vault.startKind === 'plain'", timeout_seconds=60)
    workers = started(page)
    signing, *others = operations()
    outcome = call(page, *signing[:2])
    if fault in FATAL:
        assert outcome["error"]["code"] in ("vault-crashed", "out-of-memory", "internal-error")
    else:
        check(outcome, signing[2])
    for verb, args, member in others:
        check(call(page, verb, args), member)
    # WebKitGTK often collects keys too late, and then the Worker ends.
    if browser.name != "webkit" or fault not in SURVIVED:
        if fault in SURVIVED:
            assert started(page) == workers
        else:
            page.wait_for("(count) => window.workers > count", workers)


# The device has no more memory for Python once the image is taken.
POOR: Final = """
import { serve } from "/source/wasm_build/vault/worker/worker_core.js";
const channel = new BroadcastChannel("sealwax test");
serve(self, {
  imaged: () => { WebAssembly.Memory.prototype.grow = () => { throw new RangeError("no memory"); }; },
  prepared: () => channel.postMessage({ prepared: true }),
});
"""


def test_memory_that_cannot_grow_ahead_ends_no_worker(open_vault_page: OpenPage) -> None:
    page = open_vault_page(POOR, options={"device": {"deviceMemory": 4}})
    page.js(LISTEN)
    # This request may come before the image. Then memory would grow when the Worker rests after it.
    for verb, args, member in operations():
        check(call(page, verb, args), member)
    assert page.js("() => window.prepared === true")
    assert started(page) == 1
