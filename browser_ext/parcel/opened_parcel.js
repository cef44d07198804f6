/**
 * The opened parcel: the verdict on its sender first, then the written message in a sandboxed view, and the files.
 *
 * Until the manifest is read, only the server says who has sent the parcel, and the view says so.
 */
import { AnswerOffer } from "../../wasm_build/parcels/answer_offer.js";
import { createComplaint } from "../../wasm_build/parcels/complaint_dialog.js";
import { codeOf } from "../../wasm_build/parcels/failures.js";
import { FileRows } from "../../wasm_build/parcels/file_rows.js";
import { MAX_LETTER_BYTES } from "../../wasm_build/parcels/parcel_reader.js";
import { createReceiptOffer } from "../../wasm_build/parcels/receipt_offer.js";
import { html } from "../../wasm_build/ui/dom.js";
import { headerReader, isolate, longDate } from "../../wasm_build/ui/formats.js";
import { overwrite } from "../../wasm_build/vault/memory/cleanup.js";
import { ApiError } from "../../wasm_build/vault/server/json_requests.js";
import { translate } from "../texts/texts.js";
import { describeReport, provedSender } from "../shared/report_view.js";
import { ask } from "../shared/request.js";
import { LetterView } from "./letter_view.js";

/** @typedef {import("../../wasm_build/parcels/parcel_reader.js").OpenedManifest} OpenedManifest */
/** @typedef {import("../../wasm_build/parcels/parcel_reader.js").ParcelReader} ParcelReader */
/** @typedef {import("../../wasm_build/parcels/requests.js").Opening} Opening */
/** @typedef {import("./parcel_tab.js").ParcelTab} ParcelTab */

/** The name of the first file of a parcel with a written message. */
const LETTER = "message.eml";

export class OpenedParcel {
  titleKey = "parcel_opened_title";
  element;
  heading;
  #tab;
  #reader;
  #opening;
  #ending = new AbortController();
  #verdict = html("div", { class: "stack", data: { test: "verdict" } });
  #details = html("div", { class: "parcel-details" });
  #facts = html("div");
  #letter = html("div", { class: "stack" });
  #files = html("div", { class: "parcel-files" });
  #receipt = html("div");
  #answer;
  /** @type {LetterView | null} */
  #view = null;
  #subject = "";

  /** @param {ParcelTab} tab @param {ParcelReader} reader @param {Opening} opening */
  constructor(tab, reader, opening) {
    const { translate } = tab;
    this.#tab = tab;
    this.#reader = reader;
    this.#opening = opening;
    this.heading = html("h1", { tabindex: -1, dir: "auto", text: translate("parcel_opened_title"), data: { test: "parcel-heading" } });
    const said = opening.from
      ? translate("parcel_server_says", { from: isolate(opening.from) }) : translate("parcel_sender_unknown_yet");
    this.#verdict.append(html("p", { class: "muted", role: "status", text: said, data: { test: "server-says" } }));
    this.#answer = new AnswerOffer(tab, reader, opening, this.#ending.signal);
    this.element = html(
      "article", { class: "stack", "aria-busy": "true", data: { test: "parcel" } },
      this.#verdict, this.heading, this.#facts, this.#letter, this.#files, this.#receipt, this.#answer.element, this.#details,
      html("div", { class: "actions" }, createComplaint(tab)),
    );
    void this.#read();
  }

  /** Deletes the content, and ends all that still runs. */
  close() {
    this.#ending.abort();
    this.#answer.close();
    this.#view?.close();
    this.#view = null;
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
      if (latest) void this.#answer.show(latest, this.#subject);
      if (!signal.aborted) void this.#reader.claim("opened");
      this.element.setAttribute("aria-busy", "false");
    } catch (error) {
      if (signal.aborted) return;
      await this.#reader.claim("failed", codeOf(error));
      if (!signal.aborted) this.#tab.fail(error);
    }
  }

  /** Shows the verdict. @param {OpenedManifest} manifest */
  #judge({ report, certificates, sender, to, created }) {
    const { translate } = this.#tab;
    // A signature that is not the sender's can be anybody's. Nothing of such a parcel is shown or saved.
    if (report.state === "invalid") throw new ApiError("parcel-forged", "the signature of the manifest is not valid");
    const onAccept = (/** @type {string} */ fingerprint) =>
      void ask("parcel.propose", { fingerprint, certificates: certificates.map(({ certificate }) => certificate) });
    const { headline, details } = describeReport(report, translate, { onAccept });
    this.#verdict.replaceChildren(...headline, ...(report.signers.length === 0 ? [this.#createUnsigned()] : []));
    this.#verdict.dataset.state = report.state;
    this.#details.replaceChildren(details);
    const proved = provedSender(report);
    this.#facts.replaceChildren(createFacts([
      [translate(proved ? "from" : "mail_from_claimed"), proved || sender, "from"],
      [translate("parcel_for"), to.join(", "), "to"],
      [translate("parcel_made"), longDate(created), "made"],
      [translate("parcel_until"), longDate(this.#opening.until), "until"],
      [translate("parcel_reference"), this.#opening.reference, "reference"],
    ]));
    this.#view?.judge(report);
    this.#tab.announce(headline[0]?.textContent ?? "");
  }

  /** @param {OpenedManifest} manifest */
  #offerReceipt({ asksForReceipt, report, sender }) {
    if (!asksForReceipt || report.state !== "verified" || !this.#reader.canConfirm) return;
    const offer = createReceiptOffer(this.#tab, this.#reader, { sender, signal: this.#ending.signal });
    this.#receipt.replaceChildren(offer);
  }

  /** The note on a parcel that nobody has signed. */
  #createUnsigned() {
    const { translate } = this.#tab;
    const { from } = this.#opening;
    const said = from ? translate("parcel_unsigned", { from: isolate(from) }) : translate("parcel_unsigned_unknown");
    return html("p", { text: said, data: { test: "unsigned" } });
  }

  /** @param {OpenedManifest} manifest @param {AbortSignal} signal */
  async #showContent({ files, report }, signal) {
    const { translate } = this.#tab;
    const [first, ...others] = files;
    const hasLetter = first?.name === LETTER && first.sizeBytes <= MAX_LETTER_BYTES;
    const rows = new FileRows(this.#tab, this.#reader, { files: hasLetter ? others : files, signal });
    if (rows.element) this.#files.replaceChildren(rows.element);
    if (!hasLetter) return;
    const waiting = html("p", { class: "muted", role: "status", text: translate("parcel_letter_loading"), data: { test: "letter-loading" } });
    const place = html("div", { class: "view-place" });
    this.#letter.replaceChildren(waiting, place);
    const onLost = (/** @type {boolean} */ isLost) => { waiting.textContent = translate(isLost ? "parcel_lost" : "parcel_letter_loading"); };
    const letter = await this.#reader.openLetter(first, { signal, onLost });
    if (signal.aborted) {
      for (const buffer of [letter.text, ...letter.attachments.map(({ data }) => data)]) overwrite(buffer);
      return;
    }
    this.#subject = headerReader(letter.headers)("subject") ?? "";
    this.#view = await LetterView.open(place, letter, report);
    waiting.remove();
  }
}

/** @param {[string, string, string][]} pairs */
function createFacts(pairs) {
  return html("dl", { class: "parcel-facts" }, ...pairs.filter(([, value]) => value).flatMap(([term, value, test]) => [
    html("dt", { text: term }), html("dd", { dir: "auto", text: value, data: { test: `parcel-${test}` } }),
  ]));
}
