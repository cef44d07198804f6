/** The help page. It explains the states, the permissions and their reasons, the limits, and how to get lost keys back. */
import { byId, html } from "../../wasm_build/ui/dom.js";
import { setTitle } from "../../wasm_build/ui/page_title.js";
import { lockMark, STATES, stateStatement } from "../../wasm_build/ui/state_mark.js";
import { api } from "../shared/api.js";
import { translate, translatePage } from "../texts/texts.js";
import { ask } from "../shared/request.js";

/** The text key of the reason for each permission of the manifest. @type {Record<string, string>} */
const REASONS = {
  activeTab: "permission_active_tab",
  alarms: "permission_alarms",
  contextMenus: "permission_context_menus",
  declarativeNetRequestWithHostAccess: "permission_declarative_net_request",
  idle: "permission_idle",
  offscreen: "permission_offscreen",
  scripting: "permission_scripting",
  storage: "permission_storage",
};

translatePage();
setTitle(translate, "help");
byId("keys").addEventListener("click", () => void ask("options.open", { section: "" }));
byId("guide").addEventListener("click", () => void ask("guide.open"));
byId("use-field").textContent = translate("help_use_field", { keys: await shortcut() });
byId("states").append(
  ...STATES.map((state) => stateStatement(state, translate,
    state === "verified" ? { sentence: translate("state_verified_sentence", { sender: translate("help_someone") }) } : {})),
  html("div", { class: "state-statement" }, lockMark("", { size: 32 }), html("p", { text: translate("help_lock") })),
);
// Each permission must have a reason. A missing text throws, so that a test finds the mistake.
byId("permissions").append(
  ...(api.runtime.getManifest().permissions ?? []).flatMap((name) => [html("dt", {}, html("code", { lang: "en", dir: "ltr", text: name })), html("dd", { text: translate(REASONS[name]) })]),
  html("dt", { text: translate("permission_sites_name") }), html("dd", { text: translate("permission_sites") }),
);

/** The keyboard shortcut of the extension's button, as it is set in this browser. */
async function shortcut() {
  const command = (await api.commands.getAll()).find(({ name }) => name === "_execute_action");
  return command?.shortcut || translate("help_no_shortcut");
}
