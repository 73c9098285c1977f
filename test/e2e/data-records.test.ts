import { describe, expect } from 'vitest';
import { test } from '../rig/test.ts';
import { does, files, pointer, project, refuses } from './data/commands.ts';

describe.concurrent('a tracked folder that is not checked out', () => {
  test('takes new files, lets files go and moves them, without reading the rest', async ({ rig }) => {
    await project(rig);
    await rig.write({ 'data/a': 'a', 'data/sub/b': 'b', 'data/sub/c': 'c' });
    await does(rig, 'add', 'data');
    await rig.remove('data');
    await rig.write({ 'data/new.csv': 'new' });
    expect(await does(rig, 'add', 'data/new.csv')).toMatchObject({
      added: [{ path: 'data/new.csv', state: 'changed' }],
    });
    expect(await rig.files('data')).toEqual(['new.csv']);
    await does(rig, 'remove', 'data/sub/b');
    await does(rig, 'move', 'data/sub/c', 'data/deep/er/c');
    await does(rig, 'move', 'data/a', 'out.txt');
    expect(await rig.files()).not.toContain('out.txt');
    await does(rig, 'move', 'data/new.csv', 'data/sub');
    const virtual = await pointer(rig, 'data.pipe');
    await does(rig, 'checkout');
    expect(await rig.files('data')).toEqual(['deep/er/c', 'sub/new.csv']);
    expect([await rig.read('out.txt'), await rig.read('data/sub/new.csv')]).toEqual(['a', 'new']);
    await does(rig, 'add', 'data');
    expect(await pointer(rig, 'data.pipe')).toEqual(virtual);
    expect(await refuses(rig, 'remove', 'data/none')).toEqual(['PIPE_TARGET_UNKNOWN']);
    await does(rig, 'freeze', 'data');
    expect(await refuses(rig, 'remove', 'data/sub/new.csv')).toEqual(['PIPE_FROZEN']);
  });

  test('is not changed where the store lacks what lists it', async ({ rig }) => {
    await project(rig);
    await rig.write({ 'data/a': 'a' });
    await does(rig, 'add', 'data');
    await rig.remove('data', '.pipe/cache');
    await rig.write({ 'data/b': 'b' });
    expect(await refuses(rig, 'add', 'data/b')).toEqual(['PIPE_OBJECT_MISSING']);
    expect(await refuses(rig, 'remove', 'data/a')).toEqual(['PIPE_OBJECT_MISSING']);
    expect(await refuses(rig, 'move', 'data/a', 'x')).toEqual(['PIPE_OBJECT_MISSING']);
  });
});

describe.concurrent('remove', () => {
  test('takes the pointer and its line in .gitignore; data stays unless asked for', async ({ rig }) => {
    await project(rig);
    await rig.write({ a: 'a', b: 'b' });
    await does(rig, 'add', 'a', 'b');
    await does(rig, 'remove', 'a.pipe');
    expect([await rig.exists('a'), await rig.exists('a.pipe'), await rig.read('.gitignore')]).toEqual([true, false, '/b\n']); // prettier-ignore
    await rig.write({ b: 'edited' });
    expect(await refuses(rig, 'remove', 'b', '--outs')).toEqual(['PIPE_UNSAVED']);
    await does(rig, 'remove', 'b', '--outs', '--force');
    expect([await rig.exists('b'), await rig.exists('b.pipe'), await rig.exists('.gitignore')]).toEqual([false, false, false]); // prettier-ignore
    expect(await refuses(rig, 'remove', 'b')).toEqual(['PIPE_TARGET_UNKNOWN']);
  });

  test('takes a stage out of the pipeline, its lock and .gitignore', async ({ rig }) => {
    await project(rig);
    const make = '  # about make\n  make:\n    cmd: echo x > made\n    outs: [made]\n';
    const rest = '# top\nstages:\n  keep: # this\n    cmd: echo y > kept\n    outs: [kept]\n';
    await rig.write({ 'pipeline.yaml': rest + make });
    await rig.pipe(['repro']);
    expect(await refuses(rig, 'remove', 'made')).toEqual(['PIPE_STAGE_OUT']);
    await does(rig, 'remove', 'make');
    expect(await rig.read('pipeline.yaml')).toBe(rest);
    expect(await rig.read('.gitignore')).toBe('/kept\n');
    expect(await rig.read('pipeline.lock')).not.toContain('made');
    expect(await rig.read('made')).toBe('x\n');
    await does(rig, 'remove', 'keep', '--outs');
    expect(await rig.exists('kept')).toBe(false);
    expect((await rig.pipe(['status'])).code).toBe(0);
  });
});

describe.concurrent('move', () => {
  test('takes data, pointer and .gitignore along, into a folder or to a new name', async ({ rig }) => {
    await project(rig);
    await rig.write({ a: 'a', 'into/x': 'x' });
    await does(rig, 'add', 'a');
    await rig.write({ 'a.pipe': `# mine\n${await rig.read('a.pipe')}` });
    await does(rig, 'move', 'a', 'into');
    expect(await files(rig)).toEqual(['into/.gitignore', 'into/a', 'into/a.pipe', 'into/x']);
    expect(await rig.read('into/a.pipe')).toMatch(/^# mine\n/);
    await does(rig, 'move', 'into/a.pipe', 'new/name');
    expect(await files(rig)).toEqual(['into/x', 'new/.gitignore', 'new/name', 'new/name.pipe']);
    expect(await pointer(rig, 'new/name.pipe')).toMatchObject({ path: 'name' });
    expect(await refuses(rig, 'move', 'new/name', 'into/x')).toEqual(['PIPE_POINTER_CONFLICT']);
    expect(await refuses(rig, 'move', 'new/name', '../x')).toEqual(['PIPE_PATH_OUTSIDE']);
    expect(await refuses(rig, 'move', 'new/name', '.git/x')).toEqual(['PIPE_PATH_RESERVED']);
  });

  test('goes from one tracked folder to another, and refuses outs of stages', async ({ rig }) => {
    await project(rig);
    await rig.write({
      'p/a': 'a',
      'p/b': 'b',
      'q/c': 'c',
      'pipeline.yaml': { stages: { make: { cmd: 'echo x > made', outs: ['made'] } } },
    });
    await rig.pipe(['repro']);
    await does(rig, 'add', 'p', 'q');
    await does(rig, 'move', 'p/a', 'q');
    expect([await rig.files('p'), await rig.files('q')]).toEqual([['b'], ['a', 'c']]);
    expect((await does<{ added: { state: string }[] }>(rig, 'add', 'p', 'q')).added.map(({ state }) => state)).toEqual(['unchanged', 'unchanged']); // prettier-ignore
    expect(await refuses(rig, 'move', 'made', 'x')).toEqual(['PIPE_STAGE_OUT']);
    expect(await refuses(rig, 'move', 'p', 'p/inside')).toEqual(['PIPE_USAGE']);
  });
});
