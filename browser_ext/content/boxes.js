/** The elements (boxes) that the extension has put into the page. @type {WeakSet<Node>} */
export const boxes = new WeakSet();
