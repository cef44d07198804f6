/**
 * Runs every job in turn, ours and each peer's, in one page: `globalThis.measure`. Times are milliseconds.
 *
 * The timed span is one call from bytes to bytes. Inputs are copied before the clock starts, results are looked at before
 * the first timed run: what one side signs or encrypts, ours opens; what a side opens is the content.
 */

import { nodeForge } from "./forge.js";
import { vaultSide } from "./ours.js";
import { pkijsDefaults, pkijsFastest } from "./pkijs.js";

/**
 * @typedef {object} Person
 * @property {"RSA-2048" | "P-256"} keyType
 * @property {ArrayBuffer} key PKCS#8
 * @property {ArrayBuffer} certificate
 * @property {ArrayBuffer} anchor
 * @property {ArrayBuffer} p12
 * @property {string} passphrase
 *
 * @typedef {"sign" | "verify" | "encrypt" | "decrypt" | "decrypt v1.5"} Job
 * @typedef {(input: ArrayBuffer) => () => Promise<ArrayBuffer>} Prepared
 * @typedef {Partial<Record<Job, Prepared>> & {stream?: (job: Job, file: Response) => Promise<number>}} Jobs `stream`
 * reads the file as it comes and gives the number of bytes that came out
 *
 * @typedef {object} Side
 * @property {() => Promise<void>} [open]
 * @property {() => Promise<void> | undefined} [ready]
 * @property {() => Promise<{bytesZeroed: number, milliseconds: number}>} [nextCleanup]
 * @property {(person: Person) => Promise<Jobs>} prepare
 */

const OURS = "ours";
const PKIJS = "PKI.js";
/** @type {Record<string, Side>} */
const SIDES = {
  [OURS]: vaultSide("cbc"),
  "ours, strict": vaultSide("cbc", { strict: true }),
  [PKIJS]: pkijsFastest,
  "PKI.js, defaults": pkijsDefaults,
  "node-forge": nodeForge,
};
// A Worker that has just started rehearses; a person's next operation comes later than that.
const REST_MILLISECONDS = 300;
const MAX_FAILURE_LENGTH = 200;
const SMALL_BYTES = 10_000;

/** @type {Record<string, Record<string, Jobs>>} person's key type, then side */
const prepared = {};

/**
 * Opens the sides and gives them their keys.
 * @param {string[]} sides
 * @param {Record<string, string>[]} people binary members in base64
 */
async function prepare(sides, people) {
  for (const side of sides) await SIDES[side].open?.();
  for (const given of people) {
    const person = parsePerson(given);
    prepared[person.keyType] = {};
    for (const side of sides) prepared[person.keyType][side] = await SIDES[side].prepare(person);
  }
}

/** @param {Record<string, string>} given @returns {any} */
function parsePerson({ keyType, passphrase, ...ders }) {
  const buffers = Object.entries(ders).map(([name, text]) => [
    name, Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0)).buffer,
  ]);
  return { keyType, passphrase, ...Object.fromEntries(buffers) };
}

/** @type {{sides: Record<string, Jobs>, job: Job, inputs: Record<string, ArrayBuffer>}} */
let current;

/**
 * Makes the inputs of a job and tries every side that has it: null, or the text of its failure.
 * @param {string} keyType
 * @param {Job} job
 * @param {number} bytes
 * @param {string[]} leftOut sides that need not run it
 */
async function begin(keyType, job, bytes, leftOut) {
  const content = randomBytes(bytes);
  const sides = prepared[keyType];
  current = { sides, job, inputs: {} };
  /** @type {Record<string, string | null>} */
  const failures = {};
  for (const side of Object.keys(sides).filter((name) => sides[name][job] && !leftOut.includes(name))) {
    try {
      current.inputs[side] = await makeInput(side, sides, job, content);
      await check(sides, job, await run(sides[side][job], current.inputs[side]), content);
      failures[side] = null;
    } catch (error) {
      failures[side] = String(error).slice(0, MAX_FAILURE_LENGTH);
    }
  }
  return failures;
}

/**
 * Each of these sides once, in turn: its milliseconds.
 * @param {string[]} names
 */
async function round(names) {
  const { sides, job, inputs } = current;
  /** @type {Record<string, number>} */
  const times = {};
  let isResting = false;
  for (const side of names) {
    const hasWorker = SIDES[side].ready !== undefined;
    // Between two peers nothing goes on that the second could suffer from.
    if (hasWorker || !isResting) await rest();
    isResting = !hasWorker;
    times[side] = await timeOnce(sides[side][job], inputs[side]);
  }
  return times;
}

/** @param {Prepared | undefined} job @param {ArrayBuffer} input */
async function timeOnce(job, input) {
  const start = /** @type {Prepared} */ (job)(input.slice(0));
  const begun = performance.now();
  await start();
  return performance.now() - begun;
}

/** @param {Prepared | undefined} job @param {ArrayBuffer} input */
function run(job, input) {
  return /** @type {Prepared} */ (job)(input.slice(0))();
}

/**
 * Content, or one message for all; who cannot read that opens the message that it can.
 * @param {string} side
 * @param {Record<string, Jobs>} sides
 * @param {Job} job
 * @param {ArrayBuffer} content
 */
async function makeInput(side, sides, job, content) {
  if (job === "sign" || job === "encrypt") return content;
  if (job === "verify") return run(sides[OURS].sign, content);
  // PKI.js reads RSA-OAEP alone, node-forge RSA v1.5 alone, which is what ours writes for RSA.
  if (job === "decrypt v1.5" || side === "node-forge") return run(sides[OURS].encrypt, content);
  return run(sides[side === "PKI.js, defaults" ? side : PKIJS].encrypt, content);
}

/**
 * @param {Record<string, Jobs>} sides
 * @param {Job} job
 * @param {ArrayBuffer} output
 * @param {ArrayBuffer} content
 */
async function check(sides, job, output, content) {
  const reverse = { sign: sides[OURS].verify, encrypt: sides[OURS].decrypt }[/** @type {string} */ (job)];
  const opened = reverse ? await run(reverse, output) : output;
  const [found, expected] = [new Uint8Array(opened), new Uint8Array(content)];
  if (found.length !== expected.length || found.some((octet, index) => octet !== expected[index])) {
    throw new Error("the result is not the content");
  }
}

/** Every reserve stands ready, and what the last operation left to do has come to rest. */
async function rest() {
  for (const side of Object.values(SIDES)) await side.ready?.();
  await new Promise((resolve) => setTimeout(resolve, REST_MILLISECONDS));
}

/** @param {number} length */
function randomBytes(length) {
  const octets = new Uint8Array(length);
  for (let offset = 0; offset < length; offset += 65_536) crypto.getRandomValues(octets.subarray(offset, offset + 65_536));
  return octets.buffer;
}

/**
 * One small operation with the reserve ready: how long it waited for a Worker, what its cleanup reports, and how long
 * after the result the Worker ended.
 * @param {string} keyType
 */
async function cleanup(keyType) {
  const side = SIDES[OURS];
  await rest();
  const begun = performance.now();
  await side.ready?.();
  const waited = performance.now() - begun;
  const report = side.nextCleanup?.();
  await run(prepared[keyType][OURS].sign, randomBytes(SMALL_BYTES));
  const answered = performance.now();
  return { waited, ...(await report), ended: performance.now() - answered };
}

/**
 * One job on a file of the server, with whole files in memory for who has no streams: milliseconds from the request to
 * the last byte of the result.
 * @param {string} keyType
 * @param {string} side
 * @param {Job} job
 * @param {string} url
 * @param {number | null} contentBytes what the result must be, where it is the content
 */
async function large(keyType, side, job, url, contentBytes) {
  await rest();
  const jobs = prepared[keyType][side];
  const begun = performance.now();
  const bytes = jobs.stream
    ? await jobs.stream(job, await fetch(url))
    : (await jobs[job]?.(await (await fetch(url)).arrayBuffer())())?.byteLength;
  const milliseconds = performance.now() - begun;
  if (contentBytes !== null && bytes !== contentBytes) throw new Error(`the result has ${bytes} bytes`);
  return milliseconds;
}

globalThis.measure = { prepare, begin, round, cleanup, large };
