/** Markup that a person writes or pastes becomes few tags, and the same words as plain text. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { reduceNode } from "../../wasm_build/ui/written_markup.js";
import { numbersFrom, treeOf, WRITTEN } from "./support/trees.js";

/** @param {string} markup */
const reduce = (markup) => reduceNode(treeOf(markup));

test("keeps few tags and gives the words", () => {
  // Each with its markup and its text.
  const cases = [
    ["<b>Hello</b> <i>Bob</i>", "<p><strong>Hello</strong> <em>Bob</em></p>", "Hello Bob"],
    ["<div>one</div><div><br></div><div>two</div>", "<p>one</p><p><br></p><p>two</p>", "one\n\ntwo"],
    ["<p>one</p> <p>two<br><br></p>", "<p>one</p><p>two</p>", "one\n\ntwo"],
    ["<ul><li>a</li> <li>b</li></ul>", "<ul><li>a</li><li>b</li></ul>", "- a\n- b"],
    [
      "<ol><li><p>a</p><ul><li>b</li></ul></li><ul><li>c</li></ul></ol>",
      "<ol><li>a<ul><li>b</li></ul><ul><li>c</li></ul></li></ol>", "1. a\n   - b\n   - c",
    ],
    ["<blockquote><p>a</p><p>b</p></blockquote>c", "<blockquote><p>a</p><p>b</p></blockquote><p>c</p>", "> a\n>\n> b\n\nc"],
    ['<a href="https://a.test/x">here</a>', '<p><a href="https://a.test/x">here</a></p>', "here <https://a.test/x>"],
    ['<a href="https://a.test">https://a.test</a>', '<p><a href="https://a.test/">https://a.test</a></p>', "https://a.test"],
    ['<a href="mailto:a@b.test">a@b.test</a>', '<p><a href="mailto:a@b.test">a@b.test</a></p>', "a@b.test"],
    [
      '<a href="https://a.test/"><b>x</b> y</a>',
      '<p><a href="https://a.test/"><strong>x</strong></a><a href="https://a.test/"> y</a></p>', "x y <https://a.test/>",
    ],
    ["<b><p>a</p><p>b</p></b>", "<p><strong>a</strong></p><p><strong>b</strong></p>", "a\n\nb"],
    ["<table><tr><td>a</td><td>b</td></tr></table>", "<p>a b</p>", "a b"],
    [" \n <p> a \n b </p>\t", "<p>a b</p>", "a b"],
    ["a\u00a0 b", "<p>a\u00a0 b</p>", "a  b"],
    ["&lt;b&gt; &amp;amp; &quot;", "<p>&lt;b&gt; &amp;amp; &quot;</p>", '<b> &amp; "'],
    ["", "", ""],
  ];
  for (const [written, markup, text] of cases) assert.deepEqual(reduce(String(written)), { markup, text });
});

test("leaves out all else", () => {
  const hostile = [
    '<p onclick="x()" style="color:red" class="c" id="i">a</p>',
    "<script>x()</script><style>p{}</style>a<!-- comment -->",
    '<img src="https://evil.test/" onerror="x()" alt="b">a<iframe srcdoc="c"></iframe>',
    '<svg><a href="https://evil.test/">b</a></svg><math>c</math>a',
    '<a href="javascript:x()">a</a>',
    '<a href="http://a.test/">a</a>',
    '<a href="data:text/html,b">a</a>',
    '<a href=" java&#10;script:x()">a</a>',
    '<a href="/relative">a</a>',
    "<form action='https://evil.test/'><input value='b'><button>c</button>a</form>",
    "<template>b</template><noscript>c</noscript>a\0\x1b",
  ];
  for (const written of hostile) assert.deepEqual(reduce(written), { markup: "<p>a</p>", text: "a" }, written);
});

test("an address cannot leave its attribute", () => {
  const { markup } = reduce(`<a href="https://a.test/?a=1&amp;b=&quot;&gt;&lt;b&gt;'">x</a>`);
  assert.match(markup, WRITTEN);
  assert.equal(markup.split('"').length, 3);
});

const NAMES = ["p", "div", "b", "i", "ul", "ol", "li", "blockquote", "a href='https://a.test/'", "span", "td", "script", "br"];
const PIECES = ["a", " ", "\n", "b c ", "<br>", "&lt;x&gt;", "\u00a0", "<!--c-->", "</p>", "</b>"];

/** Random markup, well nested and not. @param {(below: number) => number} random @returns {string} */
function makeMarkup(random, depth = 0) {
  return Array.from({ length: 1 + random(4) }, () => {
    if (depth >= 5 || random(10) >= 6) return PIECES[random(PIECES.length)];
    const name = String(NAMES[random(NAMES.length)]);
    return `<${name}>${makeMarkup(random, depth + 1)}</${name.split(" ", 1)[0]}>`;
  }).join("");
}

test("reducing again changes nothing and no other tag is left", () => {
  const random = numbersFrom(9);
  for (let count = 0; count < 300; count += 1) {
    const first = reduce(makeMarkup(random));
    assert.deepEqual(reduce(first.markup), first);
    assert.match(first.markup, WRITTEN);
  }
});

test("deep markup ends", () => {
  const { markup, text } = reduce(`${"<ul><li>".repeat(150)}a${"<div>".repeat(100)}b`);
  assert.match(markup, WRITTEN);
  assert.equal(text.replace(/[^ab]/gu, ""), "ab");
});

test("nested quotations are written once", (/** @type {any} */ context) => {
  // The words of a paragraph are trimmed when they are written as text.
  const { trimEnd } = String.prototype;
  const counted = context.mock.method(String.prototype, "trimEnd", /** @this {string} */ function () { return trimEnd.call(this); });
  reduce(`${"<blockquote>".repeat(10)}a${"</blockquote><p>b</p>".repeat(10)}`);
  assert.equal(counted.mock.callCount(), 11);
});

test("the styles of other programs make words bold or not", () => {
  const written = {
    '<b style="font-weight:normal" id="docs"><span style="font-weight:700;color:red">a</span> b</b>': "<p><strong>a</strong> b</p>",
    '<span style="FONT-WEIGHT: bold; font-style: italic">a</span>': "<p><strong><em>a</em></strong></p>",
    '<em style="font-style:normal">a</em>': "<p>a</p>",
  };
  for (const [markup, reduced] of Object.entries(written)) assert.equal(reduce(markup).markup, reduced);
});
