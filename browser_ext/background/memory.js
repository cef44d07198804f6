/** `storage.session`: values that outlive Chromium's service worker and never reach a disk. Plain JSON only. */
import { storageError } from "../runtime/storage_error.js";
import { api } from "../shared/api.js";

/** @param {string} name @returns {Promise<any>} undefined when there is none */
export async function read(name) {
  return (await api.storage.session.get(name))[name];
}

/** @param {string} prefix @returns {Promise<any[]>} */
export async function readAll(prefix) {
  const everything = await api.storage.session.get(null);
  return Object.entries(everything).filter(([name]) => name.startsWith(prefix)).map(([, value]) => value);
}

/** Rejects with `storage-full` or `storage-refused`. @param {string} name @param {unknown} value */
export async function write(name, value) {
  await api.storage.session.set({ [name]: value }).catch((error) => { throw storageError(error); });
}

/** @param {string} name */
export function forget(name) {
  return api.storage.session.remove(name);
}
