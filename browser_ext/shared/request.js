/** Requests from the extension's private pages to its background. */
import "./channel.js";
import { api } from "./api.js";
import { RequestError } from "./messages.js";

const HEARTBEAT_MILLISECONDS = 10_000;
const RETRY_MILLISECONDS = 500;

/**
 * Asks the background, and once more when it ended before it could answer: the browser starts it anew.
 * @param {string} type
 * @param {object} [body]
 * @returns {Promise<any>} the reply; rejects with a RequestError
 */
export async function ask(type, body = {}) {
  const reply = (await send(type, body)) ?? (await pause(), await send(type, body));
  if (!reply) throw new RequestError("no-reply");
  if (reply.error) throw new RequestError(reply.error.code, reply.error.message);
  return reply.value;
}

/** @param {string} type @param {object} body @returns {Promise<any>} undefined when nobody answered */
function send(type, body) {
  return api.runtime.sendMessage({ type, body }).catch(() => undefined);
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
}

/**
 * Seals a secret to the vault's key of this moment and overwrites it.
 * @param {Secret} secret
 * @returns {Promise<SealedSecret>}
 */
export async function sealSecret({ buffer, length }) {
  const { publicKey } = await ask("vault.key");
  return { envelope: await sealwaxChannel.sealTo(publicKey, "passphrase", buffer), length };
}

/** @param {() => void} act when the keys were locked: what they opened is to be shown no longer */
export function whenLocked(act) {
  // Firefox brings messages to no frame in a page. The session's own storage would show its key to every listener.
  api.storage.local.onChanged.addListener((changes) => {
    if ("lockedAt" in changes) act();
  });
}

/** Firefox ends an idle background page and its vault after 30 seconds, whatever it holds: an open page keeps it. */
export function startHeartbeat() {
  setInterval(() => void ask("heartbeat").catch(() => {}), HEARTBEAT_MILLISECONDS);
}
