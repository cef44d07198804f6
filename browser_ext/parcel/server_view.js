/**
 * Asks whether to open a parcel at its server. The question appears if the server is not in the list of checked sites, or if the
 * extension has no permission for it yet.
 *
 * A link in a mail can lead anywhere. The view names the host in full, and warns of names that imitate a name in the
 * list.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { translate } from "../texts/texts.js";
import { ask } from "../shared/request.js";
import { hasForeignLetters, imitated } from "./imitations.js";

/**
 * @param {import("./parcel_tab.js").ParcelTab} tab
 * @param {import("../../wasm_build/parcels/notice_address.js").NoticeAddress} address
 * @param {{isListed: boolean, mayAsk: boolean, isGranted: boolean, hosts: string[]}} known
 * @returns {import("../../wasm_build/parcels/parcel_host.js").ParcelView}
 */
export function createServerView(tab, address, known) {
  const { host } = address;
  const isRefused = !known.isListed && !known.mayAsk;
  const heading = html("h1", { tabindex: -1, text: translate(isRefused ? "parcel_server_refused_title" : known.isListed ? "parcel_grant_title" : "parcel_server_title") });
  const failure = html("p", { class: "problem", role: "alert", data: { test: "server-problem" } });
  const alike = known.isListed ? "" : imitated(host, known.hosts);
  const warnings = [
    alike ? translate("parcel_server_alike", { host: isolate(alike) }) : "",
    !known.isListed && hasForeignLetters(host) ? translate("parcel_server_letters") : "",
  ].filter(Boolean);
  const admit = html("button", {
    type: "button", class: warnings.length ? "" : "primary", text: translate(known.isListed ? "checked_grant" : "parcel_server_go"), data: { test: "admit-server" },
  });
  admit.addEventListener("click", () => void tab.attempt(admit, translate("continue"), failure, () => tab.admit(address, known)));
  const leave = html("button", { type: "button", text: translate("parcel_server_leave"), data: { test: "leave-server" }, on: { click: () => tab.leave() } });
  const list = html("button", {
    type: "button", class: "quiet", text: translate("stopped_settings"), on: { click: () => void ask("options.open", { section: "sites" }) },
  });
  const meaning = isRefused ? "parcel_server_refused" : known.isListed ? "parcel_grant_meaning" : "parcel_server_meaning";
  const element = html(
    "div", { class: "stack" }, heading,
    html("p", { class: "origin", dir: "ltr", translate: "no", text: host, data: { test: "server-host" } }),
    ...warnings.map((warning) => html("p", { class: "problem", text: warning, data: { test: "server-warning" } })),
    html("p", { text: translate(meaning), data: { test: "server-meaning" } }), failure,
    html("div", { class: "actions" }, isRefused ? null : admit, leave, list),
  );
  return { element, heading };
}
