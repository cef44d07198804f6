/**
 * The question before a backup is restored: all that it would bring, by name and fingerprint. Keys, requests and people's
 * certificates come. Each of the other kinds decides whom or what the person trusts, and comes only where it was ticked:
 * somebody else may have made the file.
 */

/** @typedef {import("./backup.js").Offer} Offer */
/** @typedef {ReturnType<typeof describeOffer>} Review */

/** The kinds that come only where they were ticked. */
export const TICKED_KINDS = ["anchors", "followed", "decisions", "sites", "settings"];

/**
 * @param {Offer} offer
 * @param {{replace: boolean, settings: {setting: string, value: string | number | boolean}[]}} chosen `settings` are those
 *   that would be weaker than here
 */
export function describeOffer({ backup, described }, { replace, settings }) {
  const { keyFiles, people, known, anchors, decisions, followed } = described;
  return {
    kind: "backup", replace, madeAt: backup.madeAt, settings,
    keyFiles: keyFiles.map(({ name, identities }) => ({ name, identities: identities.map(named) })),
    requests: backup.requests.map(({ addresses }) => ({ addresses })),
    people: [...people.map(named), ...known.flatMap(({ address, certificates }) =>
      certificates.map(({ fingerprint }) => ({ name: address, fingerprint })))],
    anchors: anchors.map(({ subject, fingerprint }) => ({ name: subject, fingerprint })),
    followed: followed ? [describeList(followed)] : [],
    decisions: decisions.map(({ subject, fingerprint, kind, acceptedFor }) =>
      ({ name: subject, fingerprint, isAuthority: kind !== "exact", acceptedFor })),
    sites: backup.sites.map(({ origin }) => ({ name: origin })),
  };
}

/**
 * What was ticked, and all that needs no tick.
 * @param {Offer} offer @param {string[]} take
 * @returns {Offer}
 */
export function taken({ backup, described }, take) {
  const has = (/** @type {string} */ kind) => take.includes(kind);
  return {
    backup: {
      ...backup, sites: has("sites") ? backup.sites : [],
      decisions: has("decisions") ? backup.decisions : null, followed: has("followed") ? backup.followed : null,
    },
    described: { ...described, anchors: has("anchors") ? described.anchors : [] },
  };
}

/** @param {CertificateInfo} info */
function named({ addresses, subject, fingerprint }) {
  return { name: addresses.join(", ") || subject, fingerprint };
}

/** @param {NonNullable<Offer["described"]["followed"]>} followed */
function describeList({ signer, list }) {
  return {
    name: list?.name ?? signer.subject, signer: signer.subject, fingerprint: signer.fingerprint,
    anchors: list?.anchors.map(({ certificate }) => certificate.name) ?? [],
  };
}
