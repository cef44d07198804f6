/** The start of a page of the extension. */
import { explainCalm } from "../../wasm_build/ui/calm.js";
import { loadSharedText, translatePage } from "./i18n.js";

/**
 * Translates the page, and sets the sentence for clicks that come too early. Returns the look-up of the shared texts.
 */
export async function startPage() {
  const translate = await loadSharedText();
  translatePage();
  explainCalm(translate("calm_hint"));
  return translate;
}
