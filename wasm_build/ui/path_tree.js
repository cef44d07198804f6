/**
 * The certification path of a signer or a recipient as a tree, from the trust anchor down to the person. Each
 * certificate has a mark with a word, its dates, and its problems.
 */

import { html, sentenceNodes } from "./dom.js";
import { nodeMark } from "./state_mark.js";
import { anchorWords, problemWords, revocationWords } from "./verdict_words.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/**
 * @typedef {{
 *   role: "anchor" | "authority" | "holder" | "missing", mark: "good" | "bad" | "open", name: string,
 *   certificate: string | null, trust: string, revocation: string, problems: string[],
 * }} TreeNode an item of `tree` in report.schema.json; `certificate` is a fingerprint
 */
/** @typedef {{addresses: string[], notBefore: string, notAfter: string, isCa: boolean}} Dated */
/**
 * @typedef {{
 *   find: (fingerprint: string) => Dated | null, day: (iso: string) => string,
 *   trail: import("./verdict_words.js").Trail | null, action?: (node: TreeNode) => HTMLElement | null,
 * }} TreeOptions `find` looks up a certificate, `trail` is the judged path, `action` makes the buttons of a node
 */

/**
 * @param {Catalogue} translate
 * @param {TreeNode[]} nodes the nodes from the trust anchor down
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
 * @param {Catalogue} translate
 * @param {TreeNode} node
 * @param {TreeOptions} options
 * @param {HTMLElement | null} below
 */
function createNode(translate, node, options, below) {
  const { find, day, action } = options;
  const certificate = node.certificate === null ? null : find(node.certificate);
  const dates = certificate && translate("path_valid", { from: day(certificate.notBefore), until: day(certificate.notAfter) });
  const { trust, revocation, problems } = wordsOf(translate, node, options);
  const lines = [trust, dates, revocation].filter(Boolean);
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
        ...lines.map((line) => html("p", { class: "path-fact", text: sentenceCase(line ?? "") })),
        ...problems.map((text) => html("p", { class: "path-problem" }, ...sentenceNodes(sentenceCase(text)))),
        action?.(node),
      ),
    ),
    below,
  );
}

/**
 * The catalogue's words for a node. Without a trail, the core's English words are used.
 * @param {Catalogue} translate
 * @param {TreeNode} node
 * @param {TreeOptions} options
 */
function wordsOf(translate, node, { find, day, trail }) {
  const { certificate } = node;
  if (certificate === null) return { trust: "", revocation: "", problems: [translate("step_6_1_1_d")] };
  if (!trail) return node;
  const status = trail.revocation.find((entry) => entry.certificate === certificate);
  return {
    trust: trail.anchor?.certificate === certificate ? anchorWords(translate, trail.anchor, { find, day }) : "",
    revocation: status ? revocationWords(translate, status, day) : "",
    problems: problemWords(translate, trail, certificate),
  };
}

/** @param {string} text */
function sentenceCase(text) {
  return text.replace(/^[\u2066\u2068]?\p{L}/u, (first) => first.toLocaleUpperCase());
}
