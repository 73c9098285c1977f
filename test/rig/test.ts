import { test as plain } from 'vitest';
import { Rig } from './rig.ts';

/** A test with a rig of its own: `test('…', async ({ rig }) => …)`. */
export const test = plain.extend<{ rig: Rig }>({
  rig: async ({ task: _task }, use) => {
    const rig = await Rig.create();
    await use(rig);
    await rig.cleanup();
  },
});
