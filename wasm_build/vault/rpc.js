/**
 * The vault's protocol: `{id, verb, args}` → `{id, ok}` | `{id, error: {code, message}}`, checked on both sides.
 *
 * Python gets values as JSON, and binary values in a separate list: `{"$buffer": n}` in the JSON marks the place of the
 * n-th value.
 */

import { checkCallSize, checkStreamSize } from "./limits.js";
import { REPLIES, VERBS } from "./schema.js";
import { VaultError } from "./errors/vault_error.js";

/** @typedef {import("./schema.js").Kind} Kind */

/** @satisfies {Record<string, Kind>} */
const STREAM_END = { source: "source", size: "size" };
/** @satisfies {Record<string, Kind>} */
const STREAM_ENDS = { input: STREAM_END, "content?": STREAM_END, output: "port" };
/** The mark of a binary value in JSON. */
const MARK = "$buffer";
/** The deepest nesting of objects and lists in plain data. */
const MAX_JSON_LEVELS = 32;

/**
 * Throws `bad-request` unless `args` match the verb's schema, and `message-too-large` above the limit of a request.
 * @param {unknown} verb
 * @param {unknown} args
 * @param {import("./schema.js").VerbTable} [table]
 */
export function checkRequest(verb, args, table = VERBS) {
  if (typeof verb !== "string" || !Object.hasOwn(table, verb)) {
    throw new VaultError("bad-request", typeof verb === "string" ? `unknown verb ${verb.slice(0, 60)}` : "verb: expected text");
  }
  checkValue(table[verb], args, verb);
  checkCallSize(collectBuffers(args).reduce((sum, buffer) => sum + buffer.byteLength, 0));
}

/**
 * Throws `bad-request` unless `stream` has the members `input`, `output` and possibly `content` of the right kinds, and
 * `message-too-large` above the limit of a stream.
 * @param {unknown} stream
 */
export function checkStreamEnds(stream) {
  checkValue(STREAM_ENDS, stream, "stream");
  const { input, content } = /** @type {import("./owner/cell.js").StreamEnds} */ (stream);
  checkStreamSize((input.size ?? 0) + (content?.size ?? 0));
}

/** The names of secrets after which a Worker may go on. */
const PASSING_SECRETS = new Set(["sealKey", "words", "measured"]);

/**
 * Whether a checked request has a passphrase or password, that is, a secret other than the session's key, the words of a
 * parcel and a measured passphrase. The words open only this parcel, the page has them already, and the session keeps
 * their key from now on. A measure calls no function of the browser, so the rewind leaves nothing of the passphrase.
 * @param {string} verb
 * @param {object} args
 */
export function takesPassphrase(verb, args) {
  /** @type {import("./schema.js").VerbTable} */
  const table = VERBS;
  return Object.entries(table[verb]).some(([field, kind]) => {
    const name = field.replace(/\?$/u, "");
    const argument = /** @type {Record<string, any>} */ (args)[name];
    const isThere = Array.isArray(kind) ? argument?.length > 0 : Boolean(argument);
    return !PASSING_SECRETS.has(name) && (Array.isArray(kind) ? kind[0] : kind) === "secret" && isThere;
  });
}

/**
 * Whether a reply matches the schema of the verb.
 * @param {string} verb
 * @param {unknown} reply
 */
export function isReply(verb, reply) {
  /** @type {import("./schema.js").VerbTable} */
  const table = REPLIES;
  try {
    checkValue(table[verb], reply, verb);
    return true;
  } catch {
    return false;
  }
}

/**
 * The ArrayBuffers inside a value, each only once. They are transferred, and overwritten after use.
 * @param {unknown} value
 * @returns {ArrayBuffer[]}
 */
export function collectBuffers(value) {
  /** @type {Set<ArrayBuffer>} */
  const buffers = new Set();
  /** @param {unknown} item */
  const visit = (item) => {
    if (item instanceof ArrayBuffer) buffers.add(item);
    else if (typeof item === "object" && item !== null) Object.values(item).forEach(visit);
  };
  visit(value);
  return [...buffers];
}

/**
 * Splits checked arguments into JSON and views of their bytes.
 * @param {unknown} args
 * @returns {{json: string, views: Uint8Array[]}}
 */
export function pack(args) {
  /** @type {Uint8Array[]} */
  const views = [];
  const json = JSON.stringify(args, (_key, value) => {
    if (value instanceof ArrayBuffer) return { [MARK]: views.push(new Uint8Array(value)) - 1 };
    if (isSecret(value)) return { [MARK]: views.push(new Uint8Array(value.buffer, 0, value.length)) - 1 };
    return value;
  });
  return { json, views };
}

/**
 * The reverse of `pack` for results.
 * @param {string} json
 * @param {ArrayBuffer[]} buffers
 * @returns {any}
 */
export function unpack(json, buffers) {
  return JSON.parse(json, (_key, value) =>
    typeof value === "object" && value !== null && typeof value[MARK] === "number" ? buffers[value[MARK]] : value,
  );
}

/**
 * @param {unknown} value
 * @returns {value is {buffer: ArrayBuffer, length: number}}
 */
function isSecret(value) {
  const { buffer, length } = /** @type {any} */ (value ?? {});
  // A view of a buffer has these members too, but it may begin later in the buffer. Browsers clone a view, and nobody
  // overwrites the clone.
  return !ArrayBuffer.isView(value) && buffer instanceof ArrayBuffer && Number.isInteger(length) && length >= 0 && length <= buffer.byteLength;
}

/** @type {Readonly<Record<string, (value: unknown) => boolean>>} */
const IS_KIND = {
  bytes: (value) => value instanceof ArrayBuffer,
  secret: isSecret,
  text: (value) => typeof value === "string",
  flag: (value) => typeof value === "boolean",
  number: (value) => typeof value === "number" && Number.isFinite(value),
  any: () => true,
  size: (value) => value === null || (Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0),
  source: (value) => value instanceof Blob || value instanceof MessagePort,
  port: (value) => value instanceof MessagePort,
  json: (value) => typeof value === "object" && value !== null && isPlain(value, MAX_JSON_LEVELS),
};

/**
 * Whether a value, which may come from a server, has at most `levels` levels, no binary values and no mark of a binary
 * value.
 * @param {unknown} value
 * @param {number} levels
 * @returns {boolean}
 */
function isPlain(value, levels) {
  if (typeof value !== "object" || value === null) return true;
  if (levels === 0 || value instanceof ArrayBuffer || MARK in value) return false;
  return Object.values(value).every((inner) => isPlain(inner, levels - 1));
}

/**
 * @param {Kind} kind
 * @param {unknown} value
 * @param {string} where
 */
function checkValue(kind, value, where) {
  if (typeof kind === "string") {
    if (!IS_KIND[kind](value)) refuse(where, kind);
  } else if (Array.isArray(kind)) {
    if (!Array.isArray(value)) refuse(where, "list");
    // `forEach` would skip holes, and a list may have 2^32 of them.
    for (const [index, item] of /** @type {unknown[]} */ (value).entries()) checkValue(kind[0], item, `${where}[${index}]`);
  } else {
    checkObject(/** @type {{[name: string]: Kind}} */ (kind), value, where);
  }
}

/**
 * @param {{[name: string]: Kind}} fields
 * @param {unknown} value
 * @param {string} where
 */
function checkObject(fields, value, where) {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ArrayBuffer);
  if (!isObject) refuse(where, "object");
  const members = /** @type {Record<string, unknown>} */ (value);
  for (const name of Object.keys(members)) {
    if (!Object.hasOwn(fields, name) && !Object.hasOwn(fields, `${name}?`)) refuse(`${where}.${name}`, "nothing of this name");
  }
  for (const [field, kind] of Object.entries(fields)) {
    const name = field.replace(/\?$/u, "");
    if (name !== field && (members[name] ?? null) === null) continue;
    checkValue(kind, members[name], `${where}.${name}`);
  }
}

/**
 * @param {string} where
 * @param {string} expected
 * @returns {never}
 */
function refuse(where, expected) {
  throw new VaultError("bad-request", `${where}: expected ${expected}`);
}
