/** The start of a page of the extension. */
import { explainCalm } from "../../wasm_build/ui/calm.js";
import { translate, translatePage } from "../texts/texts.js";

/** Translates the page, and sets the sentence for clicks that come too early. Returns the function that looks texts up. */
export function startPage() {
  translatePage();
  explainCalm(translate("calm_hint"));
  return translate;
}
