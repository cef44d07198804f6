/** The place in which a letter is written that goes as a parcel: the mail server's page, or the extension's window. */

import type { disturb } from "../ui/calm.js";
import type { Catalogue } from "../ui/catalogue.js";
import type { createForm, inputField, openDialog, problem, uniqueId, whileBusy } from "../ui/dom.js";
import type { Person } from "../ui/recipients_field.js";
import type { Parts as SendingParts } from "./parcel_sending.js";
import type { Readable } from "./readable.js";

/** The limits of the server for a parcel. `wholeBytes` is the size up to which it takes a parcel in one request. */
export interface ParcelLimits {
  maxBytes: number;
  wholeBytes: number;
  maxDays: number;
  maxRecipients: number;
}

/** What there may be only once in a document: dialogs, forms and buttons with their calm, and numbers of ids. */
export interface DialogParts {
  createForm: typeof createForm;
  inputField: typeof inputField;
  problem: typeof problem;
  whileBusy: typeof whileBusy;
  /** Not by its own name, which is also that of a method of windows. */
  showDialog: typeof openDialog;
  uniqueId: typeof uniqueId;
  disturb: typeof disturb;
}

export interface LetterHost extends Pick<SendingParts, "vault" | "keys" | "uploads"> {
  translate: Catalogue;
  /** The language in which the person reads. */
  language: string;
  /** The languages of notices, by their own names. */
  languages: Record<string, string>;
  parts: DialogParts;
  limits: ParcelLimits;
  /** The address of the pages on which recipients open a parcel. */
  pages: string;
  /** A signal that aborts when the keys are locked. */
  readonly ended: AbortSignal;
  /** The sentences about the parcel's place in the question. */
  notes: string[];
  /** The reason why this letter cannot go as a parcel; empty if it can. */
  refusal: string;
  /** The sentence about the people who get the letter by mail. */
  sentenceForOthers(who: string): string;
  /** The sentence for people about an error. */
  sentenceFor(error: unknown): string;
  /** The label of the button that tries again after an error. */
  labelAgain(error: unknown): string;
  /** Called when the person presses that button. */
  onAgain(error: unknown): void;
  /** Says something to screen readers. */
  announce(said: string): void;
  /** The button that leads to the sent parcels, where there is one; it calls `onOpen`. */
  createList?(onOpen: () => void): HTMLElement;
}

/**
 * A letter and what its window does. `open` and `hidden` get the parcel, `others` the letter by mail. `compose` makes the
 * written message without its files. `prepareSending` prepares the sending as for a mail. `onBegun` is called when the
 * parcel is being sent, `onLeft` with the error, if there was one, when it was given up, `onSent` with the outcome of the
 * mail to the others when it is submitted, and what that returns when the dialog is closed then.
 */
export interface ParcelLetter<Outcome> {
  /** The address of the sender. */
  from: string;
  files: { name: string; data: Readable }[];
  sign: boolean;
  encrypt: boolean;
  /** Whether the letter may be sent unencrypted in place of the parcel. */
  mayBeClear: boolean;
  hasStatements: boolean;
  isTooLarge: boolean;
  open: Person[];
  hidden: Person[];
  others: Person[];
  compose(): Promise<ArrayBuffer>;
  prepareSending(): Promise<void>;
  sendOthers(): Promise<Outcome>;
  onUnencrypted(): void;
  onBegun(): void;
  onSent(outcome: Outcome | null): () => void;
  onLeft(error?: unknown): void;
}
