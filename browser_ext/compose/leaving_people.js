/** The people of a letter, in the form of the request that sends it: their addresses and the certificates to encrypt for. */

/** @typedef {import("../../wasm_build/ui/recipient_line.js").Person} Person */

/**
 * `people` and `hiddenPeople` are the fingerprints of the certificates, in the order of the people; "" for a person
 * without a certificate.
 * @param {import("../../wasm_build/writing/composition.js").Composition} composition
 * @param {(person: Person) => boolean} [isWanted] selects the people; without it all are included
 */
export function leavingPeople(composition, isWanted = () => true) {
  const [to, cc, bcc] = [composition.to, composition.cc, composition.bcc].map(({ people }) => people.filter(isWanted));
  return {
    to: addressesOf(to), cc: addressesOf(cc), bcc: addressesOf(bcc), people: fingerprintsOf([...to, ...cc]),
    hiddenPeople: fingerprintsOf(bcc), byPassword: addressesOf(byPassword([...to, ...cc, ...bcc])),
  };
}

/** The people who open the letter with a password. @param {Person[]} people */
export function byPassword(people) {
  return people.filter(({ finding }) => finding?.readiness === "password");
}

/** @param {Person[]} people */
function addressesOf(people) {
  return people.map(({ address }) => address);
}

/** @param {Person[]} people */
function fingerprintsOf(people) {
  return people.map(({ finding }) => (finding?.readiness === "ready" ? finding.check.fingerprint : ""));
}
