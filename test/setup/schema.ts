import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';

/** Checks that a JSON document says which schema it follows, and follows it. */
export function expectValid(document: unknown): void {
  const { schema } = JSON.parse(JSON.stringify(document)) as { schema: string };
  const name = /^pipe\.([a-z-]+)\/1$/.exec(schema)?.[1] ?? '';
  const file = new URL(`../../schema/${name}.schema.json`, import.meta.url);
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
    JSON.parse(readFileSync(file, 'utf8')) as object,
  );
  validate(JSON.parse(JSON.stringify(document)));
  expect(validate.errors ?? []).toEqual([]);
}
