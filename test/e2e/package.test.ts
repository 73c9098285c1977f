import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { runInstaller } from '../setup/run.ts';
import { test } from '../rig/test.ts';

const CHECKOUT = resolve(import.meta.dirname, '../..');

describe('the package', () => {
  let folder = '';
  let installed = '';
  let pipe = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pipe-package-'));
    // `dist` is built already: the scripts of `npm pack` would build it under the feet of other tests.
    await runInstaller('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], CHECKOUT);
    const [tarball = ''] = await readdir(folder);
    const options = ['--global', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'];
    await runInstaller('npm', ['install', ...options, join(folder, tarball)], folder);
    installed = join(folder, 'lib/node_modules', manifest.name);
    pipe = join(folder, 'bin/pipe');
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test('holds the command, its docs and schemas, and no sources or tests', async () => {
    const entries = await readdir(installed, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1))
      .filter((path) => !path.startsWith('node_modules/'));
    const allowed =
      /^(package\.json|README\.md|LICENSE|NOTICE|CHANGELOG\.md|dist\/.+\.js|dist\/(notices\.txt|package\.json)|schema\/.+\.json|docs\/.+)$/;
    expect(paths.filter((path) => !allowed.test(path) || path.includes('.test.'))).toEqual([]);
    expect(paths).toContain('dist/cli.js');
  });

  test('brings its dependencies and nothing that only its development needs', async () => {
    const names = await readdir(join(installed, 'node_modules'));
    for (const name of Object.keys(manifest.devDependencies)) expect(names).not.toContain(name);
  });

  test('runs where it is installed, away from the checkout', async ({ rig }) => {
    const env = { PATH: [dirname(pipe), dirname(process.execPath), '/usr/bin', '/bin'].join(':') };
    expect(await rig.run('pipe', ['--version'], { env })).toMatchObject({ code: 0, stdout: `${manifest.version}\n` });
    const version = await rig.run('pipe', ['version'], { env });
    expect(version).toMatchObject({ code: 0, stderr: '' });
    expect(version.stdout).toContain(manifest.version);
    const help = await rig.run('pipe', ['--help'], { env });
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('repro');
  });

  test('makes a project and runs its pipeline', async ({ rig }) => {
    await rig.git('init');
    expect(await rig.run(pipe, ['init'])).toMatchObject({ code: 0 });
    await rig.write({ 'pipeline.yaml': { stages: { one: { cmd: 'echo made > out', outs: ['out'] } } } });
    expect(await rig.run(pipe, ['repro'])).toMatchObject({ code: 0 });
    expect(await rig.read('out')).toBe('made\n');
  });

  test('does the same without the native hash, where npm finds none for the machine', async ({ rig }) => {
    await rm(join(installed, 'node_modules/@napi-rs'), { recursive: true });
    await rig.git('init');
    expect(await rig.run(pipe, ['init'])).toMatchObject({ code: 0 });
    await rig.write({ 'data/a': 'a\n', large: Buffer.alloc(3_000_000, 'l') });
    expect(await rig.run(pipe, ['add', 'data', 'large'])).toMatchObject({ code: 0 });
    // What the native hash says of the same bytes.
    expect(await rig.pipe(['add', 'data', 'large'])).toMatchObject({ code: 0 });
    expect(await rig.run(pipe, ['fsck'])).toMatchObject({ code: 0 });
    expect(await rig.pipe(['fsck'])).toMatchObject({ code: 0 });
  });
});
