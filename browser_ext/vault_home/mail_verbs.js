/**
 * The verbs for mail of the vault's owner, the context that runs the vault. Replies have the content of a mail (text,
 * markup, header fields and files) only encrypted for the view that shows it. The report has none of this content.
 */
import { overwrite } from "../../wasm_build/vault/memory/cleanup.js";
import { encryptTo } from "../shared/channel.js";
import { MailStore } from "./mail_store.js";
import { isClosed } from "../shared/closed_report.js";
import { packContent } from "../shared/packed_content.js";
import { findSentValues } from "../shared/receipt_requests.js";
import { holdText } from "./text_verbs.js";
import { callVault, openEnvelope } from "./vault_access.js";

/** The number of bytes that are enough for the name of the first header field. */
const HEAD_BYTES = 128;

/** The content types PAGE and SIGNED_PAGE of `smime_core.cms.content_info`. */
const PAGE_TYPES = ["2.25.328785074681734693904427938734148443758", "2.25.286837710234770486638560513911881683281"];

/** @typedef {VaultReply<"message.verify">} Opened */
/**
 * A held mail, or a held signature with the held file that it covers, and the keys and trust to open it with.
 * @typedef {{mail: string, content: string} & Omit<Encrypted<VaultArgs<"message.verify">>, "message">} Opening
 */

const store = new MailStore();

export const mailVerbs = {
  /** @param {{bytes: ArrayBuffer, name: string}} body */
  "mail.hold": async ({ bytes, name }) => ({ mail: store.hold(bytes, name) }),
  /** @param {{envelope: Envelope, name: string}} body */
  "mail.hold-envelope": async ({ envelope, name }) => ({ mail: store.hold(await openEnvelope("attached mail", envelope), name) }),
  "mail.inspect": inspect,
  "mail.certificates": listCertificates,
  "mail.verify": verify,
  "mail.judge": judge,
  /** @param {{frame: string, file: number}} body */
  "mail.file": async ({ frame, file }) => ({ envelope: store.file(frame, file) }),
  /** @param {{frame: string}} body */
  "mail.forget": async ({ frame }) => store.forgetFiles(frame),
};

/** A copy of a mail that is held for reading. @param {string} mail */
export function copyMail(mail) {
  return store.copy(mail);
}

export function clearMails() {
  store.clear();
}

/** @param {Opening & {job: string, frame: string, replyKey: ArrayBuffer}} body */
async function verify({ job, frame, replyKey, ...opening }) {
  const opened = await openMail(opening);
  if (isClosed(opened.report)) {
    overwriteAll(opened);
    return { isClosed: /** @type {const} */ (true) };
  }
  const shown = packContent(opened);
  const files = opened.attachments.map(({ data }) => data);
  overwriteAll({ ...opened, attachments: [] });
  const encrypted = [];
  for (const data of files) encrypted.push(await encryptTo(replyKey, "mail file", data));
  store.keepFiles(frame, encrypted);
  holdText({ job, envelope: await encryptTo(replyKey, "opened mail", shown) });
  const { report, lookups, harvest = null, receipt = null, label = null } = opened;
  return { isClosed: /** @type {const} */ (false), report: withoutHeaders(report), lookups, harvest, receipt, label };
}

/** @param {Opening} opening @returns {Promise<Omit<Opened, "reply">>} */
async function openMail({ mail, content, ...args }) {
  if (content) return verifyDetached(mail, content, args);
  // Copies the arguments, because a call transfers its buffers, and a receipt needs a second call.
  const again = structuredClone(args);
  const opened = await verifyMail(mail, args);
  const sent = opened.receipt?.kind === "given" ? await findSentValues(opened.receipt.id) : null;
  return sent ? verifyMail(mail, { ...again, sent }) : opened;
}

/** @param {string} mail @param {Omit<Opening, "mail" | "content">} args */
function verifyMail(mail, args) {
  // With `fieldsToo`, the text of a form's field is verified too. Views show it without header fields and answer
  // buttons.
  return callVault("message.verify", { ...args, message: store.copy(mail), fieldsToo: true, receiptsToo: true });
}

/**
 * Verifies a detached signature over another held file. Replies as for an opened mail to which that file is attached.
 * @param {string} mail @param {string} content @param {Pick<Opening, "trust" | "at">} judging
 */
async function verifyDetached(mail, content, { trust, at }) {
  const verified = await callVault("bytes.verify", { cms: store.copy(mail), content: store.copy(content), trust, at });
  const file = { name: store.nameOf(content), type: "application/octet-stream", path: "", contentId: "", data: verified.content };
  return { ...verified, text: new ArrayBuffer(0), passages: [], parts: [], headers: [], attachments: [file] };
}

/** Returns only the verdict, and overwrites the opened content. @param {Opening} opening */
async function judge(opening) {
  const { report, lookups, certificates, harvest, receipt, label, ...opened } = await openMail(opening);
  overwriteAll(opened);
  return { report: withoutHeaders(report), lookups, certificates, harvest, receipt, label };
}

/** @param {{mail: string}} body */
async function inspect({ mail }) {
  const name = store.nameOf(mail);
  if (beginsAsMail(store.copy(mail))) return { kind: "message", isDetached: false, isPage: false, name };
  const { kind, description } = await callVault("bytes.inspect", { content: store.copy(mail) });
  // The file holds only certificates, as a `.p7b` file does.
  if (description.layers[0]?.kind === "certificates") return { kind: "certificates", isDetached: false, isPage: false, name };
  return { kind, isDetached: isDetachedSignature(description), isPage: isPage(description), name };
}

/** @param {{mail: string} & Pick<Opening, "trust" | "at">} body */
async function listCertificates({ mail, ...judging }) {
  const read = await callVault("certificate.read", { file: store.copy(mail) });
  const { certificates } = await callVault("certificate.describe", { certificates: read.certificates.map((certificate) => certificate.certificate), ...judging });
  const pages = [];
  for (const { certificate } of certificates) pages.push(await callVault("certificate.page", { certificate: certificate.slice(0) }));
  return { certificates, pages, unread: read.leftOut.filter(({ reason }) => reason.code === "not-read") };
}

/** @param {MessageReport} report @returns {MessageReport} */
function withoutHeaders(report) {
  const nobody = { count: 0, mailboxes: [] };
  const people = { from: nobody, sender: nobody, replyTo: nobody, to: nobody, cc: nobody };
  return { ...report, headers: [], headerProtections: [], people };
}

/** @param {Pick<Opened, "text" | "passages" | "parts" | "attachments">} opened */
function overwriteAll({ text, passages, parts, attachments }) {
  const buffers = [text, ...passages.flatMap((passage) => [passage.text, passage.html]), ...parts.map((part) => part.text), ...attachments.map(({ data }) => data)];
  for (const buffer of buffers) if (buffer) overwrite(buffer);
}

/**
 * Whether a file begins with a header field (RFC 5322 section 2.2), or with the "From " line of an mbox file.
 * @param {ArrayBuffer} bytes
 */
function beginsAsMail(bytes) {
  return /^(From |[!-9;-~]{1,76}:)/u.test(new TextDecoder("latin1").decode(bytes.slice(0, HEAD_BYTES)));
}

/** @param {Description} description */
function isPage({ layers: [outermost] }) {
  return PAGE_TYPES.includes(outermost?.contentType ?? "");
}

/** @param {Description} description */
function isDetachedSignature({ layers: [outermost], headers }) {
  return outermost?.kind === "signed" && outermost.detached && headers.length === 0;
}
