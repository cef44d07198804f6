/**
 * The administrator's parts of the options page: the note about a new version, the marks on settings that the
 * organisation has set, and the export of the settings as a policy.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { api } from "./api.js";
import { translate } from "../texts/texts.js";
import { ask } from "./request.js";

/** The id of the control, or of the fieldset, for each setting that an organisation may set. @type {Record<string, string>} */
const CONTROLS = {
  mozilla: "mozilla", revocation: "revocation", lockMinutes: "idle-minutes", harvest: "harvest", directory: "directory",
  timestampService: "timestamp-service", labelPolicy: "label-file",
  ownSites: "checked-new",
};

/**
 * Adds these parts to the page.
 * @param {{news: HTMLElement, settings: HTMLElement}} places
 */
export async function addAdministration({ news, settings }) {
  addPolicyExport(settings);
  showPolicy((await ask("policy.read")).set);
  await showNews(news);
}

/** Shows the news of this version until the person closes them. @param {HTMLElement} place */
async function showNews(place) {
  const version = await ask("update.read");
  if (!version) return;
  const all = await (await fetch(api.runtime.getURL("changes.json"))).json();
  const note = html("section", { class: "news", data: { test: "news" } },
    html("h2", { text: translate("update_title", { version }) }),
    html("ul", {}, ...(all[version] ?? []).map((/** @type {string} */ key) => html("li", { text: translate(key) }))),
    html("button", { type: "button", text: translate("update_done"), data: { test: "news-done" }, on: {
      click: async () => {
        await ask("update.seen");
        note.remove();
      },
    } }));
  place.prepend(note);
}

/** Disables and marks the settings that the organisation has set. @param {string[]} set their names as in `policy_schema.json` */
function showPolicy(set) {
  for (const [name, id] of Object.entries(CONTROLS)) {
    const control = document.getElementById(id);
    if (!control || !set.includes(name) || document.getElementById(`set-${id}`)) continue;
    control.setAttribute("disabled", "");
    control.setAttribute("aria-describedby", `${control.getAttribute("aria-describedby") ?? ""} set-${id}`.trim());
    const note = html("p", { id: `set-${id}`, class: "field-hint", text: translate("policy_set"), data: { test: `set-${name}` } });
    (control.closest("label") ?? control).after(note);
  }
}

/** The button that saves the settings of this page as a policy file for browsers. @param {HTMLElement} place */
function addPolicyExport(place) {
  const save = html("button", { type: "button", text: translate("policy_export"), data: { test: "policy-export" } });
  save.addEventListener("click", async () => {
    const file = new Blob([JSON.stringify(asPolicies(await ask("policy.export")), null, 2)], { type: "application/json" });
    const url = URL.createObjectURL(file);
    html("a", { href: url, download: "sealwax-policy.json" }).click();
    URL.revokeObjectURL(url);
  });
  place.append(html("section", {}, html("h2", { text: translate("policy_title") }), html("p", { class: "muted", text: translate("policy_export_hint") }), save));
}

/**
 * The settings in the form that Firefox's `policies.json` and Chromium's policy files need.
 * @param {object} settings
 */
function asPolicies(settings) {
  const extensions = { [api.runtime.id]: settings };
  return api.offscreen ? { "3rdparty": { extensions } } : { policies: { "3rdparty": { Extensions: extensions } } };
}
