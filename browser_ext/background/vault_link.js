/**
 * The way from the background to the vault: an offscreen document owns it in Chromium, where a service worker may not
 * start Workers; in Firefox the background page owns it.
 */
import { api } from "../shared/api.js";
import { RequestError } from "../shared/messages.js";

const OFFSCREEN_PAGE = "offscreen.html";

/** @type {Promise<any> | null} */
let owner = null;
/** @type {Promise<void> | null} */
let creating = null;
/** While the vault is closed: what comes meanwhile waits for the next one. @type {Promise<void> | null} */
let closing = null;
/** How often operations were stopped by a lock. */
let ends = 0;

/**
 * @param {string} type
 * @param {object} [body]
 * @returns {Promise<any>}
 */
export async function call(type, body = {}) {
  await closing;
  return ask(type, body);
}

/** @param {string} type @param {object} body @returns {Promise<any>} */
async function ask(type, body) {
  const before = ends;
  const reply = await (api.offscreen ? askOffscreen(type, body) : askPage(type, body));
  // Whatever a lock does to an operation in the middle, it is the lock that people are told of.
  if (ends !== before && reply?.value === undefined) throw new RequestError("locked");
  if (!reply) throw new RequestError("vault-crashed");
  if (reply.error) throw new RequestError(reply.error.code, reply.error.message);
  return reply.value;
}

/**
 * The time, as the vault's owner sees it: Chromium's service worker begins a new steady clock with each of its lives.
 * @returns {Promise<import("../runtime/session.js").Moment>}
 */
export async function readClock() {
  return (await call("vault.clock")).clock;
}

/** Stops every operation that runs with the session's key. */
export async function stop() {
  if (await hasOwner()) await end("vault.stop");
}

/** Ends the vault; the next call starts another. */
export function close() {
  closing ??= closeOwner().finally(() => { closing = null; });
  return closing;
}

async function closeOwner() {
  if (!(await hasOwner())) return;
  // Workers that are busy overwrite what they hold before their document goes.
  await end("vault.close");
  if (api.offscreen) await api.offscreen.closeDocument();
}

/** @param {string} type */
async function end(type) {
  ends += 1;
  // An owner that is gone has nothing left to stop.
  await ask(type, {}).catch(() => undefined);
}

async function hasOwner() {
  return api.offscreen ? hasOffscreen() : owner !== null;
}

/** @param {string} type @param {object} body */
async function askOffscreen(type, body) {
  creating ??= createOffscreen().finally(() => { creating = null; });
  await creating;
  // A document that goes away in the middle has no reply.
  return api.runtime.sendMessage({ to: "vault", type, body }).catch(() => undefined);
}

/** @param {string} type @param {object} body */
async function askPage(type, body) {
  const before = ends;
  const reply = await (await loadOwner()).answer(type, body);
  // Firefox ends this page, and its vault says so with its last breath. Without an answer, whoever asked asks the next page.
  if (reply.error?.code === "vault-closed" && ends === before) return new Promise(() => {});
  return reply;
}

async function createOffscreen() {
  if (await hasOffscreen()) return;
  await api.offscreen.createDocument({
    url: OFFSCREEN_PAGE,
    reasons: [/** @type {any} */ ("WORKERS")],
    justification: "Runs the cryptographic vault in a Worker, which a service worker cannot start.",
  });
}

async function hasOffscreen() {
  const contexts = await api.runtime.getContexts({ contextTypes: [/** @type {any} */ ("OFFSCREEN_DOCUMENT")] });
  return contexts.length > 0;
}

/** Chromium's service worker may not import at run time and never comes here. */
function loadOwner() {
  owner ??= import("../vault_owner.js");
  return owner;
}
