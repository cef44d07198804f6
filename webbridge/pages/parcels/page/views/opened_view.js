/**
 * The opened parcel: the verdict on its sender first, then the written message, and the files.
 *
 * Until the manifest is read, only the server says who has sent the parcel, and the view says so.
 */

import { html } from "../../../../../wasm_build/ui/dom.js";
import { AnswerOffer } from "../../../../../wasm_build/parcels/answer_offer.js";
import { createComplaint } from "../../../../../wasm_build/parcels/complaint_dialog.js";
import { codeOf } from "../../../../../wasm_build/parcels/failures.js";
import { FileRows } from "../../../../../wasm_build/parcels/file_rows.js";
import { MAX_LETTER_BYTES } from "../../../../../wasm_build/parcels/parcel_reader.js";
import { createReceiptOffer } from "../../../../../wasm_build/parcels/receipt_offer.js";
import { dayOnly, headerReader, isolate, longDate } from "../../../../../wasm_build/ui/formats.js";
import { describeSigner } from "../../../../../wasm_build/ui/signer_path.js";
import { overwrite } from "../../../../../wasm_build/vault/memory/cleanup.js";
import { ApiError } from "../../../../../wasm_build/vault/server/json_requests.js";
import { provedSender } from "../../../reading/report.js";
import { createState } from "../../../reading/report_details.js";
import { createSigners } from "../../../trust/signers.js";
import { createMessageText } from "../../../reading/views/message_text.js";
import { createReceivedFiles } from "../../../reading/views/received_files.js";
import { KeyOffer } from "./key_offer.js";

/** @typedef {import("../parcel_page.js").ParcelPage} ParcelPage */
/**
 * The opened manifest, with the report in the words of the pages.
 * @typedef {import("../../../../../wasm_build/parcels/parcel_reader.js").OpenedManifest & {report: import("../../../reading/report.js").Report}} OpenedManifest
 */
/** @typedef {import("../../../../../wasm_build/parcels/parcel_reader.js").OpenedLetter} OpenedLetter */
/** @typedef {import("../../../../../wasm_build/parcels/requests.js").Opening} Opening */

/** The name of the first file of a parcel with a written message. */
const LETTER = "message.eml";

export class OpenedView {
  titleKey = "parcel_opened_title";
  element;
  heading;
  #page;
  #reader;
  #opening;
  #ending = new AbortController();
  #verdict = html("div", { class: "stack", data: { test: "verdict" } });
  #facts = html("div");
  #letter = html("div", { class: "stack parcel-letter" });
  #files = html("div");
  #receipt = html("div");
  #answer;
  #key;
  /** @type {OpenedLetter | null} */
  #opened = null;
  #subject = "";

  /**
   * @param {ParcelPage} page
   * @param {import("../../../../../wasm_build/parcels/parcel_reader.js").ParcelReader} reader
   * @param {Opening} opening
   */
  constructor(page, reader, opening) {
    const { translate } = page;
    this.#page = page;
    this.#reader = reader;
    this.#opening = opening;
    this.heading = html("h1", { tabindex: -1, dir: "auto", text: translate("parcel_opened_title"), data: { test: "parcel-heading" } });
    const said = opening.from
      ? translate("parcel_server_says", { from: isolate(opening.from) }) : translate("parcel_sender_unknown_yet");
    this.#verdict.append(html("p", { class: "note", role: "status", text: said, data: { test: "server-says" } }));
    this.#answer = new AnswerOffer(page, reader, opening, this.#ending.signal);
    this.#key = new KeyOffer(page, reader, this.#ending.signal);
    this.element = html(
      "article", { class: "parcel stack", "aria-busy": "true", data: { test: "parcel" } },
      this.#verdict, this.heading, this.#facts, this.#letter, this.#files, this.#receipt, this.#answer.element, this.#key.element, html("div", { class: "actions" }, createComplaint(page)),
    );
    void this.#read();
  }

  /** Deletes the content, and ends all that still runs. */
  close() {
    this.#ending.abort();
    this.#answer.close();
    this.#key.close();
    for (const { data } of this.#opened?.attachments ?? []) overwrite(data);
    this.#opened = null;
    this.element.replaceChildren();
  }

  async #read() {
    const { signal } = this.#ending;
    try {
      let isShown = false;
      /** @type {OpenedManifest | null} */
      let latest = null;
      const onArrived = () => void this.#reader.claim("received");
      for await (const judged of this.#reader.manifest(this.#opening, { signal, onArrived })) {
        const manifest = /** @type {OpenedManifest} */ (judged);
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
      if (!signal.aborted) this.#page.fail(error);
    }
  }

  /** Offers to answer, and then a key of one's own: below the answer, so that nothing moves it. @param {OpenedManifest} manifest @param {AbortSignal} signal */
  async #offer(manifest, signal) {
    await this.#answer.show(manifest, this.#subject);
    const { key } = this.#opening;
    if (key && manifest.to.length > 0 && !signal.aborted) this.#key.show(key, manifest.to);
  }

  /** Shows the verdict. @param {OpenedManifest} manifest */
  #judge({ report, sender, to, created }) {
    const { translate } = this.#page;
    // A signature that is not the sender's can be anybody's. Nothing of such a parcel is shown or saved.
    if (report.state === "invalid") throw new ApiError("parcel-forged", "the signature of the manifest is not valid");
    const why = createSigners(translate, report, (signer) => html("section", { class: "why stack" }, ...describeSigner(translate, signer, {
      certificates: report.certificates, day: dayOnly, action: () => null,
    })));
    const { element, spoken } = createState(translate, report, { from: sender, why, unproven: translate("parcel_unproven"), people: to.length });
    const proved = provedSender(report);
    this.#verdict.replaceChildren(element, ...(report.signers.length === 0 ? [createUnsigned(this.#page, this.#opening)] : []));
    this.#facts.replaceChildren(this.#createFacts([
      [translate(proved ? "from" : "from_claimed"), proved ?? sender, "from"],
      [translate("parcel_for"), to.join(", "), "to"],
      [translate("parcel_made"), longDate(created), "made"],
      [translate("parcel_until"), longDate(this.#opening.until), "until"],
      [translate("parcel_reference"), this.#opening.reference, "reference"],
    ]));
    this.#page.announce(spoken);
  }

  /** @param {OpenedManifest} manifest */
  #offerReceipt({ asksForReceipt, report, sender }) {
    if (!asksForReceipt || report.state !== "verified" || !this.#reader.canConfirm) return;
    const offer = createReceiptOffer(this.#page, this.#reader, { sender, signal: this.#ending.signal });
    this.#receipt.replaceChildren(offer);
  }

  /** @param {[string, string, string][]} pairs */
  #createFacts(pairs) {
    return html("dl", { class: "headers" }, ...pairs.filter(([, value]) => value).flatMap(([term, value, test]) => [
      html("dt", { text: term }), html("dd", { dir: "auto", text: value, data: { test: `parcel-${test}` } }),
    ]));
  }

  /** @param {OpenedManifest} manifest @param {AbortSignal} signal */
  async #showContent({ files, report }, signal) {
    const [first, ...others] = files;
    const hasLetter = first?.name === LETTER && first.sizeBytes <= MAX_LETTER_BYTES;
    const rows = new FileRows(this.#page, this.#reader, { files: hasLetter ? others : files, signal });
    if (rows.element) this.#files.replaceChildren(rows.element);
    if (!hasLetter) return;
    const { translate } = this.#page;
    const waiting = html("p", { class: "note", role: "status", text: translate("parcel_letter_loading"), data: { test: "letter-loading" } });
    this.#letter.replaceChildren(waiting);
    const onLost = (/** @type {boolean} */ isLost) => { waiting.textContent = translate(isLost ? "parcel_lost" : "parcel_letter_loading"); };
    const letter = await this.#reader.letter(first, { signal, onLost });
    if (signal.aborted) return;
    this.#opened = letter;
    const subject = headerReader(letter.headers)("subject");
    if (subject) this.heading.textContent = subject;
    this.#subject = subject ?? "";
    const text = createMessageText(translate, { ...letter, report });
    signal.addEventListener("abort", text.close, { once: true });
    const attached = createReceivedFiles(this.#page, letter.attachments, null);
    const title = html("h2", { class: "visually-hidden", text: translate("parcel_letter") });
    this.#letter.replaceChildren(title, ...text.parts, ...(attached ? [attached] : []));
  }
}

/** The note on a parcel that nobody has signed. @param {ParcelPage} page @param {Opening} opening */
function createUnsigned({ translate }, { from }) {
  const text = from ? translate("parcel_unsigned", { from: isolate(from) }) : translate("parcel_unsigned_unknown");
  return html("p", { class: "note", text, data: { test: "unsigned" } });
}
