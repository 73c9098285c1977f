import type { YAMLMap } from 'yaml';
import { equalValues } from '../kit/canonical.ts';
import type { Value, ValueMap } from '../kit/value.ts';
import type { Result } from '../problem/problem.ts';
import { fail, ok } from '../problem/problem.ts';
import type { PipelineText } from './edit-document.ts';
import { cannotEdit, checkEdit, fieldsNode, fieldsOf, stageNode, stagesOf } from './edit-document.ts';
import { frozenEdits } from './edit-frozen-line.ts';

/**
 * Freezes a stage (or a whole `foreach` or `matrix` group), or lets it run again, by changing its `frozen` line alone.
 * One undoes the other byte for byte: a line that freezing added is taken away again, a value that was there is changed
 * in its place.
 * @returns the new text; the same text when nothing has to change.
 */
export function editFrozen(source: PipelineText, stage: string, frozen: boolean): Result<string> {
  const fields = fieldsOf(source.text, source.file, stage) ?? new Map<string, Value>();
  const before = fields.get('frozen');
  if (typeof before === 'string') {
    return fail({
      code: 'PIPE_EDIT',
      message: `whether "${stage}" is frozen comes from ${before}`,
      hint: 'change the variable, or write true or false there by hand',
    });
  }
  if (isFrozen(before) === frozen) return ok(source.text);
  const holds = (after: ValueMap): boolean =>
    isFrozen(after.get('frozen')) === frozen && equalValues(withoutFrozen(after), withoutFrozen(fields));
  for (const text of frozenEdits(source.text, frozen, (each) => fieldsIn(each, stage))) {
    const checked = checkEdit(source, text, { stage, holds });
    if (checked.ok) return checked;
  }
  return fail(cannotEdit(source.file, stage));
}

function withoutFrozen(fields: ValueMap): ValueMap {
  return new Map([...fields].filter(([key]) => key !== 'frozen'));
}

function isFrozen(value: Value | undefined): boolean {
  return value === true;
}

function fieldsIn(text: string, stage: string): YAMLMap | undefined {
  const stages = stagesOf(text);
  return stages === undefined ? undefined : fieldsNode(stageNode(stages, stage));
}
