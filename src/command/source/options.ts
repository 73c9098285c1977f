import type { OptionSpecs, OptionValues } from '../command.ts';

/** The flags of every command that takes data from another repository. */
export const SOURCE_OPTIONS = {
  rev: { type: 'string', value: 'REV', help: 'at this branch, tag or commit (default: its default branch)' },
  remote: {
    type: 'string',
    value: 'NAME',
    help: 'data from this remote: one of this project or user, else one of theirs',
  },
} as const satisfies OptionSpecs;

/** The flag of those that transfer much. */
export const JOBS_OPTION = {
  jobs: { type: 'string', short: 'j', value: 'N', help: 'so many transfers at once' },
} as const satisfies OptionSpecs;

export type SourceValues = OptionValues<typeof SOURCE_OPTIONS & typeof JOBS_OPTION>;
