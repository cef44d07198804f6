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

/**
 * @param {string} type
 * @param {object} [body]
 * @returns {Promise<any>}
 */
export async function call(type, body = {}) {
  const reply = api.offscreen ? await callOffscreen(type, body) : await (await loadOwner()).answer(type, body);
  if (!reply) throw new RequestError("vault-crashed");
  if (reply.error) throw new RequestError(reply.error.code, reply.error.message);
  return reply.value;
}

/** Ends the vault; the next call starts another. */
export async function close() {
  if (api.offscreen) {
    if (await hasOffscreen()) await api.offscreen.closeDocument();
  } else if (owner) {
    (await owner).close();
  }
}

/** @param {string} type @param {object} body */
async function callOffscreen(type, body) {
  creating ??= createOffscreen().finally(() => { creating = null; });
  await creating;
  return api.runtime.sendMessage({ to: "vault", type, body });
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
