import { join, resolve } from 'node:path';
import { runInstaller } from './run.ts';

/** Builds `dist/` once, before the first end-to-end test: they run the command as a user does. */
export default async function buildOnce(): Promise<void> {
  const root = resolve(import.meta.dirname, '../..');
  await runInstaller(process.execPath, [join(root, 'scripts/build.mjs')], root);
}
