/** What the extension's scripts share: names for the type checker only; nothing of this reaches a browser. */

interface ChannelKeys {
  publicKey: ArrayBuffer;
  privateKey: CryptoKey;
}

interface Envelope {
  sender: ArrayBuffer;
  ciphertext: ArrayBuffer;
}

/** A secret in a buffer of its own: `length` bytes at the start of 4,096. */
interface Secret {
  buffer: ArrayBuffer;
  length: number;
}

interface SealedSecret {
  envelope: Envelope;
  length: number;
}

interface SealwaxChannel {
  generateKeys(): Promise<ChannelKeys>;
  sealTo(recipient: ArrayBuffer, purpose: string, plaintext: ArrayBuffer): Promise<Envelope>;
  openWith(keys: ChannelKeys, purpose: string, envelope: Envelope): Promise<ArrayBuffer>;
}

/** A certificate as the vault describes it. */
interface CertificateInfo {
  certificate: ArrayBuffer;
  /** What a person would call it: the common name, or an address. */
  name?: string;
  addresses: string[];
  subject: string;
  issuer: string;
  notBefore: string;
  notAfter: string;
  fingerprint: string;
  usable?: boolean;
  reason?: import("./runtime/ui/verdict_words.js").Reason | null;
  isCa?: boolean;
  /** What it may be used for. */
  purposes?: ("sign" | "seal")[];
  /** Whether the person signs with it by default. */
  preferred?: boolean;
  /** When it was imported. */
  addedAt?: string;
  /** What its path needs, where it was found beside it. */
  intermediates?: ArrayBuffer[];
}

interface KeyFile {
  id: string;
  name: string;
  p12: ArrayBuffer;
  identities: CertificateInfo[];
  /** Whether it was brought as a file, or its key was made here. */
  origin: "file" | "request";
  /** When it last left as an export or in a backup. */
  savedAt: string | null;
}

/** A key that waits for its certificate. */
interface KeyRequest {
  id: string;
  addresses: string[];
  commonName: string;
  kind: string;
  createdAt: string;
  /** PKCS#10 as PEM. */
  request: ArrayBuffer;
  /** PEM, encrypted under its passphrase. */
  key: ArrayBuffer;
}

interface SealedIdentity {
  fingerprint: string;
  keyFile: string;
  sealed: ArrayBuffer;
}

/** What the page's content script asked for, and for which document; kept in `storage.session`. */
interface FrameRecord {
  id: string;
  tabId: number;
  pageFrameId: number;
  origin: string;
  /** The origins of the pages around, from the parent to the page in the address bar. */
  ancestors: string[];
  kind: "write" | "open" | "mail";
  sign: boolean;
  encrypt: boolean;
  proposed: string[];
  cms: string;
  /** A mail that the vault's owner holds, of the kind "mail". */
  mail: string;
  /** The held file that a detached signature covers, in the viewer alone; else "". */
  content: string;
  inWindow: boolean;
  /** The document that asked; empty in a Firefox before 153, which names none. */
  documentId: string;
  /** Whether the vault's owner keeps what was typed so far, should the page take the frame away. */
  kept: boolean;
  /** What stood in the page's field, when a window takes it over; a frame gets it from the page's content script. */
  moved: string;
  brokerTabId?: number;
  brokerFrameId?: number;
  /** The broker's document; empty in a Firefox before 153, which names none. */
  brokerDocumentId?: string;
}

interface JobRecord {
  id: string;
  frame: string;
  /** Of the page, or of the viewer. */
  tabId: number;
  kind: "write" | "open" | "mail" | "form" | "files" | "altered" | "unsigned";
  origin: string;
  ancestors: string[];
  state: "waiting" | "done" | "failed" | "cancelled";
  replyKey: number[];
  windowId?: number;
  /** Of a job without a frame: the document that asked, and what it asked for. */
  page?: { tabId: number; frameId: number; documentId: string };
  form?: any;
  notice?: { text: string; isSent: boolean; isCut?: boolean };
  files?: { sign: boolean; encrypt: boolean; proposed: string[]; multiple: boolean };
  result?: any;
  error?: { code: string; message: string };
}

/** What the extension's window gives to the webmail for sending. */
interface ComposedMessage {
  /** RFC 5322 octets. */
  message: ArrayBuffer;
  envelope: { from: string; to: string[]; cc: string[]; bcc: string[] };
  subject: string;
  deliver: "raw" | "attachment";
  /** Whether other copies of the same letter follow. */
  more: boolean;
  /** What a message says around its attachment. */
  sentence: string;
}

/** A letter that a page asked for, and which window writes it; kept in `storage.session`. */
interface CompositionRecord {
  id: string;
  tabId: number;
  pageFrameId: number;
  /** Empty for a letter that no site asked for. */
  origin: string;
  /** As in `FrameRecord`. */
  ancestors: string[];
  kind: "new" | "reply" | "replyAll" | "forward";
  from: string;
  to: string[];
  cc: string[];
  bcc: string[];
  subject: string;
  /** The held mail that is answered or forwarded, or nothing. */
  mail: string;
  /** What stood in the webmail's own field, which the page has seen. */
  text: string;
  deliver: "raw" | "attachment" | "file";
  sign: boolean;
  seal: boolean;
  windowTabId?: number;
  /** What became of each copy, by its envelope: "begun" is one that was handed over and not answered for. */
  copies: Record<string, "begun" | "taken" | "refused">;
}

declare var browser: typeof chrome | undefined;
declare var sealwaxChannel: SealwaxChannel;
declare var sealwaxContent: any;
declare var sealwaxPage: {
  prepare(page: { bytes: Uint8Array; mediaType: string; address: string; resources: { url: string; octets: Uint8Array }[] }):
    Promise<{ document: string; links: string[]; leftOut: number; scripts: number } | null>;
};
declare var sealwaxMarkup: any;
declare var sealwaxCleaner: {
  clean(markup: string, options?: { isWhole?: boolean; forbiddenTags?: string[]; forbiddenAttributes?: string[] }): Document | null;
  finish(root: Document, head: { policy: string; style?: string }): string | null;
  parse(source: string): Document;
};
declare var DOMPurify: { sanitize(markup: string, options: object): string };
