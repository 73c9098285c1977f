import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';

async function start(rig: Rig): Promise<void> {
  await rig.pipe(['init', '-q', '--no-scm']);
  await rig.write({
    'pipeline.yaml': { stages: { make: { cmd: 'echo 1 > out', outs: ['out'] } } },
    f: '1',
  });
  await rig.pipe(['repro', '-q']);
  await rig.pipe(['add', '-q', 'f']);
  await rig.write({ f: '2' });
}

const COMMANDS = [
  ['add', 'f'],
  ['commit'],
  ['checkout', '-f'],
  ['repro', '-f'],
  ['status'],
  ['freeze', 'make'],
  ['gc', '-w', '-f'],
  ['fsck'],
  ['move', 'f', 'g'],
  ['remove', 'f.pipe'],
  ['unprotect', 'f'],
  ['data', 'status'],
];

describe.for(['.pipe/tmp', '.pipe/tmp/pipeline-lock', '.pipe/tmp/claims', '.pipe/cache', '.pipe/cache/v1', '.pipe'])(
  '%s in place of which lies something else',
  (place) => {
    const kinds: Readonly<Record<string, (path: string) => Promise<void>>> = {
      'a link that leads nowhere': (path) => symlink('/nowhere/at/all', path),
      'a link in a circle': (path) => symlink(path, path),
      'a file': (path) => writeFile(path, ''),
    };
    test.for(Object.keys(kinds))('is one problem and no bug: %s', async (kind, { rig }) => {
      for (const args of COMMANDS) {
        await rig.remove('.pipe', 'pipeline.lock', 'f.pipe', 'out', 'f', 'g', 'g.pipe');
        await start(rig);
        await rig.remove(place);
        await mkdir(rig.path('.pipe/tmp'), { recursive: true });
        if (place === '.pipe' || place === '.pipe/tmp') await rig.remove(place);
        await kinds[kind]?.(rig.path(place));
        const run = await rig.pipe(args);
        const story = `${args.join(' ')}: ${run.stderr}`;
        expect([0, 1, 2], story).toContain(run.code);
        expect(run.stderr, story).not.toMatch(/bug|\n {4}at /);
        if (run.code !== 0) expect(run.stderr + run.stdout, story).toMatch(/PIPE_|lacks|missing/);
      }
    });
  },
);
