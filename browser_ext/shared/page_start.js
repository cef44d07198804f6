/** The start of a page of the extension. */
import { explainCalm } from "../../wasm_build/ui/calm.js";
import { translate, translatePage } from "../texts/texts.js";

/** Translates the page, and sets the sentence that explains ignored early clicks. Returns the function that looks up texts. */
export function startPage() {
  translatePage();
  explainCalm(translate("calm_hint"));
  return translate;
}
