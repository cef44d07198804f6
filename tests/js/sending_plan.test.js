/** The plan for sending a letter: the sentence under it, the obstacles with their remedies, and the warnings. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { groupObstacles, obstacles, urgentWarnings, warnings, whatWillLeave } from "../../wasm_build/ui/sending_plan.js";
import { KEYS, sharedWords, speak } from "./support/catalogues.js";

/** @typedef {import("../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../wasm_build/ui/recipient_words.js").RecipientCheck} RecipientCheck */
/** @typedef {import("../../wasm_build/ui/recipients_field.js").Finding} Finding */
/** @typedef {import("../../wasm_build/ui/recipients_field.js").Person} Person */
/** @typedef {import("../../wasm_build/ui/leaving_clear.js").Leaving} Leaving */
/** @typedef {import("../../wasm_build/ui/sending_plan.js").Letter} Letter */
/** @typedef {import("../../wasm_build/ui/sending_plan.js").Obstacle} Obstacle */
/** @typedef {import("../../wasm_build/ui/sending_plan.js").Remedy} Remedy */

/** @type {Catalogue} */
let translate;

before(async () => {
  speak("en");
  translate = sharedWords();
});

/** @param {Partial<RecipientCheck>} [differences] @returns {RecipientCheck} */
function check(differences = {}) {
  return {
    certificate: new ArrayBuffer(0), fingerprint: "aa", name: "", addresses: [], subject: "", issuer: "", serialNumber: "1",
    notBefore: "2026-01-01T00:00:00Z", notAfter: "2026-12-24T00:00:00Z", key: "", isCa: false, source: "contacts",
    detail: "", knownSince: null, covered: [], usable: true, isKem: false, readsHeaders: false, reasons: [], warnings: [],
    tree: [], trail: null, path: [], ...differences,
  };
}

/** @param {string[]} codes @returns {Finding} */
function readyWith(...codes) {
  return { readiness: "ready", check: check({ warnings: codes.map((code) => ({ code, sentence: "" })) }) };
}

/** @param {string} name @param {Partial<Person>} [differences] @returns {Person} */
function person(name, differences = {}) {
  return { name: "", address: `${name}@example.test`, valid: true, finding: readyWith(), ...differences };
}

/** @param {number} count @param {Partial<Person>} [differences] */
function people(count, differences = {}) {
  return Array.from({ length: count }, (_, index) => person(`p${index}`, differences));
}

/** @param {Partial<Letter>} [differences] @returns {Letter} */
function letter(differences = {}) {
  return {
    sign: true, encrypt: true, people: [person("bob")], address: "alice@example.test", unlocked: true, hasOwnIdentity: true,
    ownAddresses: ["alice@example.test"], bytes: 1_000, maxBytes: 25_000_000, answersEncrypted: false,
    ways: ["look-up", "choose-file", "ask", "encrypt-off"], hasPassword: false, isReading: false, ...differences,
  };
}

/** @type {Partial<Person>} */
const MISSING = { finding: { readiness: "none" } };
/** @type {Partial<Person>} */
const SOUGHT = { finding: null };

/** @param {Obstacle[]} obstacleList */
const codesOf = (obstacleList) => obstacleList.map(({ code }) => code);

describe("the sentence under a letter", () => {
  /** @param {Partial<Letter>} differences */
  const sentence = (differences) => whatWillLeave(letter(differences), translate);

  test("a signed and encrypted letter names the sender and all who can read it", () => {
    const two = [person("bob"), person("carol")];
    assert.equal(
      sentence({ people: two }),
      "Signed as alice@example.test, encrypted for bob@example.test, carol@example.test, and you, subject included. "
      + "Who writes to whom, and when, can be read in transit.",
    );
  });

  test("without recipients the sentence speaks of the recipients", () => {
    assert.match(sentence({ people: [] }), /encrypted for the recipients and you, subject/);
    assert.match(sentence({ people: [person("bob at", { valid: false })] }), /for the recipients and you, subject/);
  });

  test("an encrypted letter without a signature says that nobody can prove its author", () => {
    assert.match(sentence({ sign: false }), /^Encrypted for bob@example.test and you, .* not signed: nobody can prove/);
  });

  test("a signed letter without encryption says that anyone can read it", () => {
    assert.match(sentence({ encrypt: false }), /^Signed as alice@example.test, .*not encrypted: anyone can read it/);
  });

  test("an unprotected letter says so", () => {
    assert.equal(sentence({ sign: false, encrypt: false }), translate("leaves_plain"));
  });

  test("an unencrypted answer to an encrypted message is warned of, an encrypted one is not", () => {
    const warning = translate("answers_encrypted");
    assert.ok(sentence({ encrypt: false, answersEncrypted: true }).endsWith(` ${warning}`));
    assert.ok(sentence({ sign: false, encrypt: false, answersEncrypted: true }).endsWith(` ${warning}`));
    assert.ok(!sentence({ answersEncrypted: true }).includes(warning));
    assert.ok(!sentence({ encrypt: false }).includes(warning));
  });

  test("up to three recipients without a certificate are named, more are counted", () => {
    assert.match(sentence({ people: [...people(3, MISSING), person("bob")] }), /^Not ready to send: p0@\S+, p1@\S+, and p2@example.test cannot receive encrypted mail yet\.$/);
    assert.match(sentence({ people: people(4, MISSING) }), /4 recipients cannot receive encrypted mail yet/);
  });

  test("recipients who are still looked up, and unusable certificates, are not ready", () => {
    for (const finding of [null, { readiness: /** @type {const} */ ("unusable"), check: check({ usable: false }) }]) {
      assert.match(sentence({ people: [person("bob", { finding })] }), /^Not ready to send/);
    }
  });

  test("a missing certificate does not matter to a letter without encryption", () => {
    assert.match(sentence({ encrypt: false, people: people(4, MISSING) }), /^Signed as/);
  });

  test("a message that leaves unencrypted by itself says for whom nothing was found, before it says who can read it", () => {
    const leaving = (/** @type {string[]} */ unknown) =>
      /** @type {Leaving} */ ({ kind: "clear", unknown, unasked: [], isChosen: false, prefersParcel: false });
    assert.match(
      sentence({ encrypt: false, leaving: leaving(["bob@example.test"]) }),
      /^No certificate was ever found for \S+, so the message is sent unencrypted\. Signed as .* anyone can read it/,
    );
    const many = people(4).map(({ address }) => address);
    assert.match(sentence({ encrypt: false, sign: false, leaving: leaving(many) }), /for 4 recipients, so .{1,99} Not protected/);
  });

  test("a message about which Send asks says so, and one that may not leave says what to do", () => {
    const asks = /** @type {Leaving} */ ({ kind: "ask", causes: [], answersEncrypted: false, key: "" });
    assert.match(sentence({ people: people(1, MISSING), leaving: asks }), /^Sending asks you first: p0@\S+ cannot read/);
    assert.match(sentence({ people: people(4, MISSING), leaving: asks }), /^Sending asks you first: 4 recipients/);
    const refused = /** @type {Leaving} */ ({ kind: "refused", by: "policy", addresses: [] });
    assert.match(sentence({ people: people(1, MISSING), leaving: refused }), /^Not ready to send: p0@example.test cannot receive/);
    assert.match(sentence({ encrypt: false, leaving: refused }), /^Not ready to send: switch encryption on/);
  });

  test("a recipient with a password can read the letter once the password is typed", () => {
    const byPassword = [person("bob", { finding: { readiness: "password" } })];
    assert.match(sentence({ people: byPassword }), /^Not ready to send/);
    assert.match(sentence({ people: byPassword, hasPassword: true }), /^Signed as .* for bob@example.test and you/);
  });
});

describe("the obstacles to sending", () => {
  /** @param {Partial<Letter>} differences */
  const obstaclesOf = (differences) => obstacles(letter(differences), translate);

  test("a letter that can be sent has none", () => {
    assert.deepEqual(obstaclesOf({}), []);
  });

  test("a letter to nobody needs a recipient", () => {
    assert.deepEqual(obstaclesOf({ people: [] }), [{ code: "nobody", text: "Add at least one recipient.", remedies: [] }]);
  });

  test("each wrong address is named, and is not looked up", () => {
    const wrong = [person("bob"), person("", { address: "carol at", valid: false, finding: null })];
    assert.deepEqual(obstaclesOf({ people: wrong }), [
      { code: "address", text: "carol at is not a mail address. Correct or remove it.", remedies: [] },
    ]);
  });

  test("a letter may have as many bytes as the server accepts, and no more", () => {
    assert.deepEqual(obstaclesOf({ bytes: 25_000_000 }), []);
    const [obstacle, ...others] = obstaclesOf({ bytes: 25_000_001 });
    assert.deepEqual(others, []);
    assert.deepEqual({ ...obstacle, text: "" }, { code: "size", text: "", remedies: [] });
    assert.match(obstacle?.text ?? "", /larger than the 25 MB that the mail server accepts/);
  });

  test("a letter that is too large may go as a parcel, if there is this way", () => {
    const [obstacle] = obstaclesOf({ bytes: 25_000_001, ways: ["look-up", "parcel"] });
    assert.deepEqual(obstacle?.remedies, ["parcel"]);
  });

  test("files that are still read are waited for", () => {
    assert.deepEqual(codesOf(obstaclesOf({ isReading: true })), ["reading"]);
  });

  test("locked keys have to be unlocked for a signature and for encryption, but not for neither", () => {
    for (const protection of [{ sign: true, encrypt: false }, { sign: false, encrypt: true }]) {
      const [obstacle, ...others] = obstaclesOf({ unlocked: false, ...protection });
      assert.deepEqual([obstacle?.code, obstacle?.remedies, others], ["locked", ["unlock"], []]);
    }
    assert.deepEqual(obstaclesOf({ unlocked: false, sign: false, encrypt: false }), []);
  });

  test("keys for another address cannot sign, but encrypt", () => {
    const other = { hasOwnIdentity: false, ownAddresses: ["alice@work.test", "alice@home.test"] };
    assert.deepEqual(obstaclesOf(other), [{
      code: "other-identity", remedies: ["sign-off"],
      text: "Your keys are for alice@work.test and alice@home.test, not for alice@example.test. Send unsigned, or unlock the keys "
        + "for alice@example.test.",
    }]);
    assert.deepEqual(obstaclesOf({ ...other, sign: false }), []);
  });

  test("a certificate that is being looked up is waited for", () => {
    const [obstacle] = obstaclesOf({ people: [person("bob", SOUGHT)] });
    assert.deepEqual(obstacle, { code: "looking-up", text: "Looking for the certificate of bob@example.test…", remedies: [] });
  });

  test("each finding without a certificate has a sentence of its own and the ways out", () => {
    /** @type {[Finding, RegExp][]} */
    const sentences = [
      [{ readiness: "none" }, /^bob@example.test cannot receive encrypted mail yet: no certificate/],
      [{ readiness: "failed" }, /could not be looked up/],
      [{ readiness: "bad-file" }, /^This file holds no certificate of bob@example.test/],
    ];
    for (const [finding, words] of sentences) {
      const bob = person("bob", { finding });
      const [obstacle, ...others] = obstaclesOf({ people: [bob] });
      assert.equal(obstacle?.code, `certificate-${finding.readiness}`);
      assert.match(obstacle.text, words);
      assert.deepEqual([obstacle.remedies, obstacle.person, others], [letter().ways, bob, []]);
    }
  });

  test("a certificate that cannot be used says why", () => {
    const reasons = [{ code: "certificate-expired", sentence: "" }, { code: "unknown-to-the-catalogue", sentence: "Odd key." }];
    const finding = { readiness: /** @type {const} */ ("unusable"), check: check({ usable: false, reasons }) };
    const [obstacle] = obstaclesOf({ people: [person("bob", { finding })] });
    const expired = translate("recipient_reason_certificate_expired");
    assert.ok(obstacle?.text.startsWith(`The certificate of bob@example.test cannot be used: ${expired} `));
    assert.ok(obstacle.text.includes("Odd key."));
  });

  test("a recipient with a password is no obstacle", () => {
    assert.deepEqual(obstaclesOf({ people: [person("bob", { finding: { readiness: "password" } })] }), []);
  });

  test("certificates do not matter without encryption", () => {
    assert.deepEqual(obstaclesOf({ encrypt: false, people: [person("bob", MISSING), person("carol", SOUGHT)] }), []);
  });

  test("all obstacles are listed, those of the letter before those of its recipients", () => {
    const both = [person("x", { valid: false }), person("bob", MISSING), person("carol", SOUGHT)];
    const codes = codesOf(obstaclesOf({ people: both, bytes: 1e9, isReading: true, unlocked: false }));
    assert.deepEqual(codes, ["address", "size", "reading", "locked", "certificate-none", "looking-up"]);
  });
});

describe("the groups of obstacles", () => {
  /** @param {Person[]} persons @param {Remedy[]} [ways] */
  function grouped(persons, ways = ["look-up", "encrypt-off"]) {
    return groupObstacles(obstacles(letter({ people: persons, ways }), translate), translate);
  }

  test("up to three missing certificates stay single, more are one group with remedies for all", () => {
    assert.deepEqual(codesOf(grouped(people(3, MISSING))), Array(3).fill("certificate-none"));
    const four = people(4, MISSING);
    const [obstacle, ...others] = grouped(four);
    assert.deepEqual(others, []);
    assert.deepEqual([obstacle?.code, obstacle?.people], ["certificates", four]);
    assert.deepEqual(obstacle?.remedies, ["look-up-all", "remove-all", "encrypt-off"]);
    assert.match(obstacle?.text ?? "", /^4 recipients cannot receive encrypted mail yet/);
  });

  test("a group offers the parcel and unencrypted mail where a single recipient would", () => {
    const remediesOf = (/** @type {Remedy[]} */ ways) => grouped(people(4, MISSING), ways)[0]?.remedies;
    assert.deepEqual(remediesOf(["parcel", "encrypt-off"]), ["look-up-all", "remove-all", "parcel", "encrypt-off"]);
    assert.deepEqual(remediesOf(["parcel"]), ["look-up-all", "remove-all", "parcel"]);
    assert.deepEqual(remediesOf(["look-up"]), ["look-up-all", "remove-all"]);
  });

  test("up to three look-ups stay single, more are one sentence", () => {
    assert.deepEqual(codesOf(grouped(people(3, SOUGHT))), Array(3).fill("looking-up"));
    assert.deepEqual(grouped(people(4, SOUGHT)), [{ code: "looking-up", text: "Looking for 4 certificates…", remedies: [] }]);
  });

  test("members of a group of contacts share one obstacle, and those of others keep theirs", () => {
    const [anna, bert, carol] = [
      person("anna", { ...MISSING, group: "Choir" }), person("bert", { ...MISSING, group: "Choir" }), person("carol", MISSING),
    ];
    const [choir, single, ...others] = grouped([anna, bert, carol]);
    assert.deepEqual([choir?.code, choir?.people, others], ["certificates", [anna, bert], []]);
    assert.match(choir?.text ?? "", /^2 members of “Choir” cannot receive encrypted mail yet/);
    assert.deepEqual([single?.code, single?.person], ["certificate-none", carol]);
  });

  test("a single member of a group without a certificate is named", () => {
    const members = [person("anna", { ...MISSING, group: "Choir" }), person("bert", { group: "Choir" })];
    assert.deepEqual(codesOf(grouped(members)), ["certificate-none"]);
  });

  test("members who are still looked up are not missing", () => {
    assert.deepEqual(codesOf(grouped(people(2, { ...SOUGHT, group: "Choir" }))), ["looking-up", "looking-up"]);
  });

  test("the members of groups do not count among the other missing ones", () => {
    const codes = codesOf(grouped([...people(2, { ...MISSING, group: "Choir" }), ...people(3, MISSING)]));
    assert.deepEqual(codes, ["certificates", ...Array(3).fill("certificate-none")]);
  });

  test("other obstacles stay", () => {
    assert.deepEqual(codesOf(grouped([person("x", { valid: false }), ...people(4, MISSING)])), ["address", "certificates"]);
  });
});

describe("the warnings of a letter", () => {
  test("a certificate that expires soon is named with its day", () => {
    assert.deepEqual(warnings(letter({ people: [person("bob", { finding: readyWith("expires-soon") })] }), translate), [
      "The certificate of bob@example.test expires on December 24, 2026. Ask for a new one soon.",
    ]);
  });

  test("a warning without words of its own has the sentence of the certificate's reason", () => {
    const few = Object.assign(
      (/** @type {string} */ key, /** @type {Record<string, string | number>} */ values = {}) => KEYS(key, values),
      { has: (/** @type {string} */ key) => !key.startsWith("warning_"), locale: "en" },
    );
    const sentences = warnings(letter({ people: [person("bob", { finding: readyWith("revocation-unknown") })] }), few);
    assert.deepEqual(sentences, ["bob@example.test: recipient_reason_revocation_unknown"]);
  });

  test("a warning that holds for every recipient is left to the details", () => {
    assert.deepEqual(warnings(letter({ people: [person("bob", { finding: readyWith("revocation-not-checked") })] }), translate), []);
  });

  test("a letter without encryption has no warnings about certificates", () => {
    const open = letter({ encrypt: false, people: [person("bob", { finding: readyWith("expires-soon", "certificate-changed") })] });
    assert.deepEqual(warnings(open, translate), []);
    assert.deepEqual(urgentWarnings(open), []);
  });

  test("recipients who are not ready have obstacles and no warnings", () => {
    const unusable = check({ usable: false, warnings: [{ code: "certificate-changed", sentence: "" }] });
    const closed = letter({ people: [person("bob", { finding: { readiness: "unusable", check: unusable } }), person("carol", SOUGHT)] });
    assert.deepEqual(warnings(closed, translate), []);
    assert.deepEqual(urgentWarnings(closed), []);
  });

  test("a new certificate has to be read before the letter leaves, an old one may wait", () => {
    const findings = [readyWith("expires-soon", "certificate-changed"), readyWith("revocation-unknown", "revocation-not-checked")];
    assert.deepEqual(urgentWarnings(letter({ people: findings.map((finding) => person("bob", { finding })) })), ["certificate-changed"]);
  });
});
