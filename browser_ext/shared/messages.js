/**
 * Every message between the extension's contexts, with its permitted senders and the shape of its body. The background
 * refuses all other messages. The types of senders and handlers come from this table (`BodyOf`, `ReplyTo` in
 * `types.d.ts`).
 */

import { SECRET_BUFFER_BYTES } from "../../wasm_build/vault/memory/cleanup.js";

/** An error that is passed between contexts: `code` for programs, `message` for people. */
export class RequestError extends Error {
  /** @param {string} code @param {string} [message] */
  constructor(code, message = code) {
    super(message);
    this.code = code;
  }
}

/**
 * Returns the value. Throws `code` if there is none, or if it is an empty text.
 * @template T @param {T} value @param {string} code @returns {NonNullable<T>}
 */
export function required(value, code) {
  if (value === "" || value === undefined || value === null) throw new RequestError(code);
  return value;
}

/** The code of any error; "unknown" for an error without one. @param {unknown} error @returns {string} */
export function codeOf(error) {
  return memberOf(error, "code") ?? "unknown";
}

/** An error as plain data, since browsers do not pass Error objects between contexts. @param {unknown} error */
export function describeError(error) {
  return { code: codeOf(error), message: memberOf(error, "message") ?? "" };
}

/**
 * A member of an error as text; null without one. In Firefox an error in a reply is not an instance of this page's
 * Object.
 * @param {unknown} error @param {string} name
 */
function memberOf(error, name) {
  if (typeof error !== "object" || error === null || !(name in error)) return null;
  return String(/** @type {Record<string, unknown>} */ (error)[name]);
}

/** @typedef {"content" | "broker" | "prompt" | "options" | "compose" | "viewer" | "page" | "toolbar" | "sign-in" | "stopped" | "parcel"} Origin */

const ENVELOPE = "envelope";
const SECRET = "secret";
const OPTIONAL_SECRET = "secret or null";
/** The hash of the answered question as the window showed it (`question.js`). */
const DIGEST = "digest";

/** A letter that is ready to be sent, with its protection. @satisfies {MessageShape} */
const LEAVING = {
  composition: "string", letter: ENVELOPE, identity: "string", sign: "boolean", encrypt: "boolean", receipt: "boolean", lasting: "boolean",
  label: "string", from: "string", to: "strings",
  cc: "strings", bcc: "strings", people: "strings", hiddenPeople: "strings", byPassword: "strings", password: OPTIONAL_SECRET,
  shown: DIGEST,
};

/** A signed receipt, with the identity that signs it. @satisfies {MessageShape} */
const RECEIPT = { composition: "string", identity: "string", from: "string", shown: DIGEST };

/** A parcel to send: `content` has all that is not bytes. @satisfies {MessageShape} */
const PARCEL_TO_SEND = {
  composition: "string", content: ENVELOPE, key: "bytes", salt: "bytes", proof: "bytes", sign: "boolean", identity: "string",
  at: "string", shown: DIGEST,
};

/** @satisfies {Record<string, {from: Origin[], body: MessageShape}>} */
export const MESSAGES = {
  // A page's content script has found fields or mail, and asks for the scripts that handle them.
  "content.load": { from: ["content"], body: { part: "string" } },
  // A page's content script asks for a frame. The frame is bound to the script's document.
  "frame.request": {
    from: ["content"],
    body: { kind: "string", smime: "string", proposed: "strings", cms: "string", mail: "string", secure: "boolean", text: "string" },
  },
  "frame.window": { from: ["content"], body: { frame: "string", text: "string", mail: "string" } },
  // The web page has removed a frame of the extension before the person closed it.
  "frame.lost": { from: ["content"], body: { frame: "string" } },
  // The person has pressed something in the page after its field was encrypted.
  "field.pressed": { from: ["content"], body: { frame: "string" } },
  // The broker is the extension's page in a frame of a web page.
  "frame.claim": { from: ["broker"], body: { token: "string", frame: "string", pageOrigin: "string" } },
  "frame.left": { from: ["broker"], body: { frame: "string" } },
  "field.keep": { from: ["broker"], body: { frame: "string", text: ENVELOPE } },
  "field.kept": { from: ["broker"], body: { frame: "string", replyKey: "bytes" } },
  "frame.close": { from: ["broker", "viewer"], body: { frame: "string" } },
  "field.write": { from: ["broker"], body: { frame: "string", text: ENVELOPE } },
  "field.change": { from: ["broker"], body: { frame: "string" } },
  "field.verify": { from: ["broker"], body: { frame: "string", replyKey: "bytes" } },
  "field.settle": { from: ["broker"], body: { frame: "string" } },
  "trust.propose": { from: ["broker"], body: { frame: "string", fingerprint: "string" } },
  "job.wait": { from: ["broker", "viewer"], body: { frame: "string", job: "string" } },
  // Mail that is read, in a page's frame or in the viewer.
  "mail.hold": { from: ["content", "options", "viewer"], body: { bytes: "bytes", name: "string" } },
  // The mail that the person opens in a webmail, and the mail that a letter answers or forwards.
  "mail.hold-opened": { from: ["content"], body: { bytes: "bytes" } },
  "mail.hold-original": { from: ["content"], body: { bytes: "bytes" } },
  "mail.inspect": { from: ["viewer"], body: { mail: "string" } },
  "mail.certificates": { from: ["viewer"], body: { mail: "string" } },
  "mail.verify": { from: ["broker", "viewer"], body: { frame: "string", mail: "string", replyKey: "bytes" } },
  "mail.settle": { from: ["broker", "viewer"], body: { frame: "string" } },
  "mail.file": { from: ["broker", "viewer"], body: { frame: "string", file: "number" } },
  "mail.attached": { from: ["broker", "viewer"], body: { frame: "string", name: "string", envelope: ENVELOPE } },
  "mail.propose": { from: ["broker", "viewer"], body: { frame: "string", fingerprint: "string" } },
  "viewer.open": { from: ["content", "viewer", "options"], body: { mail: "string" } },
  "mail.answer": { from: ["broker"], body: { frame: "string", kind: "letter kind" } },
  "viewer.claim": { from: ["viewer"], body: { mail: "string", content: "string" } },
  // Whole forms, altered fields, and files before their upload. These requests have no frame.
  "form.request": {
    from: ["content"],
    body: { action: "string", method: "string", enctype: "string", nonce: "string", entries: "entries", submitter: "strings" },
  },
  "form.unsigned": { from: ["content"], body: { action: "string" } },
  "field.altered": { from: ["content"], body: { text: "string", isSent: "boolean" } },
  "files.request": {
    from: ["content"], body: { smime: "string", proposed: "strings", multiple: "boolean" },
  },
  "files.take": { from: ["content"], body: { job: "string", index: "number", offset: "number" } },
  "files.part": { from: ["prompt"], body: { job: "string", index: "number", place: "number", part: ENVELOPE } },
  // A page that is verified or saved as a whole.
  "page.fetch": { from: ["page"], body: { tab: "number" } },
  "page.take": { from: ["page"], body: { mail: "string" } },
  "page.verify": { from: ["page"], body: { page: "string", replyKey: "bytes" } },
  "page.password": { from: ["page"], body: { page: "string", replyKey: "bytes", password: SECRET } },
  "page.settle": { from: ["page"], body: { page: "string" } },
  "page.propose": { from: ["page"], body: { page: "string", fingerprint: "string" } },
  "page.identities": { from: ["page", "parcel"], body: {} },
  "page.unlock": { from: ["page", "parcel"], body: { keyFile: "string", passphrase: SECRET } },
  "page.copy": { from: ["page"], body: { tab: "number" } },
  "page.preview": { from: ["page"], body: { page: "string", replyKey: "bytes" } },
  "page.encrypt": {
    from: ["page"], body: { page: "string", sign: "boolean", encrypt: "boolean", identity: "string", recipients: "strings", shown: DIGEST },
  },
  // A reader was ticked. The certificate is checked, and its authorities are asked.
  "people.check": { from: ["prompt", "page"], body: { fingerprint: "string" } },
  // A reader is added in the window, by address or with a certificate file.
  "people.add": { from: ["prompt", "page"], body: { address: "string" } },
  "people.add-file": { from: ["prompt", "page"], body: { address: "string", name: "string", bytes: "bytes" } },
  // The window that asks the person about a job.
  "prompt.claim": { from: ["prompt"], body: { job: "string", replyKey: "bytes" } },
  "prompt.unlock": { from: ["prompt"], body: { job: "string", keyFile: "string", passphrase: SECRET } },
  "prompt.agree": { from: ["prompt"], body: { job: "string", identity: "string", recipients: "strings", shown: DIGEST } },
  "prompt.leave": { from: ["prompt"], body: { job: "string", shown: DIGEST } },
  "prompt.refuse": { from: ["prompt"], body: { job: "string" } },
  // The options page, with the person's keys and contacts.
  "keys.list": { from: ["options"], body: {} },
  "keys.import": { from: ["options"], body: { name: "string", p12: "bytes", passphrase: SECRET } },
  "keys.remove": { from: ["options"], body: { id: "string" } },
  "people.import": { from: ["options"], body: { bytes: "bytes" } },
  "people.remove": { from: ["options"], body: { id: "string" } },
  "anchors.import": { from: ["options"], body: { bytes: "bytes" } },
  "anchors.remove": { from: ["options"], body: { id: "string" } },
  "trust.proposal": { from: ["options"], body: {} },
  "trust.drop": { from: ["options"], body: { fingerprint: "string" } },
  "trust.accept": { from: ["options"], body: { fingerprint: "string", kind: "string", addresses: "strings", shown: DIGEST } },
  "authority.proposal": { from: ["options"], body: {} },
  "authority.accept": { from: ["options"], body: { fingerprint: "string", addresses: "strings", shown: DIGEST } },
  "authority.drop": { from: ["options"], body: {} },
  "trust.remove": { from: ["options"], body: { id: "string" } },
  "trust.settings": { from: ["options"], body: { mozilla: "boolean", revocation: "revocation" } },
  "list.import": { from: ["options"], body: { bytes: "bytes" } },
  "list.stop": { from: ["options"], body: {} },
  "keys.page": { from: ["options"], body: { certificate: "bytes" } },
  "keys.prefer": { from: ["options"], body: { fingerprint: "string" } },
  "keys.export": {
    from: ["options"],
    body: { id: "string", fingerprint: "string", form: "string", passphrase: SECRET, newPassphrase: SECRET },
  },
  "keys.passphrase": { from: ["options"], body: { id: "string", passphrase: SECRET, newPassphrase: SECRET } },
  // The account at a key server.
  "account.read": { from: ["options"], body: {} },
  "account.find": { from: ["options"], body: {} },
  "account.connect": { from: ["options"], body: { server: "string", user: "string" } },
  "account.disconnect": { from: ["options"], body: {} },
  "account.log-in": { from: ["options"], body: { passphrase: SECRET } },
  "account.recover": { from: ["options"], body: { code: SECRET, newPassphrase: SECRET } },
  "account.register": { from: ["options"], body: { keyFile: "string", passphrase: SECRET } },
  "account.store": { from: ["options"], body: { passphrase: SECRET } },
  "account.passphrase": { from: ["options"], body: { passphrase: SECRET, newPassphrase: SECRET } },
  "account.code": { from: ["options"], body: { passphrase: SECRET, replyKey: "bytes" } },
  // The person has answered the offer of a recovery code.
  "account.code-offered": { from: ["options"], body: {} },
  "account.devices": { from: ["options"], body: {} },
  "account.stop-reset": { from: ["options"], body: {} },
  "account.revoke": { from: ["options"], body: { device: "string", passphrase: SECRET } },
  "account.delete": { from: ["options"], body: { passphrase: SECRET } },
  // The second factor of a login that waits.
  "account.prove": { from: ["options"], body: { code: "string" } },
  "account.cancel": { from: ["options"], body: {} },
  // The strength of a passphrase that the person types.
  "passphrase.measure": { from: ["options"], body: { measured: SECRET } },
  // Words for a new passphrase, encrypted for the page that shows them.
  "passphrase.suggest": { from: ["options"], body: { language: "string", replyKey: "bytes" } },
  "request.make": {
    from: ["options"], body: { addresses: "strings", commonName: "string", kind: "string", passphrase: SECRET },
  },
  "request.finish": { from: ["options"], body: { id: "string", files: "files", passphrase: SECRET } },
  "request.drop": { from: ["options"], body: { id: "string" } },
  "contacts.remove": { from: ["options"], body: { id: "string" } },
  "change.accept": { from: ["options"], body: { address: "string", fingerprint: "string", shown: DIGEST } },
  "change.refuse": { from: ["options"], body: { address: "string", fingerprint: "string", shown: DIGEST } },
  // Settings and recipes from another device that are weaker than those on this device.
  "offers.list": { from: ["options"], body: {} },
  "offer.accept": { from: ["options"], body: { name: "string", shown: DIGEST } },
  "offer.decline": { from: ["options"], body: { name: "string", shown: DIGEST } },
  "preferences.change": {
    from: ["options"], body: { idleMinutes: "number", harvest: "boolean", strict: "boolean", directory: "string" },
  },
  "writing.service": { from: ["options"], body: { address: "string" } },
  "writing.labels": { from: ["options"], body: { bytes: "bytes" } },
  "writing.no-labels": { from: ["options"], body: {} },
  "backup.make": { from: ["options"], body: { passphrase: SECRET } },
  "backup.here": { from: ["options"], body: {} },
  "backup.review": { from: ["options"], body: { bytes: "bytes", passphrase: SECRET, replace: "boolean" } },
  "backup.restore": {
    from: ["options"], body: { bytes: "bytes", passphrase: SECRET, replace: "boolean", take: "strings", shown: DIGEST },
  },
  "sites.remove": { from: ["options"], body: { id: "string" } },
  "session.lock": { from: ["options"], body: {} },
  // The person's pattern, which marks the extension's own pages. A frame in a web page gets the pattern with
  // `frame.claim`.
  "pattern.read": { from: ["prompt", "options", "compose", "sign-in"], body: {} },
  "pattern.change": { from: ["options"], body: {} },
  // Letters. A page asks for a letter, and the person writes it in a window of the extension.
  "compose.open": {
    from: ["content", "viewer"],
    body: {
      kind: "letter kind", from: "string", to: "strings", cc: "strings", bcc: "strings", subject: "string", mail: "string",
      text: "string", deliver: "delivery",
    },
  },
  "compose.claim": { from: ["compose"], body: { composition: "string" } },
  "compose.identities": { from: ["compose"], body: { composition: "string" } },
  "compose.unlock": { from: ["compose"], body: { composition: "string", keyFile: "string", passphrase: SECRET } },
  "compose.original": { from: ["compose"], body: { composition: "string", replyKey: "bytes" } },
  "compose.whole": { from: ["compose"], body: { composition: "string", mail: "string", isEncrypted: "boolean", replyKey: "bytes" } },
  "compose.look-up": { from: ["compose"], body: { composition: "string", address: "string" } },
  "compose.addresses": { from: ["compose"], body: { composition: "string", text: "string" } },
  "compose.people": { from: ["compose"], body: { composition: "string" } },
  "compose.check": { from: ["compose"], body: { composition: "string", address: "string" } },
  "compose.certificate": {
    from: ["compose"], body: { composition: "string", address: "string", name: "string", bytes: "bytes" },
  },
  "compose.ask": { from: ["compose"], body: { composition: "string", address: "string", subject: "string", text: "string" } },
  // The way to people without a certificate, by address, or by "@" and a domain.
  "compose.remember": { from: ["compose"], body: { composition: "string", names: "strings", way: "string" } },
  "compose.keep": {
    from: ["compose"],
    body: { composition: "string", draft: "string", part: "string", content: ENVELOPE, identity: "string" },
  },
  "compose.restore": {
    from: ["compose"], body: { composition: "string", draft: "string", part: "string", replyKey: "bytes" },
  },
  "compose.drop": { from: ["compose"], body: { composition: "string", draft: "string" } },
  "compose.list-drafts": { from: ["compose"], body: { composition: "string" } },
  "compose.fetch-draft": { from: ["compose"], body: { composition: "string", draft: "string" } },
  // `bridge` is the host that the window named as the sender's bridge, or "" for the webmail; `draft` names the letter, and
  // `version` its content. With `anew`, this version may be sent although an earlier version was sent.
  "compose.send": {
    from: ["compose"],
    body: { ...LEAVING, again: "boolean", anew: "boolean", bridge: "string", draft: "string", version: "string" },
  },
  "compose.save": { from: ["compose"], body: LEAVING },
  "receipt.send": { from: ["compose"], body: { ...RECEIPT, again: "boolean" } },
  "receipt.save": { from: ["compose"], body: RECEIPT },
  "compose.close": { from: ["compose"], body: { composition: "string" } },
  // The session at the person's bridge, and the window for signing in there.
  "bridge.read": { from: ["options", "compose", "sign-in"], body: {} },
  "bridge.open": { from: ["options", "compose"], body: { address: "string" } },
  "bridge.find": { from: ["sign-in"], body: {} },
  "bridge.keep": { from: ["sign-in"], body: { directory: "string", api: "string", address: "string", token: "string" } },
  "bridge.leave": { from: ["options"], body: {} },
  // A site whose files are checked before its page runs. The content script reads the files.
  "checked.files": { from: ["content"], body: { signed: "bytes", configuration: "string" } },
  "checked.stop": { from: ["content"], body: { code: "string", file: "string", configuration: "string", fragment: "string" } },
  "checked.stopped": { from: ["stopped"], body: {} },
  "checked.accept-servers": { from: ["stopped"], body: {} },
  "checked.list": { from: ["options"], body: {} },
  "checked.add": { from: ["options"], body: { address: "string", certificate: "bytes" } },
  "checked.remove": { from: ["options"], body: { id: "string" } },
  // A parcel that opens in a page of the extension. The parcel's link may contain the six words, so the address of a
  // tab never contains the link.
  "parcel.open": { from: ["content", "stopped"], body: { address: "string" } },
  "parcel.listed": { from: ["content"], body: { addresses: "strings" } },
  "parcel.claim": { from: ["parcel"], body: { parcel: "string" } },
  "parcel.look": { from: ["parcel"], body: { origin: "string" } },
  "parcel.server": { from: ["parcel"], body: { origin: "string" } },
  "parcel.judging": { from: ["parcel"], body: {} },
  // A key of the person opens the parcel. The background's vault decrypts the parcel for the page.
  "parcel.answer": { from: ["parcel"], body: { challenge: "bytes", fingerprint: "string" } },
  "parcel.verify": {
    from: ["parcel"],
    body: {
      manifest: "bytes", parcel: "string", readers: "strings", fingerprint: "string", replyKey: "bytes",
      crls: "files", ocsp: "files", asked: "strings", unavailable: "strings",
    },
  },
  "parcel.decrypt": {
    from: ["parcel"],
    body: { cms: "bytes", sha256: DIGEST, cmsBytes: "number", contentBytes: "number", fingerprint: "string", replyKey: "bytes" },
  },
  // The person has pressed the button that confirms the parcel to its sender.
  "parcel.receipt": {
    from: ["parcel"],
    body: {
      manifest: "bytes", parcel: "string", fingerprint: "string", crls: "files", ocsp: "files", asked: "strings", unavailable: "strings",
    },
  },
  "parcel.propose": { from: ["parcel"], body: { fingerprint: "string", certificates: "files" } },
  "parcel.attached": { from: ["parcel"], body: { name: "string", envelope: ENVELOPE } },
  // A letter that is sent as a parcel. Its window has the background's vault encrypt the parcel, and the background
  // send it.
  "parcel.ways": { from: ["compose"], body: { composition: "string" } },
  "parcel.message": { from: ["compose"], body: { composition: "string", letter: ENVELOPE, replyKey: "bytes" } },
  "parcel.make": { from: ["compose"], body: { composition: "string", language: "string", replyKey: "bytes" } },
  "parcel.encrypt": { from: ["compose"], body: { composition: "string", content: ENVELOPE, key: "bytes" } },
  "parcel.plan": { from: ["compose"], body: PARCEL_TO_SEND },
  "parcel.finish": { from: ["compose"], body: PARCEL_TO_SEND },
  "parcel.take-back": { from: ["compose"], body: { composition: "string", draft: "string", anew: "boolean" } },
  "parcel.ask": {
    from: ["compose"],
    body: { composition: "string", via: "parcel via", host: "string", method: "string", path: "string", headers: "strings", body: "bytes" },
  },
  "parcel.end": { from: ["compose"], body: { composition: "string" } },
  // The server for parcels for which the person has a token.
  "parcel-server.read": { from: ["options"], body: {} },
  "parcel-server.look": { from: ["options"], body: { address: "string" } },
  "parcel-server.save": { from: ["options"], body: { address: "string", token: SECRET } },
  "parcel-server.remove": { from: ["options"], body: { id: "string" } },
  // The window of the toolbar button, and a page in which the person has pointed at an element.
  "toolbar.look": { from: ["toolbar"], body: { tab: "number" } },
  "toolbar.go": { from: ["toolbar"], body: { tab: "number", action: "toolbar action" } },
  "toolbar.download": { from: ["toolbar"], body: { download: "number" } },
  "recipe.read": { from: ["content"], body: {} },
  "recipes.review": { from: ["options"], body: { bytes: "bytes" } },
  "recipes.import": { from: ["options"], body: { bytes: "bytes" } },
  "recipes.remove": { from: ["options"], body: { id: "string" } },
  "recipe.keep-source": { from: ["content"], body: { selector: "string", template: "string" } },
  "recipe.keep-form": { from: ["content"], body: { to: "string", cc: "string", subject: "string", text: "string", file: "string" } },
  "toolbar.stop": { from: ["content"], body: {} },
  "toolbar.ways": { from: ["content"], body: {} },
  // Messages of every page of the extension.
  "vault.key": { from: ["broker", "prompt", "options", "viewer", "compose", "page", "parcel"], body: {} },
  "options.open": { from: ["broker", "prompt", "viewer", "compose", "options", "page", "stopped", "parcel"], body: { section: "section" } },
  "heartbeat": { from: ["broker", "prompt", "viewer", "compose", "options", "page", "sign-in"], body: {} },
  // Help and first steps, updates, the administrator's policy.
  "guide.open": { from: ["options"], body: {} },
  "guide.step": { from: ["options"], body: {} },
  "guide.keep": { from: ["options"], body: { step: "number" } },
  "guide.message": { from: ["options"], body: {} },
  "update.read": { from: ["options"], body: {} },
  "update.seen": { from: ["options"], body: {} },
  "policy.read": { from: ["options"], body: {} },
  "policy.export": { from: ["options"], body: {} },
};

/**
 * The allowed words for the kinds of values that allow only certain words.
 * @type {{
 *   [Kind in "revocation" | "letter kind" | "delivery" | "parcel via" | "toolbar action" | "section"]: MessageKinds[Kind][]
 * }}
 */
export const WORDS = {
  revocation: ["required", "if-known", "not-checked"], "letter kind": ["new", "reply", "replyAll", "forward", "receipt"],
  delivery: ["raw", "attachment", "file"], "parcel via": ["bridge", "token"],
  "toolbar action": ["mail", "teach", "teach-form", "field", "write", "file", "parcel", "keys", "lock", "close"],
  section: ["", "identities", "people", "trust", "sites", "settings", "writing", "backup"],
};
/** The limit of entries in one form, since a window shows them all. */
const MAX_ENTRIES = 2_000;
const MAX_STRING_LENGTH = 2_000_000;
/** An uncompressed P-256 point (SEC 1 section 2.3.3). */
const POINT_BYTES = 65;

/** @type {Record<keyof MessageKinds, (value: any) => boolean>} */
const CHECKS = {
  string: (value) => typeof value === "string" && value.length <= MAX_STRING_LENGTH,
  strings: (value) => Array.isArray(value) && value.length <= 200 && value.every((item) => CHECKS.string(item)),
  boolean: (value) => typeof value === "boolean",
  bytes: (value) => value instanceof ArrayBuffer,
  number: (value) => Number.isSafeInteger(value) && value >= 0,
  entries: (value) => Array.isArray(value) && value.length <= MAX_ENTRIES && value.every(isEntry),
  files: (value) => Array.isArray(value) && value.length <= 50 && value.every((item) => CHECKS.bytes(item)),
  revocation: (value) => WORDS.revocation.includes(value),
  "letter kind": (value) => WORDS["letter kind"].includes(value),
  delivery: (value) => WORDS.delivery.includes(value),
  "parcel via": (value) => WORDS["parcel via"].includes(value),
  "toolbar action": (value) => WORDS["toolbar action"].includes(value),
  section: (value) => WORDS.section.includes(value),
  [DIGEST]: (value) => /^[0-9a-f]{64}$/.test(value),
  [ENVELOPE]: (value) =>
    CHECKS.bytes(value?.sender) && value.sender.byteLength === POINT_BYTES && CHECKS.bytes(value.ciphertext),
  [SECRET]: (value) => CHECKS[ENVELOPE](value?.envelope) && isLength(value.length),
  [OPTIONAL_SECRET]: (value) => value === null || CHECKS[SECRET](value),
};

/** @param {unknown} value */
function isLength(value) {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= SECRET_BUFFER_BYTES;
}

/** Whether a form's entry is a text, or a file with its size and hash. @param {Partial<FormEntry> | null} entry */
function isEntry(entry) {
  if (!entry || ![entry.name, entry.value, entry.label].every(CHECKS.string) || !CHECKS.boolean(entry.hidden)) return false;
  if (entry.size === undefined && entry.sha256 === undefined) return true;
  return CHECKS.number(entry.size) && CHECKS[DIGEST](entry.sha256);
}

/**
 * Checks one message against the table. Throws `bad-request`.
 * @param {{type?: unknown, body?: Record<string, unknown>} | null | undefined} message
 * @param {Origin | null} from
 * @returns {{[T in MessageType]: {type: T, body: BodyOf<T>}}[MessageType]}
 */
export function parseMessage(message, from) {
  const type = /** @type {MessageType} */ (message?.type);
  /** @type {{from: Origin[], body: MessageShape} | null} */
  const shape = typeof type === "string" && Object.hasOwn(MESSAGES, type) ? MESSAGES[type] : null;
  if (!shape || !from || !shape.from.includes(from)) throw new RequestError("bad-request");
  for (const [name, kind] of Object.entries(shape.body)) {
    if (!CHECKS[kind](message?.body?.[name])) throw new RequestError("bad-request");
  }
  return /** @type {ReturnType<typeof parseMessage>} */ (message);
}
