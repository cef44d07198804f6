/** The page in the place of a site whose files are not the signed ones: why it was stopped, and what to do. */
import { disturb } from "../../wasm_build/ui/calm.js";
import { html } from "../../wasm_build/ui/dom.js";
import { setTitle } from "../../wasm_build/ui/page_title.js";
import { errorText, text } from "../shared/i18n.js";
import { RequestError } from "../shared/messages.js";
import { startPage } from "../shared/page_start.js";
import { ask } from "../shared/request.js";

const CHANGED_SERVERS = "site-servers-changed";

await startPage();
setTitle(text, "stoppedTitle");
try {
  const { url, fragment, code, file, servers, before } = await ask("checked.stopped");
  byId("reason").textContent = errorText(new RequestError(code));
  const isChange = code === CHANGED_SERVERS && servers !== null;
  const rows = [["stoppedSite", url], ["stoppedFile", file], ...(isChange ? serverRows(before, servers) : [])];
  byId("facts").append(...rows.filter(([, value]) => value).flatMap(([label, value]) => [
    html("dt", { text: text(label) }), html("dd", {}, html("code", { text: value, dir: "ltr" })),
  ]));
  byId("advice").textContent = text(isChange ? "stoppedServersAdvice" : "stoppedAdvice");
  byId("accept").hidden = !isChange;
  // The site's server chooses the moment at which this page appears, perhaps under a click.
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

/** The addresses that have changed. @param {Servers | null} before @param {Servers} now @returns {[string, string][]} */
function serverRows(before, now) {
  /** @type {[string, string][]} */
  const bridge = [["stoppedApiBefore", before?.api ?? ""], ["stoppedApiNow", now.api]];
  /** @type {[string, string][]} */
  const keys = [["stoppedKeysBefore", before?.keyServer ?? ""], ["stoppedKeysNow", now.keyServer]];
  return [...(before?.api === now.api ? [] : bridge), ...(before?.keyServer === now.keyServer ? [] : keys)];
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
