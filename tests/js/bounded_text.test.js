/** Takes texts apart into pieces, and cuts marks and long lines. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { beginningOf, endOfPiece, withFewMarks } from "../../wasm_build/ui/bounded_text.js";

/** @param {string} text */
function piecesOf(text) {
  const pieces = [];
  for (let start = 0; start < text.length;) {
    const end = endOfPiece(text, start);
    assert.ok(end > start, "a piece has at least one character");
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

describe("the pieces of a text are bounded and lose nothing", () => {
  test("the pieces of a text are the whole text, each of a bounded size", () => {
    const units = ["a", " ", "\n", "😀", "é\u0301\u0302", "👩\u200d👧", "שׁ"];
    for (let seed = 1; seed < 60; seed += 1) {
      let state = seed;
      const next = () => { state = (state * 48271) % 2147483647; return state; };
      const some = units.filter((_, index) => (seed >> (index % 6)) & 1);
      const text = Array.from({ length: 6000 }, () => (some.length ? some[next() % some.length] : "x")).join("");
      const pieces = piecesOf(text);
      assert.equal(pieces.join(""), text);
      for (const piece of pieces) {
        assert.ok(piece.length <= 4_100, "a piece is short");
        assert.ok(piece.split("\n").length <= 201, "a piece has few lines");
        assert.ok(!/^[\p{M}\u200d]/u.test(piece) && !/^[\uDC00-\uDFFF]/.test(piece), "a piece begins with a whole character");
      }
    }
  });

  test("a piece ends at a line end, else at a blank", () => {
    const lines = `${"word ".repeat(100)}\n`.repeat(20);
    assert.ok(piecesOf(lines).every((piece) => piece.endsWith("\n")));
    assert.ok(piecesOf("word ".repeat(3000)).every((piece) => piece.endsWith(" ")));
  });

  test("a letter keeps the marks that a writing needs, and loses those above", () => {
    const many = "\u0301".repeat(1000);
    assert.equal(withFewMarks(`a${many}b`), `a${"\u0301".repeat(8)}b`);
    for (const word of ["שָׁלוֹם", "ཨོཾ་མ་ཎི", "สวัสดีครับ", "Việt Nam", "مُحَمَّدٌ"]) assert.equal(withFewMarks(word), word);
  });

  test("the beginning of a long line ends with an ellipsis, and a short one is whole", () => {
    assert.equal(beginningOf("short", 10), "short");
    assert.equal(beginningOf("0123456789", 10), "0123456789");
    assert.equal(beginningOf("0123456789a", 10), "012345678…");
    assert.equal(beginningOf(`${"x".repeat(8)}😀😀`, 10), `${"x".repeat(8)}…`);
    assert.equal(beginningOf("\u0301".repeat(100_000), 10), `${"\u0301".repeat(8)}…`);
  });

  test("a long text is taken apart in linear time", () => {
    const times = [1, 8].map((size) => {
      const texts = ["\n", "x", "\u0301", "word "].map((unit) => unit.repeat(size * 200_000));
      const begin = performance.now();
      for (const text of texts) { piecesOf(text); withFewMarks(text); }
      return performance.now() - begin;
    });
    assert.ok(times[1] < 20 * times[0] + 50, `eight times the text took ${times[0]} and ${times[1]} ms`);
  });
});
