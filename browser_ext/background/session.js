/**
 * The unlocked session: a random 32-byte seal key that stands only in `storage.session` (memory, which survives the
 * service worker), with a deadline that every use checks. Lock, start and update take away both the key and what was
 * sealed under it.
 */
import "../shared/channel.js";
import { api } from "../shared/api.js";
import { SECRET_BUFFER_BYTES } from "../shared/messages.js";
import * as database from "./database.js";
import * as memory from "./memory.js";
import * as vault from "./vault_link.js";

const KEY_BYTES = 32;
const IDLE_MILLISECONDS = 15 * 60_000;
export const LOCK_ALARM = "lock";

/** @returns {Promise<{key: number[], deadline: number} | null>} */
async function current() {
  const unlocked = await memory.read("unlocked");
  if (!unlocked) return null;
  if (Date.now() < unlocked.deadline) return unlocked;
  await forget();
  return null;
}

export async function isUnlocked() {
  return (await current()) !== null;
}

/**
 * The seal key, itself sealed to the vault, and the deadline moved: each use counts as activity.
 * @returns {Promise<SealedSecret | null>} null while locked
 */
export async function sealKey() {
  const unlocked = await current();
  return unlocked && pass(unlocked.key);
}

/** The session's key, made now if there is none. @returns {Promise<SealedSecret>} */
export async function sealKeyForUnlock() {
  const unlocked = await current();
  // Without its key, what an earlier session has sealed is worthless.
  if (!unlocked) await database.clear("sealed");
  return pass(unlocked?.key ?? Array.from(crypto.getRandomValues(new Uint8Array(KEY_BYTES))));
}

/** @param {number[]} key @returns {Promise<SealedSecret>} */
async function pass(key) {
  await memory.write("unlocked", { key, deadline: Date.now() + IDLE_MILLISECONDS });
  await api.alarms.create(LOCK_ALARM, { delayInMinutes: IDLE_MILLISECONDS / 60_000 });
  const buffer = new ArrayBuffer(SECRET_BUFFER_BYTES);
  new Uint8Array(buffer).set(key);
  const { publicKey } = await vault.call("vault.key");
  return { envelope: await sealwaxChannel.sealTo(publicKey, "seal key", buffer), length: KEY_BYTES };
}

/** Forgets the key and what was sealed under it. */
export async function forget() {
  await memory.forget("unlocked");
  await database.clear("sealed");
}

/** Forgets the key, and ends the vault with all its memory. */
export async function lock() {
  await forget();
  await vault.close();
}
