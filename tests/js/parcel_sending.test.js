/** The sending of a parcel by pages and extension: chunk by chunk, once, and on after a lost connection. The bridge keeps what came. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError } from "../../wasm_build/vault/server/json_requests.js";
import { CHUNK_BYTES } from "../../wasm_build/parcels/chunk_plan.js";
import { ParcelSending } from "../../wasm_build/parcels/parcel_sending.js";
import { ParcelUploads, PIECE_BYTES } from "../../wasm_build/parcels/parcel_uploads.js";
import { inMemory } from "../../wasm_build/parcels/readable.js";

/** @typedef {import("../../wasm_build/parcels/parcel_sending.js").ParcelContent} ParcelContent */
/** @typedef {import("../../wasm_build/parcels/parcel_sending.js").ParcelLetter} ParcelLetter */
/** @typedef {import("../../wasm_build/parcels/parcel_uploads.js").Ask} Ask */
/** @typedef {import("../../wasm_build/parcels/readable.js").Readable} Readable */
/** @typedef {import("../../wasm_build/vault/storage/session.js").Caller} Caller */
/**
 * The errors of requests by their numbers, before the bridge has the request or after.
 * @typedef {Record<number, {before?: ApiError, after?: ApiError}>} Fails
 */
/** A call of the vault: its verb, then size and first byte of its content. @typedef {[string, ...number[]]} Call */
/**
 * `answer` has the bridge's answer to the request for a new parcel.
 * @typedef {{
 *   files: ParcelContent[], fails?: Fails, isUnlocked?: () => boolean, sign?: boolean, answer?: {value: unknown} | null,
 * }} Given
 */

const ID = "AAAAAAAAAAAAAAAAAAAAAA";
const WORDS = "abandon ability able about above absent";
const OVERHEAD = 100;
const MANIFEST_BYTES = 500;
const MOST_BYTES = 564;
const WHOLE_BYTES = 2 ** 20;
const ANSWER = { id: ID, reference: "AB12-CD34", expires: "2026-01-02T00:00:00Z", state: "submitted" };
/** @param {number} length @param {number} value */
const bytesOf = (length, value) => new Uint8Array(length).fill(value).buffer;
const lost = () => new ApiError("unreachable", "lost");
/** @param {number} status @param {string} code */
const refused = (status, code) => Object.assign(new ApiError(code, code), { status });

/** @param {Fails} [fails] */
function bridge(fails = {}) {
  /** The bytes of each object that the bridge has. @type {Map<string, number>} */
  const objects = new Map();
  /** @type {{asked: string[], lines: string[], languages: string[]}} */
  const { asked, lines, languages } = { asked: [], lines: [], languages: [] };
  let [count, state] = [0, "none"];
  /** @type {Ask} */
  const take = async (path, { method, headers = {}, body }) => {
    const name = path.split("/").at(-1) ?? "";
    if (path === "/api/parcels") {
      const text = await /** @type {Blob} */ (body).text();
      lines.push(text.slice(0, text.indexOf("\n")));
      languages.push(headers["Accept-Language"]);
      if (JSON.parse(lines[0]).whole) state = "submitted";
      return Response.json(ANSWER);
    }
    if (name === "submit") {
      state = "submitted";
      objects.set("manifest", /** @type {ArrayBuffer} */ (body).byteLength);
    }
    if (name === "withdraw") state = "withdrawn";
    if (name === "submit" || name === "withdraw") return Response.json({ ...ANSWER, state });
    const object = method === "POST" ? atob(headers["Upload-Metadata"].split(" ")[1]) : name;
    if (method !== "POST" && !objects.has(object)) throw refused(404, "not-found");
    const has = objects.get(object) ?? 0;
    if (method === "HEAD") return offset(has);
    const at = Number(headers["Upload-Offset"] ?? 0);
    if (at !== has) throw refused(409, "wrong-offset");
    const end = at + /** @type {Uint8Array} */ (body).byteLength;
    objects.set(object, end);
    return offset(end);
  };
  const offset = (/** @type {number} */ bytes) => new Response(null, { headers: { "Upload-Offset": String(bytes) } });
  /** @type {Ask} */
  const ask = async (path, options) => {
    const failure = fails[count++];
    asked.push(`${options.method} ${path.replace(ID, "ID")}`);
    options.signal?.throwIfAborted();
    if (failure?.before) throw failure.before;
    const answer = await take(path, options);
    if (failure?.after) throw failure.after;
    return answer;
  };
  return { ask, asked, lines, languages, objects, get state() { return state; } };
}

/** The plan of the vault. @param {VaultArgs<"parcel.plan">} parcel */
function planOf({ parcel, files }) {
  const chunks = files.flatMap(({ sizeBytes }, file) => Array.from({ length: Math.ceil(sizeBytes / CHUNK_BYTES) }, (_, index) => (
    { file, start: index * CHUNK_BYTES, contentBytes: Math.min(CHUNK_BYTES, sizeBytes - index * CHUNK_BYTES) })));
  const isWhole = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) <= WHOLE_BYTES / 2;
  const announce = (/** @type {number} */ manifest) => {
    const line = { id: parcel, objects: chunks.map(({ contentBytes }) => contentBytes + OVERHEAD), manifest, whole: isWhole };
    return new TextEncoder().encode(`${JSON.stringify(line)}\n`).buffer;
  };
  return { chunks, isWhole, announce };
}

/** @param {Call[]} calls @returns {Caller & {kept: ArrayBuffer[], finishing: any[]}} */
function vaultOf(calls) {
  /** @type {any[]} */
  const finishing = [];
  /** @type {ArrayBuffer[]} */
  const buffers = [];
  return {
    kept: buffers, finishing,
    call: async (verb, args) => {
      const sizes = args.content ? [args.content.byteLength, new Uint8Array(args.content)[0]] : [];
      calls.push([verb, ...sizes]);
      if (verb === "parcel.make") {
        const parts = { parcel: ID, words: new TextEncoder().encode(WORDS).buffer, salt: bytesOf(16, 1), key: bytesOf(60, 2), proof: bytesOf(32, 3) };
        buffers.push(parts.words, parts.key, parts.proof);
        return parts;
      }
      if (verb === "parcel.plan") {
        const { chunks, isWhole, announce } = planOf(args);
        return isWhole ? { chunks } : { chunks, line: announce(MOST_BYTES), most: MOST_BYTES };
      }
      if (verb === "parcel.finish") {
        finishing.push(args);
        const { isWhole, announce } = planOf(args);
        return { manifest: bytesOf(MANIFEST_BYTES, 9), ...(isWhole && { line: announce(MANIFEST_BYTES) }) };
      }
      const { byteLength } = args.content;
      return { cms: bytesOf(byteLength + OVERHEAD, 4), chunk: { cmsBytes: byteLength + OVERHEAD, contentBytes: byteLength, sha256: "a".repeat(64) } };
    },
  };
}

/** @param {ParcelContent[]} files @param {boolean} sign @returns {ParcelLetter} */
function letterWith(files, sign) {
  const to = [{ address: "b@y.test", language: "fr" }];
  return { from: "a@x.test", to, files, certificates: [], sign, language: "fr", days: 7 };
}

/** @param {Given} outset */
function rig({ files, fails, isUnlocked = () => true, sign = true, answer = null }) {
  /** @type {Call[]} */
  const calls = [];
  const vault = vaultOf(calls);
  const server = bridge(fails);
  /** @type {number[]} */
  const pauses = [];
  const honest = new ParcelUploads(server.ask, { language: "ar", pause: async (milliseconds) => void pauses.push(milliseconds) });
  /** @satisfies {Pick<ParcelUploads, "create">} */
  const lying = { create: async () => /** @type {any} */ (answer?.value) };
  const uploads = answer ? /** @type {any} */ (lying) : honest;
  const keys = { copies: () => ({ identities: [bytesOf(8, 5)], sealKey: isUnlocked() ? { buffer: bytesOf(32, 6), length: 32 } : null }) };
  const parts = { vault: async () => vault, keys, uploads, wholeBytes: WHOLE_BYTES };
  return { calls, vault, server, pauses, sending: new ParcelSending(letterWith(files, sign), parts) };
}

/**
 * A file of so many bytes that notes which pieces are read.
 * @param {number} bytes @param {number[][]} read @returns {Readable}
 */
function largeFile(bytes, read) {
  const slice = (/** @type {number} */ start, /** @type {number} */ end) => ({ arrayBuffer: async () => {
    read.push([start, end]);
    return bytesOf(end - start, 7);
  } });
  return { size: bytes, slice };
}

const controller = () => new AbortController();
const said = /** @type {any} */ ({});
const SMALL = () => [{ name: "message.eml", data: inMemory(bytesOf(10, 1)) }, { name: "a.txt", data: inMemory(bytesOf(20, 2)) }];

{ // A small parcel is one request, and a retry after a lost answer is the same one.
  const { sending, server, calls, vault } = rig({ files: SMALL(), fails: { 0: { after: lost() } } });
  const { signal } = controller();
  await sending.upload({ signal });
  const before = server.asked.length;
  const { reference } = await sending.submit({ signal });
  await sending.submit({ signal });
  said.small = {
    before, reference, asked: server.asked, isSame: server.lines[0] === server.lines[1], line: JSON.parse(server.lines[0]), calls,
    finishing: vault.finishing, languages: server.languages,
    secret: sending.secret("https://pages.test/index.html"),
  };
}

{ // An answer that is not about this parcel is no success, and the words stay.
  const other = (/** @type {object} */ members) => ({ value: { ...ANSWER, ...members } });
  const lies = [
    other({ id: ID.replace("A", "B") }), other({ reference: "<b>AB12</b>" }), other({ reference: "A".repeat(41) }), other({ expires: "soon" }),
    other({ expires: 7 }), other({ state: "withdrawn" }), other({ state: "uploading" }), { value: {} }, { value: null },
  ];
  said.lies = [];
  for (const answer of lies) {
    const { sending } = rig({ files: SMALL(), answer });
    const { signal } = controller();
    await sending.upload({ signal });
    const code = await sending.submit({ signal }).then(() => "sent", (error) => error.code);
    said.lies.push([code, sending.submitted]);
  }
}

{ // A large file is read chunk by chunk, goes up in pieces, and on after lost connections.
  /** @type {number[][]} */
  const read = [];
  const file = { name: "film.bin", data: largeFile(CHUNK_BYTES + 3, read) };
  const fails = { 2: { before: lost() }, 4: { after: lost() }, 6: { before: refused(503, "server-error") } };
  const { sending, server, pauses, calls, vault } = rig({ files: [file], fails });
  /** @type {{progress: number[], connection: boolean[]}} */
  const { progress, connection } = { progress: [], connection: [] };
  /** @type {Parameters<ParcelSending["upload"]>[0]} */
  const options = {
    signal: controller().signal, onProgress: (bytes) => progress.push(bytes),
    onLost: (isLost) => connection.push(isLost),
  };
  await sending.upload(options);
  const uploaded = server.state;
  await sending.submit(options);
  said.large = {
    read, uploaded, pauses, connection, asked: server.asked, line: JSON.parse(server.lines[0]), objects: Object.fromEntries(server.objects),
    isRising: progress.every((bytes, index) => index === 0 || bytes >= progress[index - 1]), last: progress.at(-1), state: server.state,
    encrypted: calls.filter(([verb]) => verb === "parcel.encrypt"), finishing: vault.finishing,
    pieces: PIECE_BYTES,
  };
}

{ // An object that was begun at one bridge begins anew at another, also without a lost request.
  const { sending, server } = rig({ files: [{ name: "a", data: largeFile(PIECE_BYTES * 2, []) }] });
  const { signal } = controller();
  let isElsewhere = false;
  const move = (/** @type {number} */ bytes) => {
    if (isElsewhere || bytes < PIECE_BYTES) return;
    isElsewhere = true;
    server.objects.delete("0");
  };
  await sending.upload({ signal, onProgress: move });
  await sending.submit({ signal });
  said.elsewhere = { asked: server.asked, state: server.state, objects: Object.fromEntries(server.objects) };
}

{ // Without a connection the sending rejects, and goes on at the same chunk when it is called again.
  const fails = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [index + 2, { before: lost() }]));
  const { sending, server, calls } = rig({ files: [{ name: "a", data: largeFile(PIECE_BYTES * 2, []) }], fails });
  const { signal } = controller();
  const code = await sending.upload({ signal }).catch((error) => error.code);
  const encrypted = calls.filter(([verb]) => verb === "parcel.encrypt").length;
  await sending.upload({ signal });
  await sending.submit({ signal });
  said.again = {
    code, state: server.state, made: calls.filter(([verb]) => verb === "parcel.make").length, announced: server.lines.length,
    encryptedLater: calls.filter(([verb]) => verb === "parcel.encrypt").length - encrypted, objects: Object.fromEntries(server.objects),
  };
}

{ // A cancelled upload is withdrawn, and the secret is overwritten.
  const end = controller();
  const { sending, server, vault } = rig({ files: [{ name: "a", data: largeFile(PIECE_BYTES * 3, []) }] });
  const stop = (/** @type {number} */ bytes) => { if (bytes > PIECE_BYTES / 2) end.abort(); };
  const options = { signal: end.signal, onProgress: stop };
  const name = await sending.upload(options).catch((error) => error.name);
  await sending.discard();
  said.cancelled = {
    name, last: server.asked.at(-1), state: server.state, isOverwritten: vault.kept.every((buffer) => new Uint8Array(buffer).every((byte) => byte === 0)),
  };
  const untouched = rig({ files: SMALL() });
  await untouched.sending.upload({ signal: controller().signal });
  await untouched.sending.discard();
  said.untouched = untouched.server.asked;
}

{ // A parcel that is given up while its only request is on its way is withdrawn as soon as the bridge has it.
  const end = controller();
  /** @type {string[]} */
  const withdrawn = [];
  let [state, pauses] = ["none", 0];
  const pause = async () => {
    pauses += 1;
    if (pauses === 2) state = "submitted";
  };
  /** @type {Ask} */
  const ask = async (path, { signal }) => {
    if (path.endsWith("/withdraw")) {
      withdrawn.push(state);
      if (state === "none") throw refused(404, "no-such-parcel");
      state = "withdrawn";
      return Response.json({ ...ANSWER, state });
    }
    queueMicrotask(() => end.abort());
    return new Promise((_, reject) => { signal?.addEventListener("abort", () => reject(signal.reason)); });
  };
  const uploads = new ParcelUploads(ask, { language: "ar", pause });
  const keys = { copies: () => ({ identities: [], sealKey: { buffer: bytesOf(32, 6), length: 32 } }) };
  const parts = { vault: async () => vaultOf([]), keys, uploads, wholeBytes: WHOLE_BYTES };
  const sending = new ParcelSending(letterWith(SMALL(), false), parts);
  await sending.upload({ signal: end.signal });
  const name = await sending.submit({ signal: end.signal }).catch((error) => error.name);
  await sending.discard();
  said.overtaken = { name, state, withdrawn };
}

{ // A refusal is final, and so is a file that has changed, and a lock.
  const refusedAt = async (/** @type {Fails} */ fails, /** @type {Partial<Given>} */ more = {}) => {
    const { sending, server } = rig({ files: [{ name: "a", data: largeFile(CHUNK_BYTES, []) }], fails, ...more });
    const { signal } = controller();
    return [await sending.upload({ signal }).then(() => "sent", (error) => error.code), server.asked.length];
  };
  said.quota = await refusedAt({ 0: { before: refused(507, "quota-exceeded") } });
  said.busy = await refusedAt({ 1: { before: refused(423, "upload-busy") } });
  const changed = { size: CHUNK_BYTES, slice: () => ({ arrayBuffer: async () => bytesOf(10, 1) }) };
  said.changed = await refusedAt({}, { files: [{ name: "a", data: changed }] });
  let uses = 0;
  said.locked = await refusedAt({}, { isUnlocked: () => (uses += 1) < 4 });
}

const OBJECTS = "/api/parcels/ID/objects";

test("a small parcel goes in one request that can be repeated", () => {
  const { small } = said;
  assert.deepEqual([small.before, small.reference], [0, "AB12-CD34"]);
  assert.deepEqual(small.asked, ["POST /api/parcels", "POST /api/parcels"], "the second one is after a lost answer");
  assert.equal(small.isSame, true);
  assert.deepEqual(small.line, { id: ID, objects: [110, 120], manifest: MANIFEST_BYTES, whole: true });
  const verbs = small.calls.map((/** @type {Call} */ [verb]) => verb);
  assert.deepEqual(verbs, ["parcel.make", "parcel.plan", "parcel.encrypt", "parcel.encrypt", "parcel.finish"]);
  const [{ to, from, files, terms, wholeBytes, most }] = small.finishing;
  assert.deepEqual({ to, from, files, days: terms.days, wholeBytes, most }, {
    to: [{ address: "b@y.test", language: "fr" }], from: "a@x.test", days: 7, wholeBytes: WHOLE_BYTES, most: undefined,
    files: [{ name: "message.eml", sizeBytes: 10 }, { name: "a.txt", sizeBytes: 20 }],
  });
});

test("the service learns the language of the sender and not that of a document", () => {
  assert.deepEqual(said.small.languages, ["ar", "ar"]);
});

test("the link has the words only where it says so", () => {
  const link = `https://pages.test/parcel.html#${ID}`;
  assert.deepEqual(said.small.secret, { words: WORDS, link, linkWithWords: `${link}.${WORDS.replaceAll(" ", "-")}` });
});

test("an answer that is not about the parcel is no success", () => {
  assert.deepEqual(said.lies, Array(9).fill(["parcel-not-taken", null]));
});

test("a large file is read and encrypted chunk by chunk", () => {
  const { large } = said;
  assert.deepEqual(large.read, [[0, CHUNK_BYTES], [CHUNK_BYTES, CHUNK_BYTES + 3]]);
  assert.deepEqual(large.encrypted, [["parcel.encrypt", CHUNK_BYTES, 7], ["parcel.encrypt", 3, 7]]);
  assert.deepEqual(large.line.objects, [CHUNK_BYTES + OVERHEAD, 3 + OVERHEAD]);
  assert.deepEqual(large.objects, { 0: CHUNK_BYTES + OVERHEAD, 1: 3 + OVERHEAD, manifest: MANIFEST_BYTES });
});

test("a manifest is made once, with at most the bytes that were announced", () => {
  const { line, finishing } = said.large;
  assert.deepEqual([line.manifest, finishing.map((/** @type {any} */ { most }) => most)], [MOST_BYTES, [MOST_BYTES]]);
  assert.deepEqual(finishing[0].chunks.map((/** @type {any} */ { contentBytes }) => contentBytes), [CHUNK_BYTES, 3]);
});

test("an upload goes on where the connection was lost", () => {
  const { large } = said;
  assert.deepEqual([large.uploaded, large.state], ["none", "submitted"], "nobody is told before the submission");
  assert.deepEqual(large.asked.slice(0, 8), [
    "POST /api/parcels", `POST ${OBJECTS}`, `PATCH ${OBJECTS}/0`, `HEAD ${OBJECTS}/0`, `PATCH ${OBJECTS}/0`, `HEAD ${OBJECTS}/0`,
    `PATCH ${OBJECTS}/0`, `HEAD ${OBJECTS}/0`,
  ]);
  // The second request that failed came before any new byte, so that its pause is longer.
  assert.deepEqual(large.pauses, [1000, 2000, 1000]);
  assert.deepEqual(large.connection, [true, true, false, true, false]);
  assert.deepEqual([large.isRising, large.last], [true, CHUNK_BYTES + 3]);
});

test("an upload that was begun at one bridge begins anew at another", () => {
  assert.deepEqual(said.elsewhere.asked.slice(1, 6), [
    `POST ${OBJECTS}`, `PATCH ${OBJECTS}/0`, `PATCH ${OBJECTS}/0`, `HEAD ${OBJECTS}/0`, `POST ${OBJECTS}`,
  ]);
  assert.equal(said.elsewhere.state, "submitted");
  assert.deepEqual(said.elsewhere.objects, { 0: 8 * 1024 * 1024 + OVERHEAD, manifest: MANIFEST_BYTES });
});

test("a sending that was given up by the connection is gone on with", () => {
  const { again } = said;
  assert.deepEqual([again.code, again.state], ["unreachable", "submitted"]);
  assert.deepEqual([again.made, again.announced, again.encryptedLater], [1, 1, 0]);
  assert.deepEqual(again.objects, { 0: 8 * 1024 * 1024 + OVERHEAD, manifest: MANIFEST_BYTES });
});

// Its recipients would be told of a parcel whose words nobody knows.
test("a parcel that is given up before the bridge has it is withdrawn when it has", () => {
  assert.deepEqual(said.overtaken, { name: "AbortError", state: "withdrawn", withdrawn: ["none", "none", "submitted"] });
});

test("a cancelled parcel is withdrawn and its secret overwritten", () => {
  assert.deepEqual(said.cancelled, {
    name: "AbortError", last: "POST /api/parcels/ID/withdraw", state: "withdrawn", isOverwritten: true,
  });
  assert.deepEqual(said.untouched, [], "the bridge does not know a small parcel before it is submitted");
});

test("a refusal is final and a busy upload is not", () => {
  assert.deepEqual(said.quota, ["quota-exceeded", 1]);
  assert.equal(said.busy[0], "sent");
});

test("a changed file and a lock end the sending", () => {
  assert.deepEqual(said.changed, ["file-unreadable", 1]);
  assert.equal(said.locked[0], "locked");
});
