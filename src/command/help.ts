import type { Command, OptionSpecs } from './command.ts';
import type { CommandEntry } from './index.ts';
import { GLOBAL_OPTIONS, optionsOf } from './parse.ts';
import { commandLines } from './words.ts';

/** The text of `pipe --help`, or of `pipe <family> --help`: the commands whose first word is that one. */
export function overview(commands: readonly CommandEntry[], family?: string): string {
  const shown = commands.filter(({ hidden }) => hidden !== true);
  const listed = family === undefined ? shown : shown.filter(({ name }) => name.startsWith(`${family} `));
  const before = family === undefined ? '' : `${family} `;
  return [
    ...(family === undefined ? ['pipe: reproducible pipelines and data', ''] : []),
    `usage: pipe ${before}<command> [options]`,
    '',
    ...commandLines(listed, '  '),
    '',
    `Run \`pipe ${before}<command> --help\` for its options. Global options:`,
    ...optionLines(GLOBAL_OPTIONS),
  ].join('\n');
}

/** The text of `pipe <command> --help`. */
export function commandHelp(entry: CommandEntry, command: Command): string {
  const details = command.details === undefined ? [] : ['', command.details];
  return [
    `usage: pipe ${entry.name} [options] ${command.usage}`.trimEnd(),
    '',
    `${entry.summary}.`,
    ...details,
    '',
    'options:',
    ...optionLines(optionsOf(command)),
  ].join('\n');
}

function optionLines(options: OptionSpecs): string[] {
  const rows = Object.entries(options).map(([name, spec]) => {
    const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
    const value = spec.type === 'string' ? ` ${spec.value ?? 'VALUE'}` : '';
    return [`${short}--${name}${value}`, spec.help] as const;
  });
  const width = Math.max(...rows.map(([flag]) => flag.length));
  return rows.map(([flag, help]) => `  ${flag.padEnd(width)}  ${help}`);
}
