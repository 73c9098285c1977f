import { Box, Static, Text } from 'ink';
import type { ReactNode } from 'react';
import type { DownloadEvent } from '../../event/event.ts';
import { displayWidth } from '../../kit/width.ts';
import { formatElapsed } from '../duration.ts';
import { entryText, widestName } from '../entry.ts';
import type { LiveState } from '../state.ts';
import { formatSize } from '../size.ts';
import { styleFor } from '../style.ts';
import type { Style } from '../style.ts';
import { clean, plural } from '../words.ts';
import { arrange } from './arrange.ts';
import { StageRow } from './StageRow.tsx';

export interface LiveViewProps {
  readonly state: LiveState;
  readonly now: number;
  readonly color: boolean;
  readonly columns: number;
  readonly rows: number;
  /** Nothing runs any more: only what has happened stays. */
  readonly closing: boolean;
}

const MOST_WAITING = 5;

/**
 * ```
 * ✓ prepare   2.1 s  dep data/raw.csv changed        stays for good, scrolls away
 *
 * 1 of 3 stages done · 1 running · 14 s              redrawn
 * ⠹ train  ██████░░░░  47%  12 s of ~30 s  epoch 12/30
 *   │ last line of its output
 * 1 waiting: evaluate
 * ```
 */
export function LiveView({ state, now, color, columns, rows, closing }: LiveViewProps): ReactNode {
  const style = styleFor(color);
  const { shown, hidden, tail, messageBelow } = arrange([...state.running.values()], { columns, rows });
  const widest = Math.max(0, ...shown.map(({ stage }) => displayWidth(clean(stage))));
  return (
    <>
      <Static items={[...state.history]}>
        {(entry, index) => <Text key={index}>{entryText(entry, { color, columns, nameWidth: state.nameWidth })}</Text>}
      </Static>
      {!closing && (
        <Box flexDirection="column" marginTop={state.history.length > 0 ? 1 : 0} width={columns}>
          <Text wrap="truncate-end">{header(state, now, style)}</Text>
          {shown.map((running) => (
            <StageRow
              key={running.stage}
              {...{ running, now, style, tail, messageBelow }}
              nameWidth={Math.min(widest, widestName(columns))}
              barWidth={columns < 80 ? 10 : 20}
            />
          ))}
          {hidden > 0 && <Text>{style.dim(`  and ${hidden} more running`)}</Text>}
          {state.waiting.length > 0 && <Text wrap="truncate-end">{style.dim(waitingText(state.waiting))}</Text>}
        </Box>
      )}
    </>
  );
}

function header(
  { settled, total, running, downloads, tally, startedAt }: LiveState,
  now: number,
  style: Style,
): string {
  const { failed, restored } = tally.counts;
  return [
    style.bold(`${settled} of ${plural(total, 'stage')} done`),
    ...(running.size > 0 ? [`${running.size} running`] : []),
    ...(downloads.size > 0 ? [downloadText([...downloads.values()])] : []),
    ...(restored > 0 ? [`${restored} restored`] : []),
    ...(failed > 0 ? [style.red(`${failed} failed`)] : []),
    style.dim(formatElapsed(now - startedAt)),
  ].join(' · ');
}

function downloadText(downloads: readonly DownloadEvent[]): string {
  const sum = (of: (each: DownloadEvent) => number): number => downloads.reduce((total, each) => total + of(each), 0);
  return `downloading ${formatSize(sum(({ bytes }) => bytes))} of ${formatSize(sum(({ totalBytes }) => totalBytes))}`;
}

function waitingText(waiting: readonly string[]): string {
  const more = waiting.length > MOST_WAITING ? ', …' : '';
  return `${waiting.length} waiting: ${waiting.slice(0, MOST_WAITING).map(clean).join(', ')}${more}`;
}
