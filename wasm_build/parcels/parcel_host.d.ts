/** The page in which the views of a parcel are: the mail server's page for recipients, or a page of the extension. */

import type { Catalogue } from "../ui/catalogue.js";
import type { CreateAnswer } from "./answer_form.js";
import type { ReceivedFile } from "./chunk_plan.js";
import type { OpenedManifest, ParcelReader } from "./parcel_reader.js";
import type { Opening, ParcelRequests } from "./requests.js";
import type { FileToSave, Save } from "./saving.js";

export interface ParcelHost {
  /** The look-up of texts. */
  translate: Catalogue;
  /** The id of the parcel. */
  readonly id: string;
  requests: Pick<ParcelRequests, "complain">;
  /** Saves a file by a service worker; null where none may run. */
  saveByWorker: ((file: FileToSave) => Promise<Save>) | null;
  /** Loads the form that answers the parcel. */
  loadAnswer(): Promise<CreateAnswer>;
  /** Counts as a use of the keys, so that the parcel is not closed while the person writes. */
  touch(): void;
  /** Says a text to screen readers. */
  announce(text: string): void;
  /** The sentence for people about an error. */
  sentenceFor(error: unknown): string;
  /** Runs the action of a button. If it fails, `failure` shows the sentence of the error. */
  attempt(button: HTMLButtonElement, busyLabel: string, failure: HTMLElement, action: () => Promise<void>): Promise<void>;
  /** Resolves with the sentence for words that cannot be right; "" if they may be. The server is not asked. */
  checkWords(words: string): Promise<string>;
  /** Opens the parcel. Resolves with the sentence to show beside the words; "" if they are right. */
  open(words: string): Promise<string>;
  /** Shows the field for the words again. */
  startAgain(): void;
  /** The button that shows the form for the owner of a certificate, where there is one. */
  createCertificateButton?(): HTMLElement;
  /** Shows an error in the place of the parcel, and deletes what there is of it. */
  fail(error: unknown): void;
}

/** The host's own drawing of an opened parcel. */
export interface ParcelDrawing {
  noteClass: string;
  factsClass: string;
  /** Draws a verdict. `from` is the proved sender, or the claimed one. */
  drawVerdict(manifest: OpenedManifest): {
    headline: HTMLElement[]; details: HTMLElement[]; spoken: string; from: string; fromLabel: string;
  };
  /** Fetches the written message, and shows it at the end of `place`. Resolves with null if the parcel was closed meanwhile. */
  showLetter(place: HTMLElement, letter: LetterToShow): Promise<ShownLetter | null>;
  /** Makes an offer below that of an answer. */
  createFurther?(reader: ParcelReader, signal: AbortSignal): FurtherOffer;
}

export interface LetterToShow {
  reader: ParcelReader;
  file: ReceivedFile;
  report: OpenedManifest["report"];
  reading: { signal: AbortSignal; onLost: (isLost: boolean) => void };
}

/** `title` becomes the heading, unless it is empty. `judge` shows a later verdict, and `close` deletes what is kept of the message. */
export interface ShownLetter {
  subject: string;
  title: string;
  judge?: (report: OpenedManifest["report"]) => void;
  close: () => void;
}

export interface FurtherOffer {
  element: HTMLElement;
  show(opening: Opening, manifest: OpenedManifest): void;
  close(): void;
}

/** `titleKey` is `parcel_title` without one, never words of the parcel. `renew` makes the same view in another language, and `close` deletes what the view holds. */
export interface ParcelView {
  element: HTMLElement;
  heading: HTMLElement;
  titleKey?: string;
  focus?: () => void;
  close?: () => void;
  renew?: () => ParcelView;
}
