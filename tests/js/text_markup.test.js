/** Plain text becomes the markup of a letter with formatting, and back. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { documentOf, hasFormatting, markupOf, withBreaks, withChangedText } from "../../wasm_build/ui/text_markup.js";
import { reduceInBlocks, reduceNode } from "../../wasm_build/ui/written_markup.js";
import { numbersFrom, treeOf, WRITTEN } from "./support/trees.js";

/** @param {string} markup */
const reduce = (markup) => reduceNode(treeOf(markup));

test("paragraphs lines and quotations of a text are kept", () => {
  const texts = {
    "": "",
    a: "<p>a</p>",
    "a\nb\n\nc": "<p>a<br>b</p><p>c</p>",
    "\n\n-- \nAlice": "<p><br></p><p><br></p><p>--\u00a0<br>Alice</p>",
    "a\n\n\nb\n": "<p>a</p><p><br></p><p><br></p><p>b</p><p><br></p>",
    "Bob:\n> a\n>\n>> b": "<p>Bob:</p><blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>",
    '<b> & "x"': "<p>&lt;b&gt; &amp; &quot;x&quot;</p>",
  };
  for (const [text, markup] of Object.entries(texts)) assert.equal(markupOf(text), markup);
});

test("the text of the markup of a text is that text", () => {
  const random = numbersFrom(4);
  const lines = ["", "", "a", "b  c", " d", "e ", "-- ", "<f>", "& g", "1. h", "- i"];
  const withoutEnd = (/** @type {string} */ line) => (line === "-- " ? line : line.trimEnd());
  const apart = (/** @type {string} */ text) => text.replaceAll("-- \n\n", "--\n\n");
  for (let count = 0; count < 300; count += 1) {
    const drawn = Array.from({ length: 1 + random(8) }, () => String(lines[random(lines.length)]));
    // White space at the very end of a paragraph is not shown.
    const text = `${drawn.map(withoutEnd).join("\n")}\nz`;
    const markup = markupOf(text);
    assert.match(markup, WRITTEN);
    const result = reduce(markup);
    assert.equal(result.markup, markup);
    assert.equal(apart(result.text), apart(text));
    assert.equal(hasFormatting(result), false);
  }
});

test("quotations are apart from the words before them and then stay", () => {
  const { markup, text } = reduce(markupOf("Bob wrote:\n> a\n> b\nc"));
  assert.equal(text, "Bob wrote:\n\n> a\n> b\n\nc");
  assert.equal(markupOf(text), markup);
});

test("only formatting counts as formatting", () => {
  const written = {
    "<p>a\u00a0b</p>": false, "<blockquote>a</blockquote>": false, "<p>a <strong>b</strong></p>": true,
    "<ul><li>a</li></ul>": true, '<a href="https://a.test/">https://a.test/</a>': true,
  };
  for (const [markup, expected] of Object.entries(written)) assert.equal(hasFormatting(reduce(markup)), expected, markup);
});

test("single no break blanks of browsers become blanks", () => {
  const written = {
    "<p>a_<em>b</em>_c_d</p>": "<p>a <em>b</em> c d</p>", "<p>a_ b__c</p>": "<p>a_ b__c</p>",
    "<p>_a_</p><p>--_<br>b</p>": "<p>_a_</p><p>--_<br>b</p>",
  };
  for (const [markup, expected] of Object.entries(written)) {
    assert.equal(withBreaks(markup.replaceAll("_", "\u00a0")).replaceAll("\u00a0", "_"), expected);
  }
});

test("deep quotations end", () => {
  const { markup, text } = reduce(markupOf(`${">".repeat(5_000)} a`));
  assert.match(markup, WRITTEN);
  assert.ok(text.endsWith(" a"));
});

test("what another program has not changed keeps its formatting", () => {
  const letter = "<p>Hello <b>Bob</b></p><ul><li>a</li><li>b</li></ul><p>Yours</p><p><i>Alice</i></p>";
  const [hello, list] = ["<p>Hello <strong>Bob</strong></p>", "<ul><li>a</li><li>b</li></ul>"];
  const yours = "<p>Yours</p><p><em>Alice</em></p>";
  const texts = {
    "Hello Bob\n\n- a\n- b\n\nYours\n\nAlice": hello + list + yours,
    "Hello Bob\n\n- a\n- c\n\nYours\n\nAlice": `${hello}<p>- a<br>- c</p>${yours}`,
    "Hi\n\nYours\n\nAlice": `<p>Hi</p>${yours}`,
    "Hello Bob\n\n- a\n- b\n\nYours\n\nAlice\n\nPS": `${hello}${list}${yours}<p>PS</p>`,
    "Hello Bobby": "<p>Hello Bobby</p>",
    "": "",
  };
  for (const [text, changed] of Object.entries(texts)) assert.equal(withChangedText(reduceInBlocks(treeOf(letter)), text), changed);
});

test("the sent document has the direction of its words and marks quotations", () => {
  assert.equal(
    documentOf("<p>&lt;p&gt;</p><blockquote><ul><li>a</li></ul></blockquote>"),
    '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n<p dir="auto">&lt;p&gt;</p>'
    + '<blockquote type="cite" dir="auto"><ul dir="auto"><li dir="auto">a</li></ul></blockquote>\n</body></html>',
  );
});
