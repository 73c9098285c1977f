import { expect } from 'vitest';
import { test } from '../rig/test.ts';

test('a pointer is frozen and thawed from the command line, and its comments stay', async ({ rig }) => {
  await rig.pipe(['init', '--no-scm']);
  const pointer = `# raw\nschema: pipe.pointer/1\nouts:\n- path: raw.csv # big\n  digest: b3:${'0'.repeat(64)}\n  size: 3\n`;
  await rig.write({ 'data/raw.csv.pipe': pointer });
  expect(await rig.pipe(['freeze', 'data/raw.csv'])).toMatchObject({ code: 0, stdout: 'Frozen: data/raw.csv\n' });
  expect(await rig.read('data/raw.csv.pipe')).toBe(`${pointer}frozen: true\n`);
  expect(await rig.pipe(['unfreeze', 'raw.csv.pipe'], { cwd: 'data' })).toMatchObject({ code: 0 });
  expect(await rig.read('data/raw.csv.pipe')).toBe(pointer);
});
