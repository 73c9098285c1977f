/** Why a stage runs, or may run. The planner produces these facts; `describeReason` puts one into words. */
export type Reason =
  /** The lock has nothing of it; `known` where a finished run of it is known all the same. */
  | { readonly kind: 'new'; readonly known?: true }
  | { readonly kind: 'forced' }
  | { readonly kind: 'always-changed' }
  /** It names neither deps nor params nor outs, so nothing could tell that it is up to date. */
  | { readonly kind: 'no-deps' }
  | { readonly kind: 'command'; readonly before: string; readonly after: string }
  | { readonly kind: 'wdir'; readonly before: string; readonly after: string }
  | { readonly kind: 'dep'; readonly path: string; readonly change: Change }
  | {
      readonly kind: 'param';
      readonly file: string;
      readonly key: string;
      /** Canonical text of the value; absent on the side where the key is absent. */
      readonly before?: string;
      readonly after?: string;
    }
  | { readonly kind: 'env'; readonly name: string; readonly change: Change }
  | { readonly kind: 'out'; readonly path: string; readonly change: Change }
  /** A stage that it needs runs, or may run, first. */
  | { readonly kind: 'upstream'; readonly stage: string }
  /** What lies at a path must be downloaded before more can be said. */
  | { readonly kind: 'download'; readonly path: string }
  /** A run refuses to begin while data that it reads is like that: nobody can tell what it would read. */
  | { readonly kind: 'refused'; readonly path: string; readonly message: string };

export type Change = 'added' | 'removed' | 'modified' | 'missing';

const CHANGED: Record<Change, string> = {
  added: 'was added',
  removed: 'is no longer listed',
  modified: 'changed',
  missing: 'is missing',
};

/** One reason as a clause without a full stop, such as `params.yaml: train.epochs 20 → 30`. */
export function describeReason(reason: Reason): string {
  switch (reason.kind) {
    case 'new':
      return reason.known === true ? 'the lock has no run of it' : 'it has not run before';
    case 'forced':
      return 'a run was forced';
    case 'always-changed':
      return 'it is marked always_changed';
    case 'no-deps':
      return 'it has no deps, no params and no outs';
    case 'command':
      return 'its command changed';
    case 'wdir':
      return `its working folder changed from ${reason.before} to ${reason.after}`;
    case 'dep':
      return `dep ${reason.path} ${CHANGED[reason.change]}`;
    case 'param':
      return `${reason.file}: ${reason.key} ${reason.before ?? '(absent)'} → ${reason.after ?? '(absent)'}`;
    case 'env':
      return `environment variable ${reason.name} ${CHANGED[reason.change]}`;
    case 'out':
      return `out ${reason.path} ${CHANGED[reason.change]}`;
    case 'upstream':
      return `${reason.stage} runs first`;
    case 'download':
      return `${reason.path} is downloaded first`;
    case 'refused':
      return `a run would be refused: ${reason.message}`;
  }
}
