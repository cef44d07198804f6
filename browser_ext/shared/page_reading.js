/** The view of a page, as its two places use it: where a page was verified, and where one is about to be signed. */
import { text } from "./i18n.js";
import { ViewLink } from "./view_link.js";

/** Links open in tabs of their own and the page can be saved; no scripts of others, no forms, no origin. */
const SANDBOX = "allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads";

/**
 * @param {HTMLElement} place
 * @param {{save?: string}} [words] what the button says that saves the page itself; without it there is none
 * @returns {Promise<{view: ViewLink, replyKey: ArrayBuffer}>} the key to seal the page to
 */
export async function openPageView(place, { save = "" } = {}) {
  const view = await ViewLink.open(place, { page: "page_view.html", sandbox: SANDBOX });
  const { lang, dir } = document.documentElement;
  const words = {
    title: text("pageFrameTitle"), links: text("pageLinks", "{count}"), save, noView: text("pageNoView"),
  };
  return { view, replyKey: await view.readMail({ words, language: lang, direction: dir }) };
}
