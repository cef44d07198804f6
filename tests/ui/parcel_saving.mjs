// Prints how files are saved: from memory, where the person chooses, and by the service worker.
import { MAX_BLOB_BYTES, chooseWay } from "../../wasm_build/parcels/saving.js";
import { saveByWorker } from "../../webbridge/pages/parcels/worker_saving.js";
import { GIVE, READY } from "../../webbridge/pages/parcels/save_words.js";
import { giveChunks } from "../../wasm_build/vault/chunk_port.js";

const BASE = new URL("https://pages.test/");
const byWorker = (file) => saveByWorker(file, BASE);
const said = {};
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
await import("../../webbridge/pages/save_worker.js");
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
console.log(JSON.stringify(said));
process.exit();
