import { expect } from 'vitest';
import type { Finished } from '../rig/process.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { pointer } from './data/commands.ts';
import { flip } from './upkeep/project.ts';

const GROUP = '4321';
const USERS = { ann: '4001', bob: '4002' } as const;
type User = keyof typeof USERS;

/** Runs \`pipe\` as somebody who has a home and a project, and shares nothing with others but the group. */
async function as(rig: Rig, user: User, ...args: string[]): Promise<Finished> {
  const words = [`--reuid=${USERS[user]}`, `--regid=${GROUP}`, '--clear-groups', 'sh', '-c', 'umask 077; exec pipe "$@"', 'sh']; // prettier-ignore
  const home = rig.path('../homes', user);
  const env = {
    HOME: home,
    XDG_CACHE_HOME: `${home}/cache`,
    XDG_CONFIG_HOME: `${home}/config`,
    PIPE_GLOBAL_CONFIG_DIR: `${home}/config/pipe`,
    PIPE_CODE_CACHE: 'off',
    TMPDIR: home,
  };
  return rig.run('setpriv', [...words, ...args], { cwd: `../${user}`, env });
}

async function succeeds<T = unknown>(rig: Rig, user: User, ...args: string[]): Promise<T> {
  const run = await as(rig, user, ...args, '--json');
  expect(run, `${user}: ${args.join(' ')}\n${run.stdout}`).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(run.stdout) as T;
}

/** Writes files as their user does; \`text\` tells one version from another. */
async function writeAs(rig: Rig, user: User, text: string): Promise<void> {
  const small = Array.from(
    { length: 20 },
    (_, at) => [`../${user}/data/${String(at)}`, `${text} ${String(at)}\n`] as const,
  );
  await rig.remove(`../${user}/data`);
  await rig.write({ ...Object.fromEntries(small), [`../${user}/data/large`]: text.repeat(90_000) });
  await rig.run('chown', ['-R', `${USERS[user]}:${GROUP}`, `../${user}`]);
}

/** Hands the record of one user to the other, as Git does. */
async function handOver(rig: Rig, from: User, to: User): Promise<void> {
  await rig.write({ [`../${to}/data.pipe`]: await rig.read(`../${from}/data.pipe`) });
  await rig.run('chown', ['-R', `${USERS[to]}:${GROUP}`, `../${to}`]);
}

async function owners(rig: Rig): Promise<string[]> {
  const { stdout } = await rig.run('find', ['../shared/cache/v1/loose', '../shared/cache/v1/packs', '-type', 'f', '-printf', '%U\n']); // prettier-ignore
  return [...new Set(stdout.trim().split('\n'))].sort();
}

test.for(['copy', 'symlink', 'hardlink,symlink'])(
  'two users of a group share a cache: each checks out, collects, checks and heals what the other stored (%s)',
  async (type, { rig }) => {
    await rig.run('sh', ['-c', `mkdir -m 2775 ../shared && chgrp ${GROUP} ../shared && mkdir -p -m 755 ../homes`]);
    for (const user of ['ann', 'bob'] as const) {
      await rig.run('sh', ['-c', `mkdir -p ../${user} ../homes/${user} && chown ${USERS[user]}:${GROUP} ../${user} ../homes/${user}`]); // prettier-ignore
      await succeeds(rig, user, 'init', '--no-scm');
      for (const [key, value] of [['cache.shared', 'group'], ['cache.type', type]] as const) await as(rig, user, 'config', key, value); // prettier-ignore
      await succeeds(rig, user, 'cache', 'dir', rig.path('../shared/cache'));
    }
    await writeAs(rig, 'ann', 'first');
    await succeeds(rig, 'ann', 'add', 'data');
    await handOver(rig, 'ann', 'bob');
    await succeeds(rig, 'bob', 'checkout');
    expect(await rig.read('../bob/data/large')).toBe('first'.repeat(90_000));
    expect(await rig.read('../bob/data/7')).toBe('first 7\n');

    await writeAs(rig, 'bob', 'second');
    await succeeds(rig, 'bob', 'add', 'data');
    expect(await owners(rig)).toEqual(Object.values(USERS));
    await handOver(rig, 'bob', 'ann');
    await succeeds(rig, 'ann', 'checkout');
    expect(await rig.read('../ann/data/large')).toBe('second'.repeat(90_000));

    // What Ann stored goes by Bob's hand.
    const gone = await succeeds<{ objects: number }>(rig, 'bob', 'gc', '-w', '-f');
    expect(gone.objects).toBeGreaterThan(20);
    expect(await owners(rig)).toEqual([USERS.bob]);
    for (const user of ['ann', 'bob'] as const) {
      expect(await succeeds(rig, user, 'fsck')).toMatchObject({ ok: true, leftovers: [] });
      await rig.remove(`../${user}/data`);
      await succeeds(rig, user, 'checkout');
      expect(await rig.read(`../${user}/data/large`)).toBe('second'.repeat(90_000));
    }

    // What is damaged of Bob's, Ann heals from her workspace.
    await as(rig, 'ann', 'config', 'cache.type', 'copy');
    await succeeds(rig, 'ann', 'checkout', '--relink');
    const { digest } = await pointer(rig, '../bob/data.pipe');
    expect(digest).toBe((await pointer(rig, '../ann/data.pipe')).digest);
    const { stdout } = await rig.run('find', ['../shared/cache/v1/loose', '-type', 'f', '-size', '+100k']);
    const object = rig.path(stdout.trim());
    await rig.run('touch', ['-r', object, '../times']);
    await flip(object, 1_000);
    await rig.run('chmod', ['444', object]);
    await rig.run('touch', ['-r', '../times', object]);
    expect((await as(rig, 'ann', 'fsck')).code).toBe(1);
    expect(await succeeds(rig, 'ann', 'fsck', '--repair')).toMatchObject({ ok: true });
    await rig.remove('../bob/data');
    await succeeds(rig, 'bob', 'checkout');
    expect(await rig.read('../bob/data/large')).toBe('second'.repeat(90_000));
    expect(await succeeds(rig, 'bob', 'fsck')).toMatchObject({ ok: true });
  },
);
