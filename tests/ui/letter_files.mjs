// Prints the names that the files of a letter get in its parcel, for each list of attached names.
import { parcelFiles } from "../../wasm_build/parcels/letter_files.js";

const lists = JSON.parse(await new Response(process.stdin).text());
const namesOf = (attached) => parcelFiles(new ArrayBuffer(1), attached.map((name) => ({ name, data: null })), "unnamed").map(({ name }) => name);
console.log(JSON.stringify(lists.map(namesOf)));
