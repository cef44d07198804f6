/** The view of a whole page: one that was verified, or one that the person is about to sign. */
import { translate } from "../texts/texts.js";
import { ViewLink } from "./view_link.js";

/** The view may run its scripts, open links in other tabs and save the page. It has no forms and no origin. */
const SANDBOX = "allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads";

/**
 * @param {HTMLElement} place
 * @param {{save?: string}} [words] `save` is the text of the button that saves the page; without it there is no button
 * @returns {Promise<{view: ViewLink, replyKey: ArrayBuffer}>} the view, and the public key that encrypts the page
 */
export async function openPageView(place, { save = "" } = {}) {
  const view = await ViewLink.open(place, { page: "viewer/page_view.html", sandbox: SANDBOX });
  const { lang, dir } = document.documentElement;
  const words = {
    moreRows: translate("rows_more"), tooLarge: translate("page_too_large"),
    title: translate("page_frame_title"), links: translate("page_links", { count: "{count}" }), save, noView: translate("page_no_view"),
  };
  return { view, replyKey: await view.readMail({ words, language: lang, direction: dir }) };
}
