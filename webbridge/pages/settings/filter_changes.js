/** Changes to the list of rules, and the sentences about a rule. The functions change nothing that they get. */

import { folderTitle, isolate, size } from "../../../wasm_build/ui/formats.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../mail/folder_answers.js").Folder} Folder */
/** @typedef {import("./filter_requests.js").Condition} Condition */
/** @typedef {import("./filter_requests.js").Rule} Rule */

// Sizes are shown in the units of the size of a message, where a kilobyte has 1,000 bytes. The person has typed the number.
const KILOBYTE = 1000;

/** The kind of a condition, as the words name it. @param {Condition} condition */
export function kindOf({ field, match }) {
  return [field, match].join("_");
}

/** @returns {Rule} a rule without conditions and actions */
export function newRule() {
  return { name: "", on: true, all: true, conditions: [], moveTo: null, copyTo: null, read: false, flagged: false, stop: false };
}

/** Whether a rule does anything. @param {Rule} rule */
export function hasAction({ moveTo, copyTo, read, flagged, stop }) {
  return moveTo !== null || copyTo !== null || read || flagged || stop;
}

/**
 * The rules with a changed one in place of the earlier one. If the earlier one is gone, the changed one is added.
 * @param {Rule[]} rules @param {Rule | null} earlier @param {Rule} changed
 */
export function withRule(rules, earlier, changed) {
  const place = placeOf(rules, earlier);
  return place < 0 ? [...rules, changed] : rules.with(place, changed);
}

/** @param {Rule[]} rules @param {Rule} rule */
export function withoutRule(rules, rule) {
  const place = placeOf(rules, rule);
  return place < 0 ? rules : rules.toSpliced(place, 1);
}

/** The rules with one of them a place earlier (-1) or later (1). @param {Rule[]} rules @param {Rule} rule @param {-1 | 1} by */
export function withMoved(rules, rule, by) {
  const place = placeOf(rules, rule);
  const other = rules[place + by];
  return place < 0 || !other ? rules : rules.with(place, other).with(place + by, rule);
}

/** @param {Rule[]} rules @param {Rule | null} rule */
function placeOf(rules, rule) {
  const text = JSON.stringify(rule);
  return rules.findIndex((each) => JSON.stringify(each) === text);
}

/** The name of a rule, or its first condition. @param {Catalogue} translate @param {Rule} rule */
export function ruleTitle(translate, { name, conditions }) {
  const [first] = conditions;
  return name || (first ? conditionWords(translate, first) : "");
}

/** @param {Catalogue} translate @param {Condition} condition */
export function conditionWords(translate, condition) {
  const kind = kindOf(condition);
  return translate(`filter_${kind}`, condition.field === "size"
    ? { size: size(condition.kilobytes * KILOBYTE) }
    : { text: isolate(condition.text) });
}

/** The sentences about the actions of a rule. @param {Catalogue} translate @param {Rule} rule @param {Folder[]} folders */
export function actionWords(translate, { moveTo, copyTo, read, flagged, stop }, folders) {
  const named = (/** @type {string} */ id) => {
    const folder = folders.find((each) => each.id === id);
    return isolate(folder ? folderTitle(folder, translate) : translate("filter_folder_gone"));
  };
  return [
    copyTo === null ? "" : translate("filter_copies", { folder: named(copyTo) }),
    moveTo === null ? "" : translate("filter_moves", { folder: named(moveTo) }),
    read ? translate("filter_reads") : "",
    flagged ? translate("filter_flags") : "",
    stop ? translate("filter_stops") : "",
  ].filter(Boolean);
}
