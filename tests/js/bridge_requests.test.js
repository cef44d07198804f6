/** The extension's requests to the bridge: the password as bytes, and what each answer says about a message. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { writeCredentials } from "../../browser_ext/sign_in/credentials.js";
import { installBrowser, storageArea } from "./support/browser.js";
import { settledDatabase } from "./support/databases.js";

const BRIDGE = { directory: "https://mail.example.org", api: "https://api.example.org/mail", address: "a@example.org", token: "t" };
/** @typedef {[number, string | object] | null} Answer its status and its body; null for none */
/** @typedef {import("../../browser_ext/background/writing/bridge.js").Outcome} Outcome */
/** @typedef {import("../../browser_ext/background/writing/bridge.js").Refused} Refused */
/** @type {Partial<SessionMemory>} */
const kept = {};
/** @type {Answer[]} */
let answers = [];
/** @type {unknown[][]} */
let asked = [];

installBrowser({
  storage: {
    session: storageArea(() => kept),
    local: { set: async () => {} }, managed: { get: async () => ({ directory: kept.bridge?.directory ?? "" }) },
  },
  permissions: { contains: async () => true },
});
globalThis.fetch = async (url, { method, headers } = {}) => {
  asked.push([method, url, new Headers(headers).get("Authorization")]);
  const answer = answers.shift();
  if (!answer) throw new TypeError("no answer");
  const [status, body] = answer;
  return new Response(typeof body === "string" ? body : JSON.stringify(body), { status });
};
// A database without entries: the address of the bridge comes from the administrator.
globalThis.indexedDB = settledDatabase({ get: () => ({}) });
const bridge = await import("../../browser_ext/background/writing/bridge.js");

beforeEach(() => { kept.bridge = { ...BRIDGE }; });

/** Sends a message to a bridge that gives these answers in turn. @param {Answer[]} replies */
async function send(...replies) {
  answers = replies;
  asked = [];
  const letter = { key: "k".repeat(48), recipients: ["b@example.org"], message: new ArrayBuffer(3), keepsCopy: true };
  return bridge.send(letter).catch(({ code }) => ({ error: code }));
}

const error = (/** @type {string} */ code, members = {}) => ({ code, message: "No.", ...members });

/** @param {string} code @param {boolean} temporary @param {Refused[]} [people] @returns {Outcome} */
function refused(code, temporary, people = []) {
  return { outcome: "refused", code, text: "No.", temporary, refused: people };
}

test("the password reaches the bridge unchanged and is overwritten", () => {
  const address = '"a"@example.org';
  for (const password of ["plain", 'quote " and \\ backslash', "\x00\x01\x1f\t\n\x7f", "äöü €", "𝕊 🔑".repeat(200)]) {
    const buffer = new ArrayBuffer(4096);
    const { written } = new TextEncoder().encodeInto(password, new Uint8Array(buffer));
    const body = new TextDecoder().decode(writeCredentials(address, { buffer, length: written }));
    assert.deepEqual(JSON.parse(body), { address, password });
    assert.ok(new Uint8Array(buffer).every((byte) => byte === 0));
  }
});

test("each answer is one outcome", async () => {
  const people = [{ address: "b@example.org", temporary: true, text: "450 later" }];
  /** @type {[Answer, Outcome][]} */
  const outcomes = [
    [[200, { outcome: "sent", savedTo: "Sent" }], { outcome: "sent", copy: "kept" }],
    [[200, { outcome: "sent", savedTo: null }], { outcome: "sent", copy: "failed" }],
    [[200, { outcome: "sent", savedTo: null, copy: false }], { outcome: "sent", copy: "unwanted" }],
    [[200, { outcome: "perhaps", savedTo: null }], { outcome: "perhaps" }],
    [[422, error("message-refused")], refused("message-refused", false)],
    [[422, error("message-refused", { refused: people })], refused("message-refused", true, people)],
    [[413, error("message-too-large")], refused("message-too-large", false)],
    [[429, error("try-later")], refused("try-later", true)],
    [[503, error("mail-server-busy", { failure: "try-later" })], refused("mail-server-busy", true)],
    [[502, error("mail-server-misconfigured", { failure: "misconfigured" })], refused("mail-server-misconfigured", false)],
    [[500, error("server-error")], { outcome: "unanswered" }],
    [[503, error("server-error")], { outcome: "unanswered" }],
    [[409, error("already-sending")], { outcome: "unanswered" }],
    [[502, "<html>Bad gateway</html>"], { outcome: "unanswered" }],
    [[200, "<html>A portal</html>"], { outcome: "unanswered" }],
    [[200, "null"], { outcome: "unanswered" }],
    [null, { outcome: "unanswered" }],
  ];
  for (const [answer, outcome] of outcomes) {
    assert.deepEqual(await send(answer), outcome);
    assert.deepEqual(asked, [["POST", "https://api.example.org/mail/api/send", "Sealwax t"]]);
    assert.ok("bridge" in kept);
  }
});

test("a key that was used is asked about and not taken for a refusal", async () => {
  assert.deepEqual(await send([422, error("key-used")], [200, { outcome: "perhaps" }]), { outcome: "perhaps" });
  assert.ok(String(asked[1][1]).endsWith(`/api/send/${"k".repeat(48)}/look`));
});

test("a session that the bridge has ended is forgotten", async () => {
  assert.deepEqual(await send([401, error("session-ended")]), { error: "bridge-signed-out" });
  assert.ok(!("bridge" in kept));
});

test("a bridge that no longer admits the extension is named", async () => {
  assert.deepEqual(await send([403, error("wrong-origin")]), { error: "bridge-not-admitted" });
});

test("a question that fails is no refusal of the message", async () => {
  /** @type {[Answer, Outcome][]} */
  const outcomes = [
    // The mail server could not be asked for a copy in Sent: the message is as open as before.
    [[503, error("mail-server-busy", { failure: "try-later" })], { outcome: "unanswered" }],
    [[502, error("mail-server-unreachable", { failure: "unreachable" })], { outcome: "unanswered" }],
    [[429, error("try-later")], { outcome: "unanswered" }],
    [[503, error("mail-server-busy", { failure: "try-later", outcome: "refused" })], refused("mail-server-busy", true)],
    [[422, error("message-refused", { outcome: "refused" })], refused("message-refused", false)],
  ];
  for (const [answer, outcome] of outcomes) assert.deepEqual(await send([422, error("key-used")], answer), outcome);
});
