/** The page that replaces a site whose files differ from the signed list. It says why the site was stopped, and what to do. */
import { disturb } from "../../wasm_build/ui/calm.js";
import { byId, html } from "../../wasm_build/ui/dom.js";
import { setTitle } from "../../wasm_build/ui/page_title.js";
import { errorText, translate } from "../texts/texts.js";
import { RequestError } from "../shared/messages.js";
import { startPage } from "../shared/page_start.js";
import { ask } from "../shared/request.js";

const CHANGED_SERVERS = "site-servers-changed";

startPage();
setTitle(translate, "stopped_title");
try {
  const { url, fragment, code, file, servers, before } = await ask("checked.stopped");
  byId("reason").textContent = errorText(new RequestError(code));
  const isChange = code === CHANGED_SERVERS && servers !== null;
  const rows = [["stopped_site", url], ["stopped_file", file], ...(isChange ? serverRows(before, servers) : [])];
  byId("facts").append(...rows.filter(([, value]) => value).flatMap(([label, value]) => [
    html("dt", { text: translate(label) }), html("dd", {}, html("code", { text: value, dir: "ltr" })),
  ]));
  byId("advice").textContent = translate(isChange ? "stopped_servers_advice" : "stopped_advice");
  byId("accept").hidden = !isChange;
  // Clicks are ignored at first, because the site's server may have this page appear just before a click.
  disturb();
  byId("again").addEventListener("click", () => location.replace(url + fragment));
  byId("own").hidden = !fragment;
  byId("own").addEventListener("click", () => void ask("parcel.open", { address: url + fragment }));
  byId("accept").addEventListener("click", async () => {
    await ask("checked.accept-servers");
    location.replace(url + fragment);
  });
} catch (error) {
  byId("reason").textContent = errorText(error);
  byId("again").hidden = true;
}
byId("settings").addEventListener("click", () => void ask("options.open", { section: "sites" }));

/**
 * The rows for the changed addresses of the bridge and the key server.
 * @param {Servers | null} before @param {Servers} now @returns {[string, string][]}
 */
function serverRows(before, now) {
  /** @type {[string, string][]} */
  const bridge = [["stopped_api_before", before?.api ?? ""], ["stopped_api_now", now.api]];
  /** @type {[string, string][]} */
  const keys = [["stopped_keys_before", before?.keyServer ?? ""], ["stopped_keys_now", now.keyServer]];
  return [...(before?.api === now.api ? [] : bridge), ...(before?.keyServer === now.keyServer ? [] : keys)];
}
