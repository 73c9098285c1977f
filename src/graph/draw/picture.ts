/** What a drawing shows: names as labels, each once, and edges from what is needed to what needs it. */
export interface Picture {
  readonly nodes: readonly string[];
  readonly edges: readonly (readonly [from: string, to: string])[];
}

/** How a drawing for people looks. */
export interface DrawOptions {
  /** Columns it may take. */
  readonly width: number;
  /** Only characters that every terminal and locale has. */
  readonly ascii: boolean;
}

/** The connected parts of a picture, in the order of their first nodes. */
export function components(picture: Picture): Picture[] {
  const groupOf = new Map(picture.nodes.map((node) => [node, node]));
  const find = (node: string): string => {
    let at = node;
    for (let up = groupOf.get(at) ?? at; up !== at; up = groupOf.get(at) ?? at) {
      groupOf.set(at, groupOf.get(up) ?? up);
      at = up;
    }
    return at;
  };
  for (const [from, to] of picture.edges) groupOf.set(find(to), find(from));
  const parts = new Map<string, { nodes: string[]; edges: (readonly [string, string])[] }>();
  for (const node of picture.nodes) {
    const part = parts.get(find(node));
    if (part === undefined) parts.set(find(node), { nodes: [node], edges: [] });
    else part.nodes.push(node);
  }
  for (const edge of picture.edges) parts.get(find(edge[0]))?.edges.push(edge);
  return [...parts.values()];
}

/** For each node, the nodes that its edges lead to. */
export function successors(picture: Picture): Map<string, string[]> {
  const next = new Map<string, string[]>(picture.nodes.map((node) => [node, []]));
  for (const [from, to] of picture.edges) next.get(from)?.push(to);
  return next;
}

/** For each node, the nodes whose edges lead to it. */
export function predecessors(picture: Picture): Map<string, string[]> {
  return successors({ nodes: picture.nodes, edges: picture.edges.map(([from, to]) => [to, from] as const) });
}
