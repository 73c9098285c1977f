import { truncate } from '../kit/width.ts';
import type { Stage } from '../pipeline/model.ts';

/** Columns that DVC gives a description. */
const LONGEST = 80;

/** What a stage is in one line: the first line of its `desc`, else what it makes, as `dvc stage list` says it. */
export function describeStage(stage: Stage): string {
  const own = stage.desc?.split('\n')[0]?.trim();
  return truncate(own === undefined || own === '' ? generated(stage) : own, LONGEST);
}

function generated({ deps, outs, params }: Stage): string {
  const list = (items: readonly { readonly as: string }[]): string => items.map((item) => item.as).join(', ');
  if (outs.length === 0) {
    const all = [...deps, ...params];
    return all.length === 0 ? 'No outputs or dependencies' : `Depends on ${list(all)}`;
  }
  const plain = outs.filter((out) => out.kind === 'out');
  const reports = outs.filter((out) => out.kind !== 'out');
  return [
    ...(plain.length > 0 ? [`Outputs ${list(plain)}`] : []),
    ...(reports.length > 0 ? [`Reports ${list(reports)}`] : []),
  ].join('; ');
}
