import type { PullSource, Questions } from './pull-source.ts';

/**
 * Finds out what a source is going to be asked.
 * @param look asks the source that it is given, which has no run records, and says that all outs can be had
 */
export async function rehearse(source: PullSource, look: (source: PullSource) => Promise<unknown>): Promise<Questions> {
  const records: Questions['records'][number][] = [];
  const outs: Questions['outs'][number][] = [];
  await look({
    ...source,
    records(stage, key) {
      records.push({ stage, key });
      return Promise.resolve(0);
    },
    lack(out, thing) {
      outs.push({ out, thing });
      return Promise.resolve(undefined);
    },
  });
  return { records, outs };
}
