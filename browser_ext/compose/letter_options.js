/** The rarer options of a letter in the extension, which asks the browser's permission for the timestamp service. */
import { MoreOptions } from "../../wasm_build/ui/more_options.js";
import { api } from "../shared/api.js";
import { directoryPattern } from "../shared/directory_address.js";
import { errorText } from "../texts/texts.js";

/**
 * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate
 * @param {Pick<import("./letter_window.js").Claim, "timestampService" | "labelPolicy">} claim
 * @param {() => void} onChange
 */
export function createMoreOptions(translate, { timestampService, labelPolicy }, onChange) {
  // The permission is requested in the click itself: browsers grant sites at no other time.
  const allowService = async () => {
    const isGranted = await api.permissions.request({ origins: [directoryPattern(timestampService)] }).catch(() => false);
    return isGranted ? "" : errorText({ code: "timestamp-not-granted" });
  };
  const timestampHost = timestampService ? new URL(timestampService).host : "";
  return new MoreOptions(translate, { timestampHost, labelPolicy, onChange, allowService });
}
