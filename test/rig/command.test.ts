import { expect } from 'vitest';
import { test } from './test.ts';

test('a fake command runs until the test releases it', async ({ rig }) => {
  const command = await rig.command();
  const running = rig.start('sh', ['-c', `${command.line} one two`], { env: { SEEN: 'yes' } });
  const call = await command.next();
  expect(call.started).toMatchObject({ cwd: rig.project, args: ['one', 'two'], env: { SEEN: 'yes' } });
  await call.print('words');
  await call.write({ 'out/a.txt': 'made' });
  expect(await rig.read('out/a.txt')).toBe('made');
  expect(running.ended).toBe(false);
  await call.exit(4);
  expect(await running.done).toMatchObject({ code: 4, stdout: 'words' });
});

test('runs of a fake command are told apart and released in any order', async ({ rig }) => {
  const command = await rig.command();
  const running = ['a', 'b'].map((word) => rig.start('sh', ['-c', `${command.line} ${word}`]));
  const calls = [await command.next(), await command.next()];
  const [a, b] = ['a', 'b'].map((word) => calls.find((call) => call.started.args[0] === word));
  await b!.exit(2);
  expect((await running[1]!.done).code).toBe(2);
  expect(running[0]!.ended).toBe(false);
  await a!.exit();
  expect((await running[0]!.done).code).toBe(0);
});

test('a fake command tells of a signal that it holds', async ({ rig }) => {
  const command = await rig.command();
  const running = rig.start('sh', ['-c', `exec ${command.line}`]);
  const call = await command.next();
  await call.hold('SIGTERM');
  running.killGroup('SIGTERM');
  await call.signalled('SIGTERM');
  expect(call.running).toBe(true);
  running.killGroup('SIGKILL');
  await call.ended();
  expect((await running.done).signal).toBe('SIGKILL');
});

test('a fake command that is killed fails what waits for it', async ({ rig }) => {
  const command = await rig.command();
  rig.start('sh', ['-c', `exec ${command.line}`]);
  const call = await command.next();
  process.kill(call.started.pid, 'SIGKILL');
  await call.ended();
  await expect(call.print('late')).rejects.toThrow(/the command has ended/);
});

test('a fake command ends with its test, also when nobody is left to end it', async ({ rig }) => {
  const command = await rig.command();
  await rig.run('sh', ['-c', `setsid ${command.line} >/dev/null 2>&1 &`]);
  const call = await command.next();
  await command.close();
  await call.ended();
  await expect.poll(() => rig.leftovers()).toEqual([]);
});
