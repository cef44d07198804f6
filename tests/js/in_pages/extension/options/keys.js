/** The functions that tests/extension/options/test_keys.py runs in pages. */

export async function letTheTimePass() {
  const { session } = (globalThis.browser ?? chrome).storage;
  const { unlocked } = await session.get("unlocked");
  const earlier = (moment) => ({ ...moment, wall: moment.wall - 6 * 60_000 });
  unlocked.times = { begun: earlier(unlocked.times.begun), used: earlier(unlocked.times.used) };
  await session.set({ unlocked });
}

export function setFiveMinutes() {
  const choice = document.querySelector('[data-test=idle-minutes]');
  choice.value = '5';
  choice.dispatchEvent(new Event('change'));
}
