"""The state of a draft: `locked` only if the keys are locked, `failed` after every other error."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests.support.project import ROOT

# The background answers `vault.key`, and refuses to keep the draft with the code of the first argument.
KEPT = """
import { generateKeys } from "./browser_ext/shared/channel.js";
const { publicKey } = await generateKeys();
const refusal = { error: { code: process.argv[1], message: "" } };
const answer = async ({ type }) => (type === "vault.key" ? { value: { publicKey } } : refusal);
globalThis.chrome = { runtime: { sendMessage: answer } };
globalThis.addEventListener = () => {};
const { Courier } = await import("./browser_ext/compose/courier.js");
const { DraftKeeper } = await import("./browser_ext/compose/draft_keeper.js");
const content = () => ({ fields: {}, text: new ArrayBuffer(1), attachments: [] });
const shown = [];
const read = () => ({ letter: content(), files: content(), identity: "" });
const drafts = new DraftKeeper(new Courier("letter"), read, (state) => shown.push(state));
drafts.changed();
await drafts.keepNow();
console.log(JSON.stringify(shown));
"""

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("locked", "locked"),
        ("storage-full", "failed"),
        ("letter-gone", "failed"),
        ("vault-restarted", "failed"),
        ("unknown", "failed"),
    ],
)
def test_a_draft_waits_for_keys_only_if_they_are_locked(code: str, state: str) -> None:
    command = ["node", "--no-warnings", "--input-type=module", "-e", KEPT, code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert json.loads(done.stdout) == ["pending", state]
