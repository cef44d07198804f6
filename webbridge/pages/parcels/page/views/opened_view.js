/** The parts of an opened parcel that only the page for recipients draws: the verdict, the message, and the offer of a key. */

import { html } from "../../../../../wasm_build/ui/dom.js";
import { dayOnly, headerReader } from "../../../../../wasm_build/ui/formats.js";
import { describeSigner } from "../../../../../wasm_build/ui/signer_path.js";
import { overwrite } from "../../../../../wasm_build/vault/memory/cleanup.js";
import { provedSender } from "../../../reading/report.js";
import { createState } from "../../../reading/report_details.js";
import { createSigners } from "../../../trust/signers.js";
import { createMessageText } from "../../../reading/views/message_text.js";
import { createReceivedFiles } from "../../../reading/views/received_files.js";
import { KeyOffer } from "./key_offer.js";

/** @typedef {import("../parcel_page.js").ParcelPage} ParcelPage */
/** @typedef {import("../../../../../wasm_build/parcels/parcel_host.js").ParcelDrawing} ParcelDrawing */
/** @typedef {import("../../../reading/report.js").Report} Report the report in the words of the pages */

/** @param {ParcelPage} page @returns {ParcelDrawing} */
export function drawingOf(page) {
  const { translate } = page;
  return {
    noteClass: "note", factsClass: "headers",
    drawVerdict: (manifest) => {
      const { sender, to } = manifest;
      const report = /** @type {Report} */ (manifest.report);
      const why = createSigners(translate, report, (signer) => html("section", { class: "why stack" }, ...describeSigner(translate, signer, {
        certificates: report.certificates, day: dayOnly, action: () => null,
      })));
      const { element, spoken } = createState(translate, report, { from: sender, why, unproven: translate("parcel_unproven"), people: to.length });
      const proved = provedSender(report);
      return { headline: [element], details: [], spoken, from: proved ?? sender, fromLabel: translate(proved ? "from" : "from_claimed") };
    },
    showLetter: async (place, { reader, file, report, reading }) => {
      const letter = await reader.letter(file, reading);
      if (reading.signal.aborted) {
        for (const { data } of letter.attachments) overwrite(data);
        return null;
      }
      const subject = headerReader(letter.headers)("subject") ?? "";
      const text = createMessageText(translate, { ...letter, report: /** @type {Report} */ (report) });
      const attached = createReceivedFiles(page, letter.attachments, null);
      const title = html("h2", { class: "visually-hidden", text: translate("parcel_letter") });
      place.append(title, ...text.parts, ...(attached ? [attached] : []));
      return {
        subject,
        title: subject,
        close: () => {
          text.close();
          for (const { data } of letter.attachments) overwrite(data);
        },
      };
    },
    createFurther: (reader, signal) => new KeyOffer(page, reader, signal),
  };
}
