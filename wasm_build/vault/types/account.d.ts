/** The person's account at a key server, as its driver (`account/key_account.js`) takes and gives it. */

import type { OpenedIdentity } from "./verbs.js";
import type { Named } from "../account/roaming_settings.js";

export interface Secret {
  buffer: ArrayBuffer;
  length: number;
}
export interface EncryptedSecret {
  envelope: { sender: ArrayBuffer; ciphertext: ArrayBuffer };
  length: number;
}
export type Passphrase = Secret | EncryptedSecret;

/**
 * The session whose key seals the identities. `ended` aborts at a lock. The extension's background has the key, and the
 * passphrases, only encrypted to the vault.
 */
export interface Sealing {
  ended: AbortSignal;
  keyForUnlock: () => Passphrase;
}

/** The token of this device, and the record of an account that it has seen last. */
export interface Remembered {
  token: ArrayBuffer;
  known: ArrayBuffer | null;
}
export interface KeyServerMemory {
  read: (user: string) => Promise<Remembered>;
  write: (user: string, remembered: Remembered) => Promise<void>;
  forget: (user: string) => Promise<void>;
}

/** The account after a login. `resetReady` as in `KeyAccount`. */
export interface Opened {
  identities: OpenedIdentity[];
  hasLostCode: boolean;
  hasCode: boolean;
  resetReady: number | null;
}
/** A session at the server, sealed, and the number of its calls. */
export interface OpenSession {
  session: ArrayBuffer;
  calls: number;
}

export interface KeyDevice {
  id: string;
  name: string;
  created: number;
  latest: number;
  is_this: boolean;
}

/** What the page keeps of a person's trust. */
export interface KeptTrust {
  contacts: ArrayBuffer | null;
  decisions: ArrayBuffer | null;
  base: ArrayBuffer | null;
  sent: ArrayBuffer | null;
}
/**
 * The texts that the page keeps of a person's trust after a merge with the account. `base` is for the next merge. `refused` has the
 * names of entries that none of the person's keys has signed; `staying` counts what does not roam.
 */
export interface MergedTrust {
  contacts: ArrayBuffer;
  decisions: ArrayBuffer;
  others: Named;
  base: ArrayBuffer;
  refused: string[];
  staying: number;
}

export interface RecoveryPolicy {
  organisation: string;
  needed: number;
  officers: { name: string; fingerprint: string }[];
  fingerprint: string;
}
export interface RecoveryCase {
  reason: string;
  asked: number;
  asked_by: string;
  recipient: string;
  needed: number;
  approved_by: string[];
  opened: number;
}
/** Who can recover the encryption keys, and what an administrator has done. */
export interface Recovery {
  confirmed: RecoveryPolicy | null;
  offered: RecoveryPolicy | null;
  leftOut: number;
  cases: RecoveryCase[];
  mustRenew: boolean;
  hasFirstPassphrase: boolean;
}

export interface Factor {
  id: string;
  kind: "totp" | "webauthn";
  name: string;
  created: number;
  latest: number;
}
/** The second factors of an account. `challenge` is for a security key to be added. */
export interface Factors {
  factors: Factor[];
  challenge: string;
}
export interface FactorDemand {
  ends: number;
  factors: string[];
  challenge: string;
  credentials: string[];
}
/** Asks the person for a second factor, and gives each try to `prove`. Resolves with the answer to the right one. */
export type AskFactor = (demand: FactorDemand, prove: (proof: object) => Promise<object>) => Promise<object>;
/**
 * Asks the person whether to go on with an account that was reset on a day (2026-01-31), or whose reset was `undone`.
 * Resolves if so, and rejects otherwise.
 */
export type AskReset = (reset: string) => Promise<void>;

/** A call that the vault has signed. `condition` is the value of If-Match, "" without one. */
export interface SignedCall {
  method: string;
  path: string;
  condition: string;
  authorization: string;
  body: ArrayBuffer;
}
/** A step of an operation (`vault/python/roaming_steps.py`). */
export interface Step {
  state?: ArrayBuffer | null;
  step?: number | null;
  request?: SignedCall | null;
  question?: any;
  session?: ArrayBuffer | null;
  known?: ArrayBuffer | null;
  calls?: number | null;
  result?: any;
  /** The new recovery code. In the extension it is encrypted to the page that shows it. */
  code?: ArrayBuffer | null;
  /** The notes that the page has to keep before the call is sent, by kind. */
  notes?: any;
  /** The last step, if the call is the last one and its answer says nothing. */
  then?: Step | null;
}
/** The answer to a question of a kind. */
export type Answers = Record<string, (question: any) => Promise<object | void>>;

/** A group as the server has it. `accepted` is the fingerprint of the owner's certificate to which the person has agreed. */
export interface GivenGroup {
  id: string;
  stored: object;
  accepted?: string;
}
/** A key file, and the passphrase that opens it. */
export interface KeyFile {
  p12: ArrayBuffer;
  passphrase: Secret;
}
