/** The core reads the words of a letter's markup as the letter's text has them. */
import assert from "node:assert/strict";

import { reduceNode } from "../../../wasm_build/ui/written_markup.js";
import { treeOf } from "../support/trees.js";
import { testWith } from "./vectors.js";

testWith("the core reads the words that the text has", (/** @type {{markup: string, letters: string}[]} */ cases) => {
  for (const { markup, letters } of cases) {
    const { markup: again, text } = reduceNode(treeOf(markup));
    assert.equal(again, markup);
    assert.equal(text.replaceAll("<https://a.test/>", "").replace(/[^abcx]/gu, ""), letters, markup);
  }
});
