import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ServeError, type ProblemCode } from '../problem.ts';
import { Field } from './field.ts';
import { buildModel, type Model } from './model.ts';
import { buildNetwork, type Network } from './network.ts';
import { readModelFile } from './read-file.ts';
import { checkExample } from './self-test.ts';
import { readSignature, type Signature } from './signature.ts';
import { readTopology } from './topology.ts';
import { readWeights } from './weights.ts';

const MOST_JSON_BYTES = 4_194_304;
const MOST_WEIGHT_BYTES = 67_108_864;
const MOST_SHOWN = 20;

/**
 * Loads the published model of a folder: signature.json, model.json and weights.bin (docs/model-format.md).
 * The folder is untrusted: sizes are bounded, digests compared, every shape checked, and the signature's example has
 * to give its scores, before the model is handed out.
 * @throws {ServeError} naming what is missing, damaged or wrong.
 */
export async function loadModel(folder: string): Promise<Model> {
  const signatureFile = join(folder, 'signature.json');
  const signature = readSignature(parseJson(signatureFile, await readModelFile(signatureFile, MOST_JSON_BYTES)));
  if ('problems' in signature) throw invalid(signatureFile, signature.problems);

  const modelFile = join(folder, 'model.json');
  const weightsFile = join(folder, 'weights.bin');
  const modelBytes = await readModelFile(modelFile, MOST_JSON_BYTES);
  const weightBytes = await readModelFile(weightsFile, MOST_WEIGHT_BYTES);
  checkDigest(modelFile, modelBytes, signature.sha256.model);
  checkDigest(weightsFile, weightBytes, signature.sha256.weights);

  const root = new Field(parseJson(modelFile, modelBytes), 'model');
  const network = readNetwork(root, weightBytes, signature);
  if (root.problems.length > 0) throw invalid(modelFile, root.problems);

  const model = buildModel(signature, network);
  const wrong = checkExample(model);
  if (wrong !== undefined) throw problem('SERVE_SELF_TEST_FAILED', `${signatureFile}: ${wrong}`);
  return model;
}

function readNetwork(root: Field, weightBytes: Uint8Array, { input }: Signature): Network {
  const size = input.window * input.features.length;
  root.at('format').oneOf(['layers-model']);
  const weights = readWeights(root.at('weightsManifest'), weightBytes);
  const layers = root.problems.length > 0 ? [] : readTopology(root.at('modelTopology'), weights, size);
  const network = buildNetwork(size, root.problems.length > 0 ? [] : layers);
  if (network.outputs !== size) {
    root.report(`gives ${String(network.outputs)} values for a window of ${String(size)}`);
  }
  return network;
}

function checkDigest(path: string, bytes: Uint8Array, expected: string): void {
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === expected) return;
  throw problem('SERVE_MODEL_DAMAGED', `${path} is not the file that was published: its SHA-256 is ${found}`);
}

function parseJson(path: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(path, [`is not JSON: ${error.message}`], error);
    throw error;
  }
}

function invalid(path: string, found: readonly string[], cause?: Error): ServeError {
  const shown = found.slice(0, MOST_SHOWN).map((each) => problemOf('SERVE_MODEL_INVALID', `${path}: ${each}`));
  return new ServeError(shown, { cause });
}

function problem(code: ProblemCode, message: string): ServeError {
  return new ServeError(problemOf(code, message));
}

function problemOf(code: ProblemCode, message: string) {
  return { code, message, hint: 'publish the model again: `npx pipe repro`' };
}
