/** The window of the toolbar button: it offers what the extension can do when the page itself shows nothing to open. */
import { html } from "../../wasm_build/ui/dom.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { setTitle } from "../../wasm_build/ui/page_title.js";
import { errorText, text } from "../shared/i18n.js";
import { startPage } from "../shared/page_start.js";
import { ask } from "../shared/request.js";

/** The ways, in the order of the window. Those of a page need a page that admits the extension's scripts. */
const WAYS = /** @type {const} */ ([
  { way: "mail", label: "toolbarMail", hint: "toolbarMailHint", ofPage: true },
  { way: "write", label: "toolbarWrite", hint: "toolbarWriteHint", ofPage: false },
  { way: "field", label: "toolbarField", hint: "toolbarFieldHint", ofPage: true },
  { way: "file", label: "menuViewer", hint: "toolbarFileHint", ofPage: false },
  { way: "parcel", label: "toolbarParcel", hint: "toolbarParcelHint", ofPage: false },
  { way: "keys", label: "verbKeys", hint: "toolbarKeysHint", ofPage: false },
  { way: "lock", label: "verbLock", hint: "toolbarLockHint", ofPage: false },
  { way: "teach", label: "toolbarTeach", hint: "toolbarTeachHint", ofPage: true },
  { way: "teach-form", label: "toolbarTeachForm", hint: "toolbarTeachFormHint", ofPage: true },
]);

const tab = Number(new URLSearchParams(location.search).get("tab"));
const problem = byId("problem");

await startPage();
setTitle(text, "toolbarTitle");
addEventListener("keydown", ({ key }) => void (key === "Escape" && void go("close")));
try {
  const { site, isReachable, downloads, isUnlocked } = await ask("toolbar.look", { tab });
  // The isolates keep the name of a site in its own direction.
  byId("place").textContent = isReachable ? text("toolbarPlace", `\u2068${site}\u2069`) : text("toolbarNoPage");
  const ways = WAYS.filter(({ way, ofPage }) => (isReachable || !ofPage) && (isUnlocked || way !== "lock")).map(wayButton);
  ways.unshift(...downloads.map(downloadButton));
  byId("ways").replaceChildren(...ways.map((button) => html("li", {}, button)));
  ways[0]?.focus();
} catch (error) {
  problem.textContent = errorText(error);
}

/** @param {(typeof WAYS)[number]} one */
function wayButton({ way, label, hint }) {
  return html("button", { type: "button", class: "way", data: { test: `way-${way}` }, on: { click: () => void go(way) } },
    html("span", { text: text(label) }), html("span", { class: "muted", text: text(hint) }));
}

/** @param {{id: number, name: string}} download */
function downloadButton({ id, name }) {
  const open = () => void ask("toolbar.download", { download: id }).catch((error) => { problem.textContent = errorText(error); });
  return html("button", { type: "button", class: "way", data: { test: "download" }, on: { click: open } },
    html("span", { text: text("toolbarDownload", isolate(name)) }), html("span", { class: "muted", text: text("toolbarDownloadHint") }));
}

/** Goes a way; the background then closes this window, except after a lock. @param {MessageKinds["toolbar way"]} way */
async function go(way) {
  problem.textContent = "";
  try {
    await ask("toolbar.go", { tab, way });
    if (way === "lock") showLocked();
  } catch (error) {
    problem.textContent = errorText(error);
  }
}

function showLocked() {
  const button = byId("ways").querySelector("[data-test=way-lock]");
  button?.closest("li")?.remove();
  byId("state").textContent = text("stateLocked");
  byId("ways").querySelector("button")?.focus();
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
