/** The account at a key server: what it sends and asks between two steps of the vault, and what it keeps of them. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { KeyAccount } from "../../wasm_build/vault/account/key_account.js";
import { ApiError } from "../../wasm_build/vault/server/json_requests.js";

Object.defineProperty(globalThis, "navigator", { value: { userAgent: "" }, configurable: true });

/** @param {string} text */
const bytes = (text) => /** @type {ArrayBuffer} */ (new TextEncoder().encode(text).buffer);
const request = (path = "/devices") => ({ method: "GET", path, condition: "", authorization: "signed", body: bytes("body") });
const secret = () => ({ buffer: bytes("secret"), length: 6 });

/**
 * An account whose vault gives `steps` one after the other, and the calls of the vault. A function is called for its step.
 * @param {any[]} steps @param {object} [place]
 */
function setUp(steps, place = {}) {
  /** @type {any[]} */
  const calls = [];
  const vault = { call: async (/** @type {string} */ verb, /** @type {any} */ members) => {
    calls.push({ verb, ...members });
    const step = steps.shift();
    return typeof step === "function" ? step(members) : step;
  } };
  const ended = new AbortController();
  /** @type {any[]} */
  const written = [];
  const memory = {
    read: async () => ({ token: bytes("token"), known: null }), forget: async () => {},
    write: async (/** @type {string} */ user, /** @type {any} */ remembered) => { written.push([user, remembered]); },
  };
  const server = { origin: "https://keys.example", send: async () => bytes("{}"), termsOf: async () => bytes("terms") };
  const account = new KeyAccount(
    async () => vault, { ended: ended.signal, keyForUnlock: secret }, memory, /** @type {any} */ ({ server, user: "a@b.test", ...place }),
  );
  account.session.resume({ session: bytes("session"), calls: 3 });
  return { account, calls, ended, written, server };
}

test("an operation sends its calls and takes the session of each step", async () => {
  const steps = [
    { state: bytes("one"), step: 1, request: request(), calls: 4 },
    { state: bytes("two"), step: 2, request: request(), session: bytes("next"), known: bytes('{"reset": 7}'), calls: 5 },
    { result: { devices: ["a phone"] } },
  ];
  const [{ request: first }] = steps;
  const { account, calls, written } = setUp(steps);
  assert.deepEqual(await account.devices(), ["a phone"]);
  assert.deepEqual(calls.map(({ verb, step, calls: number }) => [verb, step ?? number]), [["roaming.ask", 3], ["roaming.answer", 1], ["roaming.answer", 2]]);
  assert.deepEqual([account.session.copy?.calls, account.session.resetAt, written.length], [5, 7, 1]);
  assert.ok(new Uint8Array(/** @type {any} */ (first).body).every((octet) => octet === 0));
});

test("a login takes its first answer along, and the last step comes with its call", async () => {
  const steps = [{
    state: bytes("one"), step: 1, request: request("/passphrase"), notes: { sent: { sent: bytes("note") } }, calls: 4,
    then: { result: { identities: [] }, session: bytes("next"), known: bytes("{}"), calls: 5 },
  }];
  const { account, calls } = setUp(steps);
  /** @type {string[]} */
  const notes = [];
  await account.enter("roaming.rotate", {}, { sent: async ({ sent }) => void notes.push(new TextDecoder().decode(sent)) });
  assert.deepEqual([calls.length, new TextDecoder().decode(calls[0].ahead[0]), notes, account.session.copy?.calls], [1, "terms", ["note"], 5]);
});

test("a refused call does not end as it was foreseen", async () => {
  const code = bytes("a code that counts nowhere");
  const steps = [
    { state: bytes("one"), step: 1, request: request("/bundle"), then: { result: {}, code, session: bytes("next"), known: bytes("{}"), calls: 9 } },
    { result: { late: true } },
  ];
  const { account, server } = setUp(steps);
  server.send = async () => { throw new ApiError("record-changed", "another one"); };
  assert.deepEqual(await account.ask("export"), { late: true });
  assert.ok(new Uint8Array(code).every((octet) => octet === 0));
  assert.equal(account.session.copy?.calls, 3);
});

test("operations run one after the other", async () => {
  /** @type {string[]} */
  const order = [];
  const step = (/** @type {any} */ { what }) => {
    order.push(what);
    return { state: bytes("s"), step: 1, request: request() };
  };
  const { account } = setUp([step, { result: {} }, step, { result: {} }]);
  const both = [account.ask("devices"), account.ask("factors")];
  await both[0];
  assert.deepEqual(order, ["devices"]);
  await both[1];
  assert.deepEqual(order, ["devices", "factors"]);
});

test("a refusal of the server comes back whole if the vault ends by it", async () => {
  const refusal = Object.assign(new ApiError("try-later", "later"), { record: { version: 2 }, status: 429 });
  const ending = (/** @type {any} */ { refusal: vaultRefusal }) => {
    assert.deepEqual(vaultRefusal, { code: "try-later", message: "later", record: { version: 2 } });
    throw Object.assign(new Error("later"), { code: "try-later" });
  };
  const { account, server } = setUp([{ state: bytes("s"), step: 1, request: request() }, ending]);
  server.send = async () => { throw refusal; };
  await assert.rejects(account.ask("devices"), (/** @type {unknown} */ error) => error === refusal);
});

test("another failure of the vault is not hidden by an earlier refusal", async () => {
  const ending = () => { throw Object.assign(new Error("no"), { code: "record-forked" }); };
  const { account, server } = setUp([{ state: bytes("s"), step: 1, request: request() }, ending]);
  server.send = async () => { throw new ApiError("record-changed", "another one"); };
  await assert.rejects(account.ask("devices"), { code: "record-forked" });
});

test("a lock between two steps ends the operation", async () => {
  const { account, calls, ended } = setUp([{ state: bytes("s"), step: 1, request: request() }, { result: {} }]);
  const asking = account.ask("devices");
  ended.abort();
  await assert.rejects(asking, { code: "locked" });
  assert.ok(calls.length < 2);
  account.forget();
  await assert.rejects(account.ask("devices"), { code: "locked" });
});

test("a second factor is asked for until the server takes it", async () => {
  const question = { kind: "factor", factors: ["totp"] };
  const steps = [
    { state: bytes("1"), step: 1, question },
    { state: bytes("2"), step: 2, request: request("/factor") },
    { state: bytes("3"), step: 3, question },
    { state: bytes("4"), step: 4, request: request("/factor") },
    { result: { identities: [], hasLostCode: true, resetReady: 9 } },
  ];
  /** @type {string[]} */
  const refused = [];
  const askFactor = async (/** @type {any} */ demand, /** @type {any} */ prove) => {
    assert.equal(demand.kind, "factor");
    await prove({ code: "1" }).catch((/** @type {any} */ { code }) => refused.push(code));
    return prove({ code: "2" });
  };
  const { account, calls, server } = setUp(steps, { askFactor });
  let tries = 0;
  server.send = async () => {
    tries += 1;
    if (tries === 1) throw new ApiError("factor-refused", "no");
    return bytes("{}");
  };
  await account.logIn(secret());
  assert.deepEqual([refused, account.hasLostCode, account.resetReady], [["factor-refused"], true, 9]);
  assert.deepEqual(calls.filter(({ told }) => told).map(({ step, told }) => [step, told.code]), [[1, "1"], [3, "2"]]);
});

test("an account that nobody can be asked about is not opened", async () => {
  for (const [kind, code] of [["factor", "factor-needed"], ["reset", "account-reset"]]) {
    const { account } = setUp([{ state: bytes("s"), step: 1, question: { kind } }]);
    await assert.rejects(account.logIn(secret()), { code });
  }
});

test("an account knows from each login whether it has a recovery code", async () => {
  const { account } = setUp([{ result: { hasCode: false } }, { result: {} }, { result: { hasCode: true }, code: bytes("code") }]);
  assert.equal(account.hasCode, null);
  await account.logIn(secret());
  assert.equal(account.hasCode, false);
  await account.removeFactor(secret(), "1");
  assert.equal(account.hasCode, false);
  await account.makeCode(secret());
  assert.equal(account.hasCode, true);
});

test("a new code ends the warning about a lost one", async () => {
  const { account } = setUp([{ result: { hasLostCode: true } }, { result: { hasLostCode: false }, code: bytes("code") }]);
  await account.logIn(secret());
  assert.equal(account.hasLostCode, true);
  assert.equal(new TextDecoder().decode(await account.makeCode(secret())), "code");
  assert.equal(account.hasLostCode, false);
});
