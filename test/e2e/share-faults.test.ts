import { expect } from 'vitest';
import { seededFaults } from '../rig/fault-proxy.ts';
import type { Rig, RunOptions } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { FAULT_SEED } from './faults/random.ts';
import { bucketProject, cloneProject, commitAll, smallFiles, succeed } from './share/project.ts';
import { proxiedMinio } from './share/proxied-minio.ts';

const started = proxiedMinio();

const SCHEDULES = 10;

/** What may be said of a remote that answers badly; nothing else may be. */
const SAID = /^PIPE_(?:REMOTE_(?:FAILED|UNREACHABLE|FORMAT|BUSY|CREDENTIALS|DENIED)|STORE_DAMAGED|OBJECT_MISSING)$/;

/** A fault of one of so many requests; a silent server costs as long as it is waited for. */
const SHARE = 0.15;
const FAULTS = ['drop', 'cut', 'lose', 'truncate', 'corrupt-up', 'corrupt-down', '503', '500', 'stall'] as const;

/** Runs a command that may fail, and says why then: by a problem, or by what is missing (exit code 1). */
async function tries(rig: Rig, args: readonly string[], options: RunOptions & { story: string }): Promise<boolean> {
  const { story, ...how } = options;
  const run = await rig.pipe([...args, '-q'], how);
  const told = `${story}: ${args.join(' ')}\n${run.stdout}${run.stderr}`;
  const codes = run.stderr.match(/^PIPE_\w+/gm) ?? [];
  expect([0, 1, 2], told).toContain(run.code);
  expect(run.code !== 2 || codes.length > 0, told).toBe(true);
  for (const code of codes) expect(code, told).toMatch(SAID);
  return run.code === 0;
}

test(`${SCHEDULES} schedules of faults over commands: nothing is lost, nothing believed, seeds from ${FAULT_SEED}`, async ({
  rig,
}) => {
  const { minio, proxy } = started;
  await rig.git('init', '-q', '-b', 'main');
  await succeed(rig, ['init', '-q']);
  const { env } = await bucketProject(rig, minio, 'faulty');
  await succeed(rig, ['remote', 'modify', '-q', 'storage', 'read_timeout', '1']);
  let [faults, undone] = [0, 0];
  for (let seed = FAULT_SEED; seed < FAULT_SEED + SCHEDULES; seed += 1) {
    const story = `FAULT_SEED=${seed}`;
    const bad = { env: { ...env, AWS_ENDPOINT_URL: proxy.url }, story };
    proxy.plan(() => undefined);
    await succeed(rig, ['remote', 'modify', '-q', 'storage', 'url', `s3://faulty/seed${seed}`]);
    await succeed(rig, ['remote', 'modify', '-q', 'storage', 'endpointurl', proxy.url]);
    const large = seed % 3 === 0 ? 36_000_000 : 5_000_000;
    await rig.write({ ...smallFiles('old', 60, story), ...smallFiles('data', 200, story) });
    await rig.write({ 'data/large': Buffer.alloc(large, story) });
    await succeed(rig, ['add', '-q', 'data', 'old']);
    await commitAll(rig, story);
    const clone = await cloneProject(rig, `clone${seed}`);

    proxy.plan(seededFaults(seed, SHARE, FAULTS));
    const isPushed = await tries(rig, ['push'], bad);
    await tries(rig, ['pull', '-f'], { ...clone, env: { ...clone.env, ...bad.env }, story });
    await rig.remove('old.pipe');
    const isCollected = await tries(rig, ['gc', '-w', '-c', '-f', '--grace', '0', '--trash', '1'], bad);
    await tries(rig, ['push', '--verify'], bad);
    const isUndone = await tries(rig, ['gc', '--undo', '-c'], bad);
    faults += proxy.seen.filter(({ fault }) => fault !== undefined).length;

    // From here on nothing gets in the way.
    proxy.plan(() => undefined);
    await succeed(rig, ['push'], { env });
    await rig.remove(clone.cwd);
    const fresh = await cloneProject(rig, `fresh${seed}`);
    // What a collection took out is back as a whole.
    const folders = isPushed && isCollected && isUndone ? ['data', 'old'] : ['data'];
    if (folders.length > 1) undone += 1;
    await succeed(rig, ['pull', ...folders], { ...fresh, env: { ...fresh.env, ...env } });
    for (const folder of folders) {
      const same = await rig.run('diff', ['-r', rig.path(folder), rig.path(fresh.cwd, folder)]);
      expect(same.stdout, `${story} ${folder}`).toBe('');
    }
    await rig.remove(fresh.cwd, 'old');
  }
  expect(faults).toBeGreaterThan(SCHEDULES);
  expect(undone).toBeGreaterThan(0);
}, 300_000);
