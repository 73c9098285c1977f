import type { ExaminedProject } from '../../project/examine.ts';

/** What `pipe doctor` found out, as its JSON form prints it (schema/doctor.schema.json). */
export interface Diagnosis {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
  /** The C library; null where it is not Linux. */
  readonly libc: string | null;
  /** The version of Git; null without it. */
  readonly git: string | null;
  readonly blake3: 'native' | 'wasm';
  /** Cores: in the machine, usable by this process, and the quota of its control group (may be a fraction). */
  readonly cpus: { readonly installed: number; readonly usable: number; readonly quota: number | null };
  readonly memoryBytes: number;
  /** Null outside a project. */
  readonly project: DiagnosedProject | null;
}

/** Either what the disks can do, or why the project could not be opened. */
export type DiagnosedProject =
  | { readonly problems: readonly string[]; readonly root?: never }
  | (Omit<ExaminedProject, 'gitRoot' | 'links' | 'folds'> & {
      readonly problems: readonly string[];
      readonly gitRoot: string | null;
      readonly links: NonNullable<ExaminedProject['links']> | null;
      readonly folds: NonNullable<ExaminedProject['folds']> | null;
      readonly cacheType: readonly string[];
    });
