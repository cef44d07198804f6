/**
 * Runs every job in turn, ours and each peer's, from a call to its result, each time with the reserve warm.
 *
 * `measure.prepare(person)` comes first, then `measure.job(name, bytes, runs)`; `measure.start(kind)` times one cold
 * start. Times are milliseconds.
 */

import { openVault } from "/runtime/vault.js";
import { peers } from "./peers.js";

const base = new URL("/runtime/", location.href);
const at = () => new Date().toISOString();
const bytesOf = (/** @type {string} */ text) => Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0)).buffer;

/** @type {any} */
let vault;
/** @type {any} */
let person;
/** @type {ArrayBuffer} */
let sealed;
const sealKey = crypto.getRandomValues(new Uint8Array(32));

function secret(/** @type {Uint8Array} */ octets) {
  const buffer = new ArrayBuffer(4096);
  new Uint8Array(buffer).set(octets);
  return { buffer, length: octets.length };
}

async function prepare(/** @type {Record<string, string>} */ given) {
  person = {
    key: bytesOf(given.key), certificate: bytesOf(given.certificate), anchor: bytesOf(given.anchor),
  };
  vault = await openVault({ base });
  const opened = await vault.call("identity.open", {
    p12: bytesOf(given.p12), passphrase: secret(new TextEncoder().encode(given.passphrase)), sealKey: secret(sealKey),
  });
  sealed = opened.identities[0].sealed;
  await vault.ready;
  return vault.startKind;
}

const keys = () => ({ identities: [sealed.slice(0)], sealKey: secret(sealKey) });
const trust = () =>
  ({ trust: { anchors: [{ certificate: person.anchor.slice(0) }], revocation: "not-checked" }, at: at() });

/** Everything that is copied for the transfer is copied before the clock starts. */
const requests = {
  sign: (/** @type {ArrayBuffer} */ content) => ["bytes.sign", { content, ...keys(), at: at() }],
  verify: (/** @type {ArrayBuffer} */ cms) => ["bytes.verify", { cms, ...trust() }],
  encrypt: (/** @type {ArrayBuffer} */ content) => [
    "bytes.encrypt", { content, recipients: [person.certificate.slice(0)], cipher: "cbc" },
  ],
  decrypt: (/** @type {ArrayBuffer} */ cms) => ["bytes.decrypt", { cms, ...keys() }],
};

async function timeOurs(/** @type {keyof typeof requests} */ name, /** @type {ArrayBuffer} */ input) {
  await vault.ready;
  await quiet();
  const [verb, args] = requests[name](input.slice(0));
  const begun = performance.now();
  const result = await vault.call(verb, args);
  const milliseconds = performance.now() - begun;
  if (name === "verify" && result.report.state !== "verified") throw new Error(`ours: ${result.report.state}`);
  return milliseconds;
}

async function timePeer(/** @type {any} */ job, /** @type {ArrayBuffer} */ input) {
  await vault.ready;
  await quiet();
  const copy = input.slice(0);
  const begun = performance.now();
  await job(person, copy);
  return performance.now() - begun;
}

/** Lets what the last operation left to do (cleanup, the next reserve) come to rest. */
const quiet = () => new Promise((resolve) => setTimeout(resolve, 150));

async function job(
  /** @type {keyof typeof requests} */ name, /** @type {number} */ bytes, /** @type {number} */ runs,
) {
  const content = randomBytes(bytes);
  const inputs = await inputsFor(name, content);
  /** @type {Record<string, number[] | null>} */
  const times = { ours: [] };
  for (const peer of Object.keys(peers)) times[peer] = peers[peer][name] ? [] : null;
  for (let run = 0; run < runs; run++) {
    times.ours?.push(await timeOurs(name, inputs.ours));
    for (const [peer, jobs] of Object.entries(peers)) {
      const peerJob = jobs[name];
      if (!peerJob || !times[peer]) continue;
      try {
        times[peer]?.push(await timePeer(peerJob, inputs[peer] ?? inputs.ours));
      } catch (error) {
        console.info(`${peer} ${name} ${bytes}: ${error}`);
        times[peer] = null;
      }
    }
  }
  return times;
}

/** What a job starts from: content to sign or encrypt; one signed message; a message sealed as each peer can read it. */
async function inputsFor(/** @type {string} */ name, /** @type {ArrayBuffer} */ content) {
  /** @type {Record<string, ArrayBuffer>} */
  const inputs = { ours: content };
  if (name === "verify") inputs.ours = (await vault.call(...requests.sign(content.slice(0)))).cms;
  if (name === "decrypt") {
    // The same message for ours and PKI.js, by OAEP, which it can read; forge reads v1.5 alone.
    inputs.ours = /** @type {ArrayBuffer} */ (await peers["PKI.js"].encrypt?.(person, content.slice(0)));
    inputs["node-forge"] = (await vault.call(...requests.encrypt(content.slice(0)))).cms;
  }
  return inputs;
}

function randomBytes(/** @type {number} */ length) {
  const octets = new Uint8Array(length);
  for (let offset = 0; offset < length; offset += 65536) crypto.getRandomValues(octets.subarray(offset, offset + 65536));
  return octets.buffer;
}

/**
 * One cold start in this page, from opening the vault to its reserve being ready. The plain start is what a snapshot
 * that cannot be fetched falls back to.
 */
async function start(/** @type {"snapshot" | "plain"} */ kind) {
  const { fetch } = globalThis;
  if (kind === "plain") {
    globalThis.fetch = (input, init) =>
      String(input).endsWith(".snapshot") ? Promise.reject(new TypeError("withheld")) : fetch(input, init);
  }
  const begun = performance.now();
  const opened = await openVault({ base });
  await opened.ready;
  const milliseconds = performance.now() - begun;
  const actual = opened.startKind;
  opened.close();
  globalThis.fetch = fetch;
  if (actual !== kind) throw new Error(`expected a ${kind} start, got ${actual}`);
  return milliseconds;
}

globalThis.measure = { prepare, job, start };
