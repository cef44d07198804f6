/** The list of sites whose files are checked before a page of the site runs. */
import { groupFingerprint } from "../../wasm_build/ui/changed_certificate.js";
import { html } from "../../wasm_build/ui/dom.js";
import { api } from "../shared/api.js";
import { directoryOrigin, directoryPattern } from "../shared/directory_address.js";
import { translate } from "../texts/texts.js";
import { ask } from "../shared/request.js";
import { button, byId, inputById, showProblem, whenSubmitted } from "./parts.js";

/** @typedef {ReplyTo<"checked.list">[number]} Listed */

/** @param {Listed} site @param {HTMLElement} remove the button that removes it @param {() => Promise<void>} refresh */
export function checkedCard({ origin, keys, seen, byPolicy, granted }, remove, refresh) {
  const state = seen ? translate("checked_version", { version: seen.version, signer: seen.signer.name }) : translate("checked_never");
  const grant = button(translate("checked_grant"), { data: { test: "checked-grant" }, on: { click: () => void request(origin, refresh) } });
  return html("li", { class: "card", data: { test: "checked-card" } },
    html("div", { class: "who" },
      html("div", { class: "name", text: origin, dir: "ltr" }),
      html("div", { class: granted ? "muted" : "problem", text: granted ? state : translate("checked_not_granted") }),
      ...keys.map((key) => html("code", { class: "fingerprint", dir: "ltr", text: groupFingerprint(key) })),
      byPolicy && html("div", { class: "muted", text: translate("policy_set") })),
    granted ? null : grant, byPolicy ? null : remove);
}

/** Adds the site that the person enters. @param {() => Promise<void>} refresh */
export function watchChecked(refresh) {
  whenSubmitted("checked-form", async () => {
    showProblem("checked-problem", null);
    const [address, file] = [inputById("checked-address").value.trim(), inputById("checked-certificate").files?.[0]];
    try {
      // The browser asks for the permission only during the click, so nothing may be awaited before the request.
      const origin = directoryOrigin(address);
      if (origin) await api.permissions.request({ origins: [directoryPattern(origin)] }).catch(() => false);
      await ask("checked.add", { address, certificate: (await file?.arrayBuffer()) ?? new ArrayBuffer(0) });
      /** @type {HTMLFormElement} */ (byId("checked-form")).reset();
    } catch (error) {
      showProblem("checked-problem", error);
    }
    await refresh();
  });
}

/** @param {string} origin @param {() => Promise<void>} refresh */
async function request(origin, refresh) {
  await api.permissions.request({ origins: [directoryPattern(origin)] }).catch(() => false);
  await refresh();
}
