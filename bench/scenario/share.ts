import { pipeCheckout } from '../contender/data/pipe.ts';
import { dvcPull, dvcPush, dvcPushAgain, dvcStatusCloud } from '../contender/share/dvc.ts';
import {
  pipeAddAndPush,
  pipeFetch,
  pipePull,
  pipePush,
  pipePushAgain,
  pipePushOneChange,
  pipeStatusCloud,
} from '../contender/share/pipe.ts';
import { resticBackupToBucket, resticRestoreFromBucket } from '../contender/share/restic.ts';
import { s5cmdAndCopy, s5cmdDownload, s5cmdUpload } from '../contender/share/s5cmd.ts';
import type { DataSet } from '../data/data-set.ts';
import { growingData, hugeFolderData, largeFileData, smallData, thumbnailData } from '../data/data-set.ts';
import { spaceFor } from '../data/space.ts';
import { growthBudgets, growthName } from '../growth.ts';
import type { Absent, Budget, Contender, Scenario } from '../scenario.ts';

/** Copies of the data at once: the shared one, and those of pipe, DVC, s5cmd and restic with what they store twice. */
const COPIES = 9;

/** Without peers: what is pushed, what a second clone pulls to prove it, and below half of that in packs. */
const COPIES_OF_PIPE = 2.5;

/** At least 0.9 times as fast as s5cmd. */
const AS_S5CMD: Budget = { kind: 'ratio', atMost: 1.11, to: 's5cmd' };

/** s5cmd takes 70,000 objects one by one, and a million files take long in any way: two rounds say enough. */
const FEW = 2;

const COUNTS = [70_000, 700_000];

/** From here on, one run takes so long that it varies little. */
const MANY = 700_000;

/**
 * Sharing: `push`, `pull` and `status -c`, with a MinIO on the same machine and with a folder.
 * @param options `scale`: the share of the data to work on
 */
export function shareScenarios({ scale }: { scale: number }): readonly Scenario[] {
  const all = [
    ...small(smallData(scale)),
    ...folder(smallData(scale)),
    ...wire(thumbnailData(scale)),
    ...wire(largeFileData(scale)),
    intoCache(largeFileData(scale)),
    oneChange(hugeFolderData(scale)),
    ...growth(scale),
  ];
  return scale === 1 ? all : all.map((scenario) => ({ ...scenario, scale }));
}

type Work = Pick<Scenario, 'pipe' | 'others'> & { readonly budgets?: readonly Budget[] };

function small(set: DataSet): Scenario[] {
  const make = scenarioOf('share.small', set);
  return [
    make('push', {
      budgets: [seconds(1.5)],
      pipe: pipePush(set, 'bucket'),
      others: [s5cmdUpload(set, FEW), dvcPush(set)],
    }),
    make('push-again', {
      budgets: [seconds(0.5)],
      pipe: pipePushAgain(set, 'bucket'),
      others: [dvcPushAgain(set)],
    }),
    make('status-cloud', {
      budgets: [seconds(0.6)],
      pipe: pipeStatusCloud(set, 'bucket'),
      others: [dvcStatusCloud(set)],
    }),
    make('pull', {
      budgets: [{ kind: 'ratio', atMost: 1.3, to: 'pipe checkout' }, atMostAs(resticRestoreFromBucket(set))],
      pipe: pipePull(set, 'bucket'),
      others: [
        asPeer(pipeCheckout(set), 'pipe checkout'),
        resticRestoreFromBucket(set),
        s5cmdDownload(set, FEW),
        dvcPull(set),
      ],
    }),
    make('add-and-push', {
      budgets: [atMostAs(resticBackupToBucket(set))],
      pipe: pipeAddAndPush(set),
      others: [resticBackupToBucket(set)],
    }),
  ];
}

function folder(set: DataSet): Scenario[] {
  const { server, ...push } = scenarioOf('share.small', set)('push-to-folder', {
    budgets: [seconds(0.6)],
    pipe: pipePush(set, 'folder'),
    others: [],
  });
  return server === undefined ? [] : [push];
}

function wire(set: DataSet): Scenario[] {
  const make = scenarioOf(`share.${set.name}`, set, { long: true });
  return [
    make('push', { budgets: [AS_S5CMD], pipe: pipePush(set, 'bucket'), others: [s5cmdUpload(set), dvcPush(set)] }),
    make('pull', {
      budgets: [AS_S5CMD],
      pipe: pipePull(set, 'bucket'),
      others: [s5cmdDownload(set), dvcPull(set), s5cmdAndCopy(set)],
    }),
  ];
}

/** The bytes go to one place, as those of s5cmd do; but they are verified on their way. */
function intoCache(set: DataSet): Scenario {
  return scenarioOf(`share.${set.name}`, set, { long: true })('fetch', {
    budgets: [AS_S5CMD],
    pipe: pipeFetch(set),
    others: [s5cmdDownload(set)],
  });
}

/** A change is to cost what it is, not what the folder is. */
function oneChange(set: DataSet): Scenario {
  return scenarioOf(`share.${set.name}`, set, { long: true, copies: COPIES_OF_PIPE })('push-one-change', {
    budgets: [
      { kind: 'stored', atMost: 1e6 },
      { kind: 'memory', atMost: 500e6 },
    ],
    pipe: pipePushOneChange(set, FEW),
    others: [],
  });
}

/** Ten times the files are to cost ten times as much. */
function growth(scale: number): Scenario[] {
  return COUNTS.flatMap((files, at) => {
    const set = growingData(files, scale);
    const works = {
      push: pipePush(set, 'bucket'),
      pull: pipePull(set, 'bucket'),
      'status-cloud': pipeStatusCloud(set, 'bucket'),
    };
    const make = scenarioOf('growth', set, { long: true, copies: COPIES_OF_PIPE });
    return Object.entries(works).map(([work, pipe]): Scenario => ({
      ...make(work, {
        budgets: [
          ...(files < MANY ? [] : [{ kind: 'memory', atMost: 500e6 } as const]),
          ...growthBudgets(files, COUNTS[at - 1]),
        ],
        pipe: files < MANY ? pipe : { ...pipe, runs: FEW },
        others: [],
      }),
      name: growthName(work, files),
    }));
  });
}

interface Terms {
  readonly long?: boolean;
  readonly copies?: number;
}

function scenarioOf(
  family: string,
  set: DataSet,
  { long = false, copies = COPIES }: Terms = {},
): (name: string, work: Work) => Scenario {
  const needs = spaceFor(set, copies);
  return (name, work) => {
    return { name: `${family}.${name}`, judged: 'tmpfs', server: 'minio', budgets: [], long, needs, ...work };
  };
}

/** What pipe does without a remote, for comparison. */
function asPeer(contender: Contender, name: string): Contender {
  return { ...contender, name, role: 'peer' };
}

function seconds(atMost: number): Budget {
  return { kind: 'seconds', atMost };
}

function atMostAs({ name }: Contender | Absent): Budget {
  return { kind: 'ratio', atMost: 1, to: name };
}
