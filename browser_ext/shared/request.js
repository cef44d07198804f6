/** Requests from the extension's pages to its background. */
import { overwrite } from "../../wasm_build/vault/memory/cleanup.js";
import { api } from "./api.js";
import { encryptTo } from "./channel.js";
import { RequestError } from "./messages.js";

const HEARTBEAT_MILLISECONDS = 10_000;
const RETRY_MILLISECONDS = 500;

/**
 * Sends a message to the background. If the background ended before its answer, the message is sent once more. This
 * starts the background anew. Heartbeats keep the background alive during the wait.
 * @template {MessageType} T
 * @param {T} type
 * @param {BodyArgument<T>} rest
 * @returns {Promise<ReplyTo<T>>} rejects with a RequestError
 */
export async function ask(type, ...rest) {
  const [body = {}] = rest;
  const reply = (await send(type, body)) ?? (await pause(), await send(type, body));
  if (!reply) throw new RequestError("no-reply");
  if (reply.error) throw new RequestError(reply.error.code, reply.error.message);
  return /** @type {ReplyTo<T>} */ (reply.value);
}

/**
 * @param {MessageType} type @param {object} body
 * @returns {Promise<{value: unknown, error?: undefined} | {error: {code: string, message: string}} | undefined>} undefined
 *   if nobody answered
 */
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
 * Sends a message with passphrases, encrypted for the vault's present key. If the vault ends before it has used the
 * passphrases, they are encrypted once more, for the key of the next vault.
 * @template {MessageType} T
 * @param {T} type
 * @param {Omit<BodyOf<T>, SecretsOf<T>>} body
 * @param {Record<SecretsOf<T>, Secret>} secrets by the names that they have in the body; overwritten
 * @returns {Promise<ReplyTo<T>>}
 */
export async function askWithSecrets(type, body, secrets) {
  const named = /** @type {[string, Secret][]} */ (Object.entries(secrets));
  const attempt = async () => {
    const { publicKey } = await ask("vault.key");
    const encrypted = await Promise.all(named.map(async ([name, secret]) => [name, await encrypt(publicKey, secret)]));
    return ask(type, .../** @type {BodyArgument<T>} */ ([{ ...body, ...Object.fromEntries(encrypted) }]));
  };
  try {
    return await attempt().catch((error) => {
      if (error.code !== "vault-restarted") throw error;
      return attempt();
    });
  } finally {
    for (const [, { buffer }] of named) overwrite(buffer);
  }
}

/** @param {ArrayBuffer} publicKey @param {Secret} secret @returns {Promise<EncryptedSecret>} */
async function encrypt(publicKey, { buffer, length }) {
  return { envelope: await encryptTo(publicKey, "passphrase", buffer.slice(0)), length };
}

/** Calls `act` when the keys are locked. @param {() => void} act hides the content that the keys opened */
export function whenLocked(act) {
  // The lock is reported through `storage.local`, since Firefox delivers no messages to frames in pages. Listeners of
  // `storage.session` would see the seal key.
  api.storage.local.onChanged.addListener((changes) => {
    if ("lockedAt" in changes) act();
  });
}

/**
 * Whether the keys were locked since a text was opened. `whenLocked` is not enough, since the lock may come before the
 * text.
 * @param {number} openedAt the time that the background reported
 */
export async function wasLockedSince(openedAt) {
  const { lockedAt = 0 } = await api.storage.local.get("lockedAt");
  return Number(lockedAt) >= openedAt;
}

/**
 * Keeps the background alive while this page is open, or until the returned function is called. Browsers end an idle
 * background, and Firefox its vault too, after 30 seconds.
 */
export function startHeartbeat() {
  const beating = setInterval(beat, HEARTBEAT_MILLISECONDS);
  return () => clearInterval(beating);
}
