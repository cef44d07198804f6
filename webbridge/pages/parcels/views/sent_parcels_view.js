/** The view "Secure messages". */

import { createForm, inputField, openDialog, problem, uniqueId, whileBusy } from "../../../../wasm_build/ui/dom.js";
import { ask } from "../../../../wasm_build/ui/ask.js";
import { SENT_PARCELS_INTEGRITY } from "../../../../wasm_build/vault/owner/pinned.js";
import { sentParcelsUrl } from "../../../../wasm_build/vault/owner/trusted_scripts.js";
import { lateScript } from "../../app/late_script.js";
import { createLateView } from "../../app/views/late_view.js";

/** @typedef {import("../../app/views/late_view.js").LateViewServices} LateViewServices */
/** @typedef {import("../sent/parcels_sent.js").SentParcelsServices} SentParcelsServices */
/** @typedef {import("../sent/parcels_sent.js").SentParcels} SentParcels */

const load = lateScript(sentParcelsUrl, SENT_PARCELS_INTEGRITY);
const PARTS = { ask, createForm, inputField, openDialog, problem, uniqueId, whileBusy };

/**
 * @param {SentParcelsServices & LateViewServices} services
 * @param {{maxDays: number}} limits those of the bridge
 */
export function createSentParcelsView(services, limits) {
  const { translate } = services;
  const create = () => {
    const { sealwaxSentParcels } = /** @type {{sealwaxSentParcels: SentParcels}} */ (/** @type {unknown} */ (globalThis));
    return sealwaxSentParcels.createContent({ services, parts: PARTS, limits });
  };
  return createLateView(services, { name: "sent-parcels", titleKey: "sent_parcels", meaning: translate("sent_parcels_meaning"), load, create });
}
