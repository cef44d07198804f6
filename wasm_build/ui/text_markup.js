/**
 * The conversion of plain text to the markup of `written_markup.js`, and of this markup to the document that is sent.
 *
 * Reducing the markup of a text gives the text again, except that a quotation is always separate from the words before
 * it.
 */

/** @typedef {import("./written_markup.js").Written} Written */

/** The same limit as in `written_markup.js`. */
const MAX_NESTING = 10;
const NO_BREAK = "\u00a0";

/** The markup of a text, in which lines that begin with ">" are quotations. @param {string} text */
export function markupOf(text) {
  return text === "" ? "" : writeLines(text.split("\n"), 0);
}

/** Whether markup has anything besides its words, such as formatting. @param {Written} written */
export function hasFormatting({ markup, text }) {
  return withoutBlanks(markup) !== withoutBlanks(markupOf(text));
}

/**
 * The markup of a letter whose text was changed by a program that knows only the text. Paragraphs, lists and quotations with
 * unchanged words keep their formatting, from both ends up to the first change.
 * @param {Written[]} blocks the letter before @param {string} text
 */
export function withChangedText(blocks, text) {
  const begin = countThat(blocks, (some) => startsWith(text, joined(some)), (count) => blocks.slice(0, count));
  const after = text.slice(joined(blocks.slice(0, begin)).length);
  const others = blocks.slice(begin);
  const end = countThat(others, (some) => endsWith(after, joined(some)), (count) => others.slice(others.length - count));
  const last = others.slice(others.length - end);
  const between = after.slice(0, after.length - joined(last).length);
  const changed = trimBreaks(between, { start: begin > 0, end: end > 0 });
  return [...blocks.slice(0, begin).map((block) => block.markup), markupOf(changed), ...last.map((block) => block.markup)].join("");
}

/**
 * Markup in which lines can break between words. Browsers write a blank before or after a mark as a no-break space.
 * @param {string} markup
 */
export function withBreaks(markup) {
  return markup.replace(/([^ \u00a0>]|<\/(?:strong|em|a)>)\u00a0(?=[^ \u00a0<]|<\/?(?:strong|em|a)\b)/gu, "$1 ");
}

/**
 * The document that is sent. Each part has the direction of its own words, and quotations are marked as other mail programs
 * mark them.
 * @param {string} markup reduced
 */
export function documentOf(markup) {
  const body = markup.replace(/<(p|ul|ol|li|blockquote)>/gu, (_, name) =>
    (name === "blockquote" ? '<blockquote type="cite" dir="auto">' : `<${name} dir="auto">`));
  return `<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n${body}\n</body></html>`;
}

/** @param {string[]} lines @param {number} nesting the number of quotations around @returns {string} */
function writeLines(lines, nesting) {
  const isQuoted = (/** @type {string} */ line) => line.startsWith(">") && nesting < MAX_NESTING;
  /** @type {string[]} */
  const written = [];
  for (let at = 0; at < lines.length;) {
    const [kind, writeGroup] = kindOf(lines[at], isQuoted);
    let end = at + 1;
    while (end < lines.length && kindOf(lines[end], isQuoted)[0] === kind) end += 1;
    const isEdge = at === 0 || end === lines.length;
    written.push(writeGroup(lines.slice(at, end), { nesting, isEdge }));
    at = end;
  }
  return written.join("");
}

/**
 * @typedef {(lines: string[], place: {nesting: number, isEdge: boolean}) => string} GroupWriter
 * @param {string} line @param {(line: string) => boolean} isQuoted @returns {["empty" | "quoted" | "words", GroupWriter]}
 */
function kindOf(line, isQuoted) {
  if (line === "") return ["empty", writeEmpty];
  return isQuoted(line) ? ["quoted", writeQuoted] : ["words", writeParagraph];
}

/** A single empty line separates two paragraphs, so it needs no markup. @type {GroupWriter} */
function writeEmpty(lines, { isEdge }) {
  return lines.length === 1 && !isEdge ? "" : "<p><br></p>".repeat(lines.length);
}

/** @type {GroupWriter} */
function writeQuoted(lines, { nesting }) {
  const inner = lines.map((line) => line.slice(line.startsWith("> ") ? 2 : 1));
  return `<blockquote>${writeLines(inner, nesting + 1)}</blockquote>`;
}

/** @type {GroupWriter} */
function writeParagraph(lines) {
  return `<p>${lines.map(writeLine).join("<br>")}</p>`;
}

/** Blanks that would not be visible in markup are written as no-break spaces. @param {string} line */
function writeLine(line) {
  const blanks = line.replaceAll("\t", "    ").replaceAll("  ", ` ${NO_BREAK}`);
  const shown = blanks.startsWith(" ") ? `${NO_BREAK}${blanks.slice(1)}` : blanks;
  const whole = shown.endsWith(" ") ? `${shown.slice(0, -1)}${NO_BREAK}` : shown;
  return whole.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/**
 * Markup with plain spaces instead of the no-break spaces that browsers write, and without blanks at the end of
 * paragraphs. The plain text has no such blanks.
 * @param {string} markup
 */
function withoutBlanks(markup) {
  return markup.replaceAll(NO_BREAK, " ").split("</p>").map((paragraph) => paragraph.trimEnd()).join("</p>");
}

/** The text of blocks that follow each other. @param {Written[]} blocks */
function joined(blocks) {
  return blocks.map(({ text }, index) => {
    if (index === 0) return text;
    return `${text !== "" && blocks[index - 1].text !== "" ? "\n\n" : "\n"}${text}`;
  }).join("");
}

/**
 * The largest number of blocks that fit, if every smaller number of blocks fits too.
 * @param {Written[]} blocks @param {(some: Written[]) => boolean} fit @param {(count: number) => Written[]} take
 */
function countThat(blocks, fit, take) {
  let count = 0;
  while (count < blocks.length && fit(take(count + 1))) count += 1;
  return count;
}

/** Whether a text begins with these whole lines. @param {string} text @param {string} words */
function startsWith(text, words) {
  return text.startsWith(words) && ["", "\n"].includes(text.charAt(words.length));
}

/** Whether a text ends with these whole lines. @param {string} text @param {string} words */
function endsWith(text, words) {
  return text.endsWith(words) && ["", "\n"].includes(text.charAt(text.length - words.length - 1));
}

/**
 * A text without the line breaks that separate it from its neighbours.
 * @param {string} text @param {{start: boolean, end: boolean}} neighbours
 */
function trimBreaks(text, { start, end }) {
  const from = start ? (text.startsWith("\n\n") ? 2 : Number(text.startsWith("\n"))) : 0;
  const rest = text.slice(from);
  return end ? rest.slice(0, rest.length - (rest.endsWith("\n\n") ? 2 : Number(rest.endsWith("\n")))) : rest;
}
