/**
 * The picture of a passphrase, for people who ask to see it. A canvas shows each character in a cell, drawn from a
 * string of only that character. So the text is never in the document. Hiding the picture removes the pixels.
 */

import { html } from "./dom.js";

/** @typedef {import("./secret_text.js").SecretText} SecretText */

const CELL = Object.freeze({ width: 22, height: 32 });
const FONT_PIXELS = 18;
/** The visible sign that is drawn for a blank. */
const OPEN_BOX = "\u2423";

/** @param {string} label the label for screen readers, which cannot read a canvas */
export function createSecretPicture(label) {
  const canvas = html("canvas", {
    class: "secret-picture", role: "img", "aria-label": label, hidden: true, width: 0, height: 0,
    data: { test: "secret-picture" },
  });
  return {
    element: canvas,
    /** @param {SecretText} text */
    draw(text) {
      canvas.hidden = false;
      const columns = Math.max(1, Math.floor(canvas.parentElement?.clientWidth ?? CELL.width) / CELL.width | 0);
      const clusters = [...text.clusters()];
      const rows = Math.max(1, Math.ceil(clusters.length / columns));
      drawCells(canvas, clusters, { columns: Math.min(columns, Math.max(1, clusters.length)), rows });
      clusters.length = 0;
    },
    hide() {
      canvas.hidden = true;
      // A canvas without size keeps no pixels.
      canvas.width = 0;
      canvas.height = 0;
    },
  };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {string[]} clusters
 * @param {{columns: number, rows: number}} size
 */
function drawCells(canvas, clusters, { columns, rows }) {
  const scale = devicePixelRatio;
  canvas.width = columns * CELL.width * scale;
  canvas.height = rows * CELL.height * scale;
  canvas.style.inlineSize = `${columns * CELL.width}px`;
  const context = canvas.getContext("2d");
  if (!context) return;
  const style = getComputedStyle(canvas);
  context.scale(scale, scale);
  context.font = `${FONT_PIXELS}px ${style.fontFamily}`;
  context.fillStyle = style.color;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const isRightToLeft = style.direction === "rtl";
  clusters.forEach((cluster, index) => {
    const column = index % columns;
    const cell = isRightToLeft ? columns - 1 - column : column;
    const [x, y] = [(cell + 0.5) * CELL.width, (Math.floor(index / columns) + 0.5) * CELL.height];
    context.fillText(cluster === " " ? OPEN_BOX : cluster, x, y, CELL.width);
  });
}
