/**
 * The notices of parcels in a page. Beside a link to a parcel of a listed server, the extension shows a button. The button opens
 * the parcel in a page of the extension instead of the server's page.
 */
import { parseNoticeAddress } from "../../wasm_build/parcels/notice_address.js";
import { ask } from "./background_link.js";
import { findBelow } from "./dom_tree.js";
import { PARCEL_LINKS } from "./mail_signs.js";
import { fieldsPart } from "./world.js";
import { translate } from "../texts/texts.js";

/** A mail names one parcel. A page with more links than this is a list, or tries to slow down the browser. */
const MAX_LINKS = 10;
/** The links that have a button or whose server is being looked up. @type {WeakSet<Element>} */
const known = new WeakSet();

/** Offers to open the parcels of listed servers. */
export async function offerParcels() {
  const links = [...findBelow(document, PARCEL_LINKS)].slice(0, MAX_LINKS).filter((link) => !known.has(link) && addressOf(link));
  if (!links.length) return;
  links.forEach((link) => known.add(link));
  const { addresses } = await ask("parcel.listed", { addresses: links.map(addressOf) });
  const { FrameHost } = fieldsPart();
  for (const link of links) {
    if (!(link instanceof HTMLElement) || !addresses.includes(addressOf(link))) continue;
    // The address is read again at the click, because the page may have changed the link.
    new FrameHost(link).offer(translate("parcel_open_here"), () => ask("parcel.open", { address: addressOf(link) }));
  }
}

/** @param {Element} link @returns {string} "" if it is not a link to a parcel */
function addressOf(link) {
  const href = link instanceof HTMLAnchorElement ? link.href : "";
  return parseNoticeAddress(href) ? href : "";
}
