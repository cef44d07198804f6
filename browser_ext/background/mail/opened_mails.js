/**
 * The mails that were opened in pages of webmails, known by their Message-ID and the SHA-256 of their bytes.
 *
 * A webmail's own form for writing is another page, so the message that a letter answers or forwards is fetched from the webmail
 * again. The fetched message is compared with the opened mails. If mails with the same Message-ID were opened, the message must
 * be equal to one of them. If the letter was begun from an opened mail, the message must be equal to that mail.
 */
import { headerField } from "../../../wasm_build/ui/mail_header.js";
import { RequestError } from "../../shared/messages.js";
import { senderOrigin } from "../browser/ancestors.js";
import { hashOf, sha256 } from "../browser/hashes.js";
import * as memory from "../browser/memory.js";
import { inTurn } from "../browser/turns.js";

/** The number of opened mails that are remembered, the newest first. */
const MAX_OPENED = 200;

/** `name` is the Message-ID, hashed with the origin. @typedef {{mail: string, name: string, digest: string}} OpenedMail */
/** The mail whose answer was begun in a tab. @typedef {{tabId: number, origin: string, digest: string}} BegunAnswer */
/** @typedef {{mails: OpenedMail[], answers: BegunAnswer[]}} Opened */

/**
 * Holds a mail that the person opens in a page, and notes it.
 * @param {ArrayBuffer} bytes @param {Sender} sender @param {(bytes: ArrayBuffer) => Promise<{mail: string}>} hold gives it to the vault
 */
export async function open(bytes, sender, hold) {
  const [name, digest] = await Promise.all([nameOf(senderOrigin(sender), bytes), sha256(bytes)]);
  const { mail } = await hold(bytes);
  await change(({ mails, answers }) => ({
    mails: [{ mail, name, digest }, ...mails].slice(0, MAX_OPENED), answers: answers.filter(({ tabId }) => tabId !== sender.tab?.id),
  }));
  return { mail };
}

/** Remembers that the person begins to answer an opened mail in the webmail's form. @param {FrameRecord} frame */
export async function begin({ tabId, origin, mail: id }) {
  await change(({ mails, answers }) => {
    const opened = mails.find(({ mail }) => mail === id);
    const others = answers.filter((answer) => answer.tabId !== tabId);
    return { mails, answers: opened ? [{ tabId, origin, digest: opened.digest }, ...others].slice(0, MAX_OPENED) : others };
  });
}

/**
 * Checks the message that a letter in a webmail's form answers or forwards. Rejects with `mail-changed` if the message is
 * not the one that was opened.
 * @param {ArrayBuffer} bytes @param {Sender} sender
 */
export async function check(bytes, sender) {
  const origin = senderOrigin(sender);
  const [name, digest] = await Promise.all([nameOf(origin, bytes), sha256(bytes)]);
  let isOther = false;
  await change(({ mails, answers }) => {
    const begun = answers.find((answer) => answer.tabId === sender.tab?.id && answer.origin === origin);
    const same = mails.filter((mail) => mail.name === name);
    isOther = (begun !== undefined && begun.digest !== digest) || (same.length > 0 && same.every((mail) => mail.digest !== digest));
    // The change is reported once. The person may then answer another message in this tab.
    return { mails, answers: answers.filter((answer) => answer !== begun) };
  });
  if (isOther) throw new RequestError("mail-changed");
}

/** @param {number} tabId of a closed tab */
export function forgetTab(tabId) {
  return change(({ mails, answers }) => ({ mails, answers: answers.filter((answer) => answer.tabId !== tabId) }));
}

/** @param {(opened: Opened) => Opened} act */
function change(act) {
  return inTurn("opened mails", async () => {
    await memory.write("opened mails", act((await memory.read("opened mails")) ?? { mails: [], answers: [] }));
  });
}

/** @param {string} origin @param {ArrayBuffer} bytes */
async function nameOf(origin, bytes) {
  const id = headerField(bytes, "Message-ID").replaceAll(/[<>\s]/gu, "");
  // Mails without a Message-ID are known by their bytes only.
  return id ? hashOf(JSON.stringify([origin, id])) : sha256(bytes);
}
