/**
 * Sealwax: S/MIME for applications that host these files on their own origin.
 *
 * The page that loads this module must be trusted: a party that can change its code can read its content and use its
 * keys. See docs/javascript.md.
 */

/** Binary input. It is copied; the caller's bytes stay unchanged. */
export type Octets = ArrayBuffer | ArrayBufferView;

/**
 * A passphrase in UTF-8: a `Uint8Array`, or the result of `PassphraseField.take()`. It is never a string, because
 * strings cannot be overwritten. The call overwrites the passphrase with zeros.
 */
export type Secret = Uint8Array | { buffer: ArrayBuffer; length: number };

/**
 * The error with which every promise of this module rejects: `code` is a stable word, `message` a sentence for people.
 */
export class VaultError extends Error {
  readonly code: string;
}

export interface VaultOptions {
  /** The folder of the runtime. Default: the folder of this module. */
  base?: URL;
  /**
   * Uses private keys only in WebAssembly, whose memory is overwritten but which is not constant-time. Each operation then
   * ends its Worker. Default false.
   */
  strict?: boolean;
  /**
   * Starts with a smaller download, but more slowly; later starts are fast, after a download in the background.
   * Default: true on a first visit, and if the browser is set to save data.
   */
  saveBytes?: boolean;
  /** Locks after so many minutes without an operation. Default 15. */
  idleMinutes?: number;
  /** Called during the first start with the bytes that are loaded and their total. */
  onStartProgress?: (progress: { loaded: number; total: number; stage: string }) => void;
}

export interface CallOptions {
  /** Stops the operation, which then rejects with `vault-aborted`. */
  signal?: AbortSignal;
  /** Stops the operation after so many seconds; it rejects with `vault-timeout`. Default 60, for streams 600. */
  deadlineSeconds?: number;
  /** Called for content above 1 MB, with numbers of bytes; `total` is null while it is unknown. */
  onProgress?: (progress: { done: number; total: number | null }) => void;
}

/** The facts of a certificate, or of an identity by its certificate. */
export interface Certificate {
  /** The SHA-256 of the certificate in lower-case hexadecimal. */
  fingerprint: string;
  addresses: string[];
  subject: string;
  issuer: string;
  /** The start of the validity period; this and `notAfter` are times in ISO 8601. */
  notBefore: string;
  notAfter: string;
  /** The certificate in DER. */
  certificate: ArrayBuffer;
}

/** The trust anchors, and evidence about revocation. Nothing else is trusted. */
export interface Trust {
  /** Certificates of trusted authorities in DER, each trusted for every address. */
  anchors?: Octets[];
  /** Whether to trust the authorities that Mozilla trusts for e-mail. Default false. */
  mozilla?: boolean;
  /**
   * Whether a certificate is accepted if its revocation status is unknown. Default `required`: it is not accepted. This
   * module sends no requests to authorities; pass their answers in `crls` and `ocsp`.
   */
  revocation?: "required" | "if-known" | "not-checked";
  crls?: Octets[];
  ocsp?: Octets[];
  /** Certificates that may help to build a path. */
  certificates?: Octets[];
}

export type State = "verified" | "signed-unverified" | "invalid" | "encrypted-only" | "plain";

/** The report of an examination, in the form of `report.schema.json`. A reason has a code and a sentence for people. */
export interface Report {
  state: State;
  reasons: { code: string; sentence: string }[];
  sender: string | null;
  headers: [string, string][];
  layers: Record<string, unknown>[];
  signers: Record<string, unknown>[];
  recipients: Record<string, unknown>[];
  certificates: Record<string, unknown>[];
}

export interface SignOptions extends CallOptions {
  /** Whether the signature is without the content. Default false; for `form: "mail"` true, as multipart/signed. */
  detached?: boolean;
  /** The signature scheme. Default: the best one for the key. */
  scheme?: "rsa-pkcs1-v1_5" | "rsa-pss" | "ecdsa" | "ed25519" | "ed448" | "ml-dsa-44" | "ml-dsa-65" | "ml-dsa-87";
}

export interface EncryptOptions extends CallOptions {
  /** The recipients' certificates, DER or PEM. */
  to: Octets[];
  /** The cipher. Every S/MIME program reads `cbc`; only `gcm` detects every change of the ciphertext. Default `cbc`. */
  cipher?: "cbc" | "gcm";
}

export interface VerifyOptions extends CallOptions {
  trust?: Trust;
  /** The time at which signatures and certificates are judged. Default: now. */
  at?: Date;
}

export interface Letter {
  /** `Name <address>` or an address. */
  from: string;
  to: string[];
  cc?: string[];
  subject: string;
  text: string;
  attachments?: { name: string; type: string; data: Octets }[];
  /** The Message-ID. Default: a new one. */
  messageId?: string;
  inReplyTo?: string;
  references?: string[];
}

export interface OpenedLetter {
  report: Report;
  text: string;
  attachments: { name: string; type: string; data: ArrayBuffer }[];
  headers: [string, string][];
}

/**
 * An operation on a stream. `reply` settles after every check that can be made before the output. Then `output` begins,
 * a stream of bytes, which also allows readers with their own buffer (BYOB). Later failures are errors of `output`.
 */
export interface Streaming<Reply> {
  output: ReadableStream<Uint8Array>;
  reply: Promise<Reply>;
}

export interface StreamOptions {
  /** `cms`: the bare structure; `mail`: an RFC 5322 message. Default `cms`. */
  form?: "cms" | "mail";
  /**
   * The size of a ReadableStream in bytes, if known. It allows progress in percent, and an early refusal if too large.
   */
  size?: number;
}

export type StreamSource = Blob | ReadableStream<Uint8Array>;

export interface SealwaxVaultEvents {
  /** Dispatched after every operation, with the number of bytes that were overwritten. */
  cleanup: CustomEvent<{ bytesZeroed: number; milliseconds: number }>;
  unlock: CustomEvent<{ identities: Certificate[] }>;
  /** `reason` is `hand`, `idle`, `too-long`, `clock` (the clock was set back) or `left` (the person left the page). */
  lock: CustomEvent<{ reason: string }>;
}

/** The operations of the vault. */
export interface SealwaxOperations {
  /** The certificates of the unlocked identities. */
  readonly identities: Certificate[];
  /**
   * Opens a PKCS#12 or PEM file and keeps its identities sealed until `lock()`.
   * Rejects with `wrong-passphrase`, `no-identity-in-file` or a code of the core.
   */
  unlock(file: Octets, passphrase: Secret, options?: CallOptions): Promise<Certificate[]>;
  /** Overwrites the identities and the key that sealed them. */
  lock(): void;

  /** Resolves with CMS SignedData over the content, in DER. Rejects with `locked` if no identity is unlocked. */
  sign(content: Octets, options?: SignOptions): Promise<ArrayBuffer>;
  /**
   * Resolves with the report and the signed content, also for invalid signatures: look at `report.state`. For a
   * detached signature pass the signed `content`.
   */
  verify(cms: Octets, options?: VerifyOptions & { content?: Octets }): Promise<{ report: Report; content: ArrayBuffer }>;
  /** Resolves with CMS EnvelopedData (`cbc`) or AuthEnvelopedData (`gcm`), in DER. */
  encrypt(content: Octets, options: EncryptOptions): Promise<ArrayBuffer>;
  /** Resolves with the content, after its padding or tag was checked. This check proves nothing about the author. */
  decrypt(cms: Octets, options?: CallOptions): Promise<ArrayBuffer>;
  /** Decrypts many structures in one Worker. Yields for each its content or its error, in the order of the input. */
  decryptAll(many: Iterable<Octets>, options?: CallOptions): AsyncIterable<ArrayBuffer | VaultError>;
  /** Resolves with the structure of a file: message, certificates, CRL, PKCS#12 or key. Verifies nothing. */
  inspect(file: Octets, options?: CallOptions & { passphrase?: Secret }): Promise<{ kind: string; description: Report }>;

  /** Resolves with an RFC 5322 message. It is signed unless `sign` is false, and encrypted if `to` is not empty. */
  compose(letter: Letter, options?: CallOptions & { sign?: boolean; to?: Octets[]; cipher?: "cbc" | "gcm" }): Promise<ArrayBuffer>;
  /** Decrypts a message if needed, and judges its signatures. */
  open(message: Octets, options?: VerifyOptions): Promise<OpenedLetter>;

  /** The next four methods do the same as `sign` and so on for large content, with little memory for any length. */
  signStream(source: StreamSource, options?: SignOptions & StreamOptions): Promise<Streaming<object>>;
  verifyStream(source: StreamSource, options?: VerifyOptions & StreamOptions & { content?: StreamSource; contentSize?: number }): Promise<Streaming<{ report: Report }>>;
  encryptStream(source: StreamSource, options: EncryptOptions & StreamOptions): Promise<Streaming<object>>;
  decryptStream(source: StreamSource, options?: CallOptions & StreamOptions): Promise<Streaming<object>>;

  /** Locks the identities, rejects the running operations, and ends the Workers. */
  close(): void;
}

export interface SealwaxVault extends SealwaxOperations {
  addEventListener<Name extends keyof SealwaxVaultEvents>(
    name: Name, listener: (event: SealwaxVaultEvents[Name]) => void, options?: AddEventListenerOptions): void;
  removeEventListener<Name extends keyof SealwaxVaultEvents>(name: Name, listener: (event: SealwaxVaultEvents[Name]) => void): void;
}

/** A passphrase field. It keeps the typed text out of strings, as far as the browser allows. */
export interface PassphraseField {
  /** The element to put into the page. `ui/tokens.css` and `ui/components.css` style it. */
  readonly element: HTMLElement;
  /** Returns the typed text, for `unlock`, and empties the field. */
  take(): { buffer: ArrayBuffer; length: number };
  /** Overwrites the typed text and empties the field. */
  clear(): void;
  /** Shows an error at the field; an empty text removes it. */
  setError(text: string): void;
  focus(): void;
}

export function createPassphraseField(options: {
  label: string;
  hint: string;
  /** Called on Enter. */
  onSubmit?: () => void;
}): Promise<PassphraseField>;

/** Fetches the runtime, checks every file against its hash, and starts the first Worker. */
export function openVault(options?: VaultOptions): Promise<SealwaxVault>;
