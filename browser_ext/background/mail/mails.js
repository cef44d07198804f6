/**
 * Mail that the person reads. The vault's owner keeps the mail, and opens it for a frame in a page or for the viewer.
 *
 * Mail that is not encrypted needs no key and no consent. Opening encrypted mail needs a click and the person's consent
 * for the site, like opening a field. It is possible only a limited number of times per minute. The viewer is a page of
 * the extension, so a click there is the consent.
 */
import { api } from "../../shared/api.js";
import { RequestError } from "../../shared/messages.js";
import { siteOf } from "../browser/ancestors.js";
import * as codeOffer from "../account/code_offer.js";
import * as contacts from "../people/contacts.js";
import * as database from "../../shared/database.js";
import * as fields from "../pages/fields.js";
import * as frames from "../browser/frames.js";
import * as jobs from "../jobs/jobs.js";
import * as keys from "../keys/keys.js";
import * as openedMails from "./opened_mails.js";
import * as promptWindow from "../browser/prompt_window.js";
import * as receipts from "./receipts.js";
import * as trust from "../people/trust.js";
import * as vault from "../keys/vault_link.js";
import * as writing from "../writing/writing.js";

/** @param {{bytes: ArrayBuffer, name: string}} body @returns {Promise<{mail: string}>} */
export function hold({ bytes, name }) {
  return vault.call("mail.hold", { bytes, name });
}

/** Holds a mail that the person opens in a page of a webmail. @param {{bytes: ArrayBuffer}} body @param {Sender} sender */
export function holdOpened({ bytes }, sender) {
  return openedMails.open(bytes, sender, (message) => hold({ bytes: message, name: "" }));
}

/**
 * Holds the message that a letter in a webmail's form answers or forwards. Rejects with `mail-changed` if this message
 * is not the one that the person has opened.
 * @param {{bytes: ArrayBuffer}} body @param {Sender} sender
 */
export async function holdOriginal({ bytes }, sender) {
  await openedMails.check(bytes, sender);
  return hold({ bytes, name: "" });
}

/** Opens the viewer in a tab. @param {{mail: string}} body the id of a held mail, or "" */
export async function openViewer({ mail }) {
  await api.tabs.create({ url: api.runtime.getURL(`viewer/viewer.html${mail ? `?mail=${encodeURIComponent(mail)}` : ""}`) });
}

/**
 * Opens a frame's mail. `mail` is not empty if the mail came after the frame. `outcome` is null if a window asks the
 * person first.
 * @param {{frame: string, mail: string, replyKey: ArrayBuffer}} body @param {Sender} sender
 */
export async function verify({ frame: id, mail, replyKey }, sender) {
  const frame = await frames.withMail(await frames.ofBroker(id, sender, "mail"), mail);
  if (frame.origin) await fields.spendBudget(frame);
  const job = await jobs.create(frame, Array.from(new Uint8Array(replyKey)));
  const mayDecrypt = !frame.origin || (await database.get("sites", siteOf(frame)));
  let outcome = await tryToOpen(job, { withKeys: Boolean(mayDecrypt) });
  if (!outcome && mayDecrypt && (await keys.unlocked()).identities.length) outcome = jobs.failed(new RequestError("no-key-open"));
  if (outcome) return { job: job.id, outcome: await jobs.handOut({ ...job, ...outcome }) };
  await promptWindow.open(job);
  return { job: job.id, outcome: null };
}

/** Opens a job's mail once the person has agreed. @param {JobRecord} job */
export async function openNow(job) {
  await jobs.finish(job, (await tryToOpen(job, { withKeys: true })) ?? jobs.failed(new RequestError("no-key-open")));
}

/**
 * @param {JobRecord} job
 * @param {{withKeys: boolean}} options
 * @returns {Promise<Partial<JobRecord> | null>} the job's outcome; null if the mail is encrypted and no key that may be
 *   used opens it
 */
async function tryToOpen(job, { withKeys }) {
  const openedAt = Date.now();
  try {
    const frame = await frames.load(job.frame);
    const [ownKeys, judging, known] = await Promise.all([
      withKeys ? keys.unlocked() : { sealKey: null, identities: [] }, trust.judging(), contacts.read(),
    ]);
    const { isClosed, report, lookups, harvest, receipt, label } = await vault.call("mail.verify", {
      job: job.id, frame: frame.id, mail: frame.mail, content: frame.content, replyKey: new Uint8Array(job.replyKey).buffer,
      ...ownKeys, ...judging, contacts: known?.slice(0) ?? null,
    });
    if (isClosed) return null;
    const shown = lookups.length === 0 ? await receipts.describe({ report, receipt }) : null;
    const outcome = jobs.opened({ report, lookups, receipt: shown, label: await writing.nameOfLabel(label) }, openedAt);
    // The sender becomes a contact only after a final verdict, while the mail is already shown.
    if (lookups.length === 0) void contacts.keepHarvest(harvest ?? null, known).catch(() => undefined);
    void codeOffer.noteMail().catch(() => undefined);
    return outcome;
  } catch (error) {
    return jobs.failed(error);
  }
}

/**
 * Asks the certificate authorities, judges an opened mail again, and returns the verdict.
 * @param {BodyOf<"mail.settle">} body @param {Sender} sender
 */
export async function settle({ frame: id }, sender) {
  const { report, harvest, receipt, label, known } = await judgeAgain(await frames.ofBroker(id, sender, "mail"), trust.askAuthorities);
  void contacts.keepHarvest(harvest ?? null, known).catch(() => undefined);
  return { report, receipt: await receipts.describe({ report, receipt }), label: await writing.nameOfLabel(label) };
}

/**
 * Keeps a certificate of an opened mail, and opens the page on which the person decides whether to trust it.
 * @param {{frame: string, fingerprint: string}} body
 * @param {Sender} sender
 */
export async function propose({ frame: id, fingerprint }, sender) {
  const { certificates: carried } = await judgeAgain(await frames.ofBroker(id, sender, "mail"), fields.nobodyAsked);
  await fields.proposeOneOf(carried, fingerprint);
}

/**
 * One file of an opened mail, encrypted for the mail's view.
 * @param {{frame: string, file: number}} body @param {Sender} sender
 */
export async function file({ frame: id, file: index }, sender) {
  await frames.ofBroker(id, sender, "mail");
  return vault.call("mail.file", { frame: id, file: index });
}

/**
 * Opens an attached message in another viewer.
 * @param {{frame: string, name: string, envelope: Envelope}} body
 * @param {Sender} sender
 */
export async function openAttached({ frame: id, name, envelope }, sender) {
  await frames.ofBroker(id, sender, "mail");
  await openViewer(await vault.call("mail.hold-envelope", { envelope, name }));
}

/**
 * Has the page's content script answer or forward the mail, since only that script knows how the webmail sends.
 * @param {{frame: string, kind: string}} body
 * @param {Sender} sender
 */
export async function answer({ frame: id, kind }, sender) {
  const frame = await frames.ofBroker(id, sender, "mail");
  if (kind !== "receipt") await openedMails.begin(frame);
  const problem = await frames.askPage(frame, { type: "mail.answer", kind });
  if (problem !== true) throw new RequestError(problem ?? "mail-gone");
}

/**
 * Judges a held mail again, with the answers that `ask` gets from the authorities.
 * @param {{mail: string, content: string}} files @param {import("../../../wasm_build/vault/server/lookups.js").Asker} ask
 */
function judgeAgain({ mail, content }, ask) {
  return trust.judgeWith(async (judging) => {
    const opening = { mail, content, ...(await keys.unlocked()), ...judging };
    const known = await contacts.read();
    return { ...(await vault.call("mail.judge", { ...opening, contacts: known?.slice(0) ?? null })), known };
  }, ask);
}

/**
 * The receipt that a held mail asks for, as the window shows it, with the report on the mail and the addresses that the
 * mail names. Rejects with `receipt-not-asked` or `receipt-given`.
 * @param {string} mail
 */
export async function readAsked(mail) {
  const { report, receipt } = await judgeAgain({ mail, content: "" }, trust.askAuthorities);
  const { id, to, readers } = await receipts.readAsked({ report, receipt });
  return { id, to, readers, report };
}
