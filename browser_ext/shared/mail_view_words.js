/** The nested view of a mail: its page, its sandbox, and its texts. */
import { wordsOfSize } from "../../wasm_build/ui/words_of_size.js";
import { text } from "./i18n.js";

export const MAIL_VIEW = "frame/mail_view.html";
/** The view may run its scripts, open links in other tabs and save files. It has no forms and no origin. */
export const MAIL_SANDBOX = "allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads";

/** The texts for the view, which has no access to the catalogue. @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate */
export function viewWords(translate) {
  return {
    from: text("mailFrom"), fromClaimed: text("mailFromClaimed"), to: text("mailTo"), cc: text("mailCc"),
    date: text("mailDate"), subject: text("mailSubject"), noSubject: text("mailNoSubject"), fieldText: text("mailFieldText", "{site}"),
    hidden: text("mailFieldsHidden", "{fields}"), outside: text("mailFieldsOutside", "{fields}"),
    markup: text("mailMarkupTitle"), asText: text("mailAsText"), asMarkup: text("mailAsMarkup"),
    blocked: text("mailBlocked"), empty: text("mailEmpty"), uncovered: text("mailUncovered"),
    links: text("mailLinks", "{count}"), files: text("mailFiles"), save: text("mailSave"), open: text("mailOpenFile"),
    ...wordsOfSize(translate),
  };
}

