// Prints for pairs of addresses in JSON whether the pages and the extension take them for the same.
import { pathToFileURL } from "node:url";

const [formats, pairs] = process.argv.slice(2);
const { sameAddress } = await import(pathToFileURL(formats).href);
console.log(JSON.stringify(JSON.parse(pairs).map(([one, other]) => sameAddress(one, other))));
