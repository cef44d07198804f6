/** The start and the end of a page of the extension. */
import { explainCalm } from "../../wasm_build/ui/calm.js";
import { translate, translatePage } from "../texts/texts.js";
import { api } from "./api.js";

/** Translates the page, and sets the sentence that explains ignored early clicks. Returns the function that looks up texts. */
export function startPage() {
  translatePage();
  explainCalm(translate("calm_hint"));
  return translate;
}

/** Closes this window. In Firefox `window.close()` does not close a window that an extension has opened. */
export async function closeWindow() {
  const tab = await api.tabs.getCurrent();
  if (tab?.id !== undefined) await api.tabs.remove(tab.id);
}
