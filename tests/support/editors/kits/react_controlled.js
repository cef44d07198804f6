import { createElement, useState } from "react";
import { createRoot } from "react-dom/client";
import { begin, place } from "./kit.js";

let state, setState;
function Writer() {
  [state, setState] = useState("");
  return createElement("textarea", { rows: 8, value: state, onChange: ({ target }) => setState(target.value) });
}
createRoot(place).render(createElement(Writer));
while (!place.querySelector("textarea")) await new Promise((resolve) => setTimeout(resolve, 50));
begin({ model: () => state, write: (text) => setState(text), undo: () => document.execCommand("undo") });
