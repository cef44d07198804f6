// Prints for pairs of addresses in JSON whether they are the same address for the pages and the extension.
import { pathToFileURL } from "node:url";

const [formats, pairs] = process.argv.slice(2);
const { sameAddress } = await import(pathToFileURL(formats).href);
console.log(JSON.stringify(JSON.parse(pairs).map(([one, other]) => sameAddress(one, other))));
