/** The window of the toolbar button. It offers the extension's actions, also where a page shows nothing to open. */
import { byId, html } from "../../wasm_build/ui/dom.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { setTitle } from "../../wasm_build/ui/page_title.js";
import { errorText, translate } from "../texts/texts.js";
import { startPage } from "../shared/page_start.js";
import { ask } from "../shared/request.js";

/** The actions in the order of the window. Actions with `ofPage` need a page in which the extension's scripts may run. */
const ACTIONS = /** @type {const} */ ([
  { action: "mail", label: "toolbar_mail", hint: "toolbar_mail_hint", ofPage: true },
  { action: "write", label: "write_message", hint: "toolbar_write_hint", ofPage: false },
  { action: "field", label: "toolbar_field", hint: "toolbar_field_hint", ofPage: true },
  { action: "file", label: "open_file", hint: "toolbar_file_hint", ofPage: false },
  { action: "parcel", label: "open_parcel", hint: "toolbar_parcel_hint", ofPage: false },
  { action: "keys", label: "keys_and_people", hint: "toolbar_keys_hint", ofPage: false },
  { action: "lock", label: "lock_keys", hint: "toolbar_lock_hint", ofPage: false },
  { action: "teach", label: "toolbar_teach", hint: "toolbar_teach_hint", ofPage: true },
  { action: "teach-form", label: "toolbar_teach_form", hint: "toolbar_teach_form_hint", ofPage: true },
]);

const tab = Number(new URLSearchParams(location.search).get("tab"));
const problem = byId("problem");

startPage();
setTitle(translate, "toolbar_title");
addEventListener("keydown", ({ key }) => void (key === "Escape" && void go("close")));
try {
  const { site, isReachable, downloads, isUnlocked } = await ask("toolbar.look", { tab });
  // The isolate characters keep the name left-to-right in a right-to-left sentence.
  byId("place").textContent = isReachable ? translate("toolbar_place", { site: `\u2068${site}\u2069` }) : translate("toolbar_no_page");
  const actions = ACTIONS.filter(({ action, ofPage }) => (isReachable || !ofPage) && (isUnlocked || action !== "lock"));
  const buttons = [...downloads.map(downloadButton), ...actions.map(actionButton)];
  byId("ways").replaceChildren(...buttons.map((button) => html("li", {}, button)));
  buttons[0]?.focus();
} catch (error) {
  problem.textContent = errorText(error);
}

/** @param {(typeof ACTIONS)[number]} one */
function actionButton({ action, label, hint }) {
  return html("button", { type: "button", class: "way", data: { test: `way-${action}` }, on: { click: () => void go(action) } },
    html("span", { text: translate(label) }), html("span", { class: "muted", text: translate(hint) }));
}

/** @param {{id: number, name: string}} download */
function downloadButton({ id, name }) {
  const open = () => void ask("toolbar.download", { download: id }).catch((error) => { problem.textContent = errorText(error); });
  return html("button", { type: "button", class: "way", data: { test: "download" }, on: { click: open } },
    html("span", { text: translate("toolbar_download", { name: isolate(name) }) }), html("span", { class: "muted", text: translate("toolbar_download_hint") }));
}

/**
 * Performs an action. The background then closes this window, except after `lock`.
 * @param {MessageKinds["toolbar action"]} action
 */
async function go(action) {
  problem.textContent = "";
  try {
    await ask("toolbar.go", { tab, action });
    if (action === "lock") showLocked();
  } catch (error) {
    problem.textContent = errorText(error);
  }
}

function showLocked() {
  byId("ways").querySelector("[data-test=way-lock]")?.closest("li")?.remove();
  byId("state").textContent = translate("state_locked");
  byId("ways").querySelector("button")?.focus();
}
