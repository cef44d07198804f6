/** The types that the extension's scripts share. The type checker reads them; no browser gets them. */

/** The one table of the messages between the extension's contexts. */
type Messages = typeof import("./shared/messages.js").MESSAGES;
type MessageType = keyof Messages;
type MessageShape = Record<string, keyof MessageKinds>;

/** The type of each kind of value that the table of messages names. */
interface MessageKinds {
  string: string;
  strings: string[];
  boolean: boolean;
  bytes: ArrayBuffer;
  number: number;
  entries: FormEntry[];
  files: ArrayBuffer[];
  revocation: import("../wasm_build/vault/server/trust.js").RevocationPolicy;
  "letter kind": CompositionRecord["kind"];
  delivery: CompositionRecord["deliver"];
  "parcel via": "bridge" | "token";
  "toolbar action": "mail" | "teach" | "teach-form" | "field" | "write" | "file" | "parcel" | "keys" | "lock" | "close";
  /** A section of the page with keys and people; "" for the one that it shows already. */
  section: "" | "identities" | "people" | "trust" | "sites" | "settings" | "writing" | "backup";
  digest: string;
  envelope: Envelope;
  secret: EncryptedSecret;
  "secret or null": EncryptedSecret | null;
}

/** The body of a message, as the table describes it. */
type BodyOf<T extends MessageType> = {
  [Name in keyof Messages[T]["body"]]: MessageKinds[Messages[T]["body"][Name] & keyof MessageKinds];
};
/** The reply of a message's handler. */
type ReplyTo<T extends MessageType> = Awaited<ReturnType<(typeof import("./background/handlers.js").HANDLERS)[T]>>;
/** The argument `body` of `ask`, which may be left out if the body is empty. */
type BodyArgument<T extends MessageType> = {} extends BodyOf<T> ? [body?: BodyOf<T>] : [body: BodyOf<T>];
type SecretsOf<T extends MessageType> = {
  [Name in keyof BodyOf<T>]: BodyOf<T>[Name] extends EncryptedSecret ? Name : never;
}[keyof BodyOf<T>];
type Sender = chrome.runtime.MessageSender;

/** A field of a form: a text, or a file with its size and hash. */
interface FormEntry {
  name: string;
  value: string;
  label: string;
  hidden: boolean;
  size?: number;
  sha256?: string;
}

interface ChannelKeys {
  publicKey: ArrayBuffer;
  privateKey: CryptoKey;
}

interface Envelope {
  sender: ArrayBuffer;
  ciphertext: ArrayBuffer;
}

/** A secret: the first `length` bytes of a buffer of 4,096 bytes. */
interface Secret {
  buffer: ArrayBuffer;
  length: number;
}

interface EncryptedSecret {
  envelope: Envelope;
  length: number;
}

type DescribedCertificate = import("../wasm_build/vault/types/verbs.js").DescribedCertificate;
/** A certificate found for an address, as the vault has judged it. */
type RecipientCheck = import("../wasm_build/ui/recipient_words.js").RecipientCheck;
type MessageReport = import("../wasm_build/vault/types/verbs.js").MessageReport;
type Description = import("../wasm_build/vault/types/verbs.js").Description;

type VaultVerb = import("../wasm_build/vault/types/verbs.js").VaultVerb;
type VaultArgs<V extends VaultVerb> = import("../wasm_build/vault/types/verbs.js").VaultArgs<V>;
type VaultReply<V extends VaultVerb> = import("../wasm_build/vault/types/verbs.js").VaultReply<V>;
/** Arguments with their secrets encrypted, as they travel to the vault's owner. */
type Encrypted<Args> = {
  [Name in keyof Args]: Extract<Args[Name], Secret> extends never ? Args[Name] : EncryptedSecret | Exclude<Args[Name], Secret>;
};

/** A certificate as the vault describes it. */
interface CertificateInfo extends DescribedCertificate {
  usable?: boolean;
  reason?: import("../wasm_build/ui/verdict_words.js").Reason | null;
  /** Whether the person signs with this certificate by default. */
  preferred?: boolean;
  /** Whether several people share the key, such as that of a ward. */
  isShared?: boolean;
  /** The time of the import. */
  addedAt?: string;
  /** The issuers' certificates on its path, if they came with it. */
  intermediates?: ArrayBuffer[];
}

interface KeyFile {
  id: string;
  name: string;
  p12: ArrayBuffer;
  identities: CertificateInfo[];
  /** "file" if the person imported the key file, "request" if the key was made here, "key-server" if an account has it. */
  origin: "file" | "request" | "key-server";
  /** The time of the last export or backup; null before the first. */
  savedAt: string | null;
}

/** What the person has taught the extension about the webmail of an origin. */
interface Recipe {
  version: 1;
  origin: string;
  /** Where a mail has its source: the selector of its link, and the template of its address. Each can be "". */
  source: { selector: string; template: string };
  /** The selectors of the form in which a message is written; "" for each field that was not taught. */
  form: { to: string; cc: string; subject: string; text: string; file: string };
}

/** A key that waits for its certificate. */
interface KeyRequest {
  id: string;
  addresses: string[];
  commonName: string;
  kind: string;
  createdAt: string;
  /** The certificate request, PKCS#10 as PEM. */
  request: ArrayBuffer;
  /** The private key as PEM, encrypted under its own passphrase. */
  key: ArrayBuffer;
}

interface SealedIdentity {
  fingerprint: string;
  keyFile: string;
  sealed: ArrayBuffer;
}

/** The account at a key server. `known`: the latest record that was seen; null before the first. */
interface KeptAccount {
  user: string;
  /** An origin. */
  server: string;
  /** The random bytes by which the server knows this browser again. */
  token: ArrayBuffer;
  known: ArrayBuffer | null;
  /** The fingerprints of the identities that the account had at the last time. */
  stored: string[];
  /** Whether somebody may have changed the recovery code. Earlier versions did not note it. */
  hasLostCode?: boolean;
  /** Whether the account has a recovery code. Null before a login has shown it. Earlier versions did not note it. */
  hasCode?: boolean | null;
  /** The time in seconds since 1970 from which a reset that goes on may be finished. Earlier versions did not note it. */
  resetReady?: number | null;
  /** The contents of the account at the last merge, encrypted under its key; null before the first. */
  base?: ArrayBuffer | null;
  /** What was sent to the account since that merge, encrypted likewise; null for nothing. */
  sent?: ArrayBuffer | null;
  /** The signed list of the server's addresses, if the pages of the bridge name one. */
  discovery?: import("./background/account/key_servers.js").Discovery | null;
  /** The last good list, as the vault returned it. */
  followed?: ArrayBuffer | null;
}

/** A session at a key server. `sealedIn`: the unlocked session whose key seals it. */
interface KeySession {
  user: string;
  session: ArrayBuffer;
  calls: number;
  sealedIn: string;
}

/** The entries of each store of the extension's database (`shared/database.js`). */
interface Stores {
  keyFiles: KeyFile;
  requests: KeyRequest;
  sealed: SealedIdentity;
  people: CertificateInfo;
  anchors: CertificateInfo;
  sites: { origin: string; since: string };
  recipes: Recipe;
  checkedSites: CheckedSite;
  receiptRequests: ReceiptRequestRecord;
  givenReceipts: { id: string; at: string; composition: string };
  settings: Setting;
  drafts: DraftRecord;
  keyAccounts: KeptAccount;
  keySessions: KeySession;
}
type Setting = { [Name in keyof Settings]: { name: Name } & Settings[Name] }[keyof Settings];
/** The type of the entry under a key. In the store `settings` each key has a type of its own. */
type Entry<Store extends keyof Stores, Key extends string> =
  Store extends "settings" ? (Key extends keyof Settings ? Settings[Key] : never) : Stores[Store];

/** A site whose files are checked before its page runs. `keys`: the SHA-256 fingerprints of the certificates that may sign. */
interface CheckedSite {
  origin: string;
  keys: string[];
  seen: SeenList | null;
  servers: Servers | null;
}

/** The newest signed list of a site. `hash`: the SHA-256 of its bytes. `digest`: that of its content. `ends`: a time. */
interface SeenList {
  hash: string;
  version: string;
  digest: string;
  ends: string;
  signer: { name: string; fingerprint: string };
  files: { path: string; bytes: number; integrity: string }[];
}

/** The servers with which the pages of a bridge exchange mail and keys. */
interface Servers {
  api: string;
  keyServer: string;
}

/** The entries of the store `settings`, by name. */
interface Settings {
  /** The offer of a recovery code, after the first mail was read. */
  "code offer": { isAnswered: boolean };
  contacts: { value: ArrayBuffer };
  "changed certificates": { value: import("./background/people/contacts.js").Change[] };
  decisions: { value: ArrayBuffer };
  "followed list": { value: ArrayBuffer };
  trust: { value: import("./background/people/trust.js").Settings };
  preferences: { value: import("./shared/kept_preferences.js").Preferences };
  /** The fingerprint of the identity that signs, for each address. */
  "preferred identities": { value: Record<string, string> };
  writing: { value: import("./background/writing/writing.js").Writing };
  "encrypted to": { value: string[] };
  "clear ways": { value: [string, import("../wasm_build/ui/leaving_clear.js").ClearWay][] };
  "parcel server": { value: import("./background/parcels/parcel_server.js").KeptServer };
  "held settings": { value: import("../wasm_build/vault/account/roaming_settings.js").AllHeld };
  guide: { step: number };
  updated: { version: string };
  pattern: { number: number };
  [readers: `readers at ${string}`]: { fingerprints: string[] };
}

interface DraftRecord {
  id: string;
  at: string;
  letter?: ArrayBuffer;
  files?: ArrayBuffer;
  /** The messages of this letter that were given to the bridge, by the hash of their recipients and their content. */
  sending?: Record<string, SendingRecord>;
  /** The accounts whose mailboxes have a version of it, or may have one: hashes as in `SendingRecord.by`. "" is any. */
  atBridge?: string[];
  /** The account whose mailbox has confirmed that it has a version. */
  keptAt?: string;
  /** Whether the draft is dropped, and only waits until all mailboxes have deleted it. */
  isDropped?: boolean;
  /** Noted by earlier versions instead of `atBridge`. */
  isAtBridge?: boolean;
}

/** A message on its way by the bridge. `key` is its idempotency key; "begun": no answer has come yet. */
interface SendingRecord {
  key: string;
  state: "begun" | "perhaps" | "sent" | "refused";
  /** Whether an earlier message in its place was perhaps sent, and the person agreed to send it once more. */
  isAgreed?: boolean;
  /** The time of the first try, in milliseconds since 1970. */
  at: number;
  /** The bridge that got it: its host, and a hash of its address and the account's. Earlier versions did not note it. */
  by?: { host: string; account: string };
}

/** A sent message that asked for signed receipts. */
type ReceiptRequestRecord = import("../wasm_build/ui/receipts.js").SentRequest;

/** The values in `storage.session`, by name (`background/memory.js`). */
interface SessionMemory {
  unlocked: import("./background/keys/session.js").Session;
  "locked because": import("../wasm_build/vault/storage/session.js").LockReason;
  /** The window of the toolbar button. */
  toolbar: { windowId: number };
  downloads: import("./background/browser/downloads.js").Download[];
  "opened mails": import("./background/mail/opened_mails.js").Opened;
  bridge: import("./background/writing/bridge.js").Session;
  proposals: import("./background/people/trust.js").Proposal[];
  "own authority": import("./background/people/trust.js").KeptAuthority;
  roaming: import("./background/account/key_trust.js").Roaming;
  [frame: `frame:${string}`]: FrameRecord;
  [token: `token:${string}`]: { frame: string; expires: number };
  [job: `job:${string}`]: JobRecord;
  [composition: `composition:${string}`]: CompositionRecord;
  /** The times of the openings that an origin asked for, in milliseconds since 1970. */
  [budget: `budget:${string}`]: number[];
  /** The address of a notice, until the page that opens it has taken it. */
  [parcel: `parcel:${string}`]: string;
  /**
   * The reason for which the site of a tab was stopped. `fragment`: that of the link of a parcel, or "". `before`: the servers that
   * the site named earlier.
   */
  [stopped: `stopped:${number}`]: { url: string; fragment: string; code: string; file: string; servers: Servers | null; before: Servers | null };
}

/** A frame that a page's content script asked for; kept in `storage.session`. */
interface FrameRecord {
  id: string;
  tabId: number;
  pageFrameId: number;
  origin: string;
  /** The origins of the pages around the asking document, from its parent to the page in the address bar. */
  ancestors: string[];
  kind: "write" | "open" | "mail";
  sign: boolean;
  encrypt: boolean;
  proposed: string[];
  cms: string;
  /** The id of a mail that the vault's owner holds, for the kind "mail"; else "". */
  mail: string;
  /** The id of the held file that a detached signature covers. Only the viewer sets it; else "". */
  content: string;
  inWindow: boolean;
  /** Whether the tab has gone to another page since, so that the text cannot go into its field any more. */
  pageLeft?: boolean;
  /** The id of the document that asked; "" in Firefox before 153, which has no such ids. */
  documentId: string;
  /** Whether the vault's owner keeps the text typed so far, in case the page removes the frame. */
  kept: boolean;
  /** The text of the page's field, for a window. A frame in the page gets this text from the content script instead. */
  moved: string;
  brokerTabId?: number;
  brokerFrameId?: number;
  /** The id of the broker's document; "" in Firefox before 153, which has no such ids. */
  brokerDocumentId?: string;
}

interface JobRecord {
  id: string;
  frame: string;
  /** The tab of the page, or of the viewer. */
  tabId: number;
  kind: "write" | "open" | "mail" | "form" | "files" | "altered" | "unsigned";
  origin: string;
  ancestors: string[];
  state: "waiting" | "done" | "failed" | "cancelled";
  replyKey: number[];
  windowId?: number;
  /** The document that asked, for a job without a frame. Its request is in `form`, `notice` or `files`. */
  page?: { tabId: number; frameId: number; documentId: string };
  form?: Omit<import("./background/pages/forms.js").SubmittedForm, "origin" | "topOrigin">;
  notice?: Notice;
  files?: { sign: boolean; encrypt: boolean; proposed: string[]; multiple: boolean };
  result?: OpenedResult | WrittenResult;
  error?: { code: string; message: string };
}

/** The verdict on an opened text. `settled` is false until the authorities have answered. */
interface OpenedResult {
  report: MessageReport;
  settled: boolean;
  openedAt: number;
  receipt: ShownReceipt | null;
  /** The name of the security label; "" for one that is unknown here, null for none. */
  label: string | null;
}

/** A statement about receipts beside a mail. */
type ShownReceipt = import("../wasm_build/ui/receipts.js").ShownReceipt;

interface WrittenResult {
  people: string[];
  signedAs: string | null;
  encrypted: boolean;
}

/** A note about a page: the text that the page altered, or the address to which it may have sent a form. */
interface Notice {
  text: string;
  isSent: boolean;
  isCut?: boolean;
}

/** The message that the extension's window gives to the webmail for sending. */
interface ComposedMessage {
  /** The bytes of the message (RFC 5322). */
  message: ArrayBuffer;
  envelope: { from: string; to: string[]; cc: string[]; bcc: string[] };
  subject: string;
  deliver: "raw" | "attachment";
  /** Whether other copies of the same letter follow. */
  more: boolean;
  /** The text of the mail that carries the encrypted message as an attachment. */
  sentence: string;
}

/** A letter that a page or the viewer asked for, and the tab in which it is written; kept in `storage.session`. */
interface CompositionRecord {
  id: string;
  tabId: number;
  pageFrameId: number;
  /** Empty for a letter that no site asked for. */
  origin: string;
  /** See `ancestors` of `FrameRecord`. */
  ancestors: string[];
  /** "receipt" for the receipt that the held mail asks for. */
  kind: "new" | "reply" | "replyAll" | "forward" | "receipt";
  from: string;
  to: string[];
  cc: string[];
  bcc: string[];
  subject: string;
  /** The id of the held mail that is answered or forwarded; else "". */
  mail: string;
  /** The text from the webmail's own field. The page has seen it. */
  text: string;
  deliver: "raw" | "attachment" | "file";
  sign: boolean;
  encrypt: boolean;
  windowTabId?: number;
  /** For the kind "receipt": the name of the request, and the addresses that get the receipt. */
  receipt?: { id: string; to: string[] };
  /** The state of each copy, by its envelope. A "begun" copy was handed to the webmail, which has not answered. */
  copies: Record<string, "begun" | "taken" | "refused">;
}

/** The API of Firefox. Chromium has no `getFrameId`. */
declare var browser: (typeof chrome & { runtime: { getFrameId(window: Window): number } }) | undefined;
interface Uint8Array {
  toBase64(): string;
}
declare var sealwaxContent: import("./content/world.js").World;
declare var DOMPurify: { sanitize(markup: string, options: object): string };
