import type { MapNode, ScalarNode, YamlNode } from '../kit/format/yaml/node.ts';
import { keyText, lookUp } from '../kit/format/yaml/node.ts';
import { toValue } from '../kit/format/yaml/value.ts';
import { isMap, type ValueMap } from '../kit/value.ts';
import { substitute, type Substitution } from './interpolate.ts';
import type { Artifact, Pipeline, PlotDefinition } from './model.ts';
import { labelsFlag, pathText, textFlag } from './outs.ts';
import { joinPath } from './paths.ts';
import type { Report } from './report.ts';

type Sections = Pick<Pipeline, 'params' | 'metrics' | 'plots' | 'artifacts' | 'datasets'>;

/** The sections beside `stages` and `vars`. */
export function readSections(root: MapNode | undefined, folder: string, substitution: Substitution): Sections {
  const section = (name: string): YamlNode | undefined => {
    const found = lookUp(root, name)?.value;
    return found && substitute(found, { ...substitution, allow: 'any' });
  };
  const { report } = substitution;
  const readFiles = (node: YamlNode | undefined, name: string): string[] =>
    itemsOf(node).flatMap((item) => pathText(item, `an item of ${name}`, report) ?? []);
  return {
    params: readFiles(section('params'), 'params').map((path) => joinPath(folder, path)),
    metrics: readFiles(section('metrics'), 'metrics').map((path) => joinPath(folder, path)),
    plots: readPlots(section('plots'), report),
    artifacts: readArtifacts(section('artifacts'), folder, report),
    datasets: readDatasets(section('datasets'), report),
  };
}

function itemsOf(node: YamlNode | undefined): readonly YamlNode[] {
  return node?.kind === 'seq' ? node.items : [];
}

function readPlots(node: YamlNode | undefined, report: Report): PlotDefinition[] {
  return itemsOf(node).flatMap((item) => {
    if (item.kind === 'map') return item.entries.map(({ key, value }) => plot(key, value, report));
    const id = pathText(item, 'an item of plots', report);
    return id === undefined ? [] : [{ id, properties: new Map(), at: report.place(item) }];
  });
}

function plot(key: ScalarNode, value: YamlNode, report: Report): PlotDefinition {
  const properties = toValue(value);
  return { id: keyText(key), properties: isMap(properties) ? properties : new Map(), at: report.place(key) };
}

function readArtifacts(node: YamlNode | undefined, folder: string, report: Report): Artifact[] {
  if (node?.kind !== 'map') return [];
  return node.entries.flatMap(({ key, value }) => {
    const name = pathText(key, 'the name of an artifact', report);
    const at = lookUp(value, 'path')?.value;
    const path = at && pathText(at, 'path', report);
    if (name === undefined || path === undefined) return [];
    const text = <K extends string>(field: K) => {
      const found = lookUp(value, field)?.value;
      return textFlag(field, found && toValue(found));
    };
    const labels = lookUp(value, 'labels');
    const meta = lookUp(value, 'meta');
    return [
      {
        name,
        path: joinPath(folder, path),
        ...text('type'),
        ...text('desc'),
        labels: labelsFlag(labels && toValue(labels.value)).labels ?? [],
        ...(meta === undefined ? {} : { meta: toValue(meta.value) }),
        at: report.place(key),
      },
    ];
  });
}

function readDatasets(node: YamlNode | undefined, report: Report): ValueMap[] {
  if (node === undefined) return [];
  if (node.kind !== 'seq') {
    report.add('PIPE_FIELD_TYPE', node, 'datasets must be a list');
    return [];
  }
  return node.items.flatMap((item) => {
    const value = toValue(item);
    if (isMap(value) && typeof value.get('name') === 'string' && typeof value.get('type') === 'string') return [value];
    report.add('PIPE_FIELD_TYPE', item, 'an item of datasets must be a map with a name and a type');
    return [];
  });
}
