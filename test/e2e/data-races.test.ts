import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { does } from './data/commands.ts';
import type { Random } from './faults/random.ts';
import { FAULT_SEED, seededRandom } from './faults/random.ts';
import { fsck } from './upkeep/project.ts';

const PROJECTS = ['.', '../other'] as const;
const ROUNDS = 6;
const LIMIT = { timeout: 240_000 };

/** Two projects that share a cache. */
async function twoProjects(rig: Rig): Promise<void> {
  for (const cwd of PROJECTS) {
    await rig.write({ [`${cwd}/.keep`]: '' });
    expect(await rig.pipe(['init', '-q', '--no-scm'], { cwd })).toMatchObject({ code: 0 });
  }
  await rig.pipe(['cache', 'dir', rig.path('.pipe/cache')], { cwd: '../other' });
}

/** Writes a folder of which some files are those of other rounds and of the other project. */
async function writeSome(rig: Rig, random: Random, folder: string): Promise<Map<string, string>> {
  await rig.remove(folder);
  const files = new Map<string, string>();
  for (let at = 0; at < 30; at += 1) files.set(`${folder}/${at % 3}/${at}`, `${at} ${random.next(3)}\n`);
  for (let at = 0; at < 2; at += 1) files.set(`${folder}/large${at}`, `${random.next(3)}`.repeat(90_000));
  await rig.write(Object.fromEntries(files));
  return files;
}

async function runs(rig: Rig, [cwd, ...args]: readonly string[], story: string): Promise<void> {
  const run = await rig.pipe(args, { cwd: cwd ?? '.' });
  // Who waits for another process says so.
  const said = run.stderr.replace(/^waiting for .*\n(?: {2}hint: .*\n)?/gm, '');
  expect([run.code, said], `${story}: ${args.join(' ')}\n${run.stderr}`).toEqual([0, '']);
}

async function expectFiles(rig: Rig, files: ReadonlyMap<string, string>, story: string): Promise<void> {
  for (const [name, text] of files) expect(await rig.read(name), `${story}: ${name}`).toBe(text);
}

async function expectWell(rig: Rig, story: string): Promise<void> {
  for (const cwd of PROJECTS) {
    const { leftovers, ...found } = await fsck(rig, [], { cwd });
    expect(found, story).toMatchObject({ ok: true, damaged: [], missing: [], problems: [] });
    // The lease of who has ended while somebody collected stays until the next collection.
    expect(leftovers.filter((name) => !name.startsWith('v1/leases/')), story).toEqual([]); // prettier-ignore
  }
}

describe.concurrent(`at once on one cache, seed ${FAULT_SEED}`, () => {
  test.for(['copy', 'hardlink'])(
    'two adds and a gc: what was added can be checked out (%s)',
    LIMIT,
    async (type, { rig }) => {
      const random = seededRandom(FAULT_SEED);
      await twoProjects(rig);
      for (const cwd of PROJECTS) await rig.pipe(['config', 'cache.type', type], { cwd });
      for (let round = 0; round < ROUNDS; round += 1) {
        const story = `seed ${FAULT_SEED}, round ${round}`;
        const [ours, theirs] = [await writeSome(rig, random, 'data'), await writeSome(rig, random, '../other/data')];
        const collections = [['gc', '-q', '-w', '-f', '-p', '../other'], ['gc', '-q', '-w', '-f', '-p', '../other', '--trash', '1']]; // prettier-ignore
        await Promise.all([
          runs(rig, ['.', 'add', '-q', 'data'], story),
          runs(rig, ['../other', 'add', '-q', 'data'], story),
          runs(rig, ['.', ...random.pick(collections)], story),
        ]);
        await expectWell(rig, story);
        await rig.remove('data', '../other/data');
        for (const cwd of PROJECTS) await runs(rig, [cwd, 'checkout', '-q'], story);
        await expectFiles(rig, new Map([...ours, ...theirs]), story);
      }
    },
  );

  test(
    'two adds, commits and a checkout in one project wait for each other, and each is recorded',
    LIMIT,
    async ({ rig }) => {
      const random = seededRandom(FAULT_SEED + 1);
      await twoProjects(rig);
      for (let round = 0; round < ROUNDS; round += 1) {
        const story = `seed ${FAULT_SEED + 1}, round ${round}`;
        const wanted = new Map([...(await writeSome(rig, random, 'data')), ...(await writeSome(rig, random, 'more'))]);
        await Promise.all([
          runs(rig, ['.', 'add', '-q', 'data', 'more'], story),
          runs(rig, ['.', 'add', '-q', 'more', 'data'], story),
          ...(round === 0 ? [] : [runs(rig, ['.', 'commit', '-q', 'data.pipe'], story)]),
        ]);
        await expectWell(rig, story);
        await rig.remove('data', 'more');
        const checkout = runs(rig, ['.', 'checkout', '-q'], story);
        await Promise.all([checkout, runs(rig, ['.', 'checkout', '-q'], story), runs(rig, ['.', 'gc', '-q', '-w', '-f', '-p', '../other'], story)]); // prettier-ignore
        await expectFiles(rig, wanted, story);
        expect((await rig.files()).filter((name) => name.includes('.pipe-tmp-'))).toEqual([]);
      }
    },
  );

  test('repro, add, gc and checkout: whatever is recorded is there afterwards', LIMIT, async ({ rig }) => {
    const random = seededRandom(FAULT_SEED + 2);
    await twoProjects(rig);
    await rig.write({
      '../other/pipeline.yaml': {
        stages: { s: { cmd: 'mkdir made; cp in made/1; cp in made/2', deps: ['in'], outs: ['made'] } },
      },
      '../other/in': '0',
    });
    for (let round = 0; round < ROUNDS; round += 1) {
      const story = `seed ${FAULT_SEED + 2}, round ${round}`;
      const number = `${random.next(3)}`;
      const ours = await writeSome(rig, random, 'data');
      await rig.write({ '../other/in': number });
      await Promise.all([
        runs(rig, ['../other', 'repro', '-q'], story),
        runs(rig, ['.', 'add', '-q', 'data'], story),
        runs(rig, ['.', 'gc', '-q', '-w', '-f', '-p', '../other'], story),
        runs(rig, ['../other', 'gc', '-q', '-w', '-f', '-p', '../project'], story),
      ]);
      await expectWell(rig, story);
      await rig.remove('data', '../other/made');
      await Promise.all([
        runs(rig, ['.', 'checkout', '-q'], story),
        runs(rig, ['../other', 'checkout', '-q'], story),
        runs(rig, ['../other', 'gc', '-q', '-w', '-f', '-p', '../project'], story),
      ]);
      await expectFiles(rig, new Map([...ours, ['../other/made/1', number]]), story);
    }
  });
});

/** Writes as an editor does that keeps the file: grows it, or writes its next generation over the last one. */
const WRITER = `
import itertools, os, sys, time
path, way = sys.argv[1:]
file = os.open(path, os.O_WRONLY)
for number in itertools.count(1):
    if way == "grows":
        os.lseek(file, 0, os.SEEK_END)
        os.write(file, b"0123456789" * 1_000)
        time.sleep(0.002)
    else:
        for chunk in range(48):
            os.pwrite(file, bytes([65 + number % 26]) * (1 << 18), chunk << 18)
            time.sleep(0.001)
`;

/** Whether a file that grows is what it was at one moment: its start, and chunks of which the last may be cut off. */
function grewTo(text: string, start: string): boolean {
  const chunks = text.slice(start.length);
  return text.startsWith(start) && '0123456789'.repeat(Math.ceil(chunks.length / 10)).startsWith(chunks);
}

/** Whether a file that is written over is what it was at one moment: what is left of one generation, behind the next. */
function isOneMoment(text: string): boolean {
  const letters = [text[0] ?? ''];
  for (let at = 1; at < text.length; at += 1) if (text[at] !== text[at - 1]) letters.push(text[at] ?? '');
  const [first = '', second = ''] = letters;
  const isNext = (first.charCodeAt(0) - second.charCodeAt(0) + 26) % 26 === 1;
  return letters.length === 1 || (letters.length === 2 && isNext);
}

describe.concurrent('a file that somebody writes while it is added', () => {
  const START = 'x'.repeat(3_000_000);
  test.for([
    ['grows', START, (text: string) => grewTo(text, START)],
    ['is larger than 8 MiB and grows', START.repeat(3), (text: string) => grewTo(text, START.repeat(3))],
    ['is larger than 8 MiB and written in place', 'A'.repeat(12 << 20), isOneMoment],
  ] as const)(
    'and that %s is told, or recorded as it was at one moment',
    LIMIT,
    async ([way, start, isRight], { rig }) => {
      await twoProjects(rig);
      await rig.write({ 'data/written': start, 'data/a': 'a', 'writer.py': WRITER });
      const words = ['writer.py', rig.path('data/written'), way.endsWith('grows') ? 'grows' : 'over'];
      const writer = rig.start('python3', words, { limit: 200_000 });
      const done = { told: 0, taken: 0 };
      const addAndLook = async (story: string): Promise<void> => {
        const run = await rig.pipe(['add', 'data']);
        if (run.code !== 0) {
          expect(run.stderr).toMatch(/^PIPE_FILE_CHANGED {2}data\/written changed while it was being read\n {2}hint: /);
          done.told += 1;
          return;
        }
        await rig.run('cp', ['-r', 'data.pipe', '../other/data.pipe']);
        await runs(rig, ['../other', 'checkout', '-f', '-q'], story);
        expect(isRight(await rig.read('../other/data/written')), story).toBe(true);
        done.taken += 1;
      };
      for (let round = 0; round < 30 && (round < 3 || done.told === 0); round += 1) await addAndLook(`round ${round}`);
      for (let round = 0; round < 2; round += 1) {
        writer.kill('SIGSTOP');
        await addAndLook(`it rests, round ${round}`);
        expect(await rig.read('../other/data/written')).toBe(await rig.read('data/written'));
        writer.kill('SIGCONT');
      }
      writer.kill('SIGKILL');
      await writer.done;
      expect([done.told > 0, done.taken > 1], JSON.stringify(done)).toEqual([true, true]);
      await does(rig, 'add', 'data');
      expect(await does(rig, 'data', 'status')).toMatchObject({});
      expect(await fsck(rig)).toMatchObject({ ok: true });
    },
  );
});
