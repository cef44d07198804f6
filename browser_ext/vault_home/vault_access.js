/**
 * Calls to the vault from its owner, the context that runs the vault. Also the key pair for which the extension's other
 * contexts encrypt texts and secrets. The owner decrypts them here only to hand them to the vault.
 */
import { LateArchive } from "../../wasm_build/vault/owner/late_archive.js";
import { openVault } from "../../wasm_build/vault/owner/vault.js";
import { SealedSession } from "../../wasm_build/vault/storage/session.js";
import { api } from "../shared/api.js";
import { generateKeys, openWith } from "../shared/channel.js";
import { kept } from "../shared/kept_preferences.js";
import { RequestError } from "../shared/messages.js";

const DEADLINE_SECONDS = 60;
/** The names of arguments that are secrets, each with the purpose for which the secret was encrypted. */
const PURPOSES = new Map([
  ["passphrase", "passphrase"], ["newPassphrase", "passphrase"], ["password", "passphrase"],
  ["p12Passphrase", "passphrase"], ["measured", "passphrase"], ["code", "passphrase"], ["sealKey", "seal key"],
]);
/** Stops running operations when the keys lock. The background has the seal key and its time limits. */
const session = new SealedSession();

const RUNTIME = new URL(api.runtime.getURL("runtime/"));
const archive = new LateArchive(RUNTIME);

/** @type {Promise<ChannelKeys> | null} */
let keys = null;
/** @type {ReturnType<typeof openVault> | null} */
let vault = null;

/** The key pair of this owner. A caller that asks for it will soon send a request, so this starts a Worker. */
export function ownKeys() {
  keys ??= generateKeys();
  openSoon().then((opened) => opened.wake(), () => {});
  return keys;
}

/** The vault. The first call of this function opens it. */
function openSoon() {
  vault ??= kept().then(({ strict }) => openVault({ base: RUNTIME, strict }));
  return vault;
}

/**
 * Runs a verb of the vault. Secrets among the arguments arrive encrypted, and this function decrypts them.
 * @template {VaultVerb} V
 * @param {V} verb
 * @param {Encrypted<VaultArgs<V>>} args
 * @param {(progress: {done: number}) => void} [onProgress]
 * @returns {Promise<VaultReply<V>>}
 */
export async function callVault(verb, args, onProgress) {
  const opened = await openSecrets(args);
  const opening = openSoon();
  const guarded = session.guard({ call: async (...request) => (await opening).call(...request) });
  return guarded.call(verb, opened, { deadlineSeconds: DEADLINE_SECONDS, onProgress });
}

/** The strength of a typed passphrase. @param {{measured: EncryptedSecret}} typed */
export async function measurePassphrase({ measured }) {
  return callVault("passphrase.measure", { measured, zxcvbn: await archive.copy() });
}

/** Copies of buffers, since a call to the vault transfers its buffers. @param {ArrayBuffer[]} buffers */
export function copyAll(buffers) {
  return buffers.map((buffer) => buffer.slice(0));
}

/** Stops the operations that run. */
export function stop() {
  session.lock("hand");
}

/** Ends the vault's Workers; the next call starts with a new key pair. */
export async function close() {
  stop();
  keys = null;
  const closing = vault;
  vault = null;
  await closing?.then((opened) => opened.close());
}

/** @param {object} args */
async function openSecrets(args) {
  const opened = Object.entries(args).map(async ([name, value]) => {
    const purpose = PURPOSES.get(name);
    return [name, purpose && value ? await openSecret(purpose, value) : value];
  });
  return Object.fromEntries(await Promise.all(opened));
}

/** @param {string} purpose @param {EncryptedSecret} secret @returns {Promise<Secret>} */
export async function openSecret(purpose, { envelope, length }) {
  return { buffer: await openEnvelope(purpose, envelope), length };
}

/** @param {string} purpose @param {Envelope} envelope */
export async function openEnvelope(purpose, envelope) {
  try {
    return await openWith(await ownKeys(), purpose, envelope);
  } catch {
    // The envelope was encrypted for the key of an earlier owner. The error has the sender encrypt again.
    throw new RequestError("vault-restarted");
  }
}
