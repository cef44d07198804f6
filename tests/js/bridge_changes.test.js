/** Another bridge or another account in the middle: no message goes out twice, and no token goes to another bridge. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { installBrowser, storageArea } from "./support/browser.js";
import { readTexts } from "./support/catalogues.js";
import { settledDatabase } from "./support/databases.js";

const HERE = ["https://here.example", "alice@example.test"];
const THERE = ["https://there.example", "alice@example.test"];
const KEY = "k".repeat(48);
/** @type {Partial<SessionMemory>} */
let kept = {};
/** @type {DraftRecord | null} */
let draft = null;
/** @type {{outcome: string} | null} */
let answer = null;
/** @type {string[]} */
let asked = [];

installBrowser({
  storage: {
    session: storageArea(() => kept), local: { set: async () => {} },
    managed: { get: async () => ({ directory: HERE[0] }) },
  },
  permissions: { contains: async () => true },
  runtime: { getURL: (path) => path },
});
globalThis.fetch = async (url, options) => {
  asked.push(`${options?.method} ${url}`);
  return new Response(JSON.stringify(answer));
};
globalThis.indexedDB = settledDatabase({ get: (key) => (key === "d" ? { result: draft } : {}), put: () => ({}) });
const { send } = await import("../../browser_ext/background/writing/bridge_sending.js");
const bridge = await import("../../browser_ext/background/writing/bridge.js");

/**
 * The person is signed in here, and has a draft that was sent there without an answer.
 * @param {string[]} there @param {{isOld?: boolean}} [options]
 */
function begin([directory, address], { isOld = false } = {}) {
  const composition = /** @type {CompositionRecord} */ ({ id: "c", windowTabId: 1, copies: {} });
  kept = { bridge: { directory: HERE[0], api: HERE[0], address: HERE[1], token: "t" }, "composition:c": composition };
  const account = createHash("sha256").update(JSON.stringify([directory, address])).digest("hex");
  const by = isOld ? {} : { by: { host: new URL(directory).host, account } };
  draft = { id: "d", at: "", sending: { name: { key: KEY, state: "begun", at: Date.now(), ...by } } };
  answer = { outcome: isOld ? "unknown" : "perhaps" };
  asked = [];
}

async function sendAgain() {
  const body = { composition: "c", bridge: new URL(HERE[0]).host, from: HERE[1], draft: "d", again: false };
  const sender = /** @type {Sender} */ ({ tab: { id: 1 } });
  const { byBridge } = await send(/** @type {BodyOf<"compose.send">} */ (body), sender);
  return [byBridge?.outcome, byBridge?.host, asked];
}

// Another one would say "unknown" of the key, and the message would go out a second time.
test("a message without an answer is not sent by another bridge or account", async () => {
  for (const then of [THERE, [HERE[0], "bob@example.test"]]) {
    begin(then);
    assert.deepEqual(await sendAgain(), ["perhaps", new URL(then[0]).host, []]);
  }
});

test("the bridge that got a message is asked about it", async () => {
  begin(HERE);
  assert.deepEqual(await sendAgain(), ["perhaps", "here.example", [`POST ${HERE[0]}/api/send/${KEY}/look`]]);
});

// Its record has no bridge, so "unknown" may be the answer of another bridge than the one that got the message.
test("a message of an earlier version is perhaps sent unless this bridge knows better", async () => {
  begin(HERE, { isOld: true });
  assert.deepEqual(await sendAgain(), ["perhaps", "here.example", [`POST ${HERE[0]}/api/send/${KEY}/look`]]);
});

// The person chose another bridge while the window for signing in was open. The session ends at its bridge.
test("a session at another bridge than the chosen one is not kept", async () => {
  begin(THERE);
  const body = { directory: THERE[0], api: THERE[0], address: THERE[1], token: "new" };
  const code = await bridge.keep(body).then(() => "", (error) => error.code);
  assert.deepEqual([kept.bridge?.token, asked], ["t", [`DELETE ${THERE[0]}/api/session`]]);
  const sentence = readTexts("en", "extension")[`error_${code.replaceAll("-", "_")}`] ?? "";
  assert.match(sentence, /you were not signed in/);
});
