"""A draft that is continued and not changed: it is not written again."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests.support.project import ROOT

# The window loses the focus, and later again after a change. Each kept version is noted with the time of the change.
KEPT = """
const listeners = {};
globalThis.window = globalThis;
globalThis.addEventListener = (type, listener) => { listeners[type] = listener; };
globalThis.document = { hidden: false, addEventListener: () => {} };
const { DraftKeeper } = await import("./webbridge/pages/draft_keeper.js");
const kept = [];
const store = {
  keepsHere: true,
  seal: async () => ({ letter: new ArrayBuffer(1), files: null }),
  keepHere: async () => { kept.push(moment); },
  upload: async () => {},
};
const held = { id: "d", revision: "r", version: { uidValidity: 1, uid: 1 }, attempt: null };
let moment = "before a change";
const keeper = new DraftKeeper(store, () => ({}), () => {}, { held, content: {}, mayBeSent: false });
listeners.blur();
await keeper.keepNow();
keeper.retry();
await keeper.keepNow();
moment = "after a change";
keeper.changed();
listeners.blur();
await keeper.keepNow();
keeper.dispose();
console.log(JSON.stringify(kept));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")
def test_a_continued_draft_is_written_when_it_has_changed_and_not_before() -> None:
    command = ["node", "--no-warnings", "--input-type=module", "-e", KEPT]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == ["after a change"]
