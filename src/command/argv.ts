import type { Command, OptionSpec, OptionSpecs } from './command.ts';

/** Words that `util.parseArgs` can read, and the words after the flags of a command that takes another command. */
export interface PlainWords {
  readonly words: readonly string[];
  readonly rest: readonly string[];
}

/**
 * Does what DVC's command line does and `util.parseArgs` does not: `--targets a b` gives a list flag several values,
 * and after the first positional of a command such as `stage add` every word belongs to that positional.
 */
export function plainWords(
  command: Pick<Command, 'positionals'>,
  options: OptionSpecs,
  words: readonly string[],
): PlainWords {
  const plain: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const isPositional = word === '--' || word === '-' || !word.startsWith('-');
    if (isPositional && command.positionals.rest === true) {
      return { words: plain, rest: words.slice(word === '--' ? at + 1 : at) };
    }
    if (word === '--') return { words: [...plain, ...words.slice(at)], rest: [] };
    const option = optionOf(word, options);
    const implied = option?.spec.implied;
    // Like argparse's nargs='?': the next word is the value only if it can be one.
    if (implied !== undefined && option?.spec.value?.split('|').includes(words[at + 1] ?? '') !== true) {
      plain.push(`--${option?.name ?? ''}=${implied}`);
      continue;
    }
    plain.push(word);
    if (option?.spec.type !== 'string') continue;
    for (let next = words[at + 1]; next !== undefined; next = words[at + 1]) {
      const first = plain.at(-1) === word;
      if (!first && (option.spec.variadic !== true || next.startsWith('-'))) break;
      if (first) plain.push(next);
      else plain.push(`--${option.name}`, next);
      at += 1;
    }
  }
  return { words: plain, rest: [] };
}

/** The option that waits for its value in the next word. */
function optionOf(word: string, options: OptionSpecs): { name: string; spec: OptionSpec } | undefined {
  if (!word.startsWith('-') || word.includes('=')) return undefined;
  if (word.startsWith('--')) {
    const spec = Object.hasOwn(options, word.slice(2)) ? options[word.slice(2)] : undefined;
    return spec === undefined ? undefined : { name: word.slice(2), spec };
  }
  for (let at = 1; at < word.length; at += 1) {
    const found = Object.entries(options).find(([, { short }]) => short === word[at]);
    if (found === undefined || found[1].type !== 'string') continue;
    return at === word.length - 1 ? { name: found[0], spec: found[1] } : undefined;
  }
  return undefined;
}
