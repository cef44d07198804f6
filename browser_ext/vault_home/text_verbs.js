/**
 * Texts that the vault's owner (the context that runs the vault) holds for jobs. Before the job is done, the text is
 * encrypted for the owner. Afterwards it is encrypted for the frame that shows it.
 */
import { encryptTo } from "../shared/channel.js";
import { required } from "../shared/messages.js";
import { openEnvelope } from "./vault_access.js";

/** The held texts by job. @type {Map<string, Envelope>} */
const held = new Map();

/** @typedef {{job: string, envelope: Envelope}} HeldText */
/**
 * @typedef {{job: string, replyKey: ArrayBuffer}} TextRequest `replyKey` is the public key of the window that shows the
 *   text
 */

export const textVerbs = {
  /** @param {HeldText} body */
  "text.hold": async (body) => holdText(body),
  /** @param {{job: string}} body */
  "text.take": async ({ job }) => {
    const envelope = find(job);
    dropText(job);
    return envelope;
  },
  /** @param {{job: string}} body */
  "text.drop": async ({ job }) => dropText(job),
  /** The text of a waiting job, for the window that must show it. @param {TextRequest} body */
  "text.show": ({ job, replyKey }) => encryptAgain(job, replyKey, "text to show"),
  /** A held text, for the view in which the person continues writing. @param {TextRequest} body */
  "text.again": ({ job, replyKey }) => encryptAgain(job, replyKey, "opened text"),
};

/** @param {HeldText} text */
export function holdText({ job, envelope }) {
  held.set(job, envelope);
}

/** @param {string} job */
export function dropText(job) {
  held.delete(job);
}

/** @param {string} job */
export async function openText(job) {
  return openEnvelope("text", find(job));
}

export function clearTexts() {
  held.clear();
}

/** @param {string} job @param {ArrayBuffer} replyKey @param {string} purpose */
async function encryptAgain(job, replyKey, purpose) {
  return encryptTo(replyKey, purpose, await openText(job));
}

/** @param {string} job */
function find(job) {
  return required(held.get(job), "vault-restarted");
}
