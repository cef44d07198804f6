/** The one answer to whether a message may leave unencrypted, for every combination, and for hostile values. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { domainKey, domainOf, isForbidden, leavingOf, readClearPolicy, readClearWay, readerOf, wayFor, wayName } from "../../wasm_build/ui/leaving_clear.js";

/** @typedef {import("../../wasm_build/ui/leaving_clear.js").ClearPolicy} ClearPolicy */
/** @typedef {import("../../wasm_build/ui/leaving_clear.js").Leaving} Leaving */
/** @typedef {import("../../wasm_build/ui/leaving_clear.js").LeavingMessage} LeavingMessage */
/** @typedef {import("../../wasm_build/ui/leaving_clear.js").ReaderState} ReaderState */

const CAUSES = /** @type {const} */ (["expired", "revoked", "unusable", "look-up-failed", "earlier-encrypted"]);
const STATES = /** @type {ReaderState[]} */ (["looking-up", "readable", "never-found", ...CAUSES]);
const MODES = /** @type {const} */ (["allow-unknown", "ask", "never"]);

/** @param {ReaderState[]} states @param {Partial<LeavingMessage>} [differences] @returns {LeavingMessage} */
function message(states, differences = {}) {
  return {
    readers: states.map((state, index) => ({ address: `p${index}@example.org`, state })), wantsEncryption: true,
    answersEncrypted: false, agreed: "", policy: { mode: "allow-unknown", neverDomains: [] }, ways: () => null,
    offersParcel: true, ...differences,
  };
}

/** @param {ReaderState[]} states @param {Partial<LeavingMessage>} [differences] */
const kindOf = (states, differences) => leavingOf(message(states, differences)).kind;

/** @param {Record<string, unknown>} chosen */
const waysOf = (chosen) => (/** @type {string} */ name) => (Object.hasOwn(chosen, name) ? chosen[name] : null);

/** @param {LeavingMessage} asked @returns {Extract<Leaving, {kind: "ask"}>} */
function questionFor(asked) {
  const leaving = leavingOf(asked);
  assert.equal(leaving.kind, "ask");
  return /** @type {Extract<Leaving, {kind: "ask"}>} */ (leaving);
}

describe("with the policy of a new installation", () => {
  test("a message that everybody can read is encrypted", () => {
    assert.deepEqual(leavingOf(message(["readable", "readable"])), { kind: "encrypted" });
    assert.deepEqual(leavingOf(message([])), { kind: "encrypted" });
  });

  test("nothing is decided while somebody is looked up", () => {
    for (const state of STATES) assert.equal(kindOf(["looking-up", state]), "wait");
  });

  test("people for whom nothing was ever found are written to unencrypted, and are named", () => {
    assert.deepEqual(leavingOf(message(["never-found", "never-found"])), {
      kind: "clear", unknown: ["p0@example.org", "p1@example.org"], unasked: ["p0@example.org", "p1@example.org"], isChosen: false,
      prefersParcel: false,
    });
  });

  test("each cause for which a person cannot read it any more leads to the question with this cause", () => {
    for (const state of CAUSES) {
      const { causes } = questionFor(message(["never-found", state, "never-found"]));
      assert.deepEqual(causes, [{ address: "p1@example.org", state }]);
    }
  });

  test("a person who can read it encrypted is asked about before somebody else makes the message unencrypted", () => {
    const { causes } = questionFor(message(["readable", "never-found"]));
    assert.deepEqual(causes, [{ address: "p0@example.org", state: "readable" }]);
  });

  test("encryption that the person has switched off needs no question, and names nobody", () => {
    for (const state of STATES) {
      assert.deepEqual(leavingOf(message([state], { wantsEncryption: false })), {
        kind: "clear", unknown: [], unasked: [], isChosen: true, prefersParcel: false,
      });
    }
  });
});

describe("words that came encrypted", () => {
  test("leave unencrypted only after a question that names all people", () => {
    for (const wantsEncryption of [true, false]) {
      const { causes, answersEncrypted } = questionFor(message(["never-found", "expired"], { answersEncrypted: true, wantsEncryption }));
      assert.deepEqual([causes.map(({ address }) => address), answersEncrypted], [["p0@example.org", "p1@example.org"], true]);
    }
  });

  test("are encrypted if everybody can read them", () => {
    assert.equal(kindOf(["readable"], { answersEncrypted: true }), "encrypted");
  });

  test("ask also about people whose way is remembered", () => {
    const ways = waysOf({ "p0@example.org": "clear", "@example.org": "clear" });
    assert.equal(kindOf(["never-found"], { answersEncrypted: true, ways }), "ask");
  });
});

describe("an agreement", () => {
  test("is about these people in this state", () => {
    const asked = message(["expired", "never-found"]);
    const agreed = questionFor(asked).key;
    assert.equal(leavingOf({ ...asked, agreed }).kind, "clear");
    assert.equal(leavingOf({ ...asked, agreed, readers: [...asked.readers].reverse() }).kind, "clear");
    const more = [...asked.readers, /** @type {const} */ ({ address: "eve@example.net", state: "never-found" })];
    assert.equal(leavingOf({ ...asked, agreed, readers: more }).kind, "ask");
    assert.equal(leavingOf({ ...asked, agreed, readers: asked.readers.slice(0, 1) }).kind, "ask");
    assert.equal(kindOf(["revoked", "never-found"], { agreed }), "ask");
  });

  test("is no agreement about words that came encrypted", () => {
    const agreed = questionFor(message(["expired"])).key;
    assert.equal(kindOf(["expired"], { agreed, answersEncrypted: true }), "ask");
  });

  test("does not keep a message unencrypted that everybody can read", () => {
    const agreed = questionFor(message(["expired"])).key;
    assert.equal(kindOf(["readable"], { agreed }), "encrypted");
  });

  test("lets nothing through that is forbidden", () => {
    const agreed = questionFor(message(["expired"])).key;
    assert.equal(kindOf(["expired"], { agreed, policy: { mode: "never", neverDomains: [] } }), "refused");
  });

  test("of no question is no agreement", () => {
    for (const agreed of ["", "[]", "true", "[false]"]) assert.equal(kindOf(["expired"], { agreed }), "ask");
  });
});

describe("the policy", () => {
  test("never: nothing leaves unencrypted, whoever wants it", () => {
    const policy = /** @type {const} */ ({ mode: "never", neverDomains: /** @type {string[]} */ ([]) });
    for (const state of STATES.filter((word) => word !== "looking-up" && word !== "readable")) {
      assert.deepEqual(leavingOf(message([state], { policy })), { kind: "refused", by: "policy", addresses: ["p0@example.org"] });
    }
    assert.equal(kindOf(["readable"], { policy, wantsEncryption: false }), "refused");
    assert.equal(kindOf([], { policy, wantsEncryption: false }), "refused");
    assert.equal(kindOf(["readable"], { policy }), "encrypted");
  });

  test("ask: everybody is asked about, except those whose way is remembered", () => {
    const policy = /** @type {const} */ ({ mode: "ask", neverDomains: /** @type {string[]} */ ([]) });
    assert.deepEqual(questionFor(message(["never-found"], { policy })).causes, [{ address: "p0@example.org", state: "never-found" }]);
    assert.equal(kindOf(["readable"], { policy, wantsEncryption: false }), "ask");
    assert.equal(kindOf(["never-found"], { policy, ways: waysOf({ "p0@example.org": "clear" }) }), "clear");
    assert.equal(kindOf(["never-found"], { policy, ways: waysOf({ "@example.org": "parcel" }) }), "clear");
    assert.equal(kindOf(["never-found", "never-found"], { policy, ways: waysOf({ "p0@example.org": "clear" }) }), "ask");
    assert.equal(kindOf(["expired"], { policy, ways: waysOf({ "p0@example.org": "clear" }) }), "ask");
  });

  test("a closed domain refuses its addresses and those of its subdomains, in each writing", () => {
    const policy = /** @type {ClearPolicy} */ ({ mode: "allow-unknown", neverDomains: ["example.org", "bücher.example"] });
    const to = (/** @type {string} */ address) => leavingOf(message([], { readers: [{ address, state: "never-found" }], policy }));
    for (const address of ["a@example.org", "a@EXAMPLE.org", "a@mail.example.org", "a@example.org.", "a@bücher.example", "a@xn--bcher-kva.example"]) {
      assert.deepEqual(to(address), { kind: "refused", by: "policy-domain", addresses: [address] });
    }
    for (const address of ["a@example.com", "a@notexample.org", "a@example.org.evil.test", "\"a@example.org\"@other.test"]) {
      assert.equal(to(address).kind, "clear");
    }
    assert.equal(kindOf(["never-found"], { policy: { ...policy, mode: "ask" } }), "refused");
    assert.equal(kindOf(["readable"], { policy }), "encrypted");
    assert.equal(kindOf(["readable"], { policy, wantsEncryption: false }), "refused");
  });

  test("each mode and state has the same answer with other readers for whom nothing was found", () => {
    for (const mode of MODES) {
      for (const state of CAUSES) {
        const policy = { mode, neverDomains: [] };
        assert.equal(kindOf([state, "never-found"], { policy }), kindOf([state], { policy }));
      }
    }
  });
});

describe("remembered ways", () => {
  test("of a person count before those of the domain, except a closed domain", () => {
    assert.equal(wayFor("Bob@example.org", waysOf({ "Bob@example.org": "clear" })), null);
    assert.equal(wayFor("Bob@example.org", waysOf({ "bob@example.org": "clear", "@example.org": "parcel" })), "clear");
    assert.equal(wayFor("eve@example.org", waysOf({ "@example.org": "parcel" })), "parcel");
    assert.equal(wayFor("eve@sub.example.org", waysOf({ "@example.org": "clear" })), null);
    assert.equal(wayFor("eve@sub.example.org", waysOf({ "@example.org": "never", "eve@sub.example.org": "clear" })), "never");
  });

  test("are not asked about again, but do not cover a cause", () => {
    const ways = waysOf({ "@example.org": "clear" });
    const leaving = leavingOf(message(["never-found"], { ways }));
    assert.deepEqual(leaving.kind === "clear" && [leaving.unknown, leaving.unasked], [["p0@example.org"], []]);
    for (const state of CAUSES) assert.equal(kindOf([state], { ways }), "ask");
  });

  test("a parcel is preferred while it is offered, and is no agreement to unencrypted mail", () => {
    const ways = waysOf({ "p0@example.org": "parcel" });
    const leaving = leavingOf(message(["never-found", "never-found"], { ways }));
    assert.equal(leaving.kind === "clear" && leaving.prefersParcel, true);
    assert.equal(kindOf(["never-found"], { ways, offersParcel: false }), "ask");
  });

  test("a way that the person has closed refuses", () => {
    const ways = waysOf({ "@example.org": "never" });
    assert.deepEqual(leavingOf(message(["never-found"], { ways })), { kind: "refused", by: "person", addresses: ["p0@example.org"] });
    assert.equal(kindOf(["readable"], { ways }), "encrypted");
  });

  test("have names in the form in which they are compared", () => {
    assert.equal(wayName("Bob@Example.org"), "bob@example.org");
    assert.equal(wayName("@BÜCHER.example"), "@xn--bcher-kva.example");
    assert.equal(wayName("@not a domain"), "");
  });
});

describe("hostile values", () => {
  const NOTHING = { mode: "never", neverDomains: [] };

  test("a policy that cannot be read forbids all unencrypted mail", () => {
    for (const value of [
      "ask", 0, ["ask"], true, { mode: "allow" }, { mode: null }, { mode: 1 }, { mode: {} }, { mode: "__proto__" }, { neverDomains: "example.org" }, { neverDomains: [1] },
      { neverDomains: [""] }, { neverDomains: ["a b"] }, { neverDomains: Array(1_001).fill("example.org") }, { neverDomains: [null] },
      { neverDomains: ["https://example.org"] }, { neverDomains: {} }, { mode: "ask", neverDomains: ["x".repeat(400)] },
    ]) {
      assert.deepEqual(readClearPolicy(value), NOTHING);
    }
  });

  test("an absent policy is the usual one", () => {
    for (const value of [undefined, null, {}]) assert.deepEqual(readClearPolicy(value), { mode: "allow-unknown", neverDomains: [] });
  });

  test("a policy is read again at each answer", () => {
    for (const policy of [{ mode: "maybe", neverDomains: [] }, { mode: "ask" , neverDomains: [{}] }]) {
      assert.equal(kindOf(["never-found"], { policy: /** @type {any} */ (policy) }), "refused");
    }
  });

  test("a state that nobody knows leads to the question", () => {
    for (const state of ["", "constructor", "Never-found", null, undefined, 0]) {
      assert.equal(kindOf([/** @type {any} */ (state)]), "ask");
    }
  });

  test("a way that nobody knows counts as none", () => {
    for (const way of ["", "CLEAR", "yes", {}, 1, true, undefined]) {
      assert.equal(readClearWay(way), null);
      assert.equal(kindOf(["never-found"], { policy: { mode: "ask", neverDomains: [] }, ways: () => way }), "ask");
    }
  });

  test("a domain is compared as a domain", () => {
    assert.equal(domainOf("a@b@Example.ORG"), "example.org");
    assert.equal(domainKey("@Example.org."), "example.org");
    for (const text of ["", "@", "exa mple.org", "example..org", ".example.org", "a/b", null, 5]) assert.equal(domainKey(text), "");
  });

  test("the background forbids as the window does", () => {
    assert.equal(isForbidden("a@sub.example.org", { mode: "ask", neverDomains: ["example.org"] }), true);
    assert.equal(isForbidden("a@example.net", { mode: "ask", neverDomains: ["example.org"] }), false);
    assert.equal(isForbidden("a@example.net", { mode: "never", neverDomains: [] }), true);
    assert.equal(isForbidden("a@example.net", /** @type {any} */ ("ask")), true);
    assert.equal(isForbidden("a@example.net", /** @type {any} */ ({ mode: "no" })), true);
  });
});

describe("the state of a person", () => {
  /** @param {any} finding @param {boolean} [hasEncrypted] */
  const stateOf = (finding, hasEncrypted = false) =>
    readerOf({ name: "", address: "bob@example.org", valid: true, finding }, () => hasEncrypted).state;
  const unusable = (/** @type {string[]} */ ...codes) => ({ readiness: "unusable", check: { reasons: codes.map((code) => ({ code })) } });

  test("follows from what was found, and from earlier encrypted mail", () => {
    assert.equal(stateOf(null), "looking-up");
    assert.equal(stateOf({ readiness: "ready" }), "readable");
    assert.equal(stateOf({ readiness: "password" }), "readable");
    assert.equal(stateOf({ readiness: "none" }), "never-found");
    assert.equal(stateOf({ readiness: "none" }, true), "earlier-encrypted");
    assert.equal(stateOf({ readiness: "failed" }), "look-up-failed");
    assert.equal(stateOf({ readiness: "bad-file" }), "unusable");
    assert.equal(stateOf(unusable("certificate-expired")), "expired");
    assert.equal(stateOf(unusable("certificate-expired", "certificate-revoked")), "revoked");
    assert.equal(stateOf(unusable("untrusted-anchor")), "unusable");
  });
});
