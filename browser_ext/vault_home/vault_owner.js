/**
 * The vault's owner: it runs the vault for the background. The extension's contexts encrypt texts and secrets for its
 * key pair. It decrypts them only to hand them to the vault, and encrypts every text in its replies.
 */
import { readClock } from "../../wasm_build/vault/storage/session.js";
import { encryptTo, SUGGESTION } from "../shared/channel.js";
import { isClosed } from "../shared/closed_report.js";
import { MAX_FILES_BYTES, PART_BYTES } from "../shared/file_limits.js";
import { describeError, RequestError, required } from "../shared/messages.js";
import { clearLetters, letterVerbs } from "./letter_verbs.js";
import { clearMails, mailVerbs } from "./mail_verbs.js";
import { clearPages, pageVerbs } from "./page_verbs.js";
import { parcelVerbs } from "./parcel_verbs.js";
import { clearTexts, dropText, holdText, openText, textVerbs } from "./text_verbs.js";
import { tokenVerbs } from "./token_verbs.js";
import * as vault from "./vault_access.js";

const { callVault, copyAll } = vault;
/** The limit of a job's held files. The files are encrypted in parts, which makes them slightly larger. */
const MAX_HELD_BYTES = MAX_FILES_BYTES + 2 ** 20;

/**
 * The chosen files by job, each as a list of encrypted parts. The first part has the name and the type of the file.
 * @type {Map<string, Envelope[][]>}
 */
const chosenFiles = new Map();
/** @type {Map<string, ArrayBuffer[]>} */
const encryptedFiles = new Map();

/** The verbs that the owner forwards to the vault, after it has decrypted the secrets in their arguments. */
const FORWARDED_VERBS = /** @type {const} */ ([
  "addresses.read", "addresses.find", "identity.open", "certificate.describe", "certificate.page", "certificate.read", "recipients.check", "decision.make", "decision.list",
  "decision.remove", "trust.follow", "form.sign", "message.compose", "key.export", "request.make", "request.finish", "contacts.list",
  "contacts.learn", "contacts.remove", "kept.join", "pages.verify", "backup.seal", "backup.open",
  "identity.keep", "roaming.register", "roaming.login", "roaming.recover", "roaming.rotate", "roaming.remove", "roaming.ask",
  "roaming.push", "roaming.merge", "roaming.find",
]);

/** @typedef {Omit<Encrypted<VaultArgs<"field.verify">>, "cms"> & {cms: string}} ArmoredField */

export const VERBS = {
  ...forwardedVerbs(),
  ...mailVerbs,
  ...pageVerbs,
  ...letterVerbs,
  ...parcelVerbs,
  ...tokenVerbs,
  ...textVerbs,
  "vault.key": async () => ({ publicKey: (await vault.ownKeys()).publicKey }),
  "vault.clock": async () => ({ clock: readClock() }),
  "vault.stop": async () => vault.stop(),
  "vault.close": close,
  "files.hold": holdFilePart,
  "files.encrypt": encryptFiles,
  /** @param {{job: string, index: number, offset: number}} body `offset` in bytes */
  "files.take": async ({ job, index, offset }) => ({ bytes: takeEncryptedPart(job, index, offset) }),
  /** @param {{job: string}} body */
  "files.drop": async ({ job }) => dropFiles(job),
  "field.encrypt": encryptField,
  "field.verify": verifyField,
  "field.judge": judgeField,
  "roaming.answer": answerStep,
  "passphrase.measure": vault.measurePassphrase,
  "passphrase.suggest": suggestPassphrase,
};

/**
 * @param {keyof typeof VERBS} type
 * @param {object} body of that verb
 * @returns {Promise<{value: unknown, error?: undefined} | {value?: undefined, error: {code: string, message: string}}>}
 */
export async function answer(type, body) {
  const act = /** @type {(body: object) => Promise<unknown>} */ (VERBS[type]);
  try {
    return { value: (await act(body)) ?? null };
  } catch (error) {
    return { error: describeError(error) };
  }
}

function forwardedVerbs() {
  const verbs = FORWARDED_VERBS.map((verb) =>
    [verb, (/** @type {Encrypted<VaultArgs<typeof verb>>} */ args) => callVault(verb, args)]);
  return /** @type {{[V in typeof FORWARDED_VERBS[number]]: (args: Encrypted<VaultArgs<V>>) => Promise<VaultReply<V>>}} */ (
    Object.fromEntries(verbs));
}

/**
 * The next step of an operation at the key server. The reply has a new recovery code only encrypted for the page that
 * shows it.
 * @param {Encrypted<VaultArgs<"roaming.answer">> & {replyKey: ArrayBuffer | null}} body
 */
async function answerStep({ replyKey, ...args }) {
  const { then, ...step } = await callVault("roaming.answer", args);
  return { ...await closed(step, replyKey), then: then && await closed(then, replyKey) };
}

/** Random words for a passphrase, encrypted for the page that shows them. @param {{language: string, replyKey: ArrayBuffer}} body */
async function suggestPassphrase({ language, replyKey }) {
  const { words } = await callVault("passphrase.suggest", { language });
  return { words: await encryptTo(replyKey, SUGGESTION, words) };
}

/** @template {{code?: ArrayBuffer | null}} Step @param {Step} step @param {ArrayBuffer | null} replyKey */
async function closed({ code, ...step }, replyKey) {
  return { ...step, code: code && replyKey && await encryptTo(replyKey, "recovery code", code) };
}

/** Deletes all held content and ends the vault's Workers. */
async function close() {
  clearTexts();
  clearMails();
  clearLetters();
  clearPages();
  chosenFiles.clear();
  encryptedFiles.clear();
  await vault.close();
}

/** @param {Omit<Encrypted<VaultArgs<"field.encrypt">>, "text"> & {job: string}} body */
async function encryptField({ job, ...args }) {
  const { cms } = await callVault("field.encrypt", { ...args, text: await openText(job) });
  dropText(job);
  return { armored: new TextDecoder().decode(cms) };
}

/** @param {ArmoredField & {job: string, replyKey: ArrayBuffer}} body */
async function verifyField({ job, replyKey, ...field }) {
  const { report, text, lookups } = await openArmored(field);
  if (isClosed(report)) throw new RequestError("no-key-open");
  holdText({ job, envelope: await encryptTo(replyKey, "opened text", text) });
  return { report, lookups };
}

/** Returns only the verdict, and overwrites the opened text. @param {ArmoredField} field */
async function judgeField(field) {
  const { text, ...judged } = await openArmored(field);
  new Uint8Array(text).fill(0);
  return judged;
}

/** @param {ArmoredField} field */
function openArmored({ cms, ...args }) {
  return callVault("field.verify", { ...args, cms: new TextEncoder().encode(cms).buffer });
}

/**
 * Holds a part of a chosen file. Parts must come in order. The first part of the first file replaces all held parts of
 * the job, which are from an earlier, failed try.
 * @param {{job: string, index: number, place: number, part: Envelope}} body
 */
async function holdFilePart({ job, index, place, part }) {
  if (index === 0 && place === 0) chosenFiles.delete(job);
  const files = chosenFiles.get(job) ?? [];
  if (index > files.length) throw new RequestError("bad-request");
  const parts = (files[index] ??= []);
  if (place !== parts.length) throw new RequestError("bad-request");
  parts.push(part);
  chosenFiles.set(job, files);
  const bytes = files.flat().reduce((sum, { ciphertext }) => sum + ciphertext.byteLength, 0);
  if (bytes <= MAX_HELD_BYTES) return;
  dropFiles(job);
  throw new RequestError("files-too-large");
}

/**
 * Encrypts each chosen file of a job into a separate message.
 * @param {Omit<Encrypted<VaultArgs<"file.encrypt">>, "file"> & {job: string}} body
 */
async function encryptFiles({ job, identities, recipients, ...args }) {
  const chosen = required(chosenFiles.get(job), "vault-restarted");
  chosenFiles.delete(job);
  const encrypted = [];
  for (const parts of chosen) {
    const { cms } = await callVault("file.encrypt", {
      ...args, file: await joinFile(parts), identities: copyAll(identities), recipients: copyAll(recipients),
    });
    encrypted.push(cms);
  }
  encryptedFiles.set(job, encrypted);
  return { sizes: encrypted.map(({ byteLength }) => byteLength) };
}

/** @param {Envelope[]} parts @returns {Promise<{name: string, type: string, data: ArrayBuffer}>} */
async function joinFile([head, ...parts]) {
  const { name, type } = JSON.parse(new TextDecoder().decode(await vault.openEnvelope("file", head)));
  const opened = await Promise.all(parts.map((part) => vault.openEnvelope("file", part)));
  const data = new Uint8Array(opened.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const buffer of opened) {
    data.set(new Uint8Array(buffer), offset);
    offset += buffer.byteLength;
    new Uint8Array(buffer).fill(0);
  }
  return { name, type, data: data.buffer };
}

/** @param {string} job @param {number} index @param {number} offset in bytes */
function takeEncryptedPart(job, index, offset) {
  return required(encryptedFiles.get(job)?.[index], "vault-restarted").slice(offset, offset + PART_BYTES);
}

/** @param {string} job */
function dropFiles(job) {
  chosenFiles.delete(job);
  encryptedFiles.delete(job);
}
