/**
 * Delays work until the current press of a mouse button or finger has ended. A press moves the focus when it begins,
 * and clicks when it ends. If the field that loses the focus changes the layout before the click, the button moves away
 * from under the pointer, and the click is lost.
 */

let isDown = false;

addEventListener("pointerdown", () => { isDown = true; }, true);
for (const type of ["pointerup", "pointercancel"]) addEventListener(type, () => { isDown = false; }, true);

/** Calls the function after the click of the current press, or soon if there is no press. @param {() => void} act */
export function afterPress(act) {
  if (!isDown) return void setTimeout(act);
  const finish = () => {
    for (const type of ["pointerup", "pointercancel"]) removeEventListener(type, finish, true);
    setTimeout(act);
  };
  for (const type of ["pointerup", "pointercancel"]) addEventListener(type, finish, true);
}
