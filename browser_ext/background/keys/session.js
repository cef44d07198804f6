/**
 * The unlocked session of the extension. Its seal key is kept only in `storage.session` (memory that outlives the
 * service worker), with the times that limit its use. A lock, a start of the browser and an update remove the key and
 * the identities sealed under it. The rules are in `vault/storage/session.js`.
 */
import { SECRET_BUFFER_BYTES } from "../../../wasm_build/vault/memory/cleanup.js";
import { beginAt, LIMITS, remaining, SEAL_KEY_BYTES, useAt, whyOver } from "../../../wasm_build/vault/storage/session.js";
import { api } from "../../shared/api.js";
import { encryptTo } from "../../shared/channel.js";
import { RequestError } from "../../shared/messages.js";
import * as database from "../../shared/database.js";
import * as jobs from "../jobs/jobs.js";
import * as memory from "../browser/memory.js";
import * as preferences from "../browser/preferences.js";
import { inTurn } from "../browser/turns.js";
import * as vault from "./vault_link.js";

/** @typedef {import("../../../wasm_build/vault/storage/session.js").LockReason} LockReason */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").Moment} Moment */
/**
 * @typedef {{id: string, key: number[], times: import("../../../wasm_build/vault/storage/session.js").Times | null}} Session
 *   `times` is null until a key was unlocked
 */

export const LOCK_ALARM = "lock";
const MINUTE_MILLISECONDS = 60_000;
const SESSION = "unlocked";
const LOCKED_BECAUSE = "locked because";

/** Changes of the session run one after the other. A use that began before a lock cannot store the key again. */
const TURN = "session";

/** Whether keys are unlocked. This question does not count as a use of the keys. */
export function isUnlocked() {
  return inTurn(TURN, async () => ((await current()).session?.times ?? null) !== null);
}

/** Whether the session with this id is the current one. @param {string} id */
export function isCurrent(id) {
  return inTurn(TURN, async () => (await current()).session?.id === id);
}

/** The reason of the last lock; null if no keys were unlocked before it. @returns {Promise<LockReason | null>} */
export async function lockReason() {
  return (await memory.read(LOCKED_BECAUSE)) ?? null;
}

/**
 * The seal key, encrypted for the vault's owner. Each call counts as a use of the keys.
 * @returns {Promise<EncryptedSecret | null>} null while the keys are locked
 */
export function sealKey() {
  return inTurn(TURN, async () => {
    const { session, now } = await current();
    if (!session?.times || !now) return null;
    const [key] = await Promise.all([pass(session.key), run({ ...session, times: useAt(session.times, now) }, now)]);
    return key;
  });
}

/**
 * The seal key for identities that are being unlocked. Makes a session if there is none. After the unlocking, the
 * caller calls `begin` with the session's `id`.
 * @returns {Promise<{id: string, sealKey: EncryptedSecret}>}
 */
export function keyForUnlock() {
  return inTurn(TURN, async () => {
    const { id, key } = (await current()).session ?? (await create());
    return { id, sealKey: await pass(key) };
  });
}

/**
 * Stores unlocked identities, and starts the session's time limits. Rejects with `locked` if the session was locked
 * meanwhile.
 * @param {string} id
 * @param {() => Promise<void>} keep stores the identities that were sealed under the key
 */
export function begin(id, keep) {
  return inTurn(TURN, async () => {
    const { session } = await current();
    if (session?.id !== id) throw new RequestError("locked");
    await keep();
    const now = await vault.readClock();
    await run({ ...session, times: session.times ? useAt(session.times, now) : beginAt(now) }, now);
    await memory.forget(LOCKED_BECAUSE);
  });
}

/**
 * Forgets the key and the identities sealed under it, stops the operations that use it, and ends the vault with all its
 * memory.
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
 * Locks a session whose time is over. The vault's owner is not closed while a job's encrypted text waits there for the
 * person's answer.
 */
export function lockIfOver() {
  return inTurn(TURN, async () => {
    const { session, now, isOver } = await current();
    if (session && now) await run(session, now);
    if (isOver && !(await jobs.isAnyWaiting())) await vault.close();
  });
}

/**
 * Reads the session. If the time of the session is over, this function ends it. `now` is null if no key was unlocked.
 * @returns {Promise<{session: Session | null, now: Moment | null, isOver: boolean}>}
 */
async function current() {
  const session = (await memory.read(SESSION)) ?? null;
  if (!session?.times) return { session, now: null, isOver: false };
  const now = await vault.readClock();
  const reason = whyOver(session.times, now, await limits());
  if (reason === null) return { session, now, isOver: false };
  await forget(reason);
  return { session: null, now, isOver: true };
}

/**
 * The limits that the person has set, read at every use.
 * @returns {Promise<import("../../../wasm_build/vault/storage/session.js").Limits>}
 */
async function limits() {
  const { idleMinutes } = await preferences.read();
  return { ...LIMITS, idleMilliseconds: idleMinutes * MINUTE_MILLISECONDS };
}

/** @returns {Promise<Session>} */
async function create() {
  // Contents that were sealed in an earlier session cannot be opened, because the key of that session is gone.
  await clearSealed();
  const key = Array.from(crypto.getRandomValues(new Uint8Array(SEAL_KEY_BYTES)));
  const session = { id: crypto.randomUUID(), key, times: null };
  await memory.write(SESSION, session);
  return session;
}

/** @param {LockReason} reason */
async function forget(reason) {
  const session = await memory.read(SESSION);
  // The key is removed first, so that a later failure leaves only ciphertext.
  await memory.forget(SESSION);
  if (session?.times) {
    await memory.write(LOCKED_BECAUSE, reason);
    // Views that watch this value stop showing opened content (`whenLocked`).
    await api.storage.local.set({ lockedAt: Date.now() }).catch(() => undefined);
  }
  await vault.stop();
  await clearSealed();
}

function clearSealed() {
  return database.change({ sealed: { clear: true }, keySessions: { clear: true } });
}

/** Stores the session, and sets the alarm for its end. @param {Session} session @param {Moment} now */
async function run(session, now) {
  await memory.write(SESSION, session);
  if (!session.times) return;
  const milliseconds = Math.max(remaining(session.times, now, await limits()), 0);
  await api.alarms.create(LOCK_ALARM, { delayInMinutes: milliseconds / MINUTE_MILLISECONDS });
}

/** @param {number[]} key @returns {Promise<EncryptedSecret>} */
async function pass(key) {
  const buffer = new ArrayBuffer(SECRET_BUFFER_BYTES);
  new Uint8Array(buffer).set(key);
  const { publicKey } = await vault.call("vault.key");
  return { envelope: await encryptTo(publicKey, "seal key", buffer), length: SEAL_KEY_BYTES };
}
