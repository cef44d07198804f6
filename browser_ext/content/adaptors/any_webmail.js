/**
 * The adaptor for webmails that have no adaptor of their own. It finds protected mails through the attachments that the
 * page names, and the source of a mail through the page's links (`any_webmail/`). Messages are saved as files, since it
 * is unknown how this webmail sends.
 */
import { problem } from "../problems.js";
import { shownParts } from "../any_webmail/shown_parts.js";
import { fetchShownMail } from "../any_webmail/source_search.js";

/** @typedef {import("../webmail_tools.js").ShownMessage} ShownMessage */

/** @returns {ShownMessage[]} */
function messages() {
  return shownParts().map((part) => ({
    element: part.place, id: `${location.href} ${part.link?.href ?? ""}`, isProtected: true, isSearched: true,
    fetchSource: () => fetchShownMail(part),
  }));
}

/** @type {import("../webmail_tools.js").Adaptor} */
export const anyWebmail = {
  name: "", recognises: () => true, messages, composer: () => null, delivery: async () => "file",
  send: async () => { throw problem("page-not-understood"); },
};
