/** `npm run test:nodes`: the unit tests on each supported Node in turn. Words after it go to vitest. */
import { spawnSync } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { installNode, NODE_VERSIONS } from './node.ts';

const VITEST = resolve(import.meta.dirname, '../../node_modules/vitest/vitest.mjs');

for (const version of NODE_VERSIONS) {
  const node = await installNode(version);
  console.log(`\n=== Node ${version}`);
  const env = { ...process.env, PATH: `${dirname(node)}:${process.env['PATH'] ?? ''}` };
  const words = ['run', '--project', 'unit', ...process.argv.slice(2)];
  const { status } = spawnSync(node, [VITEST, ...words], { stdio: 'inherit', env });
  if (status !== 0) process.exitCode = 1;
}
