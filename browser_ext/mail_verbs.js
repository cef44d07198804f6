/**
 * What the vault's owner does for mail. Everything that a mail says leaves here sealed to the view that shows it: the
 * words, their markup, the fields of the header, the files. What may be known outside is the report without these.
 */
import "./shared/channel.js";
import { overwrite } from "./runtime/cleanup.js";
import { MailStore } from "./mail_store.js";
import { packContent } from "./shared/packed_content.js";

/** Enough for the name of a first field. */
const HEAD_BYTES = 128;

/** PAGE and SIGNED_PAGE of `smime_core.content_info`. */
const PAGE_TYPES = ["2.25.328785074681734693904427938734148443758", "2.25.286837710234770486638560513911881683281"];

/** @typedef {(verb: string, args: object) => Promise<any>} CallVault */

/**
 * @param {{
 *   callVault: CallVault, optionalKey: (sealKey: SealedSecret | null) => Promise<Secret | null>,
 *   openEnvelope: (purpose: string, envelope: Envelope) => Promise<ArrayBuffer>,
 *   holdForJob: (job: string, envelope: Envelope) => void,
 * }} owner
 */
export function createMailVerbs({ callVault, optionalKey, openEnvelope, holdForJob }) {
  const store = new MailStore();

  /** @param {any} body */
  async function open({ job, frame, mail, content, replyKey, sealKey, ...args }) {
    const opened = await openMail({ mail, content, sealKey }, args);
    if (opened.report.reasons.some((/** @type {{code: string}} */ { code }) => code === "not-opened")) {
      overwriteAll(opened);
      return { isClosed: true };
    }
    const shown = packContent(opened);
    const files = opened.attachments.map((/** @type {{data: ArrayBuffer}} */ { data }) => data);
    overwriteAll({ ...opened, attachments: [] });
    const sealed = [];
    for (const data of files) sealed.push(await sealwaxChannel.sealTo(replyKey, "mail file", data));
    store.keepFiles(frame, sealed);
    holdForJob(job, await sealwaxChannel.sealTo(replyKey, "opened mail", shown));
    return { isClosed: false, report: withoutHeaders(opened.report), lookups: opened.lookups, harvest: opened.harvest ?? null };
  }

  /** @param {{mail: string, content: string, sealKey: SealedSecret | null}} held @param {any} args */
  async function openMail({ mail, content, sealKey }, args) {
    if (content) return verifyDetached(mail, content, args);
    return callVault("message.open", { ...args, message: store.copy(mail), sealKey: await optionalKey(sealKey) });
  }

  /** A signature that stands in a file of its own: what it covers is a file that the person has. */
  async function verifyDetached(/** @type {string} */ mail, /** @type {string} */ content, /** @type {any} */ args) {
    const { trust, at } = args;
    const verified = await callVault("bytes.verify", { cms: store.copy(mail), content: store.copy(content), trust, at });
    const name = store.nameOf(content);
    const file = { name, type: "application/octet-stream", path: "", contentId: "", data: verified.content };
    return { ...verified, text: new ArrayBuffer(0), passages: [], parts: [], headers: [], attachments: [file] };
  }

  /** The verdict alone: what was opened for it is overwritten here. @param {any} body */
  async function judge({ mail, content, sealKey, ...args }) {
    const { report, lookups, certificates, harvest, ...opened } = await openMail({ mail, content, sealKey }, args);
    overwriteAll(opened);
    return { report: withoutHeaders(report), lookups, certificates, harvest };
  }

  /** @param {any} body */
  async function inspect({ mail }) {
    if (beginsAsMail(store.copy(mail))) return { kind: "message", isDetached: false, name: store.nameOf(mail) };
    const { kind, description } = await callVault("bytes.inspect", { content: store.copy(mail) });
    const name = store.nameOf(mail);
    if (isBundle(description)) return { kind: "certificates", isDetached: false, isPage: false, name };
    return { kind, isDetached: isDetachedSignature(description), isPage: isPage(description), name };
  }

  /** @param {any} body */
  async function certificates({ mail, trust, at }) {
    const file = await callVault("certificate.read", { file: store.copy(mail) });
    const found = file.certificates.map((/** @type {any} */ one) => one.certificate);
    const described = await callVault("certificate.describe", { certificates: found, trust, at });
    const pages = [];
    for (const { certificate } of described.certificates) {
      pages.push(await callVault("certificate.page", { certificate: certificate.slice(0) }));
    }
    return { certificates: described.certificates, pages };
  }

  /** @type {Record<string, (body: any) => Promise<any>>} */
  const verbs = {
    "mail.hold": async ({ bytes, name }) => ({ mail: store.hold(bytes, name) }),
    "mail.hold-sealed": async ({ envelope, name }) => ({
      mail: store.hold(await openEnvelope("attached mail", envelope), name),
    }),
    "mail.inspect": inspect,
    "mail.certificates": certificates,
    "mail.open": open,
    "mail.judge": judge,
    "mail.file": async ({ frame, file }) => ({ envelope: store.file(frame, file) }),
    "mail.forget": async ({ frame }) => store.forgetFiles(frame),
  };
  return { verbs, copy: (/** @type {string} */ mail) => store.copy(mail), clear: () => store.clear() };
}

/** @param {any} report */
function withoutHeaders(report) {
  return { ...report, headers: [], headerProtections: [] };
}

/** @param {any} opened */
function overwriteAll({ text, passages, parts, attachments }) {
  const octets = [text, ...passages, ...parts, ...attachments].flatMap((one) =>
    (one instanceof ArrayBuffer ? [one] : [one.text, one.html, one.data]));
  for (const buffer of octets) if (buffer instanceof ArrayBuffer) overwrite(buffer);
}

/** Whether it begins with a header field (RFC 5322 section 2.2) or an mbox line. @param {ArrayBuffer} bytes */
function beginsAsMail(bytes) {
  const head = new TextDecoder("latin1").decode(bytes.slice(0, HEAD_BYTES));
  return /^(From |[!-9;-~]{1,76}:)/u.test(head);
}

/** A message of certificates alone, as `.p7b` has it. @param {any} description by `sealwax inspect --json` */
function isBundle(description) {
  return description?.layers?.[0]?.kind === "certificates";
}

/** @param {any} description by `sealwax inspect --json` */
function isPage(description) {
  return PAGE_TYPES.includes(description?.layers?.[0]?.contentType);
}

/** @param {any} description by `sealwax inspect --json` */
function isDetachedSignature(description) {
  const [outermost] = description?.layers ?? [];
  return outermost?.kind === "signed" && outermost.detached === true && !description.headers?.length;
}
