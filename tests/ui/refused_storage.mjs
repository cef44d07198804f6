// Prints what a page says of its keeping in a browser that stores nothing: after "my own computer", "another's", and a reload.
import { KeptTrust } from "../../webbridge/pages/kept_trust.js";

const keys = Object.assign(new EventTarget(), { unlocked: false });
const kept = new KeptTrust(() => Promise.reject(new Error("no vault")), keys, new EventTarget());
const said = [];
for (const answer of [{ isOwnComputer: true }, { isOwnComputer: false }, undefined]) {
  await kept.begin("alice@example.test", answer);
  said.push(kept.keeping);
}
console.log(JSON.stringify(said));
process.exit();
