/**
 * How trust reaches a signer or a recipient: a tree from where trust begins down to the person, each certificate with
 * its mark and word, its dates, and what is wrong with it.
 */

import { html } from "./dom.js";
import { nodeMark } from "./state_mark.js";

/** @typedef {import("./catalogue.js").Translate} Translate */
/**
 * @typedef {{
 *   role: "anchor" | "authority" | "holder" | "missing", mark: "good" | "bad" | "open", name: string,
 *   certificate: string | null, trust: string, revocation: string, problems: string[],
 * }} TreeNode by `tree` in report.schema.json; `certificate` is a fingerprint
 */
/** @typedef {{addresses: string[], notBefore: string, notAfter: string}} Dated */
/**
 * @typedef {{
 *   find: (fingerprint: string) => Dated | null, day: (iso: string) => string,
 *   action?: (node: TreeNode) => HTMLElement | null,
 * }} TreeOptions `find` knows the certificates, `action` is what may be done about a node
 */

/**
 * @param {Translate} translate
 * @param {TreeNode[]} nodes from the top down
 * @param {TreeOptions} options
 */
export function createPathTree(translate, nodes, options) {
  const tree = nodes.reduceRight(
    (/** @type {HTMLElement | null} */ below, node) =>
      html("ul", { class: "path" }, createNode(translate, node, options, below)),
    /** @type {HTMLElement | null} */ (null),
  );
  tree?.setAttribute("aria-label", translate("path_label"));
  return tree ?? html("p", { text: translate("path_none") });
}

/**
 * @param {Translate} translate
 * @param {TreeNode} node
 * @param {TreeOptions} options
 * @param {HTMLElement | null} below
 */
function createNode(translate, node, { find, day, action }, below) {
  const certificate = node.certificate === null ? null : find(node.certificate);
  const dates = certificate && translate("path_valid", { from: day(certificate.notBefore), until: day(certificate.notAfter) });
  const lines = [node.trust, dates, node.revocation].filter(Boolean);
  const mark = nodeMark(node.mark);
  return html(
    "li",
    { class: `path-node path-node-${node.mark}`, data: { test: "path-node", role: node.role, mark: node.mark } },
    html(
      "div",
      { class: "path-line" },
      mark,
      html(
        "div",
        { class: "path-words" },
        html("p", {}, html("bdi", { class: "path-name", text: node.name }), " ",
          html("span", { class: "path-mark-word", text: translate(`path_${node.mark}`) })),
        html("p", { class: "path-role", text: translate(`path_role_${node.role}`) }),
        ...lines.map((line) => html("p", { class: "path-fact", dir: "auto", text: sentenceCase(line ?? "") })),
        ...node.problems.map((text) => html("p", { class: "path-problem", dir: "auto", text: sentenceCase(text) })),
        action?.(node),
      ),
    ),
    below,
  );
}

/** @param {string} text */
function sentenceCase(text) {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
