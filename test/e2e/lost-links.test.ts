import { cp, symlink, writeFile } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';

const FILES = ['.pipe', 'pipeline.lock', 'f', 'f.pipe', 'out', 'pipeline.yaml'];

/** A project with a stage that ran, and a tracked file that was changed since; a copy of it lies in `saved`. */
async function start(rig: Rig): Promise<void> {
  await rig.pipe(['init', '-q', '--no-scm']);
  await rig.write({ 'pipeline.yaml': { stages: { make: { cmd: 'echo 1 > out', outs: ['out'] } } }, f: '1' });
  await rig.pipe(['repro', '-q']);
  await rig.pipe(['add', '-q', 'f']);
  await rig.write({ f: '2' });
  await rig.write({ '.pipe/tmp/claims/x': '', '.pipe/tmp/pipeline-lock/x': '' });
  await rig.remove('.pipe/tmp/claims/x', '.pipe/tmp/pipeline-lock/x');
  for (const file of FILES) await cp(rig.path(file), rig.path('../saved', file), { recursive: true });
}

async function startAgain(rig: Rig): Promise<void> {
  await rig.remove(...FILES);
  for (const file of FILES) await cp(rig.path('../saved', file), rig.path(file), { recursive: true });
}

const KINDS = [
  ['a link that leads nowhere', (path: string) => symlink('/nowhere/at/all', path)],
  ['a link in a circle', (path: string) => symlink(path, path)],
  ['a file', (path: string) => writeFile(path, '')],
] as const;

describe.for(KINDS)('%s', ([, make]) => {
  test.for(['.pipe/tmp', '.pipe/tmp/pipeline-lock', '.pipe/cache', '.pipe'])(
    'in place of %s is one problem and no bug',
    async (place, { rig }) => {
      await start(rig);
      for (const args of [['add', 'f'], ['status'], ['repro', '-f'], ['gc', '-w', '-f']]) {
        await startAgain(rig);
        await rig.remove(place);
        await make(rig.path(place));
        const { code, stdout, stderr } = await rig.pipe(args);
        const story = `${args.join(' ')}: ${stderr}`;
        expect([0, 1, 2], story).toContain(code);
        expect(stderr, story).not.toMatch(/bug|\n {4}at /);
        if (code !== 0) expect(stderr + stdout, story).toContain('PIPE_');
      }
    },
  );
});
