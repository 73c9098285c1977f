import { createHash } from 'node:crypto';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { runAndKill } from './faults/kill.ts';
import type { Random } from './faults/random.ts';
import { FAULT_SEED, seededRandom } from './faults/random.ts';

const NAMES = Array.from({ length: 60 }, (_, at) => `data/${at % 7}/${at}.txt`);
/** From the start of Node.js to the end of the command, about, on a slow machine. */
const LONGEST_MS = 700;

/** Every file that holds data, with a digest of its bytes. */
async function contents(rig: Rig): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of await rig.files()) {
    if (isTemporary(name) || (!name.startsWith('data/') && name !== 'big.bin')) continue;
    found.set(name, digestOf(await rig.read(name)));
  }
  return found;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Half-written by a process that was killed: no data, and gone with the next command that works there. */
function isTemporary(name: string): boolean {
  return name.includes('.pipe-tmp-');
}

async function change(rig: Rig, random: Random, round: number): Promise<void> {
  const chosen = NAMES.filter(() => random.next(4) === 0);
  await rig.write(Object.fromEntries(chosen.map((name) => [name, `${name} ${round}`])));
  await rig.write({ 'big.bin': `${round}`.repeat(200_000) });
  await rig.remove(...NAMES.filter(() => random.next(20) === 0));
}

/** Says a command again until it ends well, as somebody would whose machine failed. */
async function again(rig: Rig, args: readonly string[], story: string): Promise<void> {
  const run = await rig.pipe(args);
  expect({ code: run.code, stderr: run.stderr }, `${story}: ${args.join(' ')}`).toEqual({ code: 0, stderr: '' });
}

describe.concurrent(`a data command is killed, seed ${FAULT_SEED}`, () => {
  test.for([0, 1])('nothing is lost, and the same command ends what it began (part %i of 2)', async (part, { rig }) => {
    const random = seededRandom(FAULT_SEED + part);
    await rig.git('init', '-b', 'main');
    await rig.pipe(['init']);
    await change(rig, random, 0);
    await again(rig, ['add', 'data', 'big.bin'], 'first');
    // Each file holds what was recorded of it once, never a part of that.
    const recorded = new Set([...(await contents(rig))].map(([name, digest]) => `${name} ${digest}`));
    let kills = 0;
    await rig.git('add', '-A');
    await rig.git('commit', '-m', '0');
    for (let round = 1; round <= 10; round += 1) {
      await change(rig, random, round);
      const wanted = await contents(rig);
      const told = `seed ${FAULT_SEED + part}, round ${round}`;
      const args = random.pick([['add', 'data', 'big.bin'], ['commit'], ['add', 'data/new.txt', 'big.bin']]);
      if (args.includes('data/new.txt')) {
        await rig.write({ 'data/new.txt': `${round}` });
        wanted.set('data/new.txt', digestOf(`${round}`));
      }
      const delayMs = random.next(LONGEST_MS);
      const killed = await runAndKill(rig, args, { moment: { events: 0, delayMs } });
      if (killed.signal === 'SIGKILL') kills += 1;
      const story = `${told}, ${args.join(' ')} killed after ${delayMs} ms`;
      expect(await contents(rig), story).toEqual(wanted);
      await again(rig, ['status'], story);
      await again(rig, args, story);
      await again(rig, ['commit'], told);
      for (const [name, digest] of wanted) recorded.add(`${name} ${digest}`);
      await rig.git('add', '-A');
      await rig.git('commit', '--allow-empty', '-m', `${round}`);
      // To an earlier state, killed some times on the way, and back.
      for (const [revision, times] of [
        [`HEAD~${1 + random.next(round)}`, 2],
        ['main', 0],
      ] as const) {
        // prettier-ignore
        await rig.git('checkout', '-q', revision);
        for (let time = 0; time < times; time += 1) {
          const delayMs = random.next(LONGEST_MS);
          const run = await runAndKill(rig, ['checkout'], { moment: { events: 0, delayMs } });
          if (run.signal === 'SIGKILL') kills += 1;
          const story = `${told}, checkout of ${revision} killed after ${delayMs} ms`;
          for (const [name, digest] of await contents(rig)) {
            expect(recorded, `${story}: ${name}`).toContain(`${name} ${digest}`);
          }
          await again(rig, ['status'], story);
        }
        await again(rig, ['checkout'], told);
        expect((await rig.pipe(['diff', 'HEAD', '--json'])).json(), told).toMatchObject({ added: [], deleted: [], modified: [] }); // prettier-ignore
      }
      expect(await contents(rig), told).toEqual(wanted);
    }
    expect(kills).toBeGreaterThan(10);
  });
});
