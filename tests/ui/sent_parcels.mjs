// Prints what the view of sent parcels makes of states, names of tokens, addresses and typed numbers.
import { actsFor, codeWords, headlineOf, lookOf, speakerKey, stateKey, wholeNumber } from "../../webbridge/pages/sent_parcels/parcel_states.js";
import { isTokenName, tokenCommand } from "../../webbridge/pages/sent_parcels/token_words.js";

const { codes, states, speakers, parcels, names, commands, numbers } = JSON.parse(process.argv[2]);
console.log(JSON.stringify({
  states: states.map((state) => stateKey({ state, by: "recipient-claims" })),
  failed: speakers.map((by) => stateKey({ state: "failed", by })),
  codes: codes.map((code) => codeWords(code, "notified")[0]),
  lost: {
    state: stateKey({ state: "answered", by: "service", recipient: "alice@example.test" }),
    look: lookOf({ state: "answered", by: "service", recipient: "alice@example.test", at: "" }),
    codes: codes.map((code) => codeWords(code, "answered")[0]),
  },
  speakers: speakers.map((by) => speakerKey({ by })),
  looks: states.flatMap((state) => speakers.map((by) => lookOf({ state, by, at: "" }))),
  headlines: parcels.map(headlineOf),
  acts: parcels.map(actsFor),
  names: names.map(isTokenName),
  commands: commands.map(([base, address]) => tokenCommand(base, address)),
  numbers: numbers.map((text) => wholeNumber(text, 1, 90)),
}));
