/**
 * The pieces in one new run of bytes. The pieces stay as they are.
 * @param {Uint8Array[]} pieces
 */
export function joinBytes(pieces) {
  // A small array without a separate buffer would be on the JavaScript heap, where nothing overwrites it.
  const whole = new Uint8Array(new ArrayBuffer(pieces.reduce((sum, { length }) => sum + length, 0)));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
