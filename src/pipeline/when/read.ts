import type { YamlNode } from '../../kit/format/yaml/node.ts';
import type { Stage } from '../model.ts';
import type { Report } from '../report.ts';
import { evaluateWhen, type WhenContext } from './evaluate.ts';
import { WhenError } from './token.ts';

/** The `when` of a stage, decided. Its text is a condition of its own: `${…}` in it is a variable, not a text. */
export function readWhen(node: YamlNode | undefined, context: WhenContext, report: Report): Stage['when'] {
  if (node?.kind !== 'scalar') return undefined;
  if (typeof node.value === 'boolean') return { source: String(node.value), holds: node.value };
  if (typeof node.value !== 'string') return undefined;
  try {
    return { source: node.value, holds: evaluateWhen(node.value, context) };
  } catch (error) {
    if (!(error instanceof WhenError)) throw error;
    const written = (report.source.text ?? '').slice(node.start, node.end);
    const shift = written.indexOf(node.value);
    const span =
      shift < 0
        ? node
        : { start: node.start + shift + error.start, end: node.start + shift + Math.max(error.end, error.start) };
    report.add('PIPE_WHEN', span, { message: `when: ${error.message}`, hint: error.hint });
    return undefined;
  }
}
