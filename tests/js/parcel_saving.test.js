/** How files are saved: from memory, where the person chooses, and by the service worker. */
import assert from "node:assert/strict";
import { test } from "node:test";

import "./support/leave.js";

import { MAX_BLOB_BYTES, chooseWay } from "../../wasm_build/parcels/saving.js";
import { saveByWorker } from "../../webbridge/pages/parcels/page/worker_saving.js";
import { GIVE, READY } from "../../webbridge/pages/parcels/page/save_words.js";
import { giveChunks } from "../../wasm_build/vault/values/chunk_port.js";

/** @typedef {import("../../wasm_build/parcels/saving.js").FileToSave} FileToSave */
/** @typedef {import("../../wasm_build/parcels/saving.js").Picking} Picking */
/** @typedef {import("../../wasm_build/parcels/saving.js").Way} Way */

const BASE = new URL("https://pages.test/");
const byWorker = (/** @type {FileToSave} */ file) => saveByWorker(file, BASE, (base) => `${base}save_worker.js`);
const said = /** @type {any} */ ({});
/** For each download, the size of the Blob and the name of the file. @type {(number | string)[]} */
const clicked = [];
class Link {
  dataset = {};
  download = "";
  append() {}
  addEventListener() {}
  setAttribute(/** @type {string} */ name, /** @type {string} */ value) { Object.assign(this, { [name]: value }); }
  click() { clicked.push(this.download); }
}
Object.assign(globalThis, { document: { createElement: () => new Link() } });
URL.createObjectURL = (blob) => (clicked.push(/** @type {Blob} */ (blob).size), "blob:x");
URL.revokeObjectURL = () => {};

/** @param {number[]} sizes @param {number} [failAt] the index of the chunk that fails */
async function* chunks(sizes, failAt = Infinity) {
  for (const [index, size] of sizes.entries()) {
    if (index === failAt) throw Object.assign(new Error("damaged"), { code: "parcel-damaged" });
    const chunk = new Uint8Array(size).fill(1);
    given.push(chunk);
    yield chunk.buffer;
  }
}
/** @type {Uint8Array[]} */
let given = [];
// A buffer that was given back cannot be looked at any more, so each one that was filled with zeros is noted.
const zeroed = new WeakSet();
const { fill } = Uint8Array.prototype;
Uint8Array.prototype.fill = function (value, ...range) {
  if (value === 0 && range.length === 0 && this.byteLength === this.buffer.byteLength) zeroed.add(this.buffer);
  return fill.call(this, value, ...range);
};
const areOverwritten = () => given.every(({ buffer }) => zeroed.has(buffer));
const signal = new AbortController().signal;

/**
 * A dialog for the place of a file. Writing ends in `failure`, and the dialog in `refusal`.
 * @param {{failure?: DOMException, refusal?: DOMException}} [errors]
 * @returns {Picking & {log: (string | number)[][]}}
 */
function picking({ failure, refusal } = {}) {
  /** @type {(string | number)[][]} */
  const log = [];
  /** @satisfies {Pick<FileSystemWritableFileStream, "write" | "close" | "abort">} */
  const writable = {
    write: async (/** @type {ArrayBuffer} */ chunk) => {
      if (failure) throw failure;
      log.push(["write", chunk.byteLength]);
    },
    close: async () => void log.push(["close"]), abort: async () => void log.push(["abort"]),
  };
  const showSaveFilePicker = async (/** @type {{suggestedName?: string}} */ { suggestedName = "" }) => {
    log.push(["pick", suggestedName]);
    if (refusal) throw refusal;
    return /** @type {any} */ ({ createWritable: async () => writable });
  };
  return { log, showSaveFilePicker };
}

/** The way to save a file if the dialog is not closed. @param {FileToSave} file @param {Picking} dialog */
async function wayFor(file, dialog) {
  return /** @type {Way} */ (await chooseWay(file, { byWorker, picking: dialog }));
}

const small = await wayFor({ name: "small.txt", bytes: 16 * 1024 * 1024 }, picking());
await small.save(chunks([3, 4]), signal);
said.memory = { kind: small.kind, clicked: [...clicked], areOverwritten: areOverwritten() };

clicked.length = 0;
given = [];
const failed = await small.save(chunks([3, 4], 1), signal).catch(({ code }) => code);
said.memoryFailed = { failed, clicked: [...clicked], areOverwritten: areOverwritten() };

const large = { name: "large.bin", bytes: 16 * 1024 * 1024 + 1 };
given = [];
const chosen = picking();
const way = await wayFor(large, chosen);
await way.save(chunks([5, 6]), signal);
said.chosen = { kind: way.kind, log: chosen.log, areOverwritten: areOverwritten() };

const broken = picking();
const brokenWay = await wayFor(large, broken);
said.chosenFailed = [await brokenWay.save(chunks([5, 6], 1), signal).catch(({ code }) => code), broken.log];
const full = picking({ failure: new DOMException("full", "QuotaExceededError") });
said.full = [await (await wayFor(large, full)).save(chunks([5]), signal).catch(({ code }) => code), full.log];
said.dismissed = await chooseWay(large, { byWorker, picking: picking({ refusal: new DOMException("", "AbortError") }) });
said.placeRefused = await chooseWay(large, { byWorker, picking: picking({ refusal: new DOMException("", "SecurityError") }) }).catch(({ code }) => code);
// A browser window without a service worker saves from memory what fits, and refuses the rest before anything is fetched.
said.fits = (await wayFor({ name: "x", bytes: MAX_BLOB_BYTES }, {})).kind;
said.tooLarge = await wayFor({ name: "x", bytes: MAX_BLOB_BYTES + 1 }, {}).catch(({ code }) => code);

// The service worker answers one download of an address with the chunks of the page.
/** @type {Record<string, (event: object) => void>} */
const listeners = {};
Object.assign(globalThis, { self: {
  addEventListener: (/** @type {string} */ type, /** @type {(event: object) => void} */ listener) => {
    listeners[type] = listener;
  },
  skipWaiting: () => {}, registration: { scope: "https://pages.test/parcel-files/" },
} });
await import(new URL("../../webbridge/pages/parcels/save_worker.js", import.meta.url).href);
/** @param {string} token @param {Parameters<typeof giveChunks>[1]} next */
async function offer(token, next) {
  const [file, ready] = [new MessageChannel(), new MessageChannel()];
  let stops = 0;
  giveChunks(file.port1, next, () => { stops += 1; });
  const answered = new Promise((resolve) => { ready.port1.onmessage = ({ data }) => resolve(data.type); });
  listeners.message({ data: { type: GIVE, token, name: "Ä 'x'.bin", bytes: 7 }, ports: [file.port2, ready.port2], waitUntil() {} });
  return { answered: await answered, stops: () => stops };
}
/** @param {string} token */
function download(token) {
  /** @type {Response[]} */
  const answers = [];
  const respondWith = (/** @type {Response} */ answer) => answers.push(answer);
  listeners.fetch({ request: { url: `https://pages.test/parcel-files/${token}` }, respondWith });
  return answers[0];
}
const pieces = [new Uint8Array([1, 2, 3, 4]).buffer, new Uint8Array([5, 6, 7]).buffer];
const offered = await offer("one", async () => pieces.shift() ?? null);
const response = download("one");
// A browser copies each chunk before it asks for the next. The worker overwrites it then.
/** @type {number[]} */
const body = [];
for await (const chunk of response.body ?? []) body.push(...chunk);
// The worker says that it has the end.
await new Promise((resolve) => setTimeout(resolve, 50));
said.worker = {
  ready: offered.answered === READY, body, headers: Object.fromEntries(response.headers), stops: offered.stops(),
  again: download("one").status, unknown: download("two").status,
};
let taken = 0;
const failing = await offer("bad", async () => {
  if (taken++ > 0) throw Object.assign(new Error("damaged"), { code: "parcel-damaged" });
  return new Uint8Array([1]).buffer;
});
said.workerFailed = [await download("bad").arrayBuffer().then(() => "whole", () => "broken"), failing.answered === READY];

test("a small file is saved from memory and only if it is whole", () => {
  assert.deepEqual(said.memory, { kind: "memory", clicked: [7, "small.txt"], areOverwritten: true });
  assert.deepEqual(said.memoryFailed, { failed: "parcel-damaged", clicked: [], areOverwritten: true });
});

test("a large file is written where the person chooses and a broken one is deleted", () => {
  const written = [["pick", "large.bin"], ["write", 5], ["write", 6], ["close"]];
  assert.deepEqual(said.chosen, { kind: "chosen", log: written, areOverwritten: true });
  assert.deepEqual(said.chosenFailed, ["parcel-damaged", [["pick", "large.bin"], ["write", 5], ["abort"]]]);
  assert.deepEqual(said.full, ["parcel-disk-full", [["pick", "large.bin"], ["abort"]]]);
});

test("a closed dialog is no error and a refused place is one", () => {
  assert.deepEqual([said.dismissed, said.placeRefused], [null, "parcel-place-refused"]);
});

test("without a service worker only 64 megabytes are saved", () => {
  assert.deepEqual([said.fits, said.tooLarge], ["memory", "parcel-save-refused"]);
});

test("the service worker answers one download with the chunks", () => {
  const { ready, body: bytes, stops, again, unknown, headers } = said.worker;
  assert.deepEqual([ready, bytes, stops], [true, [1, 2, 3, 4, 5, 6, 7], 1]);
  assert.deepEqual([again, unknown], [204, 204]);
  assert.deepEqual(headers, {
    "content-type": "application/octet-stream", "content-length": "7",
    "content-disposition": "attachment; filename*=UTF-8''%C3%84%20%27x%27.bin",
    "content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff",
  });
});

test("a download of a damaged file breaks off", () => {
  assert.deepEqual(said.workerFailed, ["broken", true]);
});
