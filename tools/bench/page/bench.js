/**
 * Runs each job on our side and on each peer (PKI.js, node-forge), in turn, in one page. `globalThis.measure` has the functions.
 * Times are milliseconds.
 *
 * The timed span is one call from bytes to bytes. Inputs are copied before the clock starts. Results are checked once,
 * before the first timed run: our side must verify or decrypt the messages of each side, and the content that a side
 * verifies or decrypts must be the right one.
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
 * A mail of a list, and the CMS in it.
 * @typedef {{mail: ArrayBuffer, cms: ArrayBuffer}} Row
 *
 * @typedef {"sign" | "verify" | "encrypt" | "decrypt" | "decrypt v1.5"} Job
 * @typedef {(input: ArrayBuffer) => () => Promise<ArrayBuffer>} Prepared
 * @typedef {Partial<Record<Job, Prepared>> & {
 *   stream?: (job: Job, file: Response) => Promise<number>, subjects?: (rows: Row[]) => Promise<(string | null)[]>,
 * }} Jobs `stream` reads the file while it arrives, and returns the number of bytes of the result
 *
 * @typedef {object} Side
 * @property {() => Promise<void>} [open] starts the vault
 * @property {() => Promise<void>} [settled] resolves when a Worker is in reserve and no cleanup is running
 * @property {() => Promise<{bytesZeroed: number, milliseconds: number}>} [nextCleanup] reports the next cleanup
 * @property {(person: Person) => Promise<Jobs>} prepare gives the side a person's keys
 */

const OURS = "ours";
const STRICT = "ours, strict";
const PKIJS = "PKI.js";
/** @type {Record<string, Side>} */
const SIDES = {
  [OURS]: vaultSide("cbc"),
  [STRICT]: vaultSide("cbc", { strict: true }),
  [PKIJS]: pkijsFastest,
  "PKI.js, defaults": pkijsDefaults,
  "node-forge": nodeForge,
};
const REST_MILLISECONDS = 300;
const REHEARSAL_MILLISECONDS = 1000;
const MAX_FAILURE_LENGTH = 200;
const SMALL_BYTES = 10_000;

/** @type {Record<string, Record<string, Jobs>>} the jobs by the person's key type, then by the name of the side */
const prepared = {};

/**
 * Starts the sides and gives them the people's keys.
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
  // The Workers that opened the keys have ended. The Workers that replace them rehearse now.
  await rest(REHEARSAL_MILLISECONDS);
}

/** @param {Record<string, string>} given @returns {any} */
function parsePerson({ keyType, passphrase, ...ders }) {
  const buffers = Object.entries(ders).map(([name, text]) => [name, bufferOf(text)]);
  return { keyType, passphrase, ...Object.fromEntries(buffers) };
}

/** @param {string} text in base64 */
function bufferOf(text) {
  return Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0)).buffer;
}

/** @type {{sides: Record<string, Jobs>, job: Job, inputs: Record<string, ArrayBuffer>}} */
let current;

/**
 * Makes the inputs of a job and runs it once on each side that supports it. Returns for each side null or the text of
 * its failure.
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
 * Runs the job once on each of these sides, in turn, each time after a rest. Returns the milliseconds of each side.
 * @param {string[]} names
 * @param {number} [restMilliseconds]
 */
async function round(names, restMilliseconds = REST_MILLISECONDS) {
  const { sides, job, inputs } = current;
  /** @type {Record<string, number>} */
  const times = {};
  let isResting = false;
  for (const side of names) {
    const hasWorker = SIDES[side].settled !== undefined;
    // No rest is needed between two peers without a Worker, because no work of the first is left to delay the second.
    if (hasWorker || !isResting) await rest(restMilliseconds);
    isResting = !hasWorker;
    times[side] = await timeOnce(sides[side][job], inputs[side]);
  }
  return times;
}

/**
 * Runs the job on one side again and again, each time as soon as the last run has ended. The wait for the vault's cleanup is not
 * counted. Returns the milliseconds of all runs except the first, which only warms up.
 * @param {string} side
 * @param {number} count
 */
async function row(side, count) {
  const { sides, job, inputs } = current;
  await rest();
  const times = [];
  for (let number = 0; number <= count; number += 1) {
    times.push(await timeOnce(sides[side][job], inputs[side]));
    await SIDES[side].settled?.();
  }
  return times.slice(1);
}

/**
 * Runs one job on our side while the vault is at rest. Then runs the job again right after the answer to another job, while the
 * Worker is being reset. Returns the milliseconds of both runs.
 * @param {string} keyType
 * @param {Job} first
 * @param {Job} second
 */
async function behind(keyType, first, second) {
  const sides = prepared[keyType];
  const content = randomBytes(SMALL_BYTES);
  const [firstInput, secondInput] = [await makeInput(OURS, sides, first, content), await makeInput(OURS, sides, second, content)];
  await rest();
  await run(sides[OURS][second], secondInput);
  await SIDES[OURS].settled?.();
  const alone = await timeOnce(sides[OURS][second], secondInput);
  await SIDES[OURS].settled?.();
  await run(sides[OURS][first], firstInput);
  return { alone, behind: await timeOnce(sides[OURS][second], secondInput) };
}

/** @type {Row[]} */
let rows = [];

/**
 * Keeps the mails of a list for `subjects`.
 * @param {{mail: string, cms: string}[]} given in base64
 */
function keepRows(given) {
  rows = given.map(({ mail, cms }) => ({ mail: bufferOf(mail), cms: bufferOf(cms) }));
}

/**
 * Reads the subjects of the kept mails several times, with a pause after each. Returns the subjects.
 * @param {string} keyType
 * @param {string} side
 * @param {number} times
 */
async function subjects(keyType, side, times) {
  /** @type {(string | null)[]} */
  let found = [];
  for (let number = 0; number < times; number += 1) {
    const copies = rows.map(({ mail, cms }) => ({ mail: mail.slice(0), cms: cms.slice(0) }));
    found = (await prepared[keyType][side].subjects?.(copies)) ?? [];
    await rest();
  }
  return found;
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
 * The input of a job: the content, or a message with this content that the side can read.
 * @param {string} side
 * @param {Record<string, Jobs>} sides
 * @param {Job} job
 * @param {ArrayBuffer} content
 */
async function makeInput(side, sides, job, content) {
  if (job === "sign" || job === "encrypt") return content;
  if (job === "verify") return run(sides[OURS].sign, content);
  // PKI.js reads only RSA-OAEP. node-forge reads only RSA v1.5, which our side writes for RSA keys.
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

/**
 * Resolves when each vault has a Worker in reserve, and the work that follows an operation has ended.
 * @param {number} [milliseconds]
 */
async function rest(milliseconds = REST_MILLISECONDS) {
  for (const side of Object.values(SIDES)) await side.settled?.();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** @param {number} length */
function randomBytes(length) {
  const octets = new Uint8Array(length);
  for (let offset = 0; offset < length; offset += 65_536) crypto.getRandomValues(octets.subarray(offset, offset + 65_536));
  return octets.buffer;
}

/**
 * Signs 10 KB. Returns the report of the cleanup, and the time from the answer until the Worker rests or has ended.
 * @param {string} keyType
 * @param {string} side
 */
async function cleanup(keyType, side) {
  await rest();
  const report = SIDES[side].nextCleanup?.();
  await run(prepared[keyType][side].sign, randomBytes(SMALL_BYTES));
  const answered = performance.now();
  return { ...(await report), ended: performance.now() - answered };
}

/**
 * Runs one job on a file of the server. Sides without streams take the whole file into memory. Returns the milliseconds
 * from the request to the last byte of the result.
 * @param {string} keyType
 * @param {string} side
 * @param {Job} job
 * @param {string} url
 * @param {number | null} contentBytes the expected length of the result; null if the result is not the content
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

globalThis.measure = { prepare, begin, round, row, behind, keepRows, subjects, cleanup, large };
