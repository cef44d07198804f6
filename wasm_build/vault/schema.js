/**
 * The schema of the vault's verbs. The page checks a request against the schema before it sends the request, and the
 * Worker checks the request again before it acts.
 *
 * Kinds: "bytes" an ArrayBuffer; "secret" {buffer: ArrayBuffer(4096), length}; "text" a string; "flag" a boolean;
 * "number"; "json" plain data, parsed; "any" (only in replies) data that the core's own schemas describe; ["kind"] a
 * list; {name: kind} an object with exactly these fields. A field whose name ends in "?" may be absent or null.
 *
 * `verify` decrypts with the keys of the request, judges the signers and replies with a report. `decrypt` replies with
 * the content only. `encrypt` also signs if `sign` is true. `seal` and `open` are for data that we keep for ourselves.
 */

/** @typedef {"bytes" | "secret" | "text" | "flag" | "number" | "json" | "any" | "source" | "size" | "port"} Word */
/** @typedef {Word | readonly [Kind] | {readonly [name: string]: Kind}} Kind */
/** @typedef {Readonly<Record<string, {readonly [name: string]: Kind}>>} VerbTable */

/** @satisfies {Record<string, Kind>} */
const KEYS = { identities: ["bytes"], "sealKey?": "secret" };
/** A trust anchor with its conditions: `smime_core.pkix.TrustAnchor`. @satisfies {Record<string, Kind>} */
const ANCHOR = {
  certificate: "bytes", "source?": "text", "addresses?": ["text"], "exact?": "flag", "distrustAfter?": "text",
  "acceptedAt?": "text",
};
/** Evidence about revocation that was looked up or kept. The vault checks all evidence. @satisfies {Record<string, Kind>} */
const EVIDENCE = {
  "crls?": ["bytes"], "ocsp?": ["bytes"], "certificates?": ["bytes"], "asked?": ["text"], "unavailable?": ["text"],
};
/** @satisfies {Record<string, Kind>} */
const TRUST = {
  trust: {
    anchors: [ANCHOR], "timestampAnchors?": [ANCHOR], "decisions?": "bytes", "followed?": "bytes", "mozilla?": "flag",
    "revocation?": "text", "evidence?": EVIDENCE,
  },
  at: "text",
};
/** @satisfies {Record<string, Kind>} */
const ATTACHMENT = { name: "text", type: "text", data: "bytes" };
/** An attachment of a message that was read, with the path of its MIME part. @satisfies {Record<string, Kind>} */
const FILE = { ...ATTACHMENT, path: "text", contentId: "text" };
/** A text part of a message, with its HTML if there is any. @satisfies {Record<string, Kind>} */
const PASSAGE = { path: "text", text: "bytes", "html?": "bytes" };
/** A header field that was hidden in the message to which this draft replies. @satisfies {Record<string, Kind>} */
const HIDDEN = { name: "text", value: "text", "outside?": "text" };
/** @satisfies {Record<string, Kind>} */
const DRAFT = {
  from: "text",
  to: ["text"],
  cc: ["text"],
  subject: "text",
  text: "bytes",
  "html?": "bytes",
  attachments: [ATTACHMENT],
  date: "text",
  "messageId?": "text",
  "inReplyTo?": "text",
  references: ["text"],
  "sentBy?": "text",
  hidden: [HIDDEN],
};
/** An account at a key server, and the device that logs in to it. @satisfies {Record<string, Kind>} */
const LOGIN = {
  server: "text", user: "text", at: "text", deviceToken: "bytes", deviceName: "text", "known?": "bytes", "ahead?": ["bytes"],
  sealKey: "secret", passphrase: "secret",
};
/** A sealed session at a key server, and the number of calls made in it so far. @satisfies {Record<string, Kind>} */
const SESSION = { user: "text", session: "bytes", calls: "number", sealKey: "secret" };
/** @satisfies {Record<string, Kind>} */
const KEY_FILE = { p12: "bytes", p12Passphrase: "secret" };

/** An identity that several people share, as the key server has it. @satisfies {Record<string, Kind>} */
const GROUP = { id: "text", stored: "json", "accepted?": "text" };

/** `smime_core.own_content.forms.FormEntry`: only a file has `size` and `sha256`. @satisfies {Record<string, Kind>} */
const FORM_ENTRY = {
  name: "text", value: "text", "label?": "text", "hidden?": "flag", "size?": "number", "sha256?": "text",
};
/** A form that a person submits: `smime_core.own_content.forms.Form`. @satisfies {Record<string, Kind>} */
const FORM = {
  topOrigin: "text", origin: "text", action: "text", method: "text", enctype: "text", nonce: "text",
  entries: [FORM_ENTRY], submitter: ["text"],
};

/** A certificate and where it was found: `smime_core.trust.recipient_choice`. @satisfies {Record<string, Kind>} */
const FOUND = { certificate: "bytes", source: "text", "detail?": "text", "intermediates?": ["bytes"] };

/** The contacts and decisions that a page keeps. @satisfies {Record<string, Kind>} */
const KEPT = { "contacts?": "bytes", "decisions?": "bytes" };

/** @satisfies {Record<string, Kind>} */
const ENCRYPTING = { recipients: ["bytes"], "cipher?": "text", "passwords?": ["secret"] };
/** Statements in a signature: a request for receipts, and a security label. @satisfies {Record<string, Kind>} */
const CLAIMS = { "receipt?": "flag", "label?": { policy: "text", classification: "number" } };
/** A sent message that asked for receipts, with those that have arrived. @satisfies {Record<string, Kind>} */
const SENT = {
  id: "text", digest: "text", to: ["text"], receipts: [{ address: "text", signature: "text", messageId: "text" }],
};

/** A chunk of a parcel, as the manifest describes it. @satisfies {Record<string, Kind>} */
const PARCEL_CHUNK = { cmsBytes: "number", contentBytes: "number", sha256: "text" };
/** A file of a parcel. `object` is the name of a chunk at the server. @satisfies {Record<string, Kind>} */
const PARCEL_FILE = { name: "text", sizeBytes: "number", cmsBytes: "number", chunks: [{ object: "text", ...PARCEL_CHUNK }] };
/** A parcel to send, or without `terms` a file that the person keeps. @satisfies {Record<string, Kind>} */
const PARCEL_PLAN = {
  parcel: "text", from: "text", to: [{ address: "text", language: "text" }], files: [{ name: "text", sizeBytes: "number" }],
  "terms?": { salt: "bytes", proof: "bytes", days: "number" }, "key?": "bytes", recipients: ["bytes"], sign: "flag", ...KEYS,
  at: "text", wholeBytes: "number",
};

export const VERBS = Object.freeze(/** @satisfies {VerbTable} */ ({
  "identity.open": { p12: "bytes", passphrase: "secret", sealKey: "secret", "forKeeping?": "flag" },
  "identity.keep": { identities: ["bytes"], sealKey: "secret", passphrase: "secret" },
  "message.compose": { draft: DRAFT, sign: "flag", "readsHeaders?": "flag", ...KEYS, ...ENCRYPTING, ...CLAIMS },
  "message.sign": { draft: DRAFT, encrypts: "flag", "readsHeaders?": "flag", ...KEYS, ...CLAIMS },
  "message.finish": { headers: "bytes", entity: "bytes", nonce: "text", answer: "bytes", ...ENCRYPTING },
  "message.verify": {
    message: "bytes", ...KEYS, ...TRUST, "contacts?": "bytes", "fieldsToo?": "flag", "receiptsToo?": "flag",
    "sent?": SENT,
  },
  "message.decrypt": { message: "bytes", ...KEYS },
  "message.subjects": { messages: ["bytes"], ...KEYS },
  "message.texts": { messages: ["bytes"], ...KEYS },
  "addresses.read": { texts: ["text"] },
  "addresses.find": { texts: ["text"] },
  "receipt.make": {
    message: "bytes", id: "text", from: "text", subject: "text", messageId: "text", at: "text", ...KEYS,
  },
  "certificate.describe": { certificates: ["bytes"], ...TRUST },
  "certificate.page": { certificate: "bytes" },
  "field.encrypt": { text: "bytes", origin: "text", sign: "flag", ...KEYS, recipients: ["bytes"], at: "text" },
  "field.verify": { cms: "bytes", origin: "text", ...KEYS, ...TRUST },
  "form.sign": { form: FORM, ...KEYS, at: "text" },
  "file.encrypt": { file: ATTACHMENT, sign: "flag", ...KEYS, recipients: ["bytes"], at: "text" },
  "page.encrypt": {
    page: "bytes", address: "text", mediaType: "text", sign: "flag", ...KEYS, recipients: ["bytes"], at: "text",
  },
  "page.verify": {
    cms: "bytes", "published?": "bytes", "standingAt?": "text", "password?": "secret", ...KEYS, ...TRUST,
  },
  "bytes.sign": { content: "bytes", ...KEYS, at: "text", "detached?": "flag", "scheme?": "text" },
  "bytes.verify": { cms: "bytes", "content?": "bytes", ...TRUST },
  "bytes.encrypt": { content: "bytes", recipients: ["bytes"], "cipher?": "text" },
  "bytes.decrypt": { cms: "bytes", ...KEYS },
  "bytes.inspect": { content: "bytes", "passphrase?": "secret" },
  "roaming.register": { server: "text", user: "text", sealKey: "secret", ticket: "text", ...KEY_FILE, passphrase: "secret" },
  "roaming.login": LOGIN,
  "roaming.recover": { ...LOGIN, code: "secret" },
  "roaming.reset": { ...LOGIN, ticket: "text", ...KEY_FILE, version: "number" },
  "roaming.undo": { ...LOGIN, "code?": "secret" },
  "roaming.rotate": { ...LOGIN, "newPassphrase?": "secret", "revoked?": ["text"], "newCode?": "flag" },
  "roaming.factors": { ...LOGIN, "removed?": "text" },
  "roaming.remove": LOGIN,
  "roaming.ask": { ...SESSION, what: "text" },
  "roaming.push": { ...SESSION, identities: ["bytes"] },
  "roaming.merge": { ...SESSION, at: "text", ...KEPT, others: "json", "base?": "bytes", "sent?": "bytes" },
  "roaming.answer": {
    user: "text", state: "bytes", step: "number", sealKey: "secret", "body?": "bytes", "refusal?": "json", "told?": "json",
  },
  "roaming.find": { server: "text", user: "text", key: "text", "signed?": "bytes", "followed?": "bytes", at: "text" },
  "group.list": SESSION,
  "group.fetch": { ...SESSION, id: "text" },
  "group.show": { ...SESSION, ...GROUP, ...TRUST },
  "group.take": { ...SESSION, ...GROUP, ...TRUST },
  "group.create": { ...SESSION, name: "text", p12: "bytes", passphrase: "secret", at: "text" },
  "group.change": {
    ...SESSION, id: "text", "removed?": ["text"], "added?": [{ user: "text", certificate: "bytes" }], "p12?": "bytes",
    "passphrase?": "secret", at: "text",
  },
  "group.end": { ...SESSION, id: "text" },
  "passkey.seal": { account: "text", output: "secret", ...KEYS },
  "passkey.open": { account: "text", output: "secret", bundle: "bytes", sealKey: "secret" },
  "reload.seal": { context: "text", halves: "secret", ...KEYS },
  "reload.open": { context: "text", halves: "secret", kept: ["bytes"], sealKey: "secret" },
  "recipients.check": { address: "text", found: [FOUND], ...TRUST, "contacts?": "bytes" },
  "contacts.list": { contacts: "bytes" },
  "contacts.remove": { contacts: "bytes", address: "text" },
  "decision.make": {
    certificate: "bytes", kind: "text", addresses: ["text"], "intermediates?": ["bytes"], ...TRUST,
  },
  "decision.list": { decisions: "bytes" },
  "decision.remove": { decisions: "bytes", fingerprint: "text" },
  "trust.follow": { "list?": "bytes", "followed?": "bytes", at: "text" },
  "pages.verify": { list: "bytes", keys: ["text"], at: "text", "seenVersion?": "text", "seenDigest?": "text" },
  "state.seal": { ...KEYS, account: "text", at: "text", counter: "number", ...KEPT, "book?": "bytes" },
  "state.open": { state: "bytes", ...KEYS, account: "text", at: "text", leastCounter: "number", ...KEPT },
  "draft.seal": { draft: "bytes", place: "text", ...KEYS },
  "draft.open": { sealed: "bytes", place: "text", ...KEYS },
  "request.make": { addresses: ["text"], "commonName?": "text", "kind?": "text", passphrase: "secret" },
  "request.finish": { key: "bytes", passphrase: "secret", files: ["bytes"], sealKey: "secret" },
  "key.export": { p12: "bytes", passphrase: "secret", newPassphrase: "secret", "only?": ["text"], "form?": "text" },
  "certificate.read": { file: "bytes" },
  "contacts.import": { "contacts?": "bytes", file: "bytes", at: "text", "acceptChanges?": "flag" },
  "contacts.learn": { "contacts?": "bytes", address: "text", certificates: ["bytes"], at: "text" },
  "kept.join": { ...KEPT, added: KEPT },
  "backup.seal": { content: "bytes", passphrase: "secret" },
  "backup.open": { backup: "bytes", passphrase: "secret" },
  "passphrase.measure": { measured: "secret", zxcvbn: "bytes" },
  "passphrase.suggest": { language: "text" },
  "parcel.make": { language: "text", sealKey: "secret" },
  "parcel.answer": { challenge: "bytes", ...KEYS },
  "parcel.check": { words: "secret", "language?": "text" },
  "parcel.open": { words: "secret", salt: "bytes", "language?": "text", sealKey: "secret" },
  "parcel.verify": {
    manifest: "bytes", parcel: "text", "key?": "bytes", readers: ["text"], ...KEYS, ...TRUST, "contacts?": "bytes",
  },
  "parcel.receipt": { manifest: "bytes", parcel: "text", ...KEYS, ...TRUST },
  "parcel.decrypt": { cms: "bytes", chunk: PARCEL_CHUNK, "key?": "bytes", ...KEYS },
  "parcel.encrypt": { content: "bytes", "key?": "bytes", recipients: ["bytes"], "sealKey?": "secret" },
  "parcel.plan": PARCEL_PLAN,
  "parcel.finish": { ...PARCEL_PLAN, chunks: [PARCEL_CHUNK], "most?": "number" },
  "parcel.reply": { draft: DRAFT, recipients: ["bytes"], "cipher?": "text" },
  "foreign.decrypt": { cms: "bytes", ...KEYS },
}));

/**
 * The verbs whose input and output are streams. `form` is "cms" or "mail".
 */
export const STREAM_VERBS = Object.freeze(/** @satisfies {VerbTable} */ ({
  "stream.sign": { form: "text", ...KEYS, at: "text", "detached?": "flag", "scheme?": "text" },
  "stream.verify": { form: "text", ...TRUST },
  "stream.encrypt": { form: "text", recipients: ["bytes"], "cipher?": "text" },
  "stream.decrypt": { form: "text", ...KEYS },
}));

/** @satisfies {Record<string, Kind>} */
const OPENED = { identities: ["any"] };
/**
 * A step of an operation at a key server: a call to send or a question to answer, each with the state for `roaming.answer`; or the
 * result.
 * @satisfies {Record<string, Kind>}
 */
const LAST_STEP = { "result?": "any", "code?": "bytes", "session?": "bytes", "known?": "bytes", "calls?": "number", "notes?": "any" };
/** @satisfies {Record<string, Kind>} */
const STEP = {
  ...LAST_STEP, "state?": "bytes", "step?": "number", "question?": "any", "then?": LAST_STEP,
  "request?": { method: "text", path: "text", condition: "text", authorization: "text", body: "bytes" },
};

/**
 * The schema of each verb's reply, against which the page checks it. The core's own schemas describe each "any".
 */
export const REPLIES = Object.freeze(/** @satisfies {VerbTable} */ ({
  "identity.open": { ...OPENED, "p12?": "bytes", "authority?": "any" },
  "identity.keep": { p12: "bytes", "authority?": "any" },
  "message.compose": { message: "bytes", "receipt?": "any" },
  "message.sign": { headers: "bytes", entity: "bytes", query: "bytes", nonce: "text", "receipt?": "any", "writer?": "bytes" },
  "message.finish": { message: "bytes" },
  "message.decrypt": { message: "bytes" },
  "message.subjects": { subjects: ["any"] },
  "message.texts": { texts: ["any"] },
  "addresses.read": { mailboxes: ["any"] },
  "addresses.find": { mailboxes: ["any"] },
  "receipt.make": { message: "bytes", to: ["text"] },
  "message.verify": {
    report: "any", text: "bytes", passages: [PASSAGE], attachments: [FILE], headers: ["any"], parts: ["any"], reply: "any",
    "harvest?": "any", certificates: ["any"], lookups: "any", "receipt?": "any",
    "label?": "any",
  },
  "certificate.describe": { certificates: ["any"] },
  "certificate.page": { title: "text", rows: ["any"] },
  "field.encrypt": { cms: "bytes" },
  "field.verify": { report: "any", text: "bytes", lookups: "any", certificates: ["any"] },
  "form.sign": { signature: "text" },
  "file.encrypt": { cms: "bytes" },
  "page.encrypt": { cms: "bytes" },
  "page.verify": {
    report: "any", page: "bytes", address: "text", mediaType: "text", lookups: "any", certificates: ["any"],
  },
  "bytes.sign": { cms: "bytes" },
  "bytes.verify": { report: "any", content: "bytes", lookups: "any", certificates: ["any"] },
  "bytes.encrypt": { cms: "bytes" },
  "bytes.decrypt": { content: "bytes" },
  "bytes.inspect": { kind: "text", description: "any" },
  "roaming.register": STEP,
  "roaming.login": STEP,
  "roaming.recover": STEP,
  "roaming.reset": STEP,
  "roaming.undo": STEP,
  "roaming.rotate": STEP,
  "roaming.factors": STEP,
  "roaming.remove": STEP,
  "roaming.ask": STEP,
  "roaming.push": STEP,
  "roaming.merge": STEP,
  "roaming.answer": STEP,
  "roaming.find": { "followed?": "bytes", addresses: ["text"], problems: ["any"] },
  "group.list": STEP,
  "group.fetch": STEP,
  "group.show": STEP,
  "group.take": STEP,
  "group.create": STEP,
  "group.change": STEP,
  "group.end": STEP,
  "passkey.seal": { bundle: "bytes" },
  "passkey.open": OPENED,
  "reload.seal": { kept: ["bytes"] },
  "reload.open": OPENED,
  "recipients.check": { checks: ["any"], leftOut: "number", lookups: "any" },
  "contacts.list": { people: ["any"] },
  "contacts.remove": { contacts: "bytes" },
  "decision.make": { decisions: "bytes" },
  "decision.list": { decisions: ["any"] },
  "decision.remove": { decisions: "bytes" },
  "trust.follow": { "followed?": "bytes", "operator?": "bytes", "list?": "any", problems: ["any"] },
  "pages.verify": {
    version: "text", digest: "text", ends: "text", signer: { name: "text", fingerprint: "text" }, 
    files: [{ path: "text", bytes: "number", integrity: "text" }],
  },
  "state.seal": { state: "bytes" },
  "state.open": { counter: "number", contacts: "bytes", decisions: "bytes", book: "bytes" },
  "draft.seal": { sealed: "bytes" },
  "draft.open": { draft: "bytes" },
  "request.make": { request: "bytes", key: "bytes" },
  "request.finish": { ...OPENED, p12: "bytes", "authority?": "any" },
  "key.export": { p12: "bytes", certificates: ["bytes"] },
  "certificate.read": { certificates: ["any"], leftOut: ["any"] },
  "contacts.import": { contacts: "bytes", added: ["text"], known: "number", changes: ["any"], leftOut: ["any"] },
  "contacts.learn": { contacts: "bytes" },
  "kept.join": { contacts: "bytes", decisions: "bytes" },
  "backup.seal": { backup: "bytes" },
  "backup.open": { content: "bytes" },
  "passphrase.measure": { score: "number", warning: "text" },
  "passphrase.suggest": { words: "bytes" },
  "parcel.make": { parcel: "text", words: "bytes", salt: "bytes", key: "bytes", proof: "bytes" },
  "parcel.answer": { nonce: "bytes" },
  "parcel.check": {},
  "parcel.open": { key: "bytes", proof: "bytes" },
  "parcel.verify": {
    report: "any", lookups: "any", certificates: ["any"], "harvest?": "any", asksForReceipt: "flag", sender: "text",
    to: ["text"], created: "text", files: [PARCEL_FILE],
  },
  "parcel.receipt": { receipt: "bytes" },
  "parcel.decrypt": { content: "bytes" },
  "parcel.encrypt": { cms: "bytes", chunk: PARCEL_CHUNK },
  "parcel.plan": { chunks: [{ file: "number", start: "number", contentBytes: "number" }], "line?": "bytes", "most?": "number" },
  "parcel.finish": { manifest: "bytes", "line?": "bytes" },
  "parcel.reply": { cms: "bytes" },
  "foreign.decrypt": { content: "bytes" },
  "stream.sign": {},
  "stream.verify": { report: "any", lookups: "any" },
  "stream.encrypt": {},
  "stream.decrypt": {},
}));
