/** The functions that tests/support/extension/session.py runs in pages. */

export async function age(begun, used) {
  const { session } = (globalThis.browser ?? chrome).storage;
  const { unlocked } = await session.get("unlocked");
  const earlier = (moment, by) => ({ ...moment, wall: moment.wall - by });
  unlocked.times = { begun: earlier(unlocked.times.begun, begun), used: earlier(unlocked.times.used, used) };
  await session.set({ unlocked });
}
