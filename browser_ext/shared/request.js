/** Requests from the extension's private pages to its background. */
import "./channel.js";
import { overwrite } from "../runtime/cleanup.js";
import { api } from "./api.js";
import { RequestError } from "./messages.js";

const HEARTBEAT_MILLISECONDS = 10_000;
const RETRY_MILLISECONDS = 500;

/**
 * Asks the background, and once more when it ended before it could answer: the browser starts it anew. While an answer is
 * waited for, it is kept alive.
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
  const beating = setInterval(beat, HEARTBEAT_MILLISECONDS);
  return api.runtime.sendMessage({ type, body }).catch(() => undefined).finally(() => clearInterval(beating));
}

function beat() {
  void api.runtime.sendMessage({ type: "heartbeat", body: {} }).catch(() => {});
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
}

/**
 * Asks with passphrases, sealed to the vault's key of this moment; a vault that ends before it has used them takes that key
 * along, and they are sealed once more to the next one.
 * @param {string} type
 * @param {object} body
 * @param {Record<string, Secret>} secrets by the names that they have in the body; overwritten
 * @returns {Promise<any>}
 */
export async function askWithSecrets(type, body, secrets) {
  const named = Object.entries(secrets);
  const attempt = async () => {
    const { publicKey } = await ask("vault.key");
    const sealed = await Promise.all(named.map(async ([name, secret]) => [name, await seal(publicKey, secret)]));
    return ask(type, { ...body, ...Object.fromEntries(sealed) });
  };
  try {
    return await attempt().catch((error) => {
      if (error.code !== "vault-restarted") throw error;
      return attempt();
    });
  } finally {
    for (const { buffer } of Object.values(secrets)) overwrite(buffer);
  }
}

/** @param {ArrayBuffer} publicKey @param {Secret} secret @returns {Promise<SealedSecret>} */
async function seal(publicKey, { buffer, length }) {
  return { envelope: await sealwaxChannel.sealTo(publicKey, "passphrase", buffer.slice(0)), length };
}

/** @param {() => void} act when the keys were locked: what they opened is to be shown no longer */
export function whenLocked(act) {
  // Firefox brings messages to no frame in a page. The session's own storage would show its key to every listener.
  api.storage.local.onChanged.addListener((changes) => {
    if ("lockedAt" in changes) act();
  });
}

/**
 * Whether the keys were locked since something was opened: the news of it may have come before what was opened did.
 * @param {number} openedAt as the background said
 */
export async function wasLockedSince(openedAt) {
  const { lockedAt = 0 } = await api.storage.local.get("lockedAt");
  return Number(lockedAt) >= openedAt;
}

/** Firefox ends an idle background page and its vault after 30 seconds, whatever it holds: an open page keeps it. */
export function startHeartbeat() {
  setInterval(beat, HEARTBEAT_MILLISECONDS);
}
