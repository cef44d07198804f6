/** The person's own addresses, the shared ones of an account, and people that an earlier version kept. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { quoteMailbox } from "../../wasm_build/ui/formats.js";
import { BridgeApi } from "../../webbridge/pages/app/api.js";
import { mailboxesOf } from "../../wasm_build/writing/draft_content.js";
import { ownAddresses } from "../../webbridge/pages/account/own_addresses.js";

const [ALICE, BOB, CAROL] = ["alice@example.test", "bob@example.test", "carol@example.test"];

test("a name that reads like an address is left out", () => {
  for (const name of [BOB, "", " \t", "\u200f"]) assert.equal(quoteMailbox({ name, address: ALICE }), ALICE);
});

// The owner of a shared identity has put Bob's address into its certificate.
test("a shared key keeps nobody from answers", () => {
  const identities = [
    { addresses: [ALICE], isShared: false }, { addresses: [BOB, "ward3@example.test"], isShared: true },
  ];
  const ownOf = (/** @type {string[] | null} */ sharedAddresses) => ownAddresses({ address: ALICE, keys: { identities }, api: { sharedAddresses } });
  assert.deepEqual(ownOf(null), [ALICE, ALICE]);
  assert.deepEqual(ownOf([]), [ALICE, ALICE]);
  assert.deepEqual(ownOf(["Ward3@example.test"]), [ALICE, ALICE, "ward3@example.test"]);
});

test("the shared addresses of one account do not count for the next", async (/** @type {any} */ context) => {
  const api = /** @type {any} */ (new BridgeApi("https://bridge.test", () => undefined));
  let [isHeld, give] = [false, () => {}];
  context.mock.method(globalThis, "fetch", async () => {
    if (isHeld) await new Promise((resolve) => { give = () => resolve(undefined); });
    return Response.json({ sharedAddresses: ["ward3@example.test"] });
  });
  api.use({ address: ALICE, account: "a" });
  await api.sendingOffers();
  assert.deepEqual(api.sharedAddresses, ["ward3@example.test"]);
  isHeld = true;
  const late = api.sendingOffers();
  api.use({ address: BOB, account: "b" });
  assert.equal(api.sharedAddresses, null);
  await new Promise((resolve) => setTimeout(resolve));
  give();
  await late;
  assert.equal(api.sharedAddresses, null);
});

test("people that an earlier version kept as texts are read by the vault", async () => {
  /** @type {string[]} */
  const parsedTexts = [];
  const [carol, bob] = [{ name: "Carol", address: CAROL }, { name: "Brown, Bob", address: BOB }];
  const read = async (/** @type {string[]} */ texts) => {
    parsedTexts.push(...texts);
    return texts.map((text) => (text.includes("<") ? [bob] : [{ name: text, address: "" }]));
  };
  const text = `"Brown, Bob" <${BOB}>`;
  const people = await mailboxesOf(/** @type {any} */ ([carol, ALICE, text, "somebo"]), /** @type {any} */ (read));
  assert.deepEqual(people, [carol, { name: "", address: ALICE }, bob, { name: "", address: "somebo" }]);
  // A plain address needs no reading.
  assert.deepEqual(parsedTexts, [text, "somebo"]);
});
