import { cp, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect } from 'vitest';
import { IGNORE_CASES } from '../../src/command/fixture/ignore-cases.ts';
import type { Finished } from '../rig/process.ts';
import { test } from '../rig/test.ts';
import { dvcBinary } from '../setup/dvc.ts';

const ALL = ['-d', '-n'];

test('check-ignore says what DVC says in a DVC project, with its exit codes, and Git where they differ', async ({
  rig,
}) => {
  await rig.dvc('init', '--quiet', '--no-scm');
  for (const [index, { rules, paths, dvcDiffers }] of IGNORE_CASES.entries()) {
    const cwd = `case-${String(index)}`;
    await cp(rig.path('.dvc'), rig.path(cwd, '.dvc'), { recursive: true });
    for (const [folder, text] of Object.entries(rules)) await rig.write({ [`${cwd}/${folder}/.dvcignore`]: text });
    for (const path of paths) {
      await mkdir(dirname(rig.path(cwd, path)), { recursive: true });
      await rig.write({ [`${cwd}/${path}`]: '' });
    }
    const input = `${paths.join('\n')}\n`;
    // DVC takes its time to start: the other flags are tried where some paths match, and some are taken back.
    const others = paths.includes('keep.tmp') ? [['-d'], []] : [];
    for (const flags of [ALL, ...others]) {
      const ask = (command: string): Promise<Finished> =>
        rig.run(command, ['check-ignore', ...flags, '--stdin'], { cwd, input });
      const [ours, theirs] = (await Promise.all([ask('pipe'), ask(dvcBinary())])).map(answer);
      if (dvcDiffers === true) expect(ours, JSON.stringify(rules)).not.toBe(theirs);
      else expect(ours, JSON.stringify(rules)).toBe(theirs);
    }
  }
});

function answer({ code, stdout }: Finished): string {
  return `${stdout}exit ${String(code)}`;
}

test('check-ignore takes targets or standard input, and tells with its exit code', async ({ rig }) => {
  await rig.pipe(['init', '--no-scm']);
  await rig.write({ '.pipeignore': '# data\n*.tmp\n', 'sub/x': '' });
  expect(await rig.pipe(['check-ignore', 'a.tmp', 'b.csv'])).toMatchObject({ code: 0, stdout: 'a.tmp\n', stderr: '' });
  expect(await rig.pipe(['check-ignore', '-d', 'a.tmp'], { cwd: 'sub' })).toMatchObject({
    code: 0,
    stdout: '.pipeignore:2:*.tmp\ta.tmp\n',
  });
  expect(await rig.pipe(['check-ignore', 'b.csv'])).toMatchObject({ code: 1, stdout: '', stderr: '' });
  expect(await rig.pipe(['check-ignore', '-q', 'a.tmp'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
  expect(await rig.pipe(['check-ignore', '--stdin'], { input: 'b.csv\nc.tmp' })).toMatchObject({ stdout: 'c.tmp\n' });
  expect(await rig.pipe(['check-ignore'])).toMatchObject({ code: 2, stdout: '' });
  expect((await rig.pipe(['check-ignore', '--json', 'a.tmp'])).json()).toMatchObject({ paths: [{ ignored: true }] });
});
