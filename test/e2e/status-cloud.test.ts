import { expect } from 'vitest';
import { test } from '../rig/test.ts';
import type { PushDocument } from './share/project.ts';
import { commitAll, document, startProject, succeed } from './share/project.ts';

interface Status {
  readonly remotes: readonly {
    readonly total: { readonly new: { readonly objects: number; readonly bytes: number } };
  }[];
}

test('status -c and push tell of the same objects, with what two paths share and what goes with run records', async ({
  rig,
}) => {
  await startProject(rig, {
    'one/a': 'shared',
    'one/b': 'one',
    'two/a': 'shared',
    in: 'made of this',
    'pipeline.yaml': {
      stages: {
        make: {
          cmd: 'cp in made && echo 1 > score.json',
          deps: ['in'],
          outs: ['made'],
          metrics: [{ 'score.json': { cache: false } }],
        },
      },
    },
  });
  await succeed(rig, ['add', 'one', 'two']);
  expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
  await commitAll(rig);
  const status = await document<Status>(rig, ['status', '-c']);
  const dry = await document<PushDocument>(rig, ['push', '--dry']);
  const pushed = await document<PushDocument>(rig, ['push']);
  const { objects, bytes } = status.remotes[0]!.total.new;
  expect(objects).toBe(pushed.remotes[0]!.objects);
  expect(bytes).toBe(dry.remotes[0]!.bytes);
  expect(objects).toBe(dry.remotes[0]!.objects);
  const after = await document<Status>(rig, ['status', '-c']);
  expect(after.remotes[0]!.total.new.objects).toBe(0);
});
