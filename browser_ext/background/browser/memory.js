/** Values in `storage.session`. They are plain JSON, outlive Chromium's service worker, and are never written to a disk. */
import { storageError } from "../../../wasm_build/vault/errors/storage_error.js";
import { api } from "../../shared/api.js";
import { required } from "../../shared/messages.js";

/** @template {keyof SessionMemory} N @param {N} name @returns {Promise<SessionMemory[N] | undefined>} */
export async function read(name) {
  return /** @type {Partial<SessionMemory>} */ (await api.storage.session.get(name))[name];
}

/**
 * Reads a value. Rejects with `code` if there is none.
 * @template {keyof SessionMemory} N @param {N} name @param {string} code
 */
export async function find(name, code) {
  return required(await read(name), code);
}

/** @template {"frame:" | "job:" | "composition:"} P @param {P} prefix @returns {Promise<SessionMemory[`${P}${string}`][]>} */
export async function readAll(prefix) {
  const values = Object.entries(await api.storage.session.get(null)).filter(([name]) => name.startsWith(prefix)).map(([, value]) => value);
  return /** @type {SessionMemory[`${P}${string}`][]} */ (values);
}

/**
 * Stores a value. Rejects with `storage-full` or `storage-refused`.
 * @template {keyof SessionMemory} N @param {N} name @param {SessionMemory[N]} value
 */
export async function write(name, value) {
  await api.storage.session.set({ [name]: value }).catch((error) => { throw storageError(error); });
}

/** @param {string} name */
export function forget(name) {
  return api.storage.session.remove(name);
}
