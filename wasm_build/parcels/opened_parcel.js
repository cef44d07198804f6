/**
 * The opened parcel: the verdict on its sender first, then the written message, and the files.
 *
 * Until the manifest is read, only the server names the sender of the parcel, and the view says so.
 */

import { html, problem } from "../ui/dom.js";
import { isolate, longDate } from "../ui/formats.js";
import { ApiError } from "../vault/server/json_requests.js";
import { AnswerOffer } from "./answer_offer.js";
import { createComplaint } from "./complaint_dialog.js";
import { codeOf } from "./failures.js";
import { FileRows } from "./file_rows.js";
import { MAX_LETTER_BYTES } from "./parcel_reader.js";

/** @typedef {import("./parcel_host.js").ParcelHost} ParcelHost */
/** @typedef {import("./parcel_host.js").ParcelDrawing} ParcelDrawing */
/** @typedef {import("./parcel_host.js").ShownLetter} ShownLetter */
/** @typedef {import("./parcel_reader.js").OpenedManifest} OpenedManifest */
/** @typedef {import("./parcel_reader.js").ParcelReader} ParcelReader */
/** @typedef {import("./requests.js").Opening} Opening */

/** The name of the first file of a parcel with a written message: `smime_core.parcels.MESSAGE_NAME`. */
const LETTER = "message.eml";

export class OpenedParcel {
  titleKey = "parcel_opened_title";
  element;
  heading;
  #host;
  #reader;
  #opening;
  #drawing;
  #ending = new AbortController();
  #verdict = html("div", { class: "stack", data: { test: "verdict" } });
  #details = html("div");
  #facts = html("div");
  #letter = html("div", { class: "stack parcel-letter" });
  #files = html("div");
  #receipt = html("div");
  #answer;
  #further;
  /** @type {ShownLetter | null} */
  #shown = null;

  /** @param {ParcelHost} host @param {ParcelReader} reader @param {Opening} opening @param {ParcelDrawing} drawing */
  constructor(host, reader, opening, drawing) {
    const { translate } = host;
    this.#host = host;
    this.#reader = reader;
    this.#opening = opening;
    this.#drawing = drawing;
    this.heading = html("h1", { tabindex: -1, dir: "auto", text: translate("parcel_opened_title"), data: { test: "parcel-heading" } });
    const sentence = opening.from
      ? translate("parcel_server_says", { from: isolate(opening.from) }) : translate("parcel_sender_unknown_yet");
    this.#verdict.append(html("p", { class: drawing.noteClass, role: "status", text: sentence, data: { test: "server-says" } }));
    this.#answer = new AnswerOffer(host, reader, opening, this.#ending.signal);
    this.#further = drawing.createFurther?.(reader, this.#ending.signal) ?? null;
    this.element = html(
      "article", { class: "parcel stack", "aria-busy": "true", data: { test: "parcel" } },
      this.#verdict, this.heading, this.#facts, this.#letter, this.#files, this.#receipt, this.#answer.element,
      this.#further && this.#further.element, this.#details, html("div", { class: "actions" }, createComplaint(host)),
    );
    void this.#read();
  }

  /** Deletes the content, and ends all running operations. */
  close() {
    this.#ending.abort();
    this.#answer.close();
    this.#further?.close();
    this.#shown?.close();
    this.#shown = null;
    this.element.replaceChildren();
  }

  async #read() {
    const { signal } = this.#ending;
    try {
      let isShown = false;
      /** @type {OpenedManifest | null} */
      let latest = null;
      const onArrived = () => void this.#reader.claim("received");
      for await (const manifest of this.#reader.manifest(this.#opening, { signal, onArrived })) {
        if (signal.aborted) return;
        this.#judge(manifest);
        if (!isShown) await this.#showContent(manifest, signal);
        isShown = true;
        this.#offerReceipt(manifest);
        latest = manifest;
      }
      if (latest) void this.#offer(latest, signal);
      if (!signal.aborted) void this.#reader.claim("opened");
      this.element.setAttribute("aria-busy", "false");
    } catch (error) {
      if (signal.aborted) return;
      await this.#reader.claim("failed", codeOf(error));
      if (!signal.aborted) this.#host.fail(error);
    }
  }

  /**
   * Offers to answer. The host's other offers are below, so that they cannot move the answer on the page.
   * @param {OpenedManifest} manifest
   * @param {AbortSignal} signal
   */
  async #offer(manifest, signal) {
    await this.#answer.show(manifest, this.#shown?.subject ?? "");
    if (!signal.aborted) this.#further?.show(this.#opening, manifest);
  }

  /** Shows the verdict. @param {OpenedManifest} manifest */
  #judge(manifest) {
    const { translate } = this.#host;
    const { report, to, created } = manifest;
    // With an invalid signature, anybody may have sent the parcel. Nothing of such a parcel is shown or saved.
    if (report.state === "invalid") throw new ApiError("parcel-forged", "the signature of the manifest is not valid");
    const { headline, details, spoken, from, fromLabel } = this.#drawing.drawVerdict(manifest);
    this.#verdict.replaceChildren(...headline, ...(report.signers.length === 0 ? [this.#createUnsigned()] : []));
    this.#verdict.dataset.state = report.state;
    this.#details.replaceChildren(...details);
    this.#facts.replaceChildren(createFacts(this.#drawing.factsClass, [
      [fromLabel, from, "from"],
      [translate("parcel_for"), to.join(", "), "to"],
      [translate("parcel_made"), longDate(created), "made"],
      [translate("parcel_until"), longDate(this.#opening.until), "until"],
      [translate("parcel_reference"), this.#opening.reference, "reference"],
    ]));
    this.#shown?.judge?.(report);
    this.#host.announce(spoken);
  }

  /** @param {OpenedManifest} manifest */
  #offerReceipt({ asksForReceipt, report, sender }) {
    if (!asksForReceipt || report.state !== "verified" || !this.#reader.canConfirm) return;
    const offer = createReceiptOffer(this.#host, this.#reader, { sender, signal: this.#ending.signal });
    this.#receipt.replaceChildren(offer);
  }

  /** The note on a parcel that nobody has signed. */
  #createUnsigned() {
    const { translate } = this.#host;
    const { from } = this.#opening;
    const text = from ? translate("parcel_unsigned", { from: isolate(from) }) : translate("parcel_unsigned_unknown");
    return html("p", { class: this.#drawing.noteClass, text, data: { test: "unsigned" } });
  }

  /** @param {OpenedManifest} manifest @param {AbortSignal} signal */
  async #showContent({ files, report }, signal) {
    const { translate } = this.#host;
    const [first, ...others] = files;
    const hasLetter = first?.name === LETTER && first.sizeBytes <= MAX_LETTER_BYTES;
    const rows = new FileRows(this.#host, this.#reader, { files: hasLetter ? others : files, signal });
    if (rows.element) this.#files.replaceChildren(rows.element);
    if (!hasLetter) return;
    const waiting = html("p", { class: this.#drawing.noteClass, role: "status", text: translate("parcel_letter_loading"), data: { test: "letter-loading" } });
    this.#letter.replaceChildren(waiting);
    const onLost = (/** @type {boolean} */ isLost) => { waiting.textContent = translate(isLost ? "parcel_lost" : "parcel_letter_loading"); };
    const shown = await this.#drawing.showLetter(this.#letter, { reader: this.#reader, file: first, report, reading: { signal, onLost } });
    if (!shown) return;
    if (signal.aborted) return shown.close();
    this.#shown = shown;
    if (shown.title) this.heading.textContent = shown.title;
    waiting.remove();
  }
}

/** @param {string} name @param {[string, string, string][]} pairs */
function createFacts(name, pairs) {
  return html("dl", { class: name }, ...pairs.filter(([, value]) => value).flatMap(([term, value, test]) => [
    html("dt", { text: term }), html("dd", { dir: "auto", text: value, data: { test: `parcel-${test}` } }),
  ]));
}

/**
 * The offer to confirm to the sender, with a signed receipt, that the person has the parcel. Nothing is sent before the person presses
 * the button.
 * @param {import("./parcel_host.js").ParcelHost} page
 * @param {import("./parcel_reader.js").ParcelReader} reader
 * @param {{sender: string, signal: AbortSignal}} options `sender` is proved by the manifest
 */
function createReceiptOffer(page, reader, { sender, signal }) {
  const { translate } = page;
  const from = isolate(sender);
  const failure = problem("receipt-error");
  const button = html("button", {
    type: "button", text: translate("parcel_confirm"), data: { test: "confirm-parcel" }, on: { click: () => confirm() },
  });
  const element = html(
    "section", { class: "stack parcel-receipt", data: { test: "receipt-offer" } },
    html("h2", { text: translate("parcel_confirm_title") }), html("p", { text: translate("parcel_confirm_meaning", { from }) }),
    failure, html("div", { class: "actions" }, button),
  );

  const confirm = () => page.attempt(button, translate("parcel_confirming"), failure, async () => {
    await reader.confirm(signal);
    const sentence = translate("parcel_confirmed", { from });
    element.replaceChildren(html("p", { class: "note", text: sentence, tabindex: -1, data: { test: "confirmed" } }));
    /** @type {HTMLElement} */ (element.firstElementChild).focus();
    page.announce(sentence);
  });
  return element;
}
