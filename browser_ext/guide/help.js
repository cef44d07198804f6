/** Help: the meaning of the states, the permissions and their reasons, the limits, and the ways to get keys back. */
import { html } from "../../wasm_build/ui/dom.js";
import { setTitle } from "../../wasm_build/ui/page_title.js";
import { lockMark, STATES, stateStatement } from "../../wasm_build/ui/state_mark.js";
import { api } from "../shared/api.js";
import { loadSharedText, text, translatePage } from "../shared/i18n.js";
import { ask } from "../shared/request.js";

/** The text key of the reason for each permission of the manifest. @type {Record<string, string>} */
const REASONS = {
  activeTab: "permissionActiveTab",
  alarms: "permissionAlarms",
  contextMenus: "permissionContextMenus",
  declarativeNetRequestWithHostAccess: "permissionDeclarativeNetRequest",
  idle: "permissionIdle",
  offscreen: "permissionOffscreen",
  scripting: "permissionScripting",
  storage: "permissionStorage",
};

const translate = await loadSharedText();
translatePage();
setTitle(text, "helpTitle");
byId("keys").addEventListener("click", () => void ask("options.open", { section: "" }));
byId("guide").addEventListener("click", () => void ask("guide.open"));
byId("use-field").textContent = text("helpUseField", await shortcut());
const someone = text("helpSomeone");
byId("states").append(
  ...STATES.map((state) => stateStatement(state, translate,
    state === "verified" ? { sentence: translate("state_verified_sentence", { sender: someone }) } : {})),
  html("div", { class: "state-statement" }, lockMark("", { size: 32 }), html("p", { text: text("helpLock") })),
);
// A permission without a reason is our mistake. It throws, so that a test finds it.
const granted = api.runtime.getManifest().permissions ?? [];
byId("permissions").append(
  ...granted.flatMap((name) => [html("dt", {}, html("code", { lang: "en", dir: "ltr", text: name })), html("dd", { text: text(REASONS[name]) })]),
  html("dt", { text: text("permissionSitesName") }), html("dd", { text: text("permissionSites") }),
);

/** The keyboard shortcut of the extension's button, as it is set in this browser. */
async function shortcut() {
  const command = (await api.commands.getAll()).find(({ name }) => name === "_execute_action");
  return command?.shortcut || text("helpNoShortcut");
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
