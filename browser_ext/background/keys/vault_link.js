/**
 * Calls from the background to the owner of the vault. In Chromium the owner is an offscreen document, since a service
 * worker may not start Workers. In Firefox the owner is the background page.
 */
import { api } from "../../shared/api.js";
import { RequestError } from "../../shared/messages.js";

const OFFSCREEN_PAGE = "vault_home/offscreen.html";

/** @typedef {typeof import("../../vault_home/vault_owner.js").VERBS} Verbs the verbs of the vault's owner */
/** @typedef {Awaited<ReturnType<typeof import("../../vault_home/vault_owner.js").answer>>} Answer */
/** @template {keyof Verbs} V @typedef {Awaited<ReturnType<Verbs[V]>>} ReplyOf */

/** @type {Promise<typeof import("../../vault_home/vault_owner.js")> | null} */
let owner = null;
/** @type {Promise<void> | null} */
let creating = null;
/** A promise while the vault closes. Calls wait for it, and then start the next vault. @type {Promise<void> | null} */
let closing = null;
/** A number that grows when a lock stops the operations or closes the vault. It does not grow when Firefox closes the vault. */
let ends = 0;

/**
 * @template {keyof Verbs} V
 * @param {V} type
 * @param {Parameters<Verbs[V]>} rest
 * @returns {Promise<ReplyOf<V>>}
 */
export async function call(type, ...rest) {
  await closing;
  return ask(type, rest[0] ?? {});
}

/** @template {keyof Verbs} V @param {V} type @param {object} body @returns {Promise<ReplyOf<V>>} */
async function ask(type, body) {
  const before = ends;
  const reply = await (api.offscreen ? askOffscreen(type, body) : askPage(type, body));
  // A call that a lock interrupted rejects with `locked`, whatever error the operation itself reported.
  if (ends !== before && reply?.value === undefined) throw new RequestError("locked");
  if (!reply) throw new RequestError("vault-crashed");
  if (reply.error) throw new RequestError(reply.error.code, reply.error.message);
  return /** @type {ReplyOf<V>} */ (reply.value);
}

/**
 * The time by the clock of the vault's owner. In Chromium's service worker the steady clock starts anew with each start
 * of the worker.
 * @returns {Promise<import("../../../wasm_build/vault/storage/session.js").Moment>}
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
  // The Workers get time to overwrite their memory before their document is closed.
  await end("vault.close");
  if (api.offscreen) await api.offscreen.closeDocument();
}

/** @param {"vault.stop" | "vault.close"} type */
async function end(type) {
  ends += 1;
  // An error is ignored: if the owner is gone, no operation runs.
  await ask(type, {}).catch(() => undefined);
}

async function hasOwner() {
  return api.offscreen ? hasOffscreen() : owner !== null;
}

/** @param {keyof Verbs} type @param {object} body @returns {Promise<Answer | undefined>} */
async function askOffscreen(type, body) {
  creating ??= createOffscreen().finally(() => { creating = null; });
  await creating;
  // A document that is closed during the call does not reply.
  return api.runtime.sendMessage({ to: "vault", type, body }).catch(() => undefined);
}

/** @param {keyof Verbs} type @param {object} body @returns {Promise<Answer>} */
async function askPage(type, body) {
  const before = ends;
  // Chromium's service worker may not import at run time and never calls this function.
  owner ??= import("../../vault_home/vault_owner.js");
  const reply = await (await owner).answer(type, body);
  // Firefox is ending this background page, and the page has closed its vault, so this call gets no answer. The
  // extension's page that sent the call notices the end, and asks the next background page.
  if (reply.error?.code === "vault-closed" && ends === before) return new Promise(() => {});
  return reply;
}

async function createOffscreen() {
  if (await hasOffscreen()) return;
  await api.offscreen.createDocument({
    url: OFFSCREEN_PAGE,
    reasons: /** @type {chrome.offscreen.Reason[]} */ (["WORKERS"]),
    justification: "Runs the cryptographic vault in a Worker, which a service worker cannot start.",
  });
}

async function hasOffscreen() {
  const contextTypes = /** @type {chrome.runtime.ContextType[]} */ (["OFFSCREEN_DOCUMENT"]);
  return (await api.runtime.getContexts({ contextTypes })).length > 0;
}
