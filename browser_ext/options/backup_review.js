/** Shows all entries that a backup would restore. Entries that decide about trust have a box to tick. */
import { html, uniqueId } from "../../wasm_build/ui/dom.js";
import { groupFingerprint } from "../../wasm_build/ui/changed_certificate.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { day, translate } from "../texts/texts.js";
import { nameOf as patternName } from "../shared/pattern.js";
import { visibleText } from "../shared/visible_text.js";

/** @typedef {import("../background/keys/backup_review.js").Review} Review */
/** @typedef {{name: string, note?: string, fingerprint?: string}} Line */

/** The number of lines of a list that are drawn at once; a button draws more. */
const LINES = 100;

const REVOCATION_WORDS = /** @type {Record<string, string>} */ ({
  required: "revocation_required", "if-known": "revocation_if_known", "not-checked": "revocation_never_asked",
});
/**
 * The functions that describe a setting in words, with its label on the page. Only settings that can be weaker have one.
 * @type {Record<Review["settings"][number]["setting"] | "timestampService", (value: string | number | boolean) => string>}
 */
const SETTINGS = {
  mozilla: () => translate("restore_on", { setting: translate("trust_mozilla") }),
  revocation: (value) => translate("restore_value", { setting: translate("trust_revocation"), value: translate(REVOCATION_WORDS[String(value)]) }),
  idleMinutes: (value) => translate("restore_value", { setting: translate("settings_idle"), value: translate(`settings_idle_${value}`) }),
  harvest: () => translate("restore_on", { setting: translate("settings_harvest") }),
  strict: () => translate("restore_off", { setting: translate("settings_strict") }),
  directory: (value) => translate("restore_value", { setting: translate("settings_directory"), value: String(value) }),
  pattern: (value) => patternName(Number(value)),
  timestampService: (value) => translate("restore_value", { setting: translate("settings_timestamp"), value: String(value) }),
};

/**
 * Describes in words a setting whose value in the backup is weaker.
 * @param {string} setting @param {string | number | boolean} value
 */
export function settingWords(setting, value) {
  return SETTINGS[/** @type {keyof typeof SETTINGS} */ (setting)](value);
}

/** The lines of each kind that needs a tick. @type {Record<string, (review: Review) => Line[]>} */
const TICKED = {
  anchors: ({ anchors }) => anchors,
  followed: ({ followed }) => followed.map(({ name, signer, fingerprint, anchors }) =>
    ({ name, note: translate("restore_list", { name: isolate(signer), list: anchors.map(isolate).join(", ") || "–" }), fingerprint })),
  decisions: ({ decisions }) => decisions.map(({ name, fingerprint, isAuthority, acceptedFor }) =>
    ({ name, note: translate(isAuthority ? "restore_authority_for" : "restore_certificate_for", { addresses: isolate(acceptedFor.join(", ")) }), fingerprint })),
  sites: ({ sites }) => sites,
  settings: ({ settings }) => settings.map(({ setting, value }) => ({ name: SETTINGS[setting](value) })),
};

/** @param {Review} review */
export function createReview(review) {
  const boxes = Object.keys(TICKED).flatMap((kind) => createBox(kind, TICKED[kind](review)) ?? []);
  const parts = [
    html("p", { tabindex: -1, autofocus: true, text: translate("restore_made_at", { date: day(review.madeAt) }) }),
    html("h3", { text: translate("restore_comes") }), ...createComing(review),
    ...(boxes.length ? [html("h3", { text: translate("restore_asks") }), html("p", { class: "warning", text: translate("restore_asks_meaning") })] : []),
    ...boxes.map(({ element }) => element),
  ];
  return { parts, ticked: () => boxes.filter(({ box }) => box.checked).map(({ kind }) => kind) };
}

/** Draws the entries that need no tick. @param {Review} review */
function createComing({ keyFiles, requests, people }) {
  const keys = keyFiles.flatMap(({ name, identities }) => identities.map((identity) => ({ ...identity, note: translate("restore_from", { name: isolate(name) }) })));
  const kinds = /** @type {[string, Line[]][]} */ ([
    ["restore_keys", keys], ["restore_requests", requests.map(({ addresses }) => ({ name: addresses.join(", ") }))], ["restore_people", people],
  ]).filter(([, lines]) => lines.length);
  if (!kinds.length) return [html("p", { text: translate("restore_nothing"), data: { test: "restore-nothing" } })];
  return kinds.map(([label, lines]) => html("div", { class: "stack" },
    html("p", { text: translate(label, { count: lines.length }) }), createList(translate(label, { count: lines.length }), lines)));
}

/**
 * One box to tick for all entries of a kind, with the list of these entries.
 * @param {string} kind @param {Line[]} lines
 */
function createBox(kind, lines) {
  if (!lines.length) return null;
  const label = translate(`restore_take_${kind}`, { count: lines.length });
  const meaning = html("p", { class: "muted", id: uniqueId("meaning"), text: translate(`restore_meaning_${kind}`) });
  const box = html("input", { type: "checkbox", "aria-describedby": meaning.id, data: { test: `restore-take-${kind}` } });
  const element = html("div", { class: "choices stack", data: { test: `restore-${kind}` } },
    html("label", { class: "check" }, box, html("span", { text: label })), meaning, createList(label, lines));
  return { kind, box, element };
}

/** A list that scrolls on its own; a button draws more lines. @param {string} label @param {Line[]} lines */
function createList(label, lines) {
  const list = html("ul", { class: "long-list", tabindex: 0, "aria-label": label, data: { test: "restore-list" } });
  const more = html("button", { type: "button", class: "quiet", data: { test: "restore-more" }, on: { click: draw } });
  draw();
  return html("div", { class: "stack" }, list, more);

  function draw() {
    const from = list.childElementCount;
    list.append(...lines.slice(from, from + LINES).map(createLine));
    const left = lines.length - list.childElementCount;
    more.hidden = left === 0;
    more.textContent = translate("rows_more", { count: left });
  }
}

/** @param {Line} line */
function createLine({ name, note, fingerprint }) {
  return html("li", {}, html("div", { class: "name", dir: "auto" }, ...visibleText(name)),
    note ? html("div", { class: "muted", text: note }) : null,
    fingerprint ? html("div", { class: "fingerprint muted", dir: "ltr", text: groupFingerprint(fingerprint) }) : null);
}
