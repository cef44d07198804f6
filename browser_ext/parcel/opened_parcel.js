/** Draws an opened parcel on the extension's page: the verdict, and the message in a sandboxed view. */
import { headerReader } from "../../wasm_build/ui/formats.js";
import { html } from "../../wasm_build/ui/dom.js";
import { overwrite } from "../../wasm_build/vault/memory/cleanup.js";
import { collectBuffers } from "../../wasm_build/vault/rpc.js";
import { translate } from "../texts/texts.js";
import { describeReport, provedSender } from "../shared/report_view.js";
import { ask } from "../shared/request.js";
import { LetterView } from "./letter_view.js";

/** @typedef {import("../../wasm_build/parcels/parcel_host.js").ParcelDrawing} ParcelDrawing */

/** @type {ParcelDrawing} */
export const DRAWING = { noteClass: "muted", factsClass: "parcel-facts", drawVerdict, showLetter };

/** @type {ParcelDrawing["drawVerdict"]} */
function drawVerdict({ report, certificates, sender }) {
  const onAccept = (/** @type {string} */ fingerprint) =>
    void ask("parcel.propose", { fingerprint, certificates: certificates.map(({ certificate }) => certificate) });
  const { headline, details } = describeReport(report, translate, { onAccept });
  const proved = provedSender(report);
  return {
    headline, details: [details], spoken: headline[0]?.textContent ?? "",
    from: proved || sender, fromLabel: translate(proved ? "from" : "mail_from_claimed"),
  };
}

/** @type {ParcelDrawing["showLetter"]} */
async function showLetter(parent, { reader, file, report, reading }) {
  const place = html("div", { class: "view-place" });
  parent.append(place);
  const letter = await reader.openLetter(file, reading);
  if (reading.signal.aborted) {
    collectBuffers(letter).forEach(overwrite);
    return null;
  }
  const subject = headerReader(letter.headers)("subject") ?? "";
  const view = await LetterView.open(place, letter, report);
  // The title is empty, because words of the message appear only in the view.
  return { subject, title: "", judge: (later) => view.judge(later), close: () => view.close() };
}
