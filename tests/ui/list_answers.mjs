/** Prints the rows that the pages read of a list in the standard input. */
import { readFileSync } from "node:fs";

import { readPage } from "../../webbridge/pages/list_answers.js";

console.log(JSON.stringify(readPage(JSON.parse(readFileSync(0, "utf8")), 10).messages));
