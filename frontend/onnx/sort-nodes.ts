/**
 * Nodes of a graph in an order in which each follows those it reads. ONNX asks files to be in such an order already;
 * this also refuses cycles, names defined twice and names defined nowhere.
 */
import { ModelError } from './errors.js';
import type { GraphFile, NodeFile } from './model-file.js';

/** `defined`: whether a name comes from outside (inputs, initializers, enclosing graphs). */
export function sortNodes(nodes: readonly NodeFile[], defined: (name: string) => boolean): readonly NodeFile[] {
  const producers = new Map<string, NodeFile>();
  for (const node of nodes) {
    for (const name of node.outputs) {
      if (name === '') continue;
      if (producers.has(name))
        throw new ModelError(
          'invalid',
          `node ${node.name} defines ${name}, which node ${producers.get(name)!.name} has defined`,
        );
      producers.set(name, node);
    }
  }
  const state = new Map<NodeFile, 'open' | 'done'>();
  const sorted: NodeFile[] = [];
  for (const root of nodes) {
    const stack: { node: NodeFile; needs: readonly string[]; next: number }[] = [];
    const enter = (node: NodeFile): void => {
      state.set(node, 'open');
      stack.push({ node, needs: [...node.inputs, ...capturedNames(node)], next: 0 });
    };
    if (!state.has(root)) enter(root);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const name = top.needs[top.next++];
      if (name === undefined) {
        state.set(top.node, 'done');
        sorted.push(top.node);
        stack.pop();
      } else if (name !== '') {
        const producer = producers.get(name);
        if (producer === undefined) {
          if (!defined(name))
            throw new ModelError('invalid', `node ${top.node.name} reads ${name}, which nothing defines`, {
              node: top.node.name,
            });
        } else if (state.get(producer) === 'open') {
          throw new ModelError('invalid', `node ${top.node.name} is part of a cycle through ${name}`, {
            node: top.node.name,
          });
        } else if (!state.has(producer)) enter(producer);
      }
    }
  }
  return sorted;
}

/** Names the subgraphs of a node read from the graphs around them. */
function capturedNames(node: NodeFile): readonly string[] {
  const found: string[] = [];
  for (const attribute of node.attributes.values())
    if (attribute.kind === 'graph') found.push(...freeNames(attribute.value));
  return found;
}

function freeNames(graph: GraphFile): readonly string[] {
  const own = new Set([...graph.inputs, ...graph.initializers].map(({ name }) => name));
  for (const node of graph.nodes) for (const name of node.outputs) own.add(name);
  const read = [
    ...graph.outputs.map(({ name }) => name),
    ...graph.nodes.flatMap((node) => [...node.inputs, ...capturedNames(node)]),
  ];
  return read.filter((name) => name !== '' && !own.has(name));
}
