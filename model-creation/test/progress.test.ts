import { expect, it } from 'vitest';
import { lineProgress, part } from '../src/progress.ts';

function lines(env: Record<string, string>) {
  const written: string[] = [];
  return { written, progress: lineProgress((line) => written.push(line), env) };
}

it('in a pipeline a step is one ::progress line, whatever its message holds', () => {
  const { written, progress } = lines({ PIPE_STAGE: 'train' });
  progress.step(0.35, 'epoch 21/60\nloss 0.0123');
  progress.step(7, 'done');
  expect(written).toEqual(['::progress 0.350 epoch 21/60 loss 0.0123\n', '::progress 1.000 done\n']);
});

it('elsewhere a step is a plain line', () => {
  const { written, progress } = lines({});
  progress.step(0.35, 'epoch 21/60');
  progress.note('backend: wasm');
  expect(written).toEqual([' 35 % epoch 21/60\n', 'backend: wasm\n']);
});

it('a part of the work moves the whole by its share', () => {
  const { written, progress } = lines({ PIPE_STAGE: 'train' });
  part(progress, { from: 0.5, to: 0.75, label: 'repeats/2 ' }).step(0.5, 'epoch 1/2');
  expect(written).toEqual(['::progress 0.625 repeats/2 epoch 1/2\n']);
});
