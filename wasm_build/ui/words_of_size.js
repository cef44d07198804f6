/** The words about long mails and about large formatting, which pages and extension share. */

/** @param {import("./catalogue.js").Catalogue} translate */
export function wordsOfSize(translate) {
  return {
    moreRows: translate("rows_more"), textIsLong: translate("text_is_long"), moreText: translate("text_more"),
    manyMarks: translate("text_many_marks"), markupOver: translate("markup_over"), markupFarOver: translate("markup_far_over"),
    markupAnyway: translate("markup_anyway"),
  };
}
