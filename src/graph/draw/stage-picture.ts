import { isWithin } from '../../kit/path.ts';
import type { Stage } from '../../pipeline/model.ts';
import { globMeets } from '../glob.ts';
import type { Graph } from '../graph.ts';
import type { Picture } from './picture.ts';

/** The chosen stages of a graph by address, what is needed before what needs it. */
export function stagePicture(graph: Graph, chosen: ReadonlySet<string>): Picture {
  const nodes = graph.order.filter((address) => chosen.has(address));
  const edges = nodes.flatMap((to) =>
    (graph.needs.get(to) ?? []).filter((from) => chosen.has(from)).map((from) => [from, to] as const),
  );
  return { nodes, edges };
}

/** The same with all instances of a `foreach` or `matrix` as one node. */
export function groupPicture(graph: Graph, chosen: ReadonlySet<string>): Picture {
  const { nodes, edges } = stagePicture(graph, chosen);
  const groupOf = (address: string): string => {
    const stage = graph.stages.get(address);
    return stage?.group === undefined ? address : address.slice(0, address.length - stage.name.length) + stage.group;
  };
  const joined = new Map(
    edges.map(([from, to]) => [`${groupOf(from)}\n${groupOf(to)}`, [groupOf(from), groupOf(to)] as const]),
  );
  return { nodes: [...new Set(nodes.map(groupOf))], edges: [...joined.values()].filter(([from, to]) => from !== to) };
}

/** The outs of the chosen stages: an edge from each out that a stage reads to each that it makes. */
export function outsPicture(graph: Graph, chosen: ReadonlySet<string>): Picture {
  const stages = graph.order
    .filter((address) => chosen.has(address))
    .flatMap((address) => graph.stages.get(address) ?? []);
  const edges = stages.flatMap((stage) => {
    const makers = (graph.needs.get(stage.address) ?? []).flatMap((address) => graph.stages.get(address) ?? []);
    const read = makers.filter(({ address }) => chosen.has(address)).flatMap((maker) => outsRead(stage, maker));
    return read.flatMap((from) => stage.outs.map((to) => [from, to.path] as const));
  });
  return { nodes: stages.flatMap((stage) => stage.outs.map((out) => out.path)), edges };
}

function outsRead(stage: Stage, maker: Stage): string[] {
  const reads = [...stage.deps.filter((dep) => !dep.url), ...stage.params.map(({ path }) => ({ path, glob: false }))];
  return maker.outs
    .map((out) => out.path)
    .filter((out) =>
      reads.some(({ path, glob }) => (glob ? globMeets(path, out) : isWithin(path, out) || isWithin(out, path))),
    );
}
