/** The nested view of a mail: its page, its sandbox, and its texts. */
import { wordsOfSize } from "../../wasm_build/ui/words_of_size.js";
import { translate } from "../texts/texts.js";

export const MAIL_VIEW = "frame/mail_view.html";
/** The view may run its scripts, open links in other tabs and save files. It has no forms and no origin. */
export const MAIL_SANDBOX = "allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads";

/** The texts for the view, which has no access to the catalogue. */
export function viewWords() {
  return {
    from: translate("from"), fromClaimed: translate("mail_from_claimed"), to: translate("to"), cc: translate("cc"),
    date: translate("date"), subject: translate("subject"), noSubject: translate("no_subject"), fieldText: translate("mail_field_text", { site: "{site}" }),
    hidden: translate("mail_fields_hidden", { fields: "{fields}" }), outside: translate("mail_fields_outside", { fields: "{fields}" }),
    markup: translate("formatted_text_title"), asText: translate("show_as_text"), asMarkup: translate("show_formatted"),
    blocked: translate("mail_blocked"), empty: translate("no_text"), uncovered: translate("passage_uncovered"),
    links: translate("mail_links", { count: "{count}" }), files: translate("parcel_files"), save: translate("save"), open: translate("open"),
    ...wordsOfSize(translate),
  };
}

