/** The index of kept files in several tabs of a browser, at a bridge that delays answers and gives older versions. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { FileIndex } from "../../webbridge/pages/files/file_index.js";
import { addFolder } from "../../webbridge/pages/files/file_tree.js";

/** @typedef {import("../../webbridge/pages/files/own_keys.js").OwnKeys} OwnKeys */
/** @typedef {import("../../webbridge/pages/files/file_requests.js").FileRequests} FileRequests */
/** @typedef {import("../../webbridge/pages/files/file_requests.js").IndexLine} IndexLine */
/** @typedef {import("../../webbridge/pages/files/file_index.js").OpenIndex} OpenIndex */
/** @typedef {() => Promise<void>} Pause */

const ACCOUNT = "alice@example.test";
const SEEDS = Array.from({ length: 15 }, (_, index) => index + 1);
const encoded = (/** @type {string} */ text) => new TextEncoder().encode(text);
const decoded = (/** @type {ArrayBuffer} */ bytes) => new TextDecoder().decode(bytes);

/** @type {Map<string, string>} */
let storage = new Map();
/** @satisfies {Pick<Storage, "getItem" | "setItem" | "removeItem">} */
const localStorage = {
  getItem: (key) => storage.get(key) ?? null, setItem: (key, value) => void storage.set(key, value), removeItem: (key) => void storage.delete(key),
};
Object.assign(globalThis, { localStorage });

/**
 * Keys whose operations take as long as `pause` says. The manifest is the id, and each chunk its content.
 * @param {Pause} pause @returns {Pick<OwnKeys, "account" | "verify" | "call" | "encrypt" | "build">}
 */
function keysWith(pause) {
  return {
    account: ACCOUNT,
    verify: async (manifest, id) => {
      await pause();
      const [signed, bytes] = decoded(manifest).split(" ");
      if (signed !== id) throw Object.assign(new Error(), { code: "parcel-mixed" });
      const sizes = { sizeBytes: Number(bytes), cmsBytes: Number(bytes) };
      return { files: [{ name: "files.json", ...sizes, chunks: [{ object: "0", ...chunkOf(Number(bytes)) }] }] };
    },
    call: async (_verb, args) => ({ content: /** @type {{cms: ArrayBuffer}} */ (args).cms }),
    encrypt: async (content) => ({ cms: content.slice(0), chunk: chunkOf(content.byteLength) }),
    build: async (_verb, { parcel, chunks: [chunk] = [] }) => (
      { manifest: encoded(`${parcel} ${chunk?.cmsBytes} ${crypto.randomUUID()}`).buffer }),
  };
}

/** @param {number} bytes */
function chunkOf(bytes) {
  return { cmsBytes: bytes, contentBytes: bytes, sha256: "" };
}

/**
 * A bridge that stores versions.
 * @param {Pause} pause @param {(newest: number) => number} choose says which version an answer has
 * @returns {Pick<FileRequests, "index" | "storeIndex">}
 */
function bridgeWith(pause, choose) {
  /** @type {{line: IndexLine, bytes: Uint8Array}[]} */
  const versions = [{ line: { version: 0, objects: [], manifest: 0, used: 0, quota: 0 }, bytes: new Uint8Array() }];
  return {
    index: async () => {
      const version = versions[choose(versions.length - 1)];
      await pause();
      return version;
    },
    storeIndex: async ({ version, chunks: [chunk], manifest }) => {
      if (version !== versions.length) throw Object.assign(new Error(), { code: "index-changed" });
      const line = { version, objects: [chunk.byteLength], manifest: manifest.byteLength, used: 0, quota: 0 };
      versions.push({ line, bytes: new Uint8Array([...new Uint8Array(chunk), ...new Uint8Array(manifest)]) });
      await pause();
      return line;
    },
  };
}

let tabs = 0;
/**
 * A tab is a document of its own, which shares only the storage with the others.
 * @param {Pick<FileRequests, "index" | "storeIndex">} bridge @param {Pause} pause
 */
async function openTab(bridge, pause) {
  /** @type {typeof import("../../webbridge/pages/files/seen_index.js")} */
  const { SeenIndex } = await import(`../../webbridge/pages/files/seen_index.js?tab=${tabs += 1}`);
  const [keys, requests] = [/** @type {OwnKeys} */ (keysWith(pause)), /** @type {FileRequests} */ (bridge)];
  return new FileIndex(keys, requests, new SeenIndex(ACCOUNT, () => true));
}

/** @param {Promise<OpenIndex>} reading @returns {Promise<number | string>} */
const outcomeOf = (reading) => reading.then(({ number }) => number, ({ code }) => code);

/** The bridge lets one tab verify version 1 while another one stores version 2, and then gives the first version to a third. */
async function readWhileStored() {
  storage = new Map();
  let limit = Infinity;
  const bridge = bridgeWith(async () => {}, (newest) => Math.min(newest, limit));
  const writer = await openTab(bridge, async () => {});
  await writer.change(addFolder("a"));
  let [release, arrived] = [() => {}, () => {}];
  /** @type {Promise<void>} */
  const gate = new Promise((resolve) => { release = resolve; });
  /** @type {Promise<void>} */
  const reached = new Promise((resolve) => { arrived = resolve; });
  const slow = await openTab(bridge, () => { arrived(); return gate; });
  const reading = outcomeOf(slow.read());
  await reached;
  await writer.change(addFolder("b"));
  release();
  const slowly = await reading;
  limit = 1;
  return { slowly, later: await outcomeOf((await openTab(bridge, async () => {})).read()) };
}

/** Numbers that are the same for each run of a seed (Mulberry32). @param {number} seed */
function randomOf(seed) {
  let state = seed;
  return (/** @type {number} */ below) => {
    state = (state + 0x6D2B79F5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/**
 * Tabs that read and change at once, at a bridge that may lie. `wrong` counts versions that were taken after a later
 * one was seen.
 * @param {number} seed
 */
async function anyOrder(seed) {
  storage = new Map();
  const random = randomOf(seed);
  const pause = async () => {
    for (let left = random(6); left > 0; left -= 1) {
      await new Promise((resolve) => { setImmediate(() => resolve(undefined)); });
    }
  };
  const bridge = bridgeWith(pause, (newest) => (random(2) ? newest : random(newest + 1)));
  let [seen, wrong, refused] = [0, 0, 0];
  const act = async (/** @type {FileIndex} */ tab, /** @type {number} */ number) => {
    for (let left = 5; left > 0; left -= 1) {
      await pause();
      // The newest number that was seen before this began.
      const before = seen;
      const acting = random(2) ? tab.read() : tab.change(addFolder(`${number}-${left}`));
      const outcome = await outcomeOf(acting);
      if (typeof outcome !== "number") refused += 1;
      else {
        if (outcome < before) wrong += 1;
        seen = Math.max(seen, outcome);
      }
    }
  };
  const open = await Promise.all([1, 2, 3].map(() => openTab(bridge, pause)));
  await Promise.all(open.map(act));
  const last = await outcomeOf((await openTab(bridge, pause)).read());
  return { wrong, refused, last: typeof last !== "number" || last >= seen };
}

test("a tab that reads slowly does not forget what another one has stored", async () => {
  assert.deepEqual(await readWhileStored(), { slowly: 2, later: "files-older" });
});

test("no order of readings and changes lets an older index count", async () => {
  let refusals = 0;
  for (const seed of SEEDS) {
    const { wrong, refused, last } = await anyOrder(seed);
    assert.deepEqual({ wrong, last }, { wrong: 0, last: true }, `seed ${seed}`);
    refusals += refused;
  }
  assert.ok(refusals > SEEDS.length, "the bridge lies often");
});
