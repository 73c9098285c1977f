/** Puts a text into a colour or weight, or leaves it as it is where there is no colour. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly blue: (text: string) => string;
  readonly cyan: (text: string) => string;
}

/** ANSI SGR sequences (ECMA-48 8.3.117), or nothing at all. */
export function styleFor(color: boolean): Style {
  const sgr = (on: number, off: number) => (text: string) =>
    color && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    bold: sgr(1, 22),
    dim: sgr(2, 22),
    red: sgr(31, 39),
    green: sgr(32, 39),
    yellow: sgr(33, 39),
    blue: sgr(34, 39),
    cyan: sgr(36, 39),
  };
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether to write colours to a stream: `FORCE_COLOR` decides (`0` and `false` mean no), then `NO_COLOR`
 * (https://no-color.org: any text but the empty one means no), then whether it is a terminal that knows colours.
 */
export function wantsColor(env: Environment, stream: object): boolean {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  return isTerminal(stream) && env['TERM'] !== 'dumb';
}

/** Whether a stream ends in a terminal. */
export function isTerminal(stream: object): stream is NodeJS.WriteStream {
  return 'isTTY' in stream && stream.isTTY === true;
}

/** What a terminal that tells no size, or none that could be true, is taken to have. */
const COLUMNS = 80;
const FEWEST_COLUMNS = 20;

/** How many columns a stream shows in a line; `undefined` where it does not end in a terminal. */
export function columnsOf(stream: NodeJS.WriteStream): number;
export function columnsOf(stream: object): number | undefined;
export function columnsOf(stream: object): number | undefined {
  if (!isTerminal(stream)) return undefined;
  return stream.columns >= FEWEST_COLUMNS ? stream.columns : COLUMNS;
}
