/** An eigenvalue and its unit eigenvector. */
export interface EigenPair {
  readonly value: number;
  readonly vector: readonly number[];
}

const SWEEPS = 60;

/**
 * Eigenpairs of a symmetric matrix by cyclic Jacobi rotations (Golub & Van Loan, "Matrix Computations", §8.5), largest
 * value first. Additions, products and square roots only: every machine gets the same bits.
 */
export function symmetricEigen(matrix: readonly ArrayLike<number>[]): EigenPair[] {
  const size = matrix.length;
  const a = Float64Array.from({ length: size * size }, (_, at) => matrix[Math.floor(at / size)]?.[at % size] ?? 0);
  const v = Float64Array.from({ length: size * size }, (_, at) => (Math.floor(at / size) === at % size ? 1 : 0));
  const total = a.reduce((sum, one) => sum + one * one, 0);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let outside = 0;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) outside += (a[p * size + q] ?? 0) ** 2;
    if (outside <= total * 1e-30) break;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, v, { size, p, q });
  }
  return Array.from({ length: size }, (_, column) => ({
    value: a[column * size + column] ?? 0,
    vector: Array.from({ length: size }, (__, row) => v[row * size + column] ?? 0),
  })).sort((left, right) => right.value - left.value);
}

/** Turns axes p and q so that the matrix's cell (p, q) becomes 0. */
function rotate(
  a: Float64Array,
  v: Float64Array,
  { size, p, q }: { readonly size: number; readonly p: number; readonly q: number },
): void {
  const cell = a[p * size + q] ?? 0;
  if (cell === 0) return;
  const tau = ((a[q * size + q] ?? 0) - (a[p * size + p] ?? 0)) / (2 * cell);
  const tangent = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
  const cosine = 1 / Math.sqrt(1 + tangent * tangent);
  const sine = tangent * cosine;
  const mix = (m: Float64Array, first: number, second: number): void => {
    const left = m[first] ?? 0;
    const right = m[second] ?? 0;
    m[first] = cosine * left - sine * right;
    m[second] = sine * left + cosine * right;
  };
  for (let k = 0; k < size; k++) mix(a, k * size + p, k * size + q);
  for (let k = 0; k < size; k++) mix(a, p * size + k, q * size + k);
  for (let k = 0; k < size; k++) mix(v, k * size + p, k * size + q);
}
