/** [inputs, outputs] → [outputs, inputs], in float64: what `multiply` reads from front to back. */
export function transpose(kernel: Float32Array, outputs: number): Float64Array {
  const inputs = kernel.length / outputs;
  return Float64Array.from(
    { length: kernel.length },
    (_, at) => kernel[(at % inputs) * outputs + Math.floor(at / inputs)] ?? 0,
  );
}

/**
 * output = rows · input, for rows [outputs, inputs], input [inputs] and output [outputs].
 * Four rows at a time: one sum alone would wait for its last addition at every step (1.8 against 1.2 billion
 * multiplications a second).
 */
export function multiply(rows: Float64Array, input: Float64Array, output: Float64Array): void {
  const n = input.length;
  let j = 0;
  for (; j + 3 < output.length; j += 4) {
    const at = j * n;
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = 0; i < n; i += 1) {
      const x = input[i] ?? 0;
      a += x * (rows[at + i] ?? 0);
      b += x * (rows[at + n + i] ?? 0);
      c += x * (rows[at + 2 * n + i] ?? 0);
      d += x * (rows[at + 3 * n + i] ?? 0);
    }
    output[j] = a;
    output[j + 1] = b;
    output[j + 2] = c;
    output[j + 3] = d;
  }
  for (; j < output.length; j += 1) {
    let sum = 0;
    for (let i = 0; i < n; i += 1) sum += (input[i] ?? 0) * (rows[j * n + i] ?? 0);
    output[j] = sum;
  }
}
