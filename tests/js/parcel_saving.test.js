// @ts-nocheck The vault and the servers here are not typed.
/** How files are saved: from memory, where the person chooses, and by the service worker. */
import assert from "node:assert/strict";
import { test } from "node:test";

import "./support/leave.js";

import { MAX_BLOB_BYTES, chooseWay } from "../../wasm_build/parcels/saving.js";
import { saveByWorker } from "../../webbridge/pages/parcels/page/worker_saving.js";
import { GIVE, READY } from "../../webbridge/pages/parcels/page/save_words.js";
import { giveChunks } from "../../wasm_build/vault/values/chunk_port.js";

const BASE = new URL("https://pages.test/");
const byWorker = (file) => saveByWorker(file, BASE);
const said = /** @type {any} */ ({});
const clicked = [];
globalThis.document = { createElement: () => ({ dataset: {}, setAttribute(name, value) { this[name] = value; }, append() {}, addEventListener() {}, click() { clicked.push(this.download); } }) };
URL.createObjectURL = (blob) => (clicked.push(blob.size), "blob:x");
URL.revokeObjectURL = () => {};

async function* chunks(sizes, failAt = Infinity) {
  for (const [index, size] of sizes.entries()) {
    if (index === failAt) throw Object.assign(new Error("damaged"), { code: "parcel-damaged" });
    given.push(new Uint8Array(size).fill(1));
    yield given.at(-1).buffer;
  }
}
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

/** @returns {any} */
function picking({ failure = null, refusal = null } = {}) {
  const log = [];
  const writable = {
    write: async (chunk) => {
      if (failure) throw failure;
      log.push(["write", chunk.byteLength]);
    },
    close: async () => void log.push(["close"]), abort: async () => void log.push(["abort"]),
  };
  const showSaveFilePicker = async (options) => {
    log.push(["pick", options.suggestedName]);
    if (refusal) throw refusal;
    return { createWritable: async () => writable };
  };
  return { log, showSaveFilePicker };
}

const small = await chooseWay({ name: "small.txt", bytes: 16 * 1024 * 1024 }, { byWorker, picking: picking() });
await small.save(chunks([3, 4]), signal);
said.memory = { kind: small.kind, clicked: [...clicked], areOverwritten: areOverwritten() };

clicked.length = 0;
given = [];
const failed = await small.save(chunks([3, 4], 1), signal).catch(({ code }) => code);
said.memoryFailed = { failed, clicked: [...clicked], areOverwritten: areOverwritten() };

const large = { name: "large.bin", bytes: 16 * 1024 * 1024 + 1 };
given = [];
const chosen = picking();
const way = await chooseWay(large, { byWorker, picking: chosen });
await way.save(chunks([5, 6]), signal);
said.chosen = { kind: way.kind, log: chosen.log, areOverwritten: areOverwritten() };

const broken = picking();
const brokenWay = await chooseWay(large, { byWorker, picking: broken });
said.chosenFailed = [await brokenWay.save(chunks([5, 6], 1), signal).catch(({ code }) => code), broken.log];
const full = picking({ failure: new DOMException("full", "QuotaExceededError") });
said.full = [await (await chooseWay(large, { byWorker, picking: full })).save(chunks([5]), signal).catch(({ code }) => code), full.log];
said.dismissed = await chooseWay(large, { byWorker, picking: picking({ refusal: new DOMException("", "AbortError") }) });
said.placeRefused = await chooseWay(large, { byWorker, picking: picking({ refusal: new DOMException("", "SecurityError") }) }).catch(({ code }) => code);
// A browser window without a service worker saves from memory what fits, and refuses the rest before anything is fetched.
said.fits = (await chooseWay({ name: "x", bytes: MAX_BLOB_BYTES }, { byWorker, picking: {} })).kind;
said.tooLarge = await chooseWay({ name: "x", bytes: MAX_BLOB_BYTES + 1 }, { byWorker, picking: {} }).catch(({ code }) => code);

// The service worker answers one download of an address with the chunks of the page.
const listeners = {};
globalThis.self = {
  addEventListener: (type, listener) => { listeners[type] = listener; }, skipWaiting: () => {},
  registration: { scope: "https://pages.test/parcel-files/" },
};
await import(new URL("../../webbridge/pages/parcels/save_worker.js", import.meta.url).href);
async function offer(token, next) {
  const [file, ready] = [new MessageChannel(), new MessageChannel()];
  let stops = 0;
  giveChunks(file.port1, next, () => { stops += 1; });
  const answered = new Promise((resolve) => { ready.port1.onmessage = ({ data }) => resolve(data.type); });
  listeners.message({ data: { type: GIVE, token, name: "Ä 'x'.bin", bytes: 7 }, ports: [file.port2, ready.port2], waitUntil() {} });
  return { answered: await answered, stops: () => stops };
}
function download(token) {
  let response;
  listeners.fetch({ request: { url: `https://pages.test/parcel-files/${token}` }, respondWith: (answer) => { response = answer; } });
  return response;
}
const pieces = [new Uint8Array([1, 2, 3, 4]).buffer, new Uint8Array([5, 6, 7]).buffer];
const offered = await offer("one", async () => pieces.shift() ?? null);
const response = download("one");
// A browser copies each chunk before it asks for the next. The worker overwrites it then.
const body = [];
for await (const chunk of response.body) body.push(...chunk);
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
