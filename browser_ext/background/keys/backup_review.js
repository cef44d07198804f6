/**
 * The question before a backup is restored: all its entries, by name and fingerprint. Keys, requests and people's
 * certificates are always restored. The other kinds decide whom or what the person trusts. These kinds are restored
 * only if the person ticks them, since somebody else may have made the file.
 */

/** @typedef {import("./backup.js").Offer} Offer */
/** @typedef {ReturnType<typeof describeOffer>} Review */

/** The kinds that are restored only if the person ticks them. */
export const TICKED_KINDS = ["anchors", "followed", "decisions", "sites", "settings"];

/**
 * @param {Offer} offer
 * @param {{replace: boolean, settings: ReturnType<typeof import("./backup_settings.js").weakenings>}} chosen `settings` are those
 *   that the backup would weaken
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
 * The offer without the kinds that need a tick and have none. The settings stay, because `restore` handles them itself.
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
function named({ addresses, name, fingerprint }) {
  return { name: addresses.join(", ") || name, fingerprint };
}

/** @param {NonNullable<Offer["described"]["followed"]>} followed */
function describeList({ signer, list }) {
  return {
    name: list?.name ?? signer.name, signer: signer.name, fingerprint: signer.fingerprint,
    anchors: list?.anchors.map(({ certificate }) => certificate.name) ?? [],
  };
}
