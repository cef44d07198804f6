/**
 * The verbs of the vault's owner (the context that runs the vault) for parcels that a key of the person opens, and for parcels to
 * send. Replies have names and content of files, and the six words, only encrypted for the page that shows them.
 */
import { encryptTo } from "../shared/channel.js";
import { unpackLetter } from "../../wasm_build/vault/values/packed_letter.js";
import { callVault, openEnvelope } from "./vault_access.js";

/** @typedef {import("./letter_verbs.js").Unpacked} Unpacked */
/**
 * A parcel to send. Its `content` has the members that are not bytes.
 * @typedef {Pick<Encrypted<VaultArgs<"parcel.plan">>, "key" | "recipients" | "sign" | "identities" | "sealKey" | "at">
 *   & {content: Envelope, salt: ArrayBuffer, proof: ArrayBuffer}} Building
 */

export const parcelVerbs = {
  "parcel.answer": (/** @type {Encrypted<VaultArgs<"parcel.answer">>} */ args) => callVault("parcel.answer", args),
  "parcel.verify": verify,
  /** @param {Encrypted<VaultArgs<"parcel.decrypt">> & {replyKey: ArrayBuffer}} body */
  "parcel.decrypt": async ({ replyKey, ...args }) =>
    ({ envelope: await encryptTo(replyKey, "parcel chunk", (await callVault("parcel.decrypt", args)).content) }),
  "parcel.receipt": (/** @type {Encrypted<VaultArgs<"parcel.receipt">>} */ args) => callVault("parcel.receipt", args),
  "parcel.message": compose,
  "parcel.make": make,
  /** @param {Omit<Encrypted<VaultArgs<"parcel.encrypt">>, "content"> & {content: Envelope}} body */
  "parcel.encrypt": async ({ content, ...args }) =>
    callVault("parcel.encrypt", { ...args, content: await openEnvelope("chunk to send", content) }),
  "parcel.plan": (/** @type {Building} */ args) => build("parcel.plan", args),
  "parcel.finish": (/** @type {Building} */ args) => build("parcel.finish", args),
};

/** @param {Encrypted<VaultArgs<"parcel.verify">> & {replyKey: ArrayBuffer}} body */
async function verify({ replyKey, ...args }) {
  const { sender, to, created, files, ...judged } = await callVault("parcel.verify", args);
  const packed = new TextEncoder().encode(JSON.stringify({ sender, to, created, files })).buffer;
  return { ...judged, envelope: await encryptTo(replyKey, "opened parcel", packed) };
}

/**
 * Composes the written message of a parcel. It is neither signed nor encrypted by itself, since the parcel protects it.
 * @param {{letter: Envelope, at: string, replyKey: ArrayBuffer}} body
 */
async function compose({ letter, at, replyKey }) {
  const { fields, text, attachments } = /** @type {Unpacked} */ (unpackLetter(await openEnvelope("letter", letter)));
  const draft = { ...fields, text, attachments, date: at };
  const { message } = await callVault("message.compose", { draft, sign: false, identities: [], sealKey: null, recipients: [], cipher: "cbc" });
  return { envelope: await encryptTo(replyKey, "parcel message", message) };
}

/** @param {Encrypted<VaultArgs<"parcel.make">> & {replyKey: ArrayBuffer}} body */
async function make({ replyKey, ...args }) {
  const { words, ...made } = await callVault("parcel.make", args);
  return { ...made, words: await encryptTo(replyKey, "parcel words", words) };
}

/** @template {"parcel.plan" | "parcel.finish"} Verb @param {Verb} verb @param {Building} body */
async function build(verb, { content, salt, proof, ...args }) {
  const { days, ...described } = JSON.parse(new TextDecoder().decode(await openEnvelope("parcel to send", content)));
  return callVault(verb, { ...args, ...described, terms: { salt, proof, days } });
}
