import fc from 'fast-check';
import { expect, test } from 'vitest';
import { multiply, transpose } from './multiply.ts';

test('the product is that of the definition, for every number of inputs and outputs', () => {
  const size = fc.integer({ min: 1, max: 11 });
  fc.assert(
    fc.property(size, size, fc.infiniteStream(fc.integer({ min: -9, max: 9 })), (inputs, outputs, stream) => {
      const take = (length: number) => Float32Array.from(stream.take(length));
      const kernel = take(inputs * outputs);
      const input = Float64Array.from(take(inputs));
      const found = new Float64Array(outputs).fill(Number.NaN);
      multiply(transpose(kernel, outputs), input, found);
      const expected = Array.from({ length: outputs }, (_, j) =>
        input.reduce((sum, x, i) => sum + x * (kernel[i * outputs + j] ?? 0), 0),
      );
      expect([...found].map((each) => each + 0)).toEqual(expected.map((each) => each + 0));
    }),
  );
});
