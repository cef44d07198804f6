/** The view of a page that was opened without a link, or with a part of a link. */

import { html } from "../../../../../wasm_build/ui/dom.js";

/**
 * @param {import("../parcel_page.js").ParcelPage} page
 * @param {{isBroken: boolean}} options
 * @returns {import("../../../../../wasm_build/parcels/parcel_host.js").ParcelView}
 */
export function createLinklessView(page, { isBroken }) {
  const { translate } = page;
  const heading = html("h1", { tabindex: -1, text: translate("parcel_linkless_title") });
  const sentence = isBroken
    ? html("p", { class: "problem", role: "alert", text: translate("parcel_link_broken"), data: { test: "link-broken" } })
    : html("p", { text: translate("parcel_linkless"), data: { test: "linkless" } });
  return {
    element: html("div", { class: "narrow stack" }, heading, sentence),
    heading, titleKey: "parcel_linkless_title", renew: () => createLinklessView(page, { isBroken }),
  };
}
