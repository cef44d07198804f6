/** The rarer options of a letter in the extension, which asks the browser's permission for the timestamp service. */
import { LetterOptions } from "../../wasm_build/writing/letter_options.js";
import { api } from "../shared/api.js";
import { directoryPattern } from "../shared/directory_address.js";
import { errorText } from "../texts/texts.js";

/** @typedef {Pick<import("./letter_window.js").Claim, "timestampService" | "labelPolicy">} OffersOfClaim */

/** The options for signatures that the person's settings allow. @param {OffersOfClaim} claim */
export function signatureOffers({ timestampService, labelPolicy }) {
  return { timestampHost: timestampService ? new URL(timestampService).host : "", labelPolicy };
}

/**
 * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate
 * @param {import("../../wasm_build/writing/composition.js").Composition} composition @param {OffersOfClaim} claim
 */
export function createLetterOptions(translate, composition, claim) {
  // The permission is requested in the click itself, because browsers grant sites at no other time.
  const allowService = async () => {
    const isGranted = await api.permissions.request({ origins: [directoryPattern(claim.timestampService)] }).catch(() => false);
    return isGranted ? "" : errorText({ code: "timestamp-not-granted" });
  };
  return new LetterOptions(translate, composition, { ...signatureOffers(claim), allowService });
}
