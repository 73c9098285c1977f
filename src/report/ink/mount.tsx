import { PassThrough } from 'node:stream';
import { render } from 'ink';
import type { LiveState } from '../state.ts';
import type { View } from '../view.ts';
import { LiveView } from './LiveView.tsx';
import { Screen } from './screen.ts';

export interface MountOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly color: boolean;
  readonly now: () => number;
  readonly state: LiveState;
}

const FRAME_MS = 100;
/** Drawing takes at most this share of the time, so that it never holds up many short stages. */
const DUTY = 10;

/**
 * Puts the live view on a terminal, and redraws it ten times a second. The keyboard is left alone, so Ctrl-C stays a
 * signal; the cursor comes back when the view closes, and also when the process ends for another reason.
 */
export function mountView({ stdout, color, now, state: first }: MountOptions): View {
  let state = first;
  let closing = false;
  const screen = new Screen(stdout, () => {
    draw();
  });
  const element = () => (
    <LiveView {...{ state, color, closing }} now={now()} columns={screen.columns} rows={stdout.rows || 24} />
  );
  const ink = render(element(), {
    stdout: screen as unknown as NodeJS.WriteStream,
    stdin: new PassThrough() as unknown as NodeJS.ReadStream,
    patchConsole: false,
    exitOnCtrlC: false,
  });
  const draw = (): void => {
    ink.rerender(element());
  };
  let timer: NodeJS.Timeout | undefined;
  const loop = (wait: number): void => {
    timer = setTimeout(() => {
      const started = performance.now();
      draw();
      loop(Math.max(FRAME_MS, (performance.now() - started) * DUTY));
    }, wait).unref();
  };
  loop(FRAME_MS);
  return {
    update(next) {
      state = next;
    },
    close(last) {
      clearTimeout(timer);
      state = last;
      closing = true;
      draw();
      ink.unmount();
      screen.close();
    },
  };
}
