/** The keys of a page, without a page: what a lock overwrites, and when the views hear of it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import "./support/leave.js";

import { KeptKeyFile } from "../../webbridge/pages/keys/kept_key_file.js";
import { KeyFiles } from "../../webbridge/pages/keys/key_files.js";
import { KeyRing, lockByItself } from "../../webbridge/pages/keys/keys.js";
import { PassphraseRule } from "../../webbridge/pages/keys/passphrase_rule.js";
import { RoamingKeys } from "../../webbridge/pages/keys/roaming_keys.js";

const USER = "alice@example.test";
// A login says the name of the browser.
Object.defineProperty(globalThis, "navigator", { value: { userAgent: "" }, configurable: true });

/** @param {number} octet */
const filled = (octet) => new Uint8Array(8).fill(octet).buffer;
/** @param {ArrayBuffer} buffer */
const isOverwritten = (buffer) => new Uint8Array(buffer).every((octet) => octet === 0);
const secret = () => ({ buffer: filled(7), length: 8 });

/** Keys that are unlocked from a vault in the test, the classes around them, and the events that a view hears. */
function setUp() {
  const sealed = filled(1);
  const identity = { sealed, certificate: filled(2), fingerprint: "f", addresses: [USER], name: "Alice" };
  /** @type {string[]} */
  const calls = [];
  const known = new TextEncoder().encode("{}").buffer;
  const vault = { call: async (/** @type {string} */ verb) => {
    calls.push(verb);
    if (verb === "roaming.login") return { state: filled(3), step: 1, request: { path: "/parameters", body: filled(3) } };
    const opened = { identities: [{ ...identity }] };
    return { ...opened, result: opened, session: filled(4), known: known.slice(0), p12: filled(5) };
  } };
  const server = /** @type {any} */ ({ origin: "https://keys.example", send: async () => new ArrayBuffer(0), termsOf: async () => filled(9) });
  const remembered = async () => ({ token: filled(6), known: null });
  const memory = { read: remembered, write: async () => {}, forget: async () => {} };
  const keys = new KeyRing(async () => vault);
  const roamingKeys = new RoamingKeys(keys, { server, user: () => USER, memory });
  const passphraseRule = new PassphraseRule();
  const keyFiles = new KeyFiles({ keys, roamingKeys, passphraseRule });
  return { sealed, calls, keys, roamingKeys, passphraseRule, keyFiles };
}

test("a lock overwrites the identities, and forgets the account before the views hear of a change", async () => {
  const { sealed, keys, roamingKeys } = setUp();
  const passphrase = secret();
  await roamingKeys.open(passphrase);
  const { account } = roamingKeys;
  assert.equal(keys.unlocked && keys.way, "passphrase");
  assert.equal(account?.isOpen, true);
  assert.ok(isOverwritten(passphrase.buffer));
  /** @type {unknown[]} */
  const heard = [];
  keys.addEventListener("change", () => heard.push(["change", keys.unlocked, roamingKeys.account]));
  keys.addEventListener("locked", (event) => heard.push(["locked", /** @type {any} */ (event).reason]));
  keys.lock("hand");
  keys.lock("hand");
  assert.deepEqual(heard, [["change", false, null], ["locked", "hand"]]);
  assert.equal(account?.isOpen, false);
  assert.ok(isOverwritten(sealed));
});

test("the views hear once of keys that come with an account", async () => {
  const { keys, roamingKeys } = setUp();
  /** @type {unknown[]} */
  const heard = [];
  keys.addEventListener("change", () => heard.push(roamingKeys.account?.user));
  await roamingKeys.open(secret());
  assert.deepEqual(heard, [USER]);
});

test("a lock during the unlocking leaves the keys locked and the account unused", async () => {
  const { keys, roamingKeys } = setUp();
  const opening = roamingKeys.openBy([secret()], async (account) => {
    const opened = await account.logIn(secret());
    keys.lock("signed-out");
    return opened;
  });
  await assert.rejects(opening, { code: "locked" });
  assert.deepEqual([keys.unlocked, roamingKeys.account], [false, null]);
});

test("a file is offered for the key server until the keys are locked", async () => {
  const { keys, keyFiles } = setUp();
  await keyFiles.open(filled(9), secret());
  assert.deepEqual(new Uint8Array(/** @type {ArrayBuffer} */ (keyFiles.offeredFile)), new Uint8Array(filled(9)));
  keys.lock("hand");
  assert.deepEqual([keyFiles.canEnrol, keyFiles.offeredFile], [false, null]);
});

test("a file without a passphrase is not offered", async () => {
  const { keys, keyFiles } = setUp();
  await keyFiles.open(filled(9), { buffer: filled(0), length: 0 });
  assert.deepEqual([keys.unlocked, keyFiles.canEnrol], [true, false]);
});

test("the mail password becomes no passphrase of a key file", async () => {
  const { calls, keys, passphraseRule, keyFiles } = setUp();
  const keptKeyFile = new KeptKeyFile(keys, passphraseRule);
  const ticket = { enrolmentTicket: async () => assert.fail("a ticket was fetched") };
  await keyFiles.open(filled(9), secret());
  passphraseRule.refuse({ matches: async () => true });
  const passphrase = secret();
  await assert.rejects(keptKeyFile.make(passphrase), { code: "passphrase-reused" });
  assert.ok(isOverwritten(passphrase.buffer));
  await assert.rejects(keyFiles.enrol(ticket), { code: "passphrase-reused" });
  assert.deepEqual(calls, ["identity.open"]);
  assert.equal(keyFiles.canEnrol, true);
});

test("the keys of a kept file unlock no more after a lock", async () => {
  const { keys, passphraseRule } = setUp();
  const keptKeyFile = new KeptKeyFile(keys, passphraseRule);
  const keyFile = await keptKeyFile.read(filled(9), secret());
  keys.lock("elsewhere");
  await assert.rejects(keptKeyFile.unlock(keyFile), { code: "locked" });
  const again = await keptKeyFile.read(filled(9), secret());
  await keptKeyFile.unlock(again);
  assert.equal(keys.unlocked, true);
});

test("what is unlocked later has the order of the account", async () => {
  const { keys, roamingKeys } = setUp();
  await assert.rejects(roamingKeys.unlockFrom(async () => ({ identities: [] })), { code: "locked" });
  await roamingKeys.open(secret());
  const [{ name, ...own }] = keys.shareIdentities();
  const added = { ...own, name: "Ward", fingerprint: "w" };
  await roamingKeys.unlockFrom(async () => ({ identities: [added, { ...own, name }] }));
  assert.deepEqual(keys.identities.map(({ fingerprint }) => fingerprint), ["w", "f"]);
});

test("the press that finds the time over goes to no field of the view that comes", () => {
  const [view, document] = [new EventTarget(), new EventTarget()];
  Object.assign(globalThis, { document, addEventListener: view.addEventListener.bind(view) });
  const keys = { unlocked: true, isOver: false, lock() {}, check() {}, touch() { if (this.isOver) this.unlocked = false; } };
  lockByItself(keys);
  /** @type {string[]} */
  const pressed = [];
  view.addEventListener("keydown", ({ type }) => pressed.push(type));
  const press = () => !view.dispatchEvent(new Event("keydown", { cancelable: true }));
  assert.equal(press(), false);
  keys.isOver = true;
  assert.equal(press(), true);
  assert.equal(pressed.length, 1);
  assert.equal(press(), false);
  assert.equal(pressed.length, 2);
});
