import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { PIPE } from '../rig/rig.ts';
import { test } from '../rig/test.ts';

const CHECKOUT = resolve(import.meta.dirname, '../..');

test('in a checkout npx runs the pipe that was built there', () => {
  expect(realpathSync(join(CHECKOUT, 'node_modules/.bin/pipe'))).toBe(realpathSync(PIPE));
  const { status, stdout } = spawnSync('npx', ['--no-install', 'pipe', '--version'], {
    cwd: CHECKOUT,
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: `${manifest.version}\n` });
});

/** The entry and all that it imports at once, without what it loads when a command asks for it. */
function loadedAtStart(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  for (const [, from = ''] of text.matchAll(/(?:^|[;\n])(?:import|export)[^;()]*?["'](\.{1,2}\/[^"']+)["']/g)) {
    loadedAtStart(resolve(dirname(file), from), seen);
  }
  return seen;
}

test('the version is told by an entry of a few kilobytes', () => {
  const bytes = [...loadedAtStart(PIPE)].reduce((sum, file) => sum + statSync(file).size, 0);
  expect(bytes).toBeLessThan(32 * 1024);
});

/** The texts of all files that a run of `pipe` loaded, as V8's coverage names them. */
function loadedFiles(coverage: string): string[] {
  const [report = ''] = readdirSync(coverage);
  const { result } = JSON.parse(readFileSync(join(coverage, report), 'utf8')) as { result: { url: string }[] };
  const files = result.filter(({ url }) => url.startsWith('file:')).map(({ url }) => fileURLToPath(url));
  return files.map((file) => readFileSync(file, 'utf8'));
}

test('status loads neither the live view nor what starts processes', async ({ rig }) => {
  await rig.git('init');
  await rig.pipe(['init']);
  await rig.write({ 'pipeline.yaml': { stages: { one: { cmd: 'true' } } } });
  const env = { NODE_V8_COVERAGE: rig.path('../coverage') };
  expect(await rig.pipe(['status'], { env })).toMatchObject({ code: 0, stderr: '' });
  const loaded = loadedFiles(env.NODE_V8_COVERAGE).join('\n');
  expect(loaded).toContain('pipeline.yaml');
  for (const heavy of ['react-reconciler', 'ExecaError']) expect(loaded).not.toContain(heavy);
});

test('an environment that asks libraries for developer tools changes nothing', async ({ rig }) => {
  const env = { DEV: 'true', NODE_ENV: 'development' };
  expect(await rig.pipe(['--help'], { env })).toMatchObject({ code: 0, stderr: '' });
});
