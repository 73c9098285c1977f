import { Box, Text } from 'ink';
import type { ReactNode } from 'react';
import { formatElapsed } from '../duration.ts';
import type { RunningStage } from '../state.ts';
import type { Style } from '../style.ts';
import { clean } from '../words.ts';

export interface StageRowProps {
  readonly running: RunningStage;
  readonly now: number;
  readonly style: Style;
  readonly nameWidth: number;
  readonly barWidth: number;
  readonly tail: number;
  readonly messageBelow: boolean;
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;

/** A running stage: spinner, name, progress, time, message; below it the last lines that it printed. */
export function StageRow(props: StageRowProps): ReactNode {
  const { running, now, style, nameWidth, barWidth, tail, messageBelow } = props;
  const { stage, progress, startedAt, expectedMs, attempt } = running;
  const spinner = SPINNER[Math.floor(now / FRAME_MS) % SPINNER.length] ?? '';
  const again = attempt > 1 ? `attempt ${attempt}` : '';
  const message = progress?.message === undefined ? '' : clean(progress.message);
  const time = elapsedText(now - startedAt, expectedMs);
  return (
    <Box flexDirection="column">
      <Box columnGap={2}>
        <Box flexShrink={0} width={nameWidth + 2}>
          <Text wrap="truncate-end">{`${style.cyan(spinner)} ${style.bold(clean(stage))}`}</Text>
        </Box>
        {progress?.fraction !== undefined && (
          <Box flexShrink={0}>
            <Text>{`${bar(progress.fraction, barWidth, style)} ${percent(progress.fraction)}`}</Text>
          </Box>
        )}
        <Box flexShrink={0}>
          <Text>{style.dim(time)}</Text>
        </Box>
        <Text wrap="truncate-end">{[again, messageBelow ? '' : message].filter((text) => text !== '').join(', ')}</Text>
      </Box>
      {messageBelow && message !== '' && <Text wrap="truncate-end">{`  ${message}`}</Text>}
      {(tail === 0 ? [] : running.tail.slice(-tail)).map((line, index) => (
        <Text key={index} wrap="truncate-end">
          {style.dim(`  │ ${line}`)}
        </Text>
      ))}
    </Box>
  );
}

function bar(fraction: number, width: number, style: Style): string {
  const full = Math.round(fraction * width);
  return style.green('█'.repeat(full)) + style.dim('░'.repeat(width - full));
}

/** Rounded down: 100% is for what is complete. */
function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)}%`.padStart(4);
}

function elapsedText(ms: number, expectedMs: number | undefined): string {
  const elapsed = formatElapsed(ms);
  return expectedMs === undefined || expectedMs < 1_000 ? elapsed : `${elapsed} of ~${formatElapsed(expectedMs)}`;
}
