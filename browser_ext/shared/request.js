/** Requests from the extension's pages to its background. */
import { overwrite } from "../../wasm_build/vault/memory/cleanup.js";
import { api } from "./api.js";
import { encryptTo } from "./channel.js";
import { RequestError, required } from "./messages.js";

const HEARTBEAT_MILLISECONDS = 10_000;
const RETRY_MILLISECONDS = 500;

/**
 * Sends a message to the background. If the background ends before it answers, the message is sent once more, which
 * starts the background again. Heartbeats keep the background alive during the wait.
 * @template {MessageType} T
 * @param {T} type
 * @param {BodyArgument<T>} rest
 * @returns {Promise<ReplyTo<T>>} rejects with a RequestError
 */
export async function ask(type, ...rest) {
  const [body = {}] = rest;
  const reply = required((await send(type, body)) ?? (await pause(), await send(type, body)), "no-reply");
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
 * Sends a message with passphrases, encrypted for the vault's current key. If the vault ends before it has used them,
 * they are encrypted again for the next vault's key.
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
 * Whether the keys were locked since a text was opened. `whenLocked` is not enough, since the keys may lock before the
 * opened text arrives here.
 * @param {number} openedAt the time that the background reported
 */
export async function wasLockedSince(openedAt) {
  const { lockedAt = 0 } = await api.storage.local.get("lockedAt");
  return Number(lockedAt) >= openedAt;
}

/**
 * Waits for the end of a frame's job with repeated requests, because each request keeps the background alive for a while.
 * @param {string} frame @param {string} job
 */
export async function outcomeOf(frame, job) {
  for (;;) {
    const outcome = await ask("job.wait", { frame, job });
    if (outcome.state !== "waiting") return outcome;
  }
}

/**
 * Keeps the background alive while this page is open, or until the returned function is called. Browsers end an idle
 * background after 30 seconds. In Firefox the vault ends with it.
 */
export function startHeartbeat() {
  const beating = setInterval(beat, HEARTBEAT_MILLISECONDS);
  return () => clearInterval(beating);
}
