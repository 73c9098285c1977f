/** Where a long piece of work says how far it is. */
export interface Progress {
  /** `fraction` is the share done, 0 to 1; `message` one line for a person. */
  step(fraction: number, message: string): void;
  /** A line that is not about how far the work is. */
  note(message: string): void;
}

/**
 * Progress on a text stream. Run as a pipeline stage (`PIPE_STAGE` is set) a step is the machine-readable line
 * `::progress <fraction> <message>`, the fraction with three decimals; otherwise a plain line with a percentage.
 */
export function lineProgress(
  write: (line: string) => void,
  env: Readonly<Record<string, string | undefined>>,
): Progress {
  const inStage = env.PIPE_STAGE !== undefined && env.PIPE_STAGE !== '';
  return {
    step(fraction, message) {
      const share = Math.min(1, Math.max(0, fraction));
      const text = oneLine(message);
      write(inStage ? `::progress ${share.toFixed(3)} ${text}\n` : `${percent(share)} ${text}\n`);
    },
    note(message) {
      write(`${oneLine(message)}\n`);
    },
  };
}

/** Progress that goes nowhere. */
export const silent: Progress = { step: () => undefined, note: () => undefined };

/** A part of some work: its share of the whole, and what its lines start with. */
export interface ProgressPart {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

/** Maps a part of the work onto the share [from, to] of the whole. */
export function part(whole: Progress, { from, to, label }: ProgressPart): Progress {
  return {
    step: (fraction, message) => {
      whole.step(from + (to - from) * Math.min(1, Math.max(0, fraction)), label + message);
    },
    note: (message) => {
      whole.note(label + message);
    },
  };
}

function percent(share: number): string {
  return `${String(Math.round(share * 100)).padStart(3)} %`;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/gu, ' ');
}
