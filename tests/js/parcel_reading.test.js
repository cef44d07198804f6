/** How a parcel is opened and read, with a vault and a server that note all calls. */
import assert from "node:assert/strict";
import { test } from "node:test";

import "./support/leave.js";

import { SealedSession } from "../../wasm_build/vault/storage/session.js";
import { CHUNK_BYTES } from "../../wasm_build/parcels/chunk_plan.js";
import { ParcelReader } from "../../wasm_build/parcels/parcel_reader.js";
import { ApiError } from "../../wasm_build/vault/server/json_requests.js";
import { EvidenceStore } from "../../wasm_build/vault/server/lookups.js";

/** @typedef {import("../../wasm_build/parcels/entrances.js").Identity} Identity */
/** @typedef {import("../../wasm_build/parcels/parcel_reader.js").OpenedManifest} OpenedManifest */
/** @typedef {import("../../wasm_build/parcels/requests.js").Opening} Opening */
/** @typedef {import("../../wasm_build/parcels/requests.js").ParcelRequests} ParcelRequests */
/** @typedef {import("../../wasm_build/vault/server/lookups.js").Lookup} Lookup */
/** @typedef {import("../../wasm_build/vault/storage/session.js").Caller} Caller */
/** @typedef {"start" | "open" | "challenge" | "confirm" | "object" | "claim" | "askAuthorities"} Asked */
/** A call of the server or the vault: its name and some arguments. @typedef {[string, ...(string | number)[]]} Call */

const ID = "AAAAAAAAAAAAAAAAAAAAAA";
/** @type {Opening} */
const OPENING = {
  ticket: "T1", reference: "R", manifest: 40, objects: [], from: "", until: "", submitted: "", kind: "files",
  downloadsLeft: null, answer: null, key: null, enclosed: new Map(),
};

/** @param {number} length @param {number} value */
const bytesOf = (length, value) => new Uint8Array(length).fill(value).buffer;

/** The manifest of one file with two chunks, the second of ten bytes. */
const FILES = [{
  name: "a.bin", sizeBytes: CHUNK_BYTES + 10, cmsBytes: CHUNK_BYTES + 210,
  chunks: [
    { object: "0", cmsBytes: CHUNK_BYTES + 100, contentBytes: CHUNK_BYTES, sha256: "0" },
    { object: "1", cmsBytes: 110, contentBytes: 10, sha256: "1" },
  ],
}];

/**
 * A reader, with the answers of its server and its vault. `open` gets the token that came with a challenge.
 * @param {{
 *   iterations?: number, open?: (token?: string) => Promise<Opening>,
 *   object?: (ticket: string, name: string) => Promise<Response>,
 *   manifest?: (args: VaultArgs<"parcel.verify">) => Promise<ReturnType<typeof judged>>,
 *   openFile?: () => Promise<{identities: Identity[]}>,
 * }} [answers]
 */
function rig({
  iterations = 600_000, open = async () => OPENING, object = () => assert.fail("no object is asked for"),
  manifest = async () => judged(), openFile = () => assert.fail("no key file is opened"),
} = {}) {
  /** @type {Call[]} */
  const calls = [];
  /** @type {Pick<ParcelRequests, Asked>} */
  const requests = {
    start: async (id) => (calls.push(["start", id]), { salt: bytesOf(16, 1), iterations }),
    open: async (id, credentials) => {
      calls.push("nonce" in credentials
        ? ["open", id, credentials.token] : ["open", id, credentials.proof.byteLength, new Uint8Array(credentials.proof)[0]]);
      return open("token" in credentials ? credentials.token : undefined);
    },
    challenge: async (id, certificate) => {
      const number = new Uint8Array(certificate)[0];
      calls.push(["challenge", id, number]);
      return { challenge: bytesOf(9, number), token: `token ${number}` };
    },
    confirm: async (ticket, receipt) => void calls.push(["confirm", ticket, receipt.byteLength]),
    object: async (ticket, name, { from }) => (calls.push(["object", ticket, name, from]), object(ticket, name)),
    claim: async (ticket, state, code) => void calls.push(["claim", ticket, state, code ?? ""]),
    askAuthorities: async (ticket, lookups) => {
      calls.push(["status", ticket, lookups.length]);
      return { answer: { crls: [], ocsp: [] }, unavailable: lookups.map(({ id }) => id) };
    },
  };
  /** @type {ArrayBuffer[]} */
  const keys = [];
  /** @type {Caller} */
  const vault = {
    call: async (verb, args) => {
      calls.push([verb, args.sealKey ? new Uint8Array(args.key ?? new ArrayBuffer(1))[0] : "unsealed"]);
      if (verb === "parcel.check") throw Object.assign(new Error(""), { code: "parcel-words-refused-unknown-word-2" });
      if (verb === "parcel.verify") return manifest(args);
      if (verb === "parcel.answer") return { nonce: bytesOf(32, new Uint8Array(args.identities[0])[0]) };
      if (verb === "parcel.receipt") return { receipt: bytesOf(70, args.identities.length) };
      if (verb === "identity.open") return openFile();
      if (verb === "parcel.decrypt") return { content: bytesOf(args.chunk.contentBytes, Number(args.chunk.sha256)) };
      const [proof, key] = [bytesOf(32, 7), bytesOf(90, 8)];
      keys.push(proof, key);
      return { proof, key };
    },
  };
  const session = new SealedSession();
  const trust = { judging: () => ({ trust: { anchors: [] }, at: "" }), evidence: new EvidenceStore() };
  return { calls, keys, session, reader: new ParcelReader(/** @type {any} */ ({ requests, session, vault: async () => vault, trust })) };
}

/** The vault's verdict on a manifest. @param {Lookup[]} [lookups] */
function judged(lookups = []) {
  const report = { state: "verified", reasons: [], signers: [] };
  return { report, lookups, certificates: [], sender: "a@x.test", to: [], created: "", files: FILES };
}

const secret = () => ({ buffer: bytesOf(4096, 65), length: 30 });
/** @param {Call[]} calls */
const namesOf = (calls) => calls.map(([name]) => name);
const answer = (/** @type {number} */ length) => new Response(bytesOf(length, 0));
const signal = new AbortController().signal;
const said = /** @type {any} */ ({});

/**
 * The readings of a manifest, after the note that its bytes have come.
 * @param {ParcelReader} reader @param {Opening} opening
 */
async function read(reader, opening) {
  /** @type {("arrived" | OpenedManifest)[]} */
  const seen = [];
  const manifests = reader.manifest(opening, { signal, onArrived: () => seen.push("arrived") });
  for await (const opened of manifests) seen.push(opened);
  return /** @type {["arrived", ...OpenedManifest[]]} */ (seen);
}

/** @param {AsyncGenerator<ArrayBuffer, void>} chunks */
async function nextOf(chunks) {
  return /** @type {ArrayBuffer} */ ((await chunks.next()).value);
}

{ // Words are looked up without the server, and then opened.
  const { calls, reader } = rig();
  const outcome = await reader.checkWords(secret()).catch(({ code }) => code);
  const before = calls.length;
  const words = secret();
  await reader.unlock(ID, words);
  said.unlock = { found: outcome, before, calls, isOverwritten: new Uint8Array(words.buffer).every((byte) => byte === 0) };
}
{ // The manifest comes first, then each chunk; the second is asked for before the first is opened, and waited for after.
  let release = () => {};
  /** @type {Promise<void>} */
  const second = new Promise((resolve) => { release = resolve; });
  const { calls, keys, session, reader } = rig({
    object: async (_, name) => {
      if (name === "1") await second;
      return answer(name === "manifest" ? 40 : name === "0" ? CHUNK_BYTES + 100 : 110);
    },
  });
  const opening = await reader.unlock(ID, secret());
  const [arrived, manifest] = await read(reader, opening);
  /** @type {number[]} */
  const progress = [];
  const chunks = reader.chunks(manifest.files[0], { signal, onProgress: (bytes) => progress.push(bytes) });
  const first = await nextOf(chunks);
  const firstBeforeSecond = first.byteLength;
  release();
  const next = await nextOf(chunks);
  const end = await chunks.next();
  said.reading = {
    arrived, firstBeforeSecond, lengths: [first.byteLength, next.byteLength], isEnd: end.done, last: progress.at(-1),
    stored: manifest.files[0].cmsBytes, calls: calls.filter(([name]) => name === "object" || name.startsWith("parcel.")),
  };
  session.lock("hand");
  said.locked = {
    isOverwritten: keys.every((bytes) => new Uint8Array(bytes).every((byte) => byte === 0)),
    later: await reader.chunks(manifest.files[0], { signal }).next().catch(({ code, name }) => code ?? name),
  };
}
{ // A small letter comes along with the manifest, and is fetched again if it has not come or has another size.
  const chunk = { object: "0", cmsBytes: 110, contentBytes: 10, sha256: "1" };
  const files = [{ name: "message.eml", sizeBytes: 10, cmsBytes: 110, chunks: [chunk] }];
  said.ahead = [];
  /** @type {{kind: Opening["kind"], bytes: number, fails: number}[]} */
  const announced = [
    { kind: "message", bytes: 110, fails: 0 }, { kind: "message", bytes: 110, fails: 1 }, { kind: "message", bytes: 90, fails: 0 },
    { kind: "message", bytes: 300_000, fails: 0 }, { kind: "files", bytes: 110, fails: 0 },
  ];
  for (const { kind, bytes, fails } of announced) {
    let left = fails;
    const { calls, reader } = rig({
      open: async () => ({ ...OPENING, kind, objects: [bytes] }), manifest: async () => ({ ...judged(), files }),
      object: async (_, name) => {
        if (name === "0" && left-- > 0) throw new ApiError("unreachable", "");
        return answer(name === "manifest" ? 40 : 110);
      },
    });
    const [, manifest] = await read(reader, await reader.unlock(ID, secret()));
    const { byteLength } = await nextOf(reader.chunks(manifest.files[0], { signal }));
    const names = calls.map(([name, , object]) => (name === "object" ? object : name));
    said.ahead.push([byteLength, names.filter((name) => ["0", "manifest", "parcel.verify"].includes(String(name)))]);
  }
}
{ // A chunk that came along with the ticket is not fetched, once, unless it has another size than it has to have.
  const chunk = { object: "0", cmsBytes: 110, contentBytes: 10, sha256: "1" };
  const files = [{ name: "message.eml", sizeBytes: 10, cmsBytes: 110, chunks: [chunk] }];
  said.enclosed = [];
  for (const [manifestBytes, chunkBytes] of [[40, 110], [39, 110], [40, 111]]) {
    const enclosed = new Map([["manifest", bytesOf(manifestBytes, 0)], ["0", bytesOf(chunkBytes, 0)]]);
    const { calls, reader } = rig({
      open: async () => ({ ...OPENING, kind: "message", objects: [110], enclosed }), manifest: async () => ({ ...judged(), files }),
      object: async (_, name) => answer(name === "manifest" ? 40 : 110),
    });
    const [, manifest] = await read(reader, await reader.unlock(ID, secret()));
    for (let count = 0; count < 2; count++) await reader.chunks(manifest.files[0], { signal }).next();
    said.enclosed.push(calls.filter(([name]) => name === "object").map(([, , object]) => object));
  }
}
{ // A wrong secret leaves nothing behind.
  const { keys, calls, reader } = rig({ open: async () => { throw Object.assign(new ApiError("wrong-secret", ""), { triesLeft: 4 }); } });
  const { code, triesLeft } = await reader.unlock(ID, secret()).catch((error) => error);
  await reader.claim("failed", code);
  said.wrong = { code, triesLeft, isOverwritten: keys.every((bytes) => new Uint8Array(bytes).every((byte) => byte === 0)), claims: calls.filter(([name]) => name === "claim") };
}
/** @param {number} number @param {string} notBefore @returns {Identity} */
const identity = (number, notBefore) => ({
  sealed: bytesOf(50, number), certificate: bytesOf(20, number), addresses: [`${number}@x.test`], notBefore,
});
const isZero = (/** @type {Identity} */ { sealed }) => new Uint8Array(sealed).every((byte) => byte === 0);
const refuseOthers = (/** @type {string} */ right) => async (/** @type {string | undefined} */ token) => {
  if (token !== right) throw new ApiError("wrong-secret", "");
  return OPENING;
};
{ // The newest certificate is tried first. The one that opens the parcel is kept until a lock, and the others are not.
  const file = [identity(1, "2024-01-01T00:00:00Z"), identity(3, "2026-01-01T00:00:00Z"), identity(2, "2025-01-01T00:00:00Z")];
  /** @type {string[]} */
  let readers = [];
  const { calls, session, reader } = rig({
    openFile: async () => ({ identities: file }), open: refuseOthers("token 2"), object: async () => answer(40),
    manifest: async (args) => { ({ readers } = args); return judged(); },
  });
  const passphrase = secret();
  const opening = await reader.unlockByCertificate(ID, bytesOf(900, 1), passphrase);
  const zeros = file.map(isZero);
  await read(reader, opening);
  const { canConfirm } = reader;
  await reader.confirm(signal);
  session.lock("hand");
  said.certificate = {
    asked: calls.filter(([name]) => ["challenge", "open", "confirm"].includes(name)), kept: zeros, readers, canConfirm, afterLock: file.map(isZero),
    isOverwritten: new Uint8Array(passphrase.buffer).every((byte) => byte === 0), later: await reader.confirm(signal).catch(({ code }) => code),
  };
}
{ // A file without the right certificate costs no more than three tries.
  const file = [1, 2, 3, 4, 5].map((number) => identity(number, "2026-01-01T00:00:00Z"));
  const { calls, reader } = rig({ openFile: async () => ({ identities: file }), open: refuseOthers("") });
  const code = await reader.unlockByCertificate(ID, bytesOf(900, 1), secret()).catch((error) => error.code);
  said.notForIt = { code, tries: calls.filter(([name]) => name === "open").length, kept: file.map(isZero) };
}
{ // The errors of the file are told apart from those of the parcel.
  said.files = [];
  for (const code of ["wrong-passphrase", "malformed-message", "unsupported-algorithm", "locked"]) {
    const { reader } = rig({ openFile: async () => { throw new ApiError(code, ""); } });
    said.files.push(await reader.unlockByCertificate(ID, bytesOf(900, 1), secret()).catch((error) => error.code));
  }
  const { reader } = rig({ openFile: async () => ({ identities: [] }) });
  said.files.push(await reader.unlockByCertificate(ID, bytesOf(900, 1), secret()).catch((error) => error.code));
}
{ // A ticket that has ended is renewed by a new challenge.
  let tickets = 0;
  const { calls, reader } = rig({
    openFile: async () => ({ identities: [identity(1, "2026-01-01T00:00:00Z")] }), open: async () => ({ ...OPENING, ticket: `T${++tickets}` }),
    object: async (ticket) => {
      if (ticket === "T1") throw new ApiError("ticket-ended", "");
      return answer(40);
    },
  });
  await read(reader, await reader.unlockByCertificate(ID, bytesOf(900, 1), secret()));
  said.renewedByCertificate = calls.filter(([name]) => ["challenge", "object"].includes(name));
}
{ // A ticket that has ended is renewed once, by the same proof.
  let tickets = 0;
  const { calls, reader } = rig({
    open: async () => ({ ...OPENING, ticket: `T${++tickets}` }),
    object: async (ticket) => {
      if (ticket === "T1") throw new ApiError("ticket-ended", "");
      return answer(40);
    },
  });
  await read(reader, await reader.unlock(ID, secret()));
  await reader.claim("opened");
  said.renewed = calls.filter(([name]) => ["object", "open", "claim"].includes(name));
}
{ // Look-ups go with the ticket, and the first verdict says that it is being checked.
  const { calls, reader } = rig({
    object: async () => answer(40), manifest: async () => judged([{ id: "one", kind: "ocsp", url: "", body: new ArrayBuffer(0), path: [] }]),
  });
  const [, ...manifests] = await read(reader, await reader.unlock(ID, secret()));
  const status = calls.filter(([name]) => name === "status");
  said.checking = { states: manifests.map(({ report }) => report.state), status };
}
{ // The server cannot choose fewer rounds.
  const { calls, reader } = rig({ iterations: 1 });
  const code = await reader.unlock(ID, secret()).catch((error) => error.code);
  said.rounds = [code, namesOf(calls)];
}
said.sizes = [];
for (const manifest of [0, -1, 17 * 1024 * 1024 + 1]) {
  const { reader, calls } = rig({ open: async () => ({ ...OPENING, manifest }) });
  const opening = await reader.unlock(ID, secret());
  said.sizes.push([await read(reader, opening).catch(({ code }) => code), calls.some(([name]) => name === "object")]);
}

test("words are looked up without the server and then prove the key", () => {
  const { unlock } = said;
  assert.deepEqual([unlock.found, unlock.before], ["parcel-words-refused-unknown-word-2", 1]);
  assert.deepEqual(namesOf(unlock.calls), ["parcel.check", "start", "parcel.open", "open"]);
  assert.deepEqual(unlock.calls[3], ["open", ID, 32, 7]);
  assert.equal(unlock.isOverwritten, true);
});

test("the server cannot choose fewer rounds", () => {
  assert.deepEqual(said.rounds, ["unsupported-algorithm", ["start"]]);
});

test("the first chunk is passed on before the second has come", () => {
  const { reading } = said;
  assert.deepEqual([reading.arrived, reading.firstBeforeSecond], ["arrived", CHUNK_BYTES]);
  assert.deepEqual([reading.lengths, reading.isEnd], [[CHUNK_BYTES, 10], true]);
  assert.deepEqual([reading.last, reading.stored], [CHUNK_BYTES + 210, CHUNK_BYTES + 210]);
  /** @type {Call[]} */
  const calls = reading.calls;
  const fetched = calls.filter(([name]) => name === "object").map((call) => call.slice(-2));
  assert.deepEqual(fetched, [["manifest", 0], ["0", 0], ["1", 0]]);
  // The key goes into each call sealed.
  assert.deepEqual(calls.filter(([name]) => name !== "object"), [
    ["parcel.open", 0], ["parcel.verify", 8], ["parcel.decrypt", 8], ["parcel.decrypt", 8],
  ]);
});

test("a small letter comes along with the manifest", () => {
  const [once, repeated] = [["0", "manifest", "parcel.verify"], ["0", "manifest", "parcel.verify", "0"]];
  const later = ["manifest", "parcel.verify", "0"];
  // As announced; not come; of another size; too large; no letter.
  assert.deepEqual(said.ahead, [[10, once], [10, repeated], [10, repeated], [10, later], [10, later]]);
});

test("what came along with the ticket is not fetched", () => {
  // As announced, with the letter read twice; a manifest and a letter of other sizes.
  assert.deepEqual(said.enclosed, [["0"], ["manifest", "0"], ["0", "0"]]);
});

test("a lock overwrites key and proof and ends the reading", () => {
  assert.equal(said.locked.isOverwritten, true);
  assert.ok(["locked", "AbortError"].includes(said.locked.later), said.locked.later);
});

test("wrong words leave no key and no claim", () => {
  assert.deepEqual(said.wrong, { code: "wrong-secret", triesLeft: 4, isOverwritten: true, claims: [] });
});

test("a ticket that has ended is renewed by the same proof", () => {
  assert.deepEqual(said.renewed.map((/** @type {Call} */ call) => call.slice(0, 3)), [
    ["open", ID, 32], ["object", "T1", "manifest"], ["open", ID, 32], ["object", "T2", "manifest"], ["claim", "T2", "opened"],
  ]);
});

test("a certificate answers its challenge and is kept until the lock", () => {
  const { asked, kept, afterLock, isOverwritten, readers, canConfirm, later } = said.certificate;
  assert.deepEqual(asked, [
    ["challenge", ID, 3], ["open", ID, "token 3"], ["challenge", ID, 2], ["open", ID, "token 2"], ["confirm", "T1", 70],
  ]);
  assert.deepEqual([kept, afterLock, isOverwritten], [[true, true, false], [true, true, true], true]);
  assert.deepEqual([readers, canConfirm, later], [["2@x.test"], true, "locked"]);
});

test("a file without the right certificate costs three tries", () => {
  assert.deepEqual(said.notForIt, { code: "parcel-not-for-certificate", tries: 3, kept: Array(5).fill(true) });
});

test("the errors of a key file are not those of the parcel", () => {
  assert.deepEqual(said.files, ["key-file-passphrase", "file-damaged", "file-damaged", "locked", "no-identity-in-file"]);
});

test("a ticket is renewed by a new challenge", () => {
  assert.deepEqual(namesOf(said.renewedByCertificate), ["challenge", "object", "challenge", "object"]);
});

test("authorities are asked with the ticket and the verdict waits for them", () => {
  assert.deepEqual(said.checking, { states: ["signed-unverified", "verified"], status: [["status", "T1", 1]] });
});

test("a manifest of an impossible size is not fetched", () => {
  assert.deepEqual(said.sizes, Array(3).fill(["parcel-damaged", false]));
});
