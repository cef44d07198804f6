/**
 * Owns the vault on behalf of the background, and the key pair to which the extension's contexts seal texts and
 * secrets. It opens envelopes only to hand their content to the vault, and seals every text that leaves.
 */
import "./shared/channel.js";
import { createMailVerbs } from "./mail_verbs.js";
import { MAX_FILES_BYTES, PART_BYTES } from "./shared/file_limits.js";
import { createPageVerbs } from "./page_verbs.js";
import * as preferences from "./background/preferences.js";
import { readClock, SealedSession } from "./runtime/session.js";
import { letterVerbs } from "./owner_letters.js";
import { openVault } from "./runtime/vault.js";

const DEADLINE_SECONDS = 60;
/** Above the bound of the files themselves, for what the envelopes of their parts add. */
const MAX_HELD_BYTES = MAX_FILES_BYTES + 2 ** 20;
/** Ends what runs with the background's key; the key itself and its deadlines are the background's. */
const session = new SealedSession();

/** @type {Promise<ChannelKeys> | null} */
let keys = null;
/** @type {Promise<any> | null} */
let vault = null;
/**
 * Texts on their way, still sealed: to this owner before their job, to the frame after it.
 * @type {Map<string, Envelope>}
 */
const held = new Map();

const mails = createMailVerbs({
  callVault, optionalKey, openEnvelope, holdForJob: (job, envelope) => void held.set(job, envelope),
});
/** Chosen files by job, as their sealed parts; the first part of each holds its name and type. @type {Map<string, Envelope[][]>} */
const chosenFiles = new Map();
/** @type {Map<string, ArrayBuffer[]>} */
const sealedFiles = new Map();
const pages = createPageVerbs({ callVault, copyMail: mails.copy, optionalKey, openSecret });

/** @type {Record<string, (body: any) => Promise<any>>} */
const VERBS = {
  ...mails.verbs,
  ...pages.verbs,
  "vault.key": async () => ({ publicKey: (await ownKeys()).publicKey }),
  "vault.clock": async () => ({ clock: readClock() }),
  "vault.stop": async () => session.lock("hand"),
  "vault.close": close,
  "text.hold": async ({ job, envelope }) => void held.set(job, envelope),
  "text.take": async ({ job }) => takeHeld(job),
  "text.drop": async ({ job }) => void held.delete(job),
  "text.show": showText,
  "text.again": ({ job, replyKey }) => sealAgain(job, replyKey),
  "identity.open": openIdentities,
  "certificate.describe": async (body) => callVault("certificate.describe", body),
  "certificate.page": async (body) => callVault("certificate.page", body),
  "recipients.check": async (body) => callVault("recipients.check", body),
  "decision.make": async (body) => callVault("decision.make", body),
  "decision.list": async (body) => callVault("decision.list", body),
  "decision.remove": async (body) => callVault("decision.remove", body),
  "trust.follow": async (body) => callVault("trust.follow", body),
  "form.sign": signForm,
  "files.hold": holdFilePart,
  "files.seal": sealFiles,
  "files.take": async ({ job, index, offset }) => ({ bytes: takeSealedPart(job, index, offset) }),
  "files.drop": async ({ job }) => dropFiles(job),
  "message.compose": async ({ sealKey, ...body }) => callVault("message.compose", { ...body, sealKey: await optionalKey(sealKey) }),
  // Keys and certificates.
  "key.export": withSecrets("key.export"),
  "request.make": withSecrets("request.make"),
  "request.finish": withSecrets("request.finish"),
  "certificate.read": async (body) => callVault("certificate.read", body),
  "contacts.list": async (body) => callVault("contacts.list", body),
  "contacts.learn": async (body) => callVault("contacts.learn", body),
  "contacts.remove": async (body) => callVault("contacts.remove", body),
  "kept.join": async (body) => callVault("kept.join", body),
  "backup.seal": withSecrets("backup.seal"),
  "backup.open": withSecrets("backup.open"),
  "field.seal": sealField,
  "field.open": openField,
  "field.judge": judgeField,
  ...letterVerbs({ callVault, openEnvelope, openSecret, copyMail: (mail) => mails.copy(mail) }),
};

/**
 * @param {string} type
 * @param {any} body
 * @returns {Promise<{value: any} | {error: {code: string, message: string}}>}
 */
export async function answer(type, body) {
  try {
    return { value: (await VERBS[type](body)) ?? null };
  } catch (error) {
    const { code = "unknown", message } = /** @type {any} */ (error);
    return { error: { code: String(code), message: String(message) } };
  }
}

/**
 * A verb whose arguments have sealed passphrases among them.
 * @param {string} verb
 * @returns {(body: any) => Promise<any>}
 */
function withSecrets(verb) {
  return async (body) => {
    const purposes = { passphrase: "passphrase", newPassphrase: "passphrase", sealKey: "seal key" };
    const opened = await Promise.all(Object.entries(purposes).filter(([name]) => body[name]).map(
      async ([name, purpose]) => [name, await openSecret(purpose, body[name])],
    ));
    return callVault(verb, { ...body, ...Object.fromEntries(opened) });
  };
}

/** Forgets everything and ends the vault's Workers. */
async function close() {
  session.lock("hand");
  keys = null;
  held.clear();
  mails.clear();
  chosenFiles.clear();
  sealedFiles.clear();
  pages.clear();
  const closing = vault;
  vault = null;
  await closing?.then((opened) => opened.close());
}

function ownKeys() {
  keys ??= sealwaxChannel.generateKeys();
  return keys;
}

/**
 * @param {string} verb
 * @param {object} args
 * @param {(progress: {done: number}) => void} [onProgress]
 * @returns {Promise<any>}
 */
async function callVault(verb, args, onProgress) {
  vault ??= preferences.kept().then(({ strict }) => openVault({ base: new URL("./runtime/", import.meta.url), strict }));
  const opening = vault;
  const guarded = session.guard({ call: async (...request) => (await opening).call(...request) });
  return guarded.call(verb, args, { deadlineSeconds: DEADLINE_SECONDS, onProgress });
}

/** @param {string} job */
function takeHeld(job) {
  const envelope = held.get(job);
  held.delete(job);
  if (!envelope) throw failure("vault-restarted");
  return envelope;
}

/** The text of a waiting job, sealed anew to the window that must show it. @param {any} body */
async function showText({ job, replyKey }) {
  return sealwaxChannel.sealTo(replyKey, "text to show", await openHeld(job));
}

/** A kept text, for the view that goes on with it. @param {string} job @param {ArrayBuffer} replyKey */
async function sealAgain(job, replyKey) {
  return sealwaxChannel.sealTo(replyKey, "opened text", await openHeld(job));
}

/** @param {string} job */
async function openHeld(job) {
  const envelope = held.get(job);
  if (!envelope) throw failure("vault-restarted");
  return openEnvelope("text", envelope);
}

/** @param {any} body */
async function openIdentities({ p12, passphrase, sealKey, forKeeping }) {
  return callVault("identity.open", {
    p12,
    passphrase: await openSecret("passphrase", passphrase),
    sealKey: await openSecret("seal key", sealKey),
    forKeeping,
  });
}

/** @param {any} body */
async function sealField({ job, sealKey, ...args }) {
  const text = await openHeld(job);
  const { cms } = await callVault("field.seal", { ...args, text, sealKey: await optionalKey(sealKey) });
  held.delete(job);
  return { armored: new TextDecoder().decode(cms) };
}

/** @param {any} body */
async function openField({ job, cms, replyKey, sealKey, ...args }) {
  const bytes = new TextEncoder().encode(cms).buffer;
  const { report, text, lookups } = await callVault("field.open", {
    ...args, cms: bytes, sealKey: await optionalKey(sealKey),
  });
  if (report.reasons.some((/** @type {{code: string}} */ { code }) => code === "not-opened")) throw failure("no-key-open");
  held.set(job, await sealwaxChannel.sealTo(replyKey, "opened text", text));
  return { report, lookups };
}

/** @param {any} body */
async function signForm({ sealKey, ...args }) {
  return callVault("form.sign", { ...args, sealKey: await openSecret("seal key", sealKey) });
}

/**
 * A part of a chosen file, each in its place: the first part of the first file begins anew, after a choice that failed.
 * @param {any} body
 */
async function holdFilePart({ job, index, place, part }) {
  if (index === 0 && place === 0) chosenFiles.delete(job);
  const files = chosenFiles.get(job) ?? [];
  if (index > files.length) throw failure("bad-request");
  const parts = (files[index] ??= []);
  if (place !== parts.length) throw failure("bad-request");
  parts.push(part);
  chosenFiles.set(job, files);
  const bytes = files.flat().reduce((sum, { ciphertext }) => sum + ciphertext.byteLength, 0);
  if (bytes <= MAX_HELD_BYTES) return;
  dropFiles(job);
  throw failure("files-too-large");
}

/** Seals every chosen file of a job for itself. @param {any} body */
async function sealFiles({ job, sealKey, identities, recipients, ...args }) {
  const chosen = chosenFiles.get(job);
  chosenFiles.delete(job);
  if (!chosen) throw failure("vault-restarted");
  const sealed = [];
  for (const parts of chosen) {
    const { cms } = await callVault("file.seal", {
      ...args, file: await joinFile(parts), sealKey: await optionalKey(sealKey),
      identities: copyAll(identities), recipients: copyAll(recipients),
    });
    sealed.push(cms);
  }
  sealedFiles.set(job, sealed);
  return { sizes: sealed.map(({ byteLength }) => byteLength) };
}

/** @param {Envelope[]} parts @returns {Promise<{name: string, type: string, data: ArrayBuffer}>} */
async function joinFile([head, ...parts]) {
  const { name, type } = JSON.parse(new TextDecoder().decode(await openEnvelope("file", head)));
  const opened = await Promise.all(parts.map((part) => openEnvelope("file", part)));
  const data = new Uint8Array(opened.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const octets of opened) {
    data.set(new Uint8Array(octets), offset);
    offset += octets.byteLength;
    new Uint8Array(octets).fill(0);
  }
  return { name, type, data: data.buffer };
}

/** @param {string} job @param {number} index @param {number} offset in bytes */
function takeSealedPart(job, index, offset) {
  const file = sealedFiles.get(job)?.[index];
  if (!file) throw failure("vault-restarted");
  return file.slice(offset, offset + PART_BYTES);
}

/** @param {string} job */
function dropFiles(job) {
  chosenFiles.delete(job);
  sealedFiles.delete(job);
}

/** What the vault takes is gone afterwards. @param {ArrayBuffer[]} buffers */
function copyAll(buffers) {
  return buffers.map((buffer) => buffer.slice(0));
}

/** The verdict alone: the text is overwritten here. @param {any} body */
async function judgeField({ cms, sealKey, ...args }) {
  const bytes = new TextEncoder().encode(cms).buffer;
  const { text, ...judged } = await callVault("field.open", { ...args, cms: bytes, sealKey: await optionalKey(sealKey) });
  new Uint8Array(text).fill(0);
  return judged;
}

/** Signing nothing and opening what is only signed need no key. @param {SealedSecret | null} sealKey */
async function optionalKey(sealKey) {
  return sealKey && openSecret("seal key", sealKey);
}

/**
 * @param {string} purpose
 * @param {SealedSecret} sealed
 * @returns {Promise<Secret>}
 */
async function openSecret(purpose, { envelope, length }) {
  return { buffer: await openEnvelope(purpose, envelope), length };
}

/** @param {string} purpose @param {Envelope} envelope */
async function openEnvelope(purpose, envelope) {
  try {
    return await sealwaxChannel.openWith(await ownKeys(), purpose, envelope);
  } catch {
    // Sealed to a key that went with an earlier owner: the sender seals again.
    throw failure("vault-restarted");
  }
}

/** @param {string} code a code of the message catalogue */
function failure(code) {
  return Object.assign(new Error(code), { code });
}
