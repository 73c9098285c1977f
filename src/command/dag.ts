import { drawDot } from '../graph/draw/dot.ts';
import { drawMermaid, drawMermaidMarkdown } from '../graph/draw/mermaid.ts';
import type { Picture } from '../graph/draw/picture.ts';
import { groupPicture, outsPicture, stagePicture } from '../graph/draw/stage-picture.ts';
import { drawText } from '../graph/draw/text.ts';
import { isUnicodeLocale } from '../kit/locale.ts';
import { PipeError } from '../problem/problem.ts';
import { columnsOf } from '../report/style.ts';
import type { Context, OptionSpecs, OptionValues, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { selectedStages } from './engine-options.ts';
import { graphOf, loadProject } from './load-project.ts';

/** The width of drawings that do not go to a terminal, and of those on wide or tiny ones. */
const PIPED_WIDTH = 80;
const LEAST_WIDTH = 60;

const options = {
  dot: { type: 'boolean', help: "print Graphviz's dot" },
  mermaid: { type: 'boolean', help: 'print a Mermaid flowchart' },
  md: { type: 'boolean', help: 'print a Mermaid flowchart in a Markdown block' },
  outs: { type: 'boolean', short: 'o', help: 'show the outs of stages instead of the stages' },
  full: { type: 'boolean', help: "show the target's whole pipeline, not only what it needs" },
  'collapse-foreach-matrix': { type: 'boolean', help: 'show each foreach or matrix as one node' },
  ascii: { type: 'boolean', help: 'draw with ASCII characters only' },
} as const satisfies OptionSpecs;

type Options = OptionValues<typeof options>;

export default defineCommand({
  usage: '[target]',
  positionals: { min: 0, max: 1 },
  json: true,
  options,
  details:
    'What is needed stands above what needs it. A target is a stage, a group or an out; without one the whole project is\ndrawn. A graph that does not fit into the width is listed instead.',
  run(context, { positionals, options: given }): Promise<Outcome> {
    check(given);
    const loaded = loadProject(context);
    const graph = graphOf(loaded);
    const chosen =
      positionals.length === 0
        ? new Set(graph.order)
        : selectedStages({ project: loaded.project, graph, context }, positionals, { pipeline: given.full === true });
    const pictureOf =
      given.outs === true ? outsPicture : given['collapse-foreach-matrix'] === true ? groupPicture : stagePicture;
    const picture = pictureOf(graph, chosen);
    const edges = picture.edges.map(([from, to]) => ({ from, to }));
    return Promise.resolve({
      text: draw(picture, given, context),
      json: { schema: 'pipe.dag/1', kind: given.outs === true ? 'outs' : 'stages', nodes: picture.nodes, edges },
    });
  },
});

function check(given: Options): void {
  const formats = [given.dot, given.mermaid, given.md].filter((each) => each === true);
  const message =
    given.outs === true && given['collapse-foreach-matrix'] === true
      ? '--outs and --collapse-foreach-matrix cannot be combined'
      : '--dot, --mermaid and --md cannot be combined';
  if (formats.length > 1 || message.startsWith('--outs'))
    throw new PipeError({ code: 'PIPE_USAGE', message, hint: 'choose one' });
}

function draw(picture: Picture, given: Options, { stdout, env }: Context): string {
  if (given.dot === true) return drawDot(picture);
  if (given.mermaid === true) return drawMermaid(picture);
  if (given.md === true) return drawMermaidMarkdown(picture);
  const width = Math.max(LEAST_WIDTH, columnsOf(stdout) ?? PIPED_WIDTH);
  return drawText(picture, { width, ascii: given.ascii === true || !isUnicodeLocale(env) });
}
