"""Another bridge or another account in the middle: no message goes out twice, and no token goes to another bridge."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.support.project import ROOT

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

BRIDGES = """
const [now, then] = JSON.parse(process.argv[1]);
const digest = (text) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
const hash = async (text) => Buffer.from(await digest(text)).toString("hex");
const accountOf = ([directory, address]) => hash(JSON.stringify([directory, address]));
let directory = now[0];
const kept = {
  bridge: { directory, api: directory, address: now[1], token: "t" },
  "composition:c": { id: "c", windowTabId: 1, copies: {} },
};
const by = { host: new URL(then[0]).host, account: await accountOf(then) };
const draft = { id: "d", at: "", sending: { name: { key: "k".repeat(48), state: "begun", at: Date.now(), by } } };
let answer = { outcome: "perhaps" };
const asked = [];
globalThis.chrome = {
  storage: {
    session: {
      get: async (name) => (name in kept ? { [name]: kept[name] } : {}), remove: async (name) => { delete kept[name]; },
      set: async (values) => Object.assign(kept, values),
    },
    local: { set: async () => {} }, managed: { get: async () => ({ directory }) },
  },
  permissions: { contains: async () => true },
  runtime: { getURL: (path) => path },
};
globalThis.fetch = async (url, { method }) => {
  asked.push(`${method} ${url}`);
  return new Response(JSON.stringify(answer));
};
globalThis.indexedDB = { open: () => {
  const transaction = () => {
    const begun = { objectStore: () => ({ get: (key) => (key === "d" ? { result: draft } : {}), put: () => ({}) }) };
    setTimeout(() => begun.oncomplete());
    return begun;
  };
  const opened = { result: { transaction } };
  setTimeout(() => opened.onsuccess());
  return opened;
} };
"""
SEND = """
const { send } = await import("./browser_ext/background/bridge_sending.js");
const body = { composition: "c", bridge: new URL(now[0]).host, from: now[1], draft: "d", again: false };
const { byBridge } = await send(body, { tab: { id: 1 } });
console.log(JSON.stringify([byBridge.outcome, byBridge.host, asked]));
"""
KEEP = """
const bridge = await import("./browser_ext/background/bridge.js");
const body = { directory: then[0], api: then[0], address: then[1], token: "new" };
const code = await bridge.keep(body).then(() => "", (error) => error.code);
console.log(JSON.stringify([code, kept.bridge?.token ?? null, asked]));
"""
OLD = """
delete draft.sending.name.by;
answer = { outcome: "unknown" };
"""
HERE = ("https://here.example", "alice@example.test")
THERE = ("https://there.example", "alice@example.test")


def run_node(script: str, *given: tuple[str, str]) -> Any:
    command = ["node", "--no-warnings", "--input-type=module", "-e", BRIDGES + script, json.dumps(given)]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)


@pytest.mark.parametrize("then", [THERE, (HERE[0], "bob@example.test")])
def test_a_message_without_an_answer_is_not_sent_by_another_bridge_or_account(then: tuple[str, str]) -> None:
    """Another one would say "unknown" of the key, and the message would go out a second time."""
    assert run_node(SEND, HERE, then) == ["perhaps", then[0].removeprefix("https://"), []]


def test_the_bridge_that_got_a_message_is_asked_about_it() -> None:
    outcome, host, asked = run_node(SEND, HERE, HERE)
    assert (outcome, host) == ("perhaps", "here.example")
    assert asked == [f"POST https://here.example/api/send/{'k' * 48}/look"]


def test_a_message_of_an_earlier_version_is_perhaps_sent_unless_this_bridge_knows_better() -> None:
    """Its record has no bridge, so "unknown" may be the answer of another bridge than the one that got the message."""
    outcome, host, asked = run_node(OLD + SEND, HERE, HERE)
    assert (outcome, host) == ("perhaps", "here.example")
    assert asked == [f"POST https://here.example/api/send/{'k' * 48}/look"]


def test_a_session_at_another_bridge_than_the_chosen_one_is_not_kept() -> None:
    """The person chose another bridge while the window for signing in was open. The session ends at its bridge."""
    code, token, asked = run_node(KEEP, HERE, THERE)
    assert (token, asked) == ("t", ["DELETE https://there.example/api/session"])
    catalogue = json.loads((ROOT / "browser_ext/_locales/en/messages.json").read_text())
    assert "you were not signed in" in catalogue[f"error_{code.replace('-', '_')}"]["message"]
