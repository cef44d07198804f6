/** The vault's requests and replies as types, derived from the schema of its verbs (`schema.js`). */

import type { Attachment } from "../../ui/attachments.js";
import type { CertificatePage } from "../../ui/certificate_rows.js";
import type { AnswerPeople, FieldPeople, ReplyFields } from "../../ui/answer.js";
import type { Mailbox } from "../../ui/formats.js";
import type { TreeNode } from "../../ui/path_tree.js";
import type { Certificate, RecipientCheck } from "../../ui/recipient_words.js";
import type { State } from "../../ui/state_mark.js";
import type { Reason, Signer } from "../../ui/verdict_words.js";
import type { Lookup } from "../server/lookups.js";
import type { REPLIES, VERBS } from "../schema.js";
import type { Secret } from "../storage/session.js";
import type { TrustList } from "../server/trust.js";

export type VaultVerb = keyof typeof VERBS;
export type VaultArgs<Verb extends VaultVerb> = Fields<(typeof VERBS)[Verb], Verb>;
export type VaultReply<Verb extends VaultVerb> = Fields<(typeof REPLIES)[Verb], Verb>;

/** The type of an object in the schema. A field whose name ends in "?" may be absent or null. */
type Fields<Table, Verb extends string> = {
  -readonly [Name in keyof Table & string as Name extends `${string}?` ? never : Name]: Value<Table[Name], Verb, Name>;
} & {
  -readonly [Name in keyof Table & string as Name extends `${infer Bare}?` ? Bare : never]?:
    (Name extends `${infer Bare}?` ? Value<Table[Name], Verb, Bare> : never) | null;
};

type Value<Kind, Verb extends string, Name extends string> =
  Kind extends "bytes" ? ArrayBuffer
  : Kind extends "secret" ? Secret
  : Kind extends "text" ? string
  : Kind extends "flag" ? boolean
  : Kind extends "number" ? number
  : Kind extends "any" ? Described<Verb, Name>
  : Kind extends readonly [infer Element] ? Value<Element, Verb, Name>[]
  : Kind extends object ? Fields<Kind, Verb>
  : unknown;

/**
 * The types of values of the kind "any": by verb and field name, or by field name if they are the same in all verbs.
 */
type Described<Verb extends string, Name extends string> =
  `${Verb} ${Name}` extends keyof ByVerb ? ByVerb[`${Verb} ${Name}`]
  : Name extends keyof ByName ? ByName[Name]
  : unknown;

interface ByVerb {
  "certificate.describe certificates": DescribedCertificate & ({ usable: true; reason: null } | { usable: false; reason: Reason });
  "certificate.read certificates": DescribedCertificate & { intermediates: ArrayBuffer[] };
  "certificate.read leftOut": LeftOut;
  "contacts.import leftOut": LeftOut;
  "message.compose receipt": ExpectedReceipt;
  "message.sign receipt": ExpectedReceipt;
  "message.verify label": SecurityLabel;
  "message.verify receipt": ReceiptRequest | GivenReceipt;
  "certificate.page rows": CertificatePage["rows"][number];
}

interface ByName {
  identities: OpenedIdentity;
  authority: DescribedCertificate;
  report: MessageReport;
  lookups: Lookup[];
  headers: [string, string];
  parts: { path: string; text: ArrayBuffer };
  reply: ReplyFields & { people: AnswerPeople };
  /** For each text the list of its mailboxes. */
  mailboxes: Mailbox[];
  harvest: Harvest;
  /** The certificates of a report, which the page can show in detail and the person can decide on. */
  certificates: { fingerprint: string; certificate: ArrayBuffer };
  description: Description;
  checks: RecipientCheck;
  people: KnownPerson;
  decisions: Decision;
  changes: CertificateChange;
  list: TrustList;
  problems: { code: string; message: string };
  /** The result of an operation at a key server, and its question (`account.d.ts`). */
  result: any;
  question: any;
  notes: any;
}

/** A certificate with the purposes that its extensions allow: signing, and encryption to it ("seal"). */
export interface DescribedCertificate extends Certificate {
  purposes?: ("sign" | "seal")[];
}

export interface OpenedIdentity extends DescribedCertificate {
  /** The private key with its certificates, encrypted under the session's key. */
  sealed: ArrayBuffer;
  /** Whether several people share the key, such as that of a ward. */
  isShared?: boolean;
}

/** The person's decision to accept a certificate for the addresses in `acceptedFor`. */
export interface Decision extends Certificate {
  kind: string;
  acceptedFor: string[];
  acceptedAt: string;
}

export interface KnownPerson {
  address: string;
  certificates: (Certificate & { source: string; firstSeen: string; lastSeen: string; preferred: boolean })[];
}

/** A change of a contact: the sender now has another certificate. */
export interface CertificateChange {
  address: string;
  before: Certificate;
  after: Certificate;
  sameIssuer: boolean;
  isRenewal: boolean;
}

/** A certificate in a file that is not imported. `name` is its entry's or its owner's. */
export interface LeftOut {
  name: string;
  reason: Reason;
}

/** The contacts with the certificates of a mail. If `asks` is true, they are kept only if the person agrees. */
export interface Harvest {
  contacts: ArrayBuffer;
  changes: CertificateChange[];
  asks: boolean;
}

/**
 * An identity that several people share, as the key server lists it. `name` is null until the person has taken its keys;
 * `problem` is set if the list contradicts what the account has seen.
 */
export interface ListedGroup {
  id: string;
  owner: string;
  isOwn: boolean;
  state: "new" | "newer" | "taken" | "left";
  name: string | null;
  addresses: string[];
  problem: { code: string; message: string } | null;
}

/** A member of a shared identity, and when the certificate ends for which its key is encrypted. */
export interface GroupMember {
  user: string;
  notAfter: string;
  isOwner: boolean;
  /** Whether the key server has no key for this member any more. Only the owner learns of it. */
  hasLeft: boolean;
}

/** A shared identity that was opened. `certificate` is the owner's; `removed` were members and still have the key. */
export interface OpenedGroup {
  id: string;
  name: string;
  owner: string;
  version: number;
  isOwn: boolean;
  addresses: string[];
  certificate: Certificate;
  members: GroupMember[];
  removed: string[];
}

/** Why a shared identity is not taken. `acceptable` is the owner's certificate if the person's agreement would help. */
export interface GroupRefusal {
  code: string;
  message: string;
  reasons: Reason[];
  acceptable: Certificate | null;
}

/** The security label in a signature: the OID of its policy, and its classification there. */
export interface SecurityLabel {
  policy: string;
  classification: number | null;
}

/** The values that a receipt for a sent message must have (`wasm_build/vault/python/receipts.py`). */
export interface ExpectedReceipt {
  id: string;
  digest: string;
}

/** The request for a receipt in a verified mail: the addresses that get it, those that are asked, those in To and Cc. */
export interface ReceiptRequest {
  kind: "asked";
  id: string;
  to: string[];
  /** Null if everybody is asked. */
  only: string[] | null;
  readers: string[];
}

/** A receipt that arrived. The report says whether it proves anything. */
export interface GivenReceipt {
  kind: "given";
  /** The `id` of the request that it answers; "" if its structure is wrong. */
  id: string;
  /** The hash of the receipt's own signature. */
  signature: string;
  messageId: string;
  /** The addresses and the name that the signer's certificate proves, if the receipt is verified. */
  addresses: string[];
  name: string;
  /** The time at which it was signed, as its signer says. */
  at: string;
}

/** An attachment of a mail that was read, with the path of its MIME part. */
export interface OpenedFile extends Attachment {
  path: string;
  contentId: string;
}

export interface Layer {
  kind: string;
  coversWhole: boolean;
  detached: boolean;
  path: string;
  /** The object identifier of the content; only in a description of a file that was not examined. */
  contentType?: string;
}

export interface ReportedSigner extends Omit<Signer, "state"> {
  state: State;
  layer: number;
  sid: string;
  algorithm: string;
  /** The fingerprint of the signer's entry in `certificates`; null if the message lacks the certificate. */
  certificate: string | null;
  tree: TreeNode[];
}

/** The core's report of an examination (`report.schema.json`). */
export interface MessageReport {
  state: State;
  reasons: Reason[];
  sender: string | null;
  /** The author of verified content; see `provedMailbox`. */
  proved: { name: string; address: string } | null;
  fieldOrigin?: string | null;
  headers: [string, string][];
  headerProtections?: string[];
  /** The time in the Date field, in UTC; null if it cannot be read. */
  date: string | null;
  people: { from: FieldPeople; sender: FieldPeople; replyTo: FieldPeople; to: FieldPeople; cc: FieldPeople };
  layers: Layer[];
  signers: ReportedSigner[];
  recipients: { layer: number; kind: string; rid: string; algorithm: string; opened: boolean }[];
  certificates: Omit<Certificate, "certificate">[];
}

/** The core's description of a file that was not examined (`report.schema.json`). */
export type Description = Pick<MessageReport, "layers" | "headers">;
