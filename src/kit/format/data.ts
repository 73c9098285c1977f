import { PipeError, type Problem, type Source } from '../../problem/problem.ts';
import type { Value } from '../value.ts';
import { FormatError, readJson } from './json.ts';
import { readPython } from './python.ts';
import { readToml } from './toml.ts';
import { readYaml } from './yaml/read.ts';
import { toValue } from './yaml/value.ts';

/** The kinds of files that hold params, metrics and variables. */
export type DataFormat = 'yaml' | 'json' | 'toml' | 'python';

/** The longest text that is read, in UTF-16 units. */
const MAX_LENGTH = 64 * 1024 * 1024;

/** The format of a file by the end of its name, as DVC decides: what is not known otherwise is YAML. */
export function formatOf(path: string): DataFormat {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 ? name.slice(dot) : '';
  if (extension === '.json') return 'json';
  if (extension === '.toml') return 'toml';
  return extension === '.py' ? 'python' : 'yaml';
}

/**
 * Reads a file of params, metrics or variables: integers of any size as bigint, floats as number.
 * @param file what messages call the text
 * @returns null for an empty YAML file
 * @throws {PipeError} with the place of each fault
 */
export function parseData(text: string, format: DataFormat, file = `the ${format} text`): Value {
  const source: Source = { file, text };
  if (format === 'yaml') {
    const { root, problems } = readYaml(source);
    if (problems.length > 0) throw new PipeError(problems);
    return root === undefined ? null : toValue(root);
  }
  if (text.length > MAX_LENGTH)
    throw new PipeError({ code: 'PIPE_FILE_TOO_BIG', message: `${file} is larger than 64 MiB` });
  try {
    if (format === 'json') return readJson(text, { specials: 'python', duplicateKeys: 'last' });
    return format === 'toml' ? readToml(text) : readPython(text);
  } catch (error) {
    if (error instanceof FormatError) throw new PipeError(syntaxProblem(error, source), { cause: error });
    throw error;
  }
}

function syntaxProblem(error: FormatError, source: Source): Problem {
  const at = { source, offset: error.offset, length: Math.min(1, (source.text ?? '').length - error.offset) };
  return { code: 'PIPE_DATA_SYNTAX', message: error.reason, at };
}
