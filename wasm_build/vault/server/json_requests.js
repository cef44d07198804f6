/**
 * Requests to the bridge and the key server, and the reading of their answers. A server can make an answer of any
 * length.
 *
 * Every failure becomes an ApiError, whose code selects a sentence of the catalogue.
 */
/**
 * @typedef {{method?: string, body?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal, keepalive?: boolean}} RequestOptions
 */
/** @typedef {{address: string, temporary: boolean, text: string}} Refused a recipient, with the text from the mail server */

import { joinBytes } from "../values/joined_bytes.js";

/** A bridge passes on revocation lists of at most 40 MB, which are a third longer in base64 (`webbridge/blueprints/pki.py`). */
const MAX_JSON_BYTES = 64_000_000;
const READING = new Set(["GET", "HEAD"]);
export const JSON_TYPE = { "Content-Type": "application/json" };

export class ApiError extends Error {
  /** The record that the key server has now, if this client has seen another record. @type {object | null} */
  record = null;
  /** Whether the message of a failed request may nevertheless have been sent, or may still be sent. */
  isOpen = false;
  /** The HTTP status of the answer; 0 if no answer came. */
  status = 0;
  /** The number of tries left after wrong words, if the server reports it. @type {number | null} */
  triesLeft = null;

  /**
   * @param {string} code
   * @param {string} message
   * @param {Refused[]} [refused] the recipients that the mail server refused
   */
  constructor(code, message, refused = []) {
    super(message);
    this.code = code;
    this.refused = refused;
  }
}

/**
 * @param {string} url
 * @param {RequestInit} [options]
 */
export async function request(url, options = {}) {
  // A browser's cache answers only methods that read, such as GET. With "no-store", Chromium would send a preflight
  // request (CORS) before each other request.
  const cache = READING.has(options.method ?? "GET") ? "no-store" : "default";
  const response = await fetch(url, { cache, referrerPolicy: "no-referrer", ...options }).catch((error) => {
    if (options.signal?.aborted) throw error;
    throw new ApiError("unreachable", `no answer from ${new URL(url).host}`);
  });
  if (response.ok) return response;
  throw await refusal(response);
}

/** The error of an answer that is not ok. The answer's members may be anything. @param {Response} response */
export async function refusal(response) {
  const { code, message, refused, record = null, triesLeft = null } = await readJson(response);
  // A proxy in front of the bridge has another limit, and refuses without JSON.
  if (!code && response.status === 413) return new ApiError("message-too-large", "the server takes no request so large");
  const text = typeof message === "string" && message ? message.slice(0, MAX_SAID_CHARACTERS) : `the server answered ${response.status}`;
  const error = new ApiError(typeof code === "string" && CODE.test(code) ? code : "server-error", text, readRefused(refused));
  return Object.assign(error, { record, triesLeft: Number.isSafeInteger(triesLeft) ? triesLeft : null, status: response.status });
}

/** A server's text in an error is cut to this length. */
const MAX_SAID_CHARACTERS = 300;
const CODE = /^[a-z0-9-]{1,64}$/;
const MAX_REFUSED = 1_000;

/** @param {unknown} value @returns {Refused[]} */
function readRefused(value) {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_REFUSED).flatMap((entry) => {
    const { address, temporary, text } = entry ?? {};
    if (typeof address !== "string") return [];
    const reason = typeof text === "string" ? text.slice(0, MAX_SAID_CHARACTERS) : "";
    return [{ address: address.slice(0, MAX_SAID_CHARACTERS), temporary: temporary === true, text: reason }];
  });
}

/**
 * The body of an answer. If the answer breaks off, the server counts as unreachable.
 * @template T
 * @param {Promise<T>} reading
 * @returns {Promise<T>} rejects with `unreachable`, or with the error of the reading if it was aborted
 */
function unlessCut(reading) {
  return reading.catch((error) => {
    if (error instanceof TypeError || error?.name === "NetworkError") throw new ApiError("unreachable", "the answer broke off");
    throw error;
  });
}

/**
 * The bytes of an answer. If the answer is longer, reading stops, and the bytes that were read are dropped.
 * @param {Response} response
 * @param {number} maxBytes
 * @returns {Promise<ArrayBuffer>} rejects with `answer-too-large`, or with `unreachable` for an answer that breaks off
 */
export async function readAtMost(response, maxBytes) {
  const reader = response.body?.getReader();
  const pieces = [];
  let length = 0;
  const next = () => (reader ? unlessCut(reader.read()) : null);
  for (let read = await next(); read && !read.done; read = await next()) {
    length += read.value.length;
    if (length > maxBytes) {
      void reader?.cancel().catch(() => undefined);
      throw new ApiError("answer-too-large", `more than ${maxBytes} bytes came`);
    }
    pieces.push(read.value);
  }
  const { buffer } = joinBytes(pieces);
  // The pieces are overwritten, because they may be half of a key.
  for (const piece of pieces) piece.fill(0);
  return buffer;
}

/**
 * The object in a JSON response; an empty object for another body, such as a proxy's error page, a list, or a body that is too
 * long.
 * @param {Response} response
 */
export async function readJson(response) {
  try {
    const value = JSON.parse(new TextDecoder().decode(await readAtMost(response, MAX_JSON_BYTES)));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof ApiError && error.code === "answer-too-large")) return {};
    throw error;
  }
}
