import { linkLoop } from '../contender/floor.ts';
import { copy, linkedCopy, looking, reading } from '../contender/data/copy.ts';
import {
  dvcAdd,
  dvcAddAgain,
  dvcCheckout,
  dvcCheckoutAgain,
  dvcGc,
  dvcOneChange,
  dvcStatus,
} from '../contender/data/dvc.ts';
import {
  pipeAdd,
  pipeAddAgain,
  pipeCheckout,
  pipeCheckoutAgain,
  pipeFsck,
  pipeGc,
  pipeOneChange,
  pipeStatus,
} from '../contender/data/pipe.ts';
import {
  resticBackup,
  resticBackupAgain,
  resticCheck,
  resticOneChange,
  resticPrune,
  resticRestore,
} from '../contender/data/restic.ts';
import type { DataSet } from '../data/data-set.ts';
import { hugeFolderData, largeFileData, mediumData, mediumLooseData, smallData } from '../data/data-set.ts';
import { spaceFor } from '../data/space.ts';
import type { Budget, Scenario } from '../scenario.ts';

/**
 * How many copies of the data there are at once, at most: one that some share, those of pipe, DVC and restic, with what
 * they store, and what a run has made.
 */
const COPIES = { small: 8, medium: 5, hugeFolder: 3, largeFile: 5 };

/** With what each of them keeps when it is asked again, and with the change of one that is kept beside what it was. */
const COPIES_KEPT = { medium: 8, largeFile: 9 };

/** Writing a million files takes long; for what only sets the scale, two runs say enough. */
const HUGE_RUNS = 2;

/** restic reads a million files in about a minute. */
const RESTIC_RUNS = 1;

const MEMORY_FOR_HUGE: Budget = { kind: 'memory', atMost: 500e6 };

/** One change of a million files is to cost what it is, not what they are. */
const STORED_FOR_ONE_CHANGE: Budget = { kind: 'stored', atMost: 1e6 };

/**
 * Tracked data: `add`, `checkout`, `status` and what looks after the store.
 * @param options `scale`: the share of the data to work on
 */
export function dataScenarios({ scale }: { scale: number }): readonly Scenario[] {
  const all = [...small(smallData(scale)), ...medium(scale), ...hugeFolder(scale), ...largeFile(scale)];
  return scale === 1 ? all : all.map((scenario) => ({ ...scenario, scale }));
}

interface Work extends Pick<Scenario, 'pipe' | 'others'> {
  readonly budgets?: readonly Budget[];
  /** How many copies of the data there are at once, where that is not as in the other scenarios of the data set. */
  readonly copies?: number;
}

function small(set: DataSet): Scenario[] {
  const { makes, reads } = scenariosOf('data.small', set, { copies: COPIES.small, long: false });
  return [
    makes('add', {
      budgets: [seconds(1.2)],
      pipe: pipeAdd(set),
      others: [dvcAdd(set), resticBackup(set), copy(set), reading(set)],
    }),
    reads('add-again', {
      budgets: [seconds(0.45)],
      pipe: pipeAddAgain(set),
      others: [dvcAddAgain(set), resticBackupAgain(set), looking(set)],
    }),
    reads('status', {
      budgets: [seconds(0.45)],
      pipe: pipeStatus(set),
      others: [dvcStatus(set), looking(set)],
    }),
    makes('checkout', {
      budgets: [{ kind: 'ratio', atMost: 1.25, to: 'cp -r' }],
      pipe: pipeCheckout(set),
      others: [copy(set), dvcCheckout(set), resticRestore(set), linkedCopy(set)],
    }),
    ...afterwards(set, { makes, reads }, COPIES.small),
  ];
}

function medium(scale: number): Scenario[] {
  const set = mediumData(scale);
  const loose = mediumLooseData(scale);
  const { makes, reads } = scenariosOf('data.medium', set, { copies: COPIES.medium, long: true });
  return [
    makes('add', {
      budgets: [{ kind: 'ratio', atMost: 3, to: 'cp -r' }],
      pipe: pipeAdd(set),
      others: [dvcAdd(set), resticBackup(set), copy(set), reading(set)],
    }),
    reads('add-again', {
      copies: COPIES_KEPT.medium,
      pipe: pipeAddAgain(set),
      others: [dvcAddAgain(set), resticBackupAgain(set), looking(set)],
    }),
    reads('status', { pipe: pipeStatus(set), others: [dvcStatus(set), looking(set)] }),
    makes('checkout', {
      budgets: [{ kind: 'ratio', atMost: 2, to: 'cp -r' }],
      pipe: pipeCheckout(set),
      others: [copy(set), dvcCheckout(set), resticRestore(set)],
    }),
    makes('checkout-hardlink', {
      budgets: [{ kind: 'ratio', atMost: 1.5, to: 'cp -al' }],
      pipe: pipeCheckout(loose, { links: 'hardlink' }),
      others: [linkedCopy(loose), dvcCheckout(loose, { links: 'hardlink' }), linkLoop(loose)],
    }),
    ...afterwards(set, { makes, reads }, COPIES_KEPT.medium),
  ];
}

/** What comes after `add` and `checkout` on every data set that DVC and restic can be asked to keep. */
function afterwards(set: DataSet, { makes, reads }: Makers, copies: number): Scenario[] {
  return [
    reads('checkout-again', { copies, pipe: pipeCheckoutAgain(set), others: [dvcCheckoutAgain(set), looking(set)] }),
    makes('commit-one-change', {
      copies,
      pipe: pipeOneChange(set),
      others: [dvcOneChange(set), resticOneChange(set), looking(set)],
    }),
    reads('gc', { copies, pipe: pipeGc(set), others: [dvcGc(set), resticPrune(set)] }),
    reads('fsck', { copies, pipe: pipeFsck(set), others: [resticCheck(set), reading(set)] }),
  ];
}

function hugeFolder(scale: number): Scenario[] {
  const set = hugeFolderData(scale);
  const { makes, reads } = scenariosOf('data.huge-folder', set, { copies: COPIES.hugeFolder, long: true });
  return [
    makes('add', {
      budgets: [seconds(20), MEMORY_FOR_HUGE],
      pipe: pipeAdd(set),
      others: [copy(set, HUGE_RUNS), resticBackup(set, RESTIC_RUNS), reading(set, HUGE_RUNS)],
    }),
    reads('add-again', {
      budgets: [MEMORY_FOR_HUGE],
      pipe: pipeAddAgain(set),
      others: [looking(set, HUGE_RUNS)],
    }),
    reads('status', {
      budgets: [seconds(6), MEMORY_FOR_HUGE],
      pipe: pipeStatus(set),
      others: [looking(set, HUGE_RUNS)],
    }),
    makes('add-one-change', {
      budgets: [STORED_FOR_ONE_CHANGE, MEMORY_FOR_HUGE],
      pipe: pipeOneChange(set, { command: ['add', 'data'] }),
      others: [looking(set, HUGE_RUNS)],
    }),
    makes('commit-one-change', {
      budgets: [STORED_FOR_ONE_CHANGE, MEMORY_FOR_HUGE],
      pipe: pipeOneChange(set),
      others: [looking(set, HUGE_RUNS)],
    }),
    makes('checkout', {
      budgets: [MEMORY_FOR_HUGE],
      pipe: pipeCheckout(set, { runs: HUGE_RUNS }),
      others: [copy(set, HUGE_RUNS), linkedCopy(set, HUGE_RUNS)],
    }),
    reads('checkout-again', {
      budgets: [MEMORY_FOR_HUGE],
      pipe: pipeCheckoutAgain(set),
      others: [looking(set, HUGE_RUNS)],
    }),
    reads('gc', { budgets: [MEMORY_FOR_HUGE], pipe: pipeGc(set), others: [resticPrune(set, RESTIC_RUNS)] }),
    reads('fsck', {
      budgets: [MEMORY_FOR_HUGE],
      pipe: pipeFsck(set),
      others: [resticCheck(set, RESTIC_RUNS), reading(set, HUGE_RUNS)],
    }),
  ];
}

function largeFile(scale: number): Scenario[] {
  const set = largeFileData(scale);
  const { makes, reads } = scenariosOf('data.large-file', set, { copies: COPIES.largeFile, long: true });
  return [
    makes('add', {
      // As fast as cp to within a tenth.
      budgets: [{ kind: 'ratio', atMost: 1.11, to: 'cp' }],
      pipe: pipeAdd(set),
      others: [copy(set), dvcAdd(set), resticBackup(set)],
    }),
    makes('checkout', {
      pipe: pipeCheckout(set),
      others: [copy(set), dvcCheckout(set), resticRestore(set), linkedCopy(set)],
    }),
    reads('add-again', { pipe: pipeAddAgain(set), others: [dvcAddAgain(set), looking(set)] }),
    reads('status', { pipe: pipeStatus(set), others: [dvcStatus(set), looking(set)] }),
    ...afterwards(set, { makes, reads }, COPIES_KEPT.largeFile),
  ];
}

interface Terms {
  readonly copies: number;
  readonly long: boolean;
}

type Makers = Record<'makes' | 'reads', (name: string, work: Work) => Scenario>;

/** Makes scenarios of one data set: such as make files, which are judged on tmpfs, and such as read them. */
function scenariosOf(family: string, set: DataSet, { copies, long }: Terms): Makers {
  const usual = spaceFor(set, copies);
  const scenario = (judged: Scenario['judged'], name: string, { copies: own, ...work }: Work): Scenario => {
    const needs = own === undefined ? usual : spaceFor(set, own);
    return { name: `${family}.${name}`, judged, budgets: [], long, needs, ...work };
  };
  return {
    makes: (name, work) => scenario('tmpfs', name, work),
    reads: (name, work) => scenario('each', name, work),
  };
}

function seconds(atMost: number): Budget {
  return { kind: 'seconds', atMost };
}
