/** The division of a list. */

/**
 * The values in parts of at most so many values, in their order.
 * @template T
 * @param {readonly T[]} values
 * @param {number} most
 */
export function inParts(values, most) {
  return Array.from({ length: Math.ceil(values.length / most) }, (_, index) => values.slice(index * most, (index + 1) * most));
}
