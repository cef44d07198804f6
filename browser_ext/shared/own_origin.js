/**
 * The origin of this extension, with a button that copies it. The administrator of a bridge enters this origin in its
 * settings, to admit the extension.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { api } from "./api.js";
import { translate } from "../texts/texts.js";

export function createOwnOrigin() {
  const origin = api.runtime.getURL("").replace(/\/$/u, "");
  const done = html("span", { class: "done", role: "status" });
  const copy = html("button", { type: "button", text: translate("bridge_copy_origin"), data: { test: "copy-origin" }, on: { click: () => {
    void navigator.clipboard.writeText(origin).then(() => { done.textContent = translate("bridge_copied"); }, () => {});
  } } });
  return html("div", { class: "stack" },
    html("p", { class: "fingerprint", text: origin, dir: "ltr", data: { test: "own-origin" } }),
    html("div", { class: "actions" }, copy, done));
}
