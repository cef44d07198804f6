/**
 * The page of the residue tests. It combines the bridge's key ring and passphrase field with the vault, as the mail
 * pages do.
 *
 * The page only fetches ciphertext. Secrets are derived here or typed.
 */

import { KeyFiles } from "../../../../webbridge/pages/keys/key_files.js";
import { KeyRing } from "../../../../webbridge/pages/keys/keys.js";
import { PassphraseRule } from "../../../../webbridge/pages/keys/passphrase_rule.js";
import { overwrite } from "../../../../wasm_build/vault/memory/cleanup.js";
import { collectBuffers } from "../../../../wasm_build/vault/rpc.js";
import { openVault } from "../../../../wasm_build/vault/owner/vault.js";
import { SecretField } from "../../../../wasm_build/ui/secret_field.js";

const settings = new URLSearchParams(location.search);
const SEAL_KEY_BYTES = 32;

/**
 * Fills `target` with the bytes of a seed, and returns it. `_derive` of lab.py computes the same bytes.
 * @param {Uint8Array} target
 * @param {number} seed
 */
function derive(target, seed) {
  let state = seed;
  for (let index = 0; index < target.length; index += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    target[index] = state >>> 16;
  }
  return target;
}

// The session's key is usually random. Here it is derived from a seed, so that a test can search for it.
const { getRandomValues } = Crypto.prototype;
Crypto.prototype.getRandomValues = function (/** @type {any} */ array) {
  return array.byteLength === SEAL_KEY_BYTES ? derive(array, Number(settings.get("sealKeySeed")))
    : getRandomValues.call(this, array);
};

const channel = new BroadcastChannel("sealwax residue");
window.prepared = 0;
channel.onmessage = ({ data }) => {
  if (data.answered) window.answered = data.answered;
  if (data === "prepared") window.prepared += 1;
};
const vault = await openVault({
  base: new URL("/runtime/", location.href), strict: settings.has("strict"), saveBytes: false,
});
const keys = new KeyRing(async () => vault);
// These tests use no account at the key server.
const roamingKeys = /** @type {any} */ (null);
const keyFiles = new KeyFiles({ keys, roamingKeys, passphraseRule: new PassphraseRule() });
const field = new SecretField({ label: "Passphrase", hint: "", translate: (key) => key });
document.body.append(field.element);
const cleanups = /** @type {any[]} */ ([]);
vault.onCleanup = (report) => cleanups.push(report);

/** @param {string} path */
async function fetchBytes(path) {
  return (await fetch(path)).arrayBuffer();
}

/** The steps after which a Worker reports its cleanup. */
const OPERATIONS = new Set(["unlock", "decrypt", "read", "sign", "parcel"]);
/** @type {Record<string, () => Promise<unknown>>} */
const steps = {
  unlock: async () => keyFiles.open(await fetchBytes("/keys.p12"), field.take()),
  decrypt: async () => {
    const { content } = await vault.call("bytes.decrypt", { cms: await fetchBytes("/encrypted.p7m"), ...keys.copies() });
    const length = content.byteLength;
    new Uint8Array(content).fill(0);
    return length;
  },
  sign: async () => {
    const content = derive(new Uint8Array(new ArrayBuffer(100_000)), Number(settings.get("textSeed"))).buffer;
    const { cms } = await vault.call("bytes.sign", { content, ...keys.copies(), at: new Date().toISOString() });
    const length = cms.byteLength;
    new Uint8Array(cms).fill(0);
    return length;
  },
  read: async () => {
    const message = await fetchBytes("/mail.eml");
    const judging = { trust: { anchors: [], revocation: "not-checked" }, at: new Date().toISOString() };
    const opened = await vault.call("message.verify", { message, ...keys.copies(), ...judging });
    // The text. A page that shows it keeps it as a string, and so does this page with subject and addresses.
    collectBuffers(opened).forEach(overwrite);
    return opened.report.state;
  },
  parcel: async () => {
    const words = field.take();
    const opened = await vault.call("parcel.open", { words, salt: await fetchBytes("/salt"), sealKey: keys.copies().sealKey });
    collectBuffers(opened).forEach(overwrite);
  },
  retire: async () => { await vault.retire(); },
  lock: async () => {
    keys.lock("hand");
    await vault.retire();
  },
  close: async () => { vault.close(); },
};

window.release = () => channel.postMessage({ goOn: window.answered });

/** Starts a step, and sets `window.outcome` to its result or error when it ends. @param {string} name */
window.begin = (name) => {
  window.outcome = null;
  const before = cleanups.length;
  const cleaned = async () => {
    while (OPERATIONS.has(name) && cleanups.length === before) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  steps[name]().then(async (value) => {
    await cleaned();
    window.outcome = { value: value ?? null };
  }, ({ code, message }) => { window.outcome = { code, message }; });
};
await vault.ready;
window.opened = true;
