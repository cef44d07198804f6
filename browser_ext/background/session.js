/**
 * The unlocked session of the extension: its seal key stands only in `storage.session` (memory, which survives the
 * service worker), with the times that every use is judged by. Lock, start and update take away the key and what was
 * sealed under it. The rules are those of `runtime/session.js`.
 */
import "../shared/channel.js";
import { SECRET_BUFFER_BYTES } from "../runtime/cleanup.js";
import { beginAt, LIMITS, remaining, SEAL_KEY_BYTES, useAt, whyOver } from "../runtime/session.js";
import { api } from "../shared/api.js";
import { RequestError } from "../shared/messages.js";
import * as database from "./database.js";
import * as memory from "./memory.js";
import * as preferences from "./preferences.js";
import { inTurn } from "./turns.js";
import * as vault from "./vault_link.js";

/** @typedef {import("../runtime/session.js").LockReason} LockReason */
/**
 * @typedef {{id: string, key: number[], times: import("../runtime/session.js").Times | null}} Session
 *   `times` is null until something was unlocked
 */

export const LOCK_ALARM = "lock";
const MINUTE_MILLISECONDS = 60_000;
const SESSION = "unlocked";
const LOCKED_BECAUSE = "locked because";

/** Changes follow each other: a use that began before a lock must not bring back what the lock took. */
const TURN = "session";

/** Whether keys are unlocked; counts as no use. */
export function isUnlocked() {
  return inTurn(TURN, async () => ((await current())?.times ?? null) !== null);
}

/** Why the keys are locked, when they were unlocked before. @returns {Promise<LockReason | null>} */
export async function lockReason() {
  return (await memory.read(LOCKED_BECAUSE)) ?? null;
}

/**
 * The seal key, itself sealed to the vault; each use counts as activity.
 * @returns {Promise<SealedSecret | null>} null while locked
 */
export function sealKey() {
  return inTurn(TURN, async () => {
    const session = await current();
    if (!session?.times) return null;
    await run({ ...session, times: useAt(session.times, await vault.readClock()) });
    return pass(session.key);
  });
}

/**
 * The session's key, made now if there is none, for identities that are being unlocked; `begin` with its `id` follows.
 * @returns {Promise<{id: string, sealKey: SealedSecret}>}
 */
export function keyForUnlock() {
  return inTurn(TURN, async () => {
    const { id, key } = (await current()) ?? (await create());
    return { id, sealKey: await pass(key) };
  });
}

/**
 * Something was unlocked: from now on the deadlines run. Rejects with `locked` when the session was locked meanwhile.
 * @param {string} id
 * @param {() => Promise<void>} keep puts away what was sealed under the key
 */
export function begin(id, keep) {
  return inTurn(TURN, async () => {
    const session = await current();
    if (session?.id !== id) throw new RequestError("locked");
    await keep();
    const moment = await vault.readClock();
    await run({ ...session, times: session.times ? useAt(session.times, moment) : beginAt(moment) });
    await memory.forget(LOCKED_BECAUSE);
  });
}

/**
 * Forgets the key and what was sealed under it, stops what runs with it, and ends the vault with all its memory.
 * @param {LockReason} reason
 */
export function lock(reason) {
  return inTurn(TURN, async () => {
    try {
      await forget(reason);
    } finally {
      await vault.close();
    }
  });
}

/**
 * Locks what is over.
 * @param {{keepVault: boolean}} options whether its owner must stay, where a text stands sealed that waits for an answer
 */
export function lockIfOver({ keepVault }) {
  return inTurn(TURN, async () => {
    const session = await read();
    if (!session?.times || (await current()) !== null) return session?.times && run(session);
    if (!keepVault) await vault.close();
  });
}

/** @returns {Promise<Session | null>} */
async function current() {
  const session = await read();
  const reason = session?.times ? whyOver(session.times, await vault.readClock(), await limits()) : null;
  if (reason === null) return session;
  await forget(reason);
  return null;
}

/** @returns {Promise<Session | null>} */
async function read() {
  return (await memory.read(SESSION)) ?? null;
}

/** As the person has set them, at every use. @returns {Promise<import("../runtime/session.js").Limits>} */
async function limits() {
  const { idleMinutes } = await preferences.read();
  return { ...LIMITS, idleMilliseconds: idleMinutes * MINUTE_MILLISECONDS };
}

/** @returns {Promise<Session>} */
async function create() {
  // Without its key, what an earlier session has sealed is worthless.
  await database.clear("sealed");
  const key = Array.from(crypto.getRandomValues(new Uint8Array(SEAL_KEY_BYTES)));
  const session = { id: crypto.randomUUID(), key, times: null };
  await memory.write(SESSION, session);
  return session;
}

/** @param {LockReason} reason */
async function forget(reason) {
  const session = await read();
  // The key first: whatever fails after that leaves only ciphertext.
  await memory.forget(SESSION);
  if (session?.times) {
    await memory.write(LOCKED_BECAUSE, reason);
    // Views let go of what they show (`whenLocked`).
    await api.storage.local.set({ lockedAt: Date.now() }).catch(() => undefined);
  }
  await vault.stop();
  await database.clear("sealed");
}

/** @param {Session} session whose times have changed */
async function run(session) {
  await memory.write(SESSION, session);
  if (!session.times) return;
  const milliseconds = remaining(session.times, await vault.readClock(), await limits());
  await api.alarms.create(LOCK_ALARM, { delayInMinutes: Math.max(milliseconds, 0) / 60_000 });
}

/** @param {number[]} key @returns {Promise<SealedSecret>} */
async function pass(key) {
  const buffer = new ArrayBuffer(SECRET_BUFFER_BYTES);
  new Uint8Array(buffer).set(key);
  const { publicKey } = await vault.call("vault.key");
  return { envelope: await sealwaxChannel.sealTo(publicKey, "seal key", buffer), length: SEAL_KEY_BYTES };
}
