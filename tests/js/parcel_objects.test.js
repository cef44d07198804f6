/** Objects of a parcel that a server sends whole, in pieces, cut, too long, too short, and without ranges. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, test } from "node:test";

import { ParcelRequests } from "../../wasm_build/parcels/requests.js";
import { readObject } from "../../wasm_build/parcels/object_source.js";

// Browsers say when the connection is back.
const events = new EventTarget();
Object.assign(globalThis, {
  addEventListener: events.addEventListener.bind(events), removeEventListener: events.removeEventListener.bind(events),
});
const CONTENT = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
/**
 * By request: the object, its range, the authorization and the cookie.
 * @type {[string, string | null, string, string | null][]}
 */
const asked = [];
let calls = 0;

/** The response of Node's server. @typedef {any} ServerResponse */
/** @typedef {{isWhole?: boolean, code?: string, pauses: number[], lost: boolean[], progress: number}} Outcome */
/**
 * By object: how the server answers. `from` is the start of the asked range.
 * @type {Record<string, (response: ServerResponse, from: number) => void>}
 */
const ANSWERS = {
  whole: (response) => response.writeHead(200, { "Content-Length": CONTENT.length }).end(CONTENT),
  // Each connection ends after 30,000 bytes.
  torn: (response, from) => {
    head(response, from);
    response.write(CONTENT.subarray(from, from + 30_000), () => setTimeout(() => response.destroy(), 30));
    if (from + 30_000 >= CONTENT.length) response.end();
  },
  // Each connection ends after 10 bytes.
  dripping: (response, from) => {
    head(response, from);
    response.write(CONTENT.subarray(from, from + 10), () => setTimeout(() => response.destroy(), 30));
  },
  // The server starts anew each time, and the third connection holds.
  rangeless: (response) => {
    response.writeHead(200, { "Content-Length": CONTENT.length });
    if (++calls > 2) response.end(CONTENT);
    else response.write(CONTENT.subarray(0, 40_000), () => setTimeout(() => response.destroy(), 30));
  },
  short: (response) => response.writeHead(200, { "Content-Length": 99_999 }).end(CONTENT.subarray(0, 99_999)),
  long: (response) => response.writeHead(200).end(Buffer.concat([CONTENT, CONTENT])),
  longer: (response) => response.writeHead(200, { "Content-Length": 200_000 }).end(Buffer.concat([CONTENT, CONTENT])),
  elsewhere: (response, from) => {
    if (from === 0) return ANSWERS.torn(response, 0);
    response.writeHead(206, { "Content-Range": `bytes ${from + 1}-99999/100000` }).end(CONTENT.subarray(from + 1));
  },
  gone: (response) => refuse(response, 410, "withdrawn"),
  failing: (response) => refuse(response, 503, "store-unavailable"),
};

/** @param {ServerResponse} response @param {number} from */
function head(response, from) {
  const range = from > 0 ? { "Content-Range": `bytes ${from}-99999/100000` } : {};
  response.writeHead(from > 0 ? 206 : 200, { "Content-Length": CONTENT.length - from, ...range });
}

/** @param {ServerResponse} response @param {number} status @param {string} code */
function refuse(response, status, code) {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify({ code, message: code }));
}

const server = createServer((/** @type {any} */ request, /** @type {ServerResponse} */ response) => {
  const name = String(request.url).split("/").at(-1) ?? "";
  asked.push([name, request.headers.range ?? null, request.headers.authorization, request.headers.cookie ?? null]);
  const from = Number(/bytes=(\d+)-/u.exec(request.headers.range ?? "")?.[1] ?? 0);
  ANSWERS[name](response, from);
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const requests = new ParcelRequests(`http://127.0.0.1:${server.address().port}`);
/** @type {import("../../wasm_build/parcels/object_source.js").AskObject} */
const ask = (name, from, signal) => requests.object("T", name, { from, signal });

/** @type {Record<string, Outcome>} */
const become = {};
for (const name of Object.keys(ANSWERS)) {
  /** @type {Pick<Outcome, "pauses" | "lost">} */
  const { pauses, lost } = { pauses: [], lost: [] };
  let progress = 0;
  /** @type {import("../../wasm_build/parcels/object_source.js").ReadingOptions} */
  const options = {
    maxTries: 3, pause: async (milliseconds) => void pauses.push(milliseconds), onLost: (isLost) => void lost.push(isLost),
    onProgress: (bytes) => { progress = bytes; },
  };
  const object = { name, bytes: CONTENT.length, signal: new AbortController().signal };
  const outcome = await readObject(ask, object, options).then(
    (bytes) => ({ isWhole: Buffer.from(bytes).equals(CONTENT) }), ({ code }) => ({ code }));
  become[name] = { ...outcome, pauses, lost, progress };
}
// A person who closes the parcel ends the wait for the connection at once.
const closing = new AbortController();
const waiting = readObject(ask, { name: "failing", bytes: 10, signal: closing.signal });
setTimeout(() => closing.abort(), 50);
const begun = performance.now();
const error = await waiting.catch((reason) => reason);
const closed = { name: error.name, isPrompt: performance.now() - begun < 900 };

after(() => {
  server.closeAllConnections();
  server.close();
});

test("an object goes on where the connection was lost", () => {
  const { torn } = become;
  assert.deepEqual([torn.isWhole, torn.progress], [true, 100_000]);
  assert.deepEqual(torn.lost, [true, false, true, false, true, false]);
  // Every connection has brought something, so no pause is longer than the first.
  assert.deepEqual(torn.pauses, [1000, 1000, 1000]);
  const ranges = asked.filter(([name]) => name === "torn").map(([, range]) => range);
  assert.deepEqual(ranges, [null, "bytes=30000-", "bytes=60000-", "bytes=90000-"]);
});

test("a server without ranges sends the object again", () => {
  assert.equal(become.rangeless.isWhole, true);
});

test("an object of another size or place is refused", () => {
  const codes = {
    short: "parcel-cut", long: "parcel-damaged", longer: "parcel-damaged", elsewhere: "parcel-damaged", gone: "withdrawn",
    failing: "store-unavailable",
  };
  assert.deepEqual(Object.fromEntries(Object.keys(codes).map((name) => [name, become[name].code])), codes);
});

test("a failing store is asked again with longer pauses and a final refusal is not", () => {
  assert.deepEqual(become.failing.pauses, [1000, 2000]);
  assert.deepEqual(become.gone.pauses, []);
  assert.deepEqual(closed, { name: "AbortError", isPrompt: true });
});

test("a server that gives a few bytes at a time is given up", () => {
  const { dripping } = become;
  assert.deepEqual([dripping.code, dripping.progress, dripping.pauses], ["unreachable", 30, [1000, 2000]]);
});

test("requests have the ticket and no cookie", () => {
  for (const [, , ticket, cookie] of asked) assert.deepEqual([ticket, cookie], ["Parcel T", null]);
});
