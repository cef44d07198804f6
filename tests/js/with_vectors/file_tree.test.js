/** The names that pages allow for kept files are those that the format of parcels allows. */
import assert from "node:assert/strict";

import { asName, nameProblem } from "../../../webbridge/pages/files/file_tree.js";
import { testWith } from "./vectors.js";

testWith("the page allows the names that the format allows", ({ names, allowed }) => {
  const isAllowed = new Map(names.map((/** @type {string} */ name, /** @type {number} */ index) => [name, allowed[index]]));
  for (const name of names) {
    assert.equal(nameProblem(name) === "", isAllowed.get(name), JSON.stringify(name));
    assert.equal(nameProblem(asName(name, "unnamed")), "", JSON.stringify(name));
  }
});
