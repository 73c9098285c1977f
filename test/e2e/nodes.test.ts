import { delimiter, dirname, resolve } from 'node:path';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { NODE_VERSIONS, nodeBinary } from '../setup/node.ts';

const CHECKOUT = resolve(import.meta.dirname, '../..');

/** An environment in which `node` is that version. */
function onNode(rig: Rig, version: string): { env: Record<string, string> } {
  return { env: { PATH: [dirname(nodeBinary(version)), rig.env['PATH']].join(delimiter) } };
}

describe.each(NODE_VERSIONS)('on Node %s', (version) => {
  test('pipe makes a project, runs its pipeline once, and restores what was removed', async ({ rig }) => {
    const node = onNode(rig, version);
    expect(await rig.run('node', ['--version'], node)).toMatchObject({ stdout: `v${version}\n` });
    await rig.git('init');
    expect(await rig.pipe(['init'], node)).toMatchObject({ code: 0 });
    const copy = { cmd: 'cp in.txt out.txt && echo ran >> ../log', deps: ['in.txt'], outs: ['out.txt'] };
    await rig.write({ 'in.txt': 'text', 'pipeline.yaml': { stages: { copy } } });
    expect(await rig.pipe(['repro'], node)).toMatchObject({ code: 0 });
    await rig.remove('out.txt');
    expect(await rig.pipe(['repro'], node)).toMatchObject({ code: 0 });
    expect(await rig.read('out.txt')).toBe('text');
    expect(await rig.read('../log')).toBe('ran\n');
    expect(await rig.pipe(['status', '--quiet'], node)).toMatchObject({ code: 0 });
  });

  test('a run is shown on a terminal', async ({ rig }) => {
    const node = onNode(rig, version);
    await rig.git('init');
    await rig.pipe(['init'], node);
    await rig.write({ 'pipeline.yaml': { stages: { greet: { cmd: 'echo made > out', outs: ['out'] } } } });
    const terminal = rig.terminal(['repro'], node);
    expect(await terminal.done).toBe(0);
    expect(terminal.history().join('\n')).toContain('greet');
  });

  test('the unit tests of what touches the disk and WebAssembly pass', async ({ rig }) => {
    const vitest = resolve(CHECKOUT, 'node_modules/vitest/vitest.mjs');
    const files = ['src/kit', 'src/index', 'src/store/object', 'src/store/pack', 'src/store/link', 'src/store/restore'];
    const options = { ...onNode(rig, version), cwd: CHECKOUT, limit: 290_000 };
    const { code, stdout, stderr } = await rig.run('node', [vitest, 'run', '--project', 'unit', ...files], options);
    expect(code, (stdout + stderr).split(/(?=Failed Tests)/).at(-1)).toBe(0);
  });
});
