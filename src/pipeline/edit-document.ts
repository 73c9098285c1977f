import type { Node, YAMLMap } from 'yaml';
import { isMap, parseDocument } from 'yaml';
import { equalValues } from '../kit/canonical.ts';
import { parseData } from '../kit/format/data.ts';
import type { Value, ValueMap } from '../kit/value.ts';
import { isMap as isValueMap } from '../kit/value.ts';
import type { Problem, Result } from '../problem/problem.ts';
import { fail, ok, PipeError } from '../problem/problem.ts';
import type { MapInText } from './edit-text.ts';
import { ownPair } from './edit-text.ts';

/** The text of a pipeline file that is about to be changed. */
export interface PipelineText {
  /** As shown to the user: relative to the project root. */
  readonly file: string;
  readonly text: string;
}

/** The document of a text that the loader has read without problems. */
export function documentOf(text: string): ReturnType<typeof parseDocument> {
  return parseDocument(text, { merge: true, logLevel: 'silent', uniqueKeys: false, strict: false });
}

/** The `stages` of a file, if it writes them as a map. */
export function stagesOf(text: string): MapInText | undefined {
  const document = documentOf(text);
  const stages = isMap(document.contents) ? ownPair(document.contents, 'stages')?.value : undefined;
  return isMap(stages) ? { text, document, map: stages } : undefined;
}

/** The map of a stage, or what stands in its place (an alias, say); absent when the file has no such stage. */
export function stageNode(stages: MapInText, name: string): Node | undefined {
  return ownPair(stages.map, name)?.value ?? undefined;
}

/** The map that holds the fields of a stage: itself, or the `do` of a `foreach`. */
export function fieldsNode(stage: Node | undefined): YAMLMap | undefined {
  if (!isMap(stage)) return undefined;
  const template = ownPair(stage, 'do');
  if (template === undefined) return stage;
  return isMap(template.value) ? template.value : undefined;
}

/** What a stage's fields mean, merges and aliases resolved; absent when there is no such stage. */
export function fieldsOf(text: string, file: string, name: string): ValueMap | undefined {
  return fieldsIn(parseData(text, 'yaml', file), name);
}

function fieldsIn(root: Value, name: string): ValueMap | undefined {
  const stage = lookUp(lookUp(root, 'stages'), name);
  if (stage === undefined || !isValueMap(stage)) return undefined;
  const template = stage.get('do');
  return template !== undefined && isValueMap(template) ? template : stage;
}

function lookUp(value: Value | undefined, key: string): Value | undefined {
  return value !== undefined && isValueMap(value) ? value.get(key) : undefined;
}

/**
 * Lets a change through only if the text now means what it meant before, apart from the fields of one stage, and those
 * are as wanted. A shared anchor, for instance, would change other stages too.
 */
export function checkEdit(before: PipelineText, after: string, wanted: Wanted): Result<string> {
  const others = (value: Value): Value => withoutStage(value, wanted.stage);
  const meant = parseData(before.text, 'yaml', before.file);
  const means = parseIfValid(after);
  const fields = means === undefined ? undefined : fieldsIn(means, wanted.stage);
  const holds =
    means !== undefined && fields !== undefined && wanted.holds(fields) && equalValues(others(meant), others(means));
  return holds ? ok(after) : fail(cannotEdit(before.file, wanted.stage));
}

/** A change may break the text, by taking away an anchor that an alias needs. */
function parseIfValid(text: string): Value | undefined {
  try {
    return parseData(text, 'yaml');
  } catch (error) {
    if (error instanceof PipeError) return undefined;
    throw error;
  }
}

export interface Wanted {
  readonly stage: string;
  readonly holds: (fields: ValueMap) => boolean;
}

/** A file whose way of writing a stage is beyond a safe change. */
export function cannotEdit(file: string, stage: string): Problem {
  return {
    code: 'PIPE_EDIT',
    message: `${file} writes "${stage}" in a way that cannot be changed safely (an alias, an anchor or a merge key)`,
    hint: 'change it by hand',
  };
}

/** Everything but the fields of one stage; the frame of a `foreach` stays. */
function withoutStage(value: Value, name: string): Value {
  const root = isValueMap(value) ? value : new Map<string, Value>();
  const stages = root.get('stages');
  const rest = new Map(stages !== undefined && isValueMap(stages) ? stages : []);
  const stage = rest.get(name);
  rest.delete(name);
  if (stage !== undefined && isValueMap(stage) && stage.has('do'))
    rest.set(name, new Map([...stage].filter(([key]) => key !== 'do')));
  return new Map([...root, ['stages', rest]]);
}
