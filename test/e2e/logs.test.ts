import { expect } from 'vitest';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';
import { outcomes, repro, setUp } from './repro/project.ts';

test('a log holds both outputs of the last run in order, without progress reports', async ({ rig }) => {
  await setUp(
    rig,
    {
      talk: {
        cmd: ['echo one; sleep 0.05; echo two >&2', 'echo "::progress 0.5 half"', 'printf three'],
        deps: ['in'],
        outs: [],
      },
    },
    { in: '' },
  );
  const { events } = await repro(rig);
  expect(events.filter(({ type }) => type === 'stage-progress')).toMatchObject([{ fraction: 0.5, message: 'half' }]);
  expect(await rig.pipe(['logs', 'talk'])).toMatchObject({ code: 0, stdout: 'one\ntwo\nthree\n', stderr: '' });
});

test('a restored stage has the log of the run that made its outs, with its time and duration', async ({ rig }) => {
  await setUp(
    rig,
    { train: { cmd: 'echo training ${n}; echo ${n} > out', params: ['n'], outs: ['out'] } },
    { 'params.yaml': 'n: 1\n' },
  );
  await outcomes(rig);
  const first = (await rig.pipe(['logs', 'train', '--json'])).json<{ logs: { startedAt: string }[] }>();
  await rig.write({ 'params.yaml': 'n: 2\n' });
  await outcomes(rig);
  expect((await rig.pipe(['logs', 'train'])).stdout).toBe('training 2\n');
  await rig.write({ 'params.yaml': 'n: 1\n' });
  expect(await outcomes(rig)).toEqual({ train: 'restored' });
  expect((await rig.pipe(['logs', 'train'])).stdout).toBe('training 1\n');
  expect((await rig.pipe(['logs', 'train', '--json'])).json<typeof first>().logs[0]?.startedAt).toBe(
    first.logs[0]?.startedAt,
  );
});

test('a log is found in the store when the folder of temporary files is gone', async ({ rig }) => {
  await setUp(rig, { train: { cmd: 'echo training; echo 1 > out', deps: ['in'], outs: ['out'] } }, { in: '' });
  await outcomes(rig);
  await rig.remove('.pipe/tmp');
  expect((await rig.pipe(['logs', 'train'])).stdout).toBe('training\n');
});

test('the log of a failed stage tells its exit code', async ({ rig }) => {
  await setUp(rig, { bad: { cmd: 'echo why; exit 3', deps: ['in'] } }, { in: '' });
  await repro(rig);
  const document = (await rig.pipe(['logs', 'bad', '--json'])).json();
  expectValid(document);
  expect(document).toMatchObject({ logs: [{ stage: 'bad', text: 'why\n', exitCode: 3 }] });
});

test('several stages come one below the other, and one without a log says so', async ({ rig }) => {
  await setUp(rig, { a: { cmd: 'echo from a' }, b: { cmd: 'true' }, c: { cmd: 'true', frozen: true } });
  await outcomes(rig);
  const { code, stdout } = await rig.pipe(['logs', 'a', 'b', 'c']);
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "── a
    from a
    ── b
    "b" has no log: it wrote nothing, or has not run here
    ── c
    "c" has no log: it wrote nothing, or has not run here
    "
  `);
  const document = (await rig.pipe(['logs', 'a', 'b', 'c', '--json'])).json();
  expectValid(document);
  expect(document).toMatchObject({ logs: [{ text: 'from a\n' }, { text: null }, { text: null }] });
});

test('a log can be read while its stage runs', async ({ rig }) => {
  const command = await rig.command();
  await setUp(rig, { slow: { cmd: command.line } });
  const running = rig.spawn(['repro']);
  const call = await command.next();
  await call.print('so far\n');
  await expect.poll(async () => (await rig.pipe(['logs', 'slow'])).stdout).toBe('so far\n');
  await call.exit();
  await running.done;
});

test('bytes that are not UTF-8, very long lines and many lines are kept', async ({ rig }) => {
  await setUp(rig, {
    odd: { cmd: String.raw`printf 'a\377b\n\r50%%\r100%%\n'` },
    long: { cmd: "head -c 300000 /dev/zero | tr '\\0' x; echo" },
    many: { cmd: 'seq 50000' },
  });
  await outcomes(rig);
  // A line without end needs no memory: it is cut into pieces.
  expect((await rig.pipe(['logs', 'long'])).stdout.replaceAll('\n', '')).toBe('x'.repeat(300_000));
  expect((await rig.pipe(['logs', 'many'])).stdout.split('\n')).toHaveLength(50_001);
  expect((await rig.pipe(['logs', 'odd'])).stdout).toBe('a\ufffdb\n100%\n');
});
