/**
 * Sealwax: S/MIME for applications that host these files on their own origin.
 *
 * The page that loads this module is itself the party that must be trusted: whoever can change its code reads what it
 * shows and uses the keys that it opens. See docs/javascript.md.
 */

/** Binary input. It is copied: the caller's stays as it is. */
export type Octets = ArrayBuffer | ArrayBufferView;

/**
 * A passphrase as UTF-8, and never a string: a `Uint8Array`, or what `SecretField.take()` gives. It is overwritten with
 * zeros as soon as the call has taken it.
 */
export type Secret = Uint8Array | { buffer: ArrayBuffer; length: number };

/** A stable word and a sentence for people; every promise of this module rejects with one. */
export class VaultError extends Error {
  readonly code: string;
}

export interface VaultOptions {
  /** The folder that holds the runtime; default: the one of this module. */
  base?: URL;
  /** Private keys are used in WebAssembly alone, where nothing is left of them; not in constant time. Default false. */
  strict?: boolean;
  /** Start from few bytes now and fetch the faster start in the background. */
  saveBytes?: boolean;
  /** Lock after so many minutes without an operation; default 15. */
  idleMinutes?: number;
  /** The first start, while it runs: bytes loaded, and of how many. */
  onStartProgress?: (progress: { loaded: number; total: number; stage: string }) => void;
}

export interface CallOptions {
  /** Stops the operation; it rejects with `vault-aborted`. */
  signal?: AbortSignal;
  /** Stops it after so many seconds with `vault-timeout`; default 60, for streams 600. */
  deadlineSeconds?: number;
  /** Told for anything over 1 MB, in bytes; `total` is null while nobody knows it. */
  onProgress?: (progress: { done: number; total: number | null }) => void;
}

/** What may be known of an identity whose private key is open, or of any certificate. */
export interface Certificate {
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  fingerprint: string;
  addresses: string[];
  subject: string;
  issuer: string;
  /** ISO 8601. */
  notBefore: string;
  notAfter: string;
  /** DER. */
  certificate: ArrayBuffer;
}

/** Whose word counts. Nothing is trusted unless it is named here. */
export interface Trust {
  /** Certificates of authorities, DER, each for every address. */
  anchors?: Octets[];
  /** The authorities that Mozilla trusts for e-mail. Default false. */
  mozilla?: boolean;
  /**
   * Whether a certificate counts whose revocation is unknown. Default `required`: it does not. This module asks nobody
   * by itself: what was asked comes in `crls` and `ocsp`.
   */
  revocation?: "required" | "if-known" | "not-checked";
  crls?: Octets[];
  ocsp?: Octets[];
  /** Certificates that may help to build a path. */
  certificates?: Octets[];
}

export type State = "verified" | "signed-unverified" | "invalid" | "encrypted-only" | "plain";

/** What was found, by `report.schema.json`; `reasons` hold a code and a sentence for people. */
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
  /** The signature alone, without the content. Default false; for `form: "mail"` true, which is multipart/signed. */
  detached?: boolean;
  /** Default: what the key makes best. */
  scheme?: "rsa-pkcs1-v1_5" | "rsa-pss" | "ecdsa" | "ed25519" | "ed448" | "ml-dsa-44" | "ml-dsa-65" | "ml-dsa-87";
}

export interface EncryptOptions extends CallOptions {
  /** The recipients' certificates, DER or PEM. */
  to: Octets[];
  /** `cbc` is what every S/MIME program reads; `gcm` notices changes by itself. Default `cbc`. */
  cipher?: "cbc" | "gcm";
}

export interface VerifyOptions extends CallOptions {
  trust?: Trust;
  /** The moment that counts; default now. */
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
  /** The Message-ID; default: made. */
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
 * What runs through in chunks. `reply` settles when all that can be checked beforehand was checked; then `output` begins,
 * and what fails later is an error of `output`, a stream of bytes that also takes readers with their own buffer (BYOB).
 */
export interface Streaming<Reply> {
  output: ReadableStream<Uint8Array>;
  reply: Promise<Reply>;
}

export interface StreamOptions {
  /** `cms`: the structure alone; `mail`: an RFC 5322 message. Default `cms`. */
  form?: "cms" | "mail";
  /** Bytes of a ReadableStream where they are known: for progress, and to refuse at once what is too large. */
  size?: number;
}

export type StreamSource = Blob | ReadableStream<Uint8Array>;

export interface SealwaxVaultEvents {
  /** After every operation: what was overwritten. */
  cleanup: CustomEvent<{ bytesZeroed: number; milliseconds: number }>;
  unlock: CustomEvent<{ identities: Certificate[] }>;
  /** `reason`: `hand`, `idle`, `too-long`, `clock` (it was set back) or `left` (the page). */
  lock: CustomEvent<{ reason: string }>;
}

/** What the vault does. */
export interface SealwaxOperations {
  /** Those whose private keys are open, without the keys. */
  readonly identities: Certificate[];
  /**
   * Opens a PKCS#12 or PEM file and keeps its identities sealed until `lock()`.
   * Rejects with `wrong-passphrase`, `no-identity-in-file` or a code of the core.
   */
  unlock(file: Octets, passphrase: Secret, options?: CallOptions): Promise<Certificate[]>;
  /** Overwrites the identities and the key that sealed them. */
  lock(): void;

  /** CMS SignedData over the content, DER. Rejects with `locked` when no identity is open. */
  sign(content: Octets, options?: SignOptions): Promise<ArrayBuffer>;
  /** `content` is what was signed; give it for a detached signature. Look at `report.state`, not only at a resolved promise. */
  verify(cms: Octets, options?: VerifyOptions & { content?: Octets }): Promise<{ report: Report; content: ArrayBuffer }>;
  /** CMS EnvelopedData or AuthEnvelopedData, DER. */
  encrypt(content: Octets, options: EncryptOptions): Promise<ArrayBuffer>;
  /** The content, after its padding or tag was checked. It says nothing about who made it. */
  decrypt(cms: Octets, options?: CallOptions): Promise<ArrayBuffer>;
  /** Many at once in one Worker with one cleanup; each is the content or the error, in the order of the input. */
  decryptAll(many: Iterable<Octets>, options?: CallOptions): AsyncIterable<ArrayBuffer | VaultError>;
  /** What a file is made of: message, certificates, CRL, PKCS#12, key. Nothing is verified. */
  inspect(file: Octets, options?: CallOptions & { passphrase?: Secret }): Promise<{ kind: string; description: Report }>;

  /** An RFC 5322 message, signed unless `sign` is false, and sealed where `to` is not empty. */
  compose(letter: Letter, options?: CallOptions & { sign?: boolean; to?: Octets[]; cipher?: "cbc" | "gcm" }): Promise<ArrayBuffer>;
  /** Opens and examines a message. */
  open(message: Octets, options?: VerifyOptions): Promise<OpenedLetter>;

  /** As `sign` and the others, for what is large: memory stays small whatever the length. */
  signStream(source: StreamSource, options?: SignOptions & StreamOptions): Promise<Streaming<object>>;
  verifyStream(source: StreamSource, options?: VerifyOptions & StreamOptions & { content?: StreamSource; contentSize?: number }): Promise<Streaming<{ report: Report }>>;
  encryptStream(source: StreamSource, options: EncryptOptions & StreamOptions): Promise<Streaming<object>>;
  decryptStream(source: StreamSource, options?: CallOptions & StreamOptions): Promise<Streaming<object>>;

  /** Locks, refuses what is open, and ends the Workers. */
  close(): void;
}

export interface SealwaxVault extends SealwaxOperations {
  addEventListener<Name extends keyof SealwaxVaultEvents>(
    name: Name, listener: (event: SealwaxVaultEvents[Name]) => void, options?: AddEventListenerOptions): void;
  removeEventListener<Name extends keyof SealwaxVaultEvents>(name: Name, listener: (event: SealwaxVaultEvents[Name]) => void): void;
}

/** A passphrase field whose text never becomes a string, where the browser lets it. */
export interface PassphraseField {
  /** The whole component, to be put into the page; styled by `ui/tokens.css` and `ui/components.css`. */
  readonly element: HTMLElement;
  /** What was typed, for `unlock`; the field is empty afterwards. */
  take(): { buffer: ArrayBuffer; length: number };
  /** Overwrites what was typed. */
  clear(): void;
  /** Shows an error at the field; an empty text takes it away. */
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
