/** Bounds on model files, which are untrusted input: checked before anything is allocated. */

/** Elements of one tensor, initializer or intermediate shape known when compiling. */
export const MAX_ELEMENTS = 2 ** 32;
export const MAX_RANK = 32;
/** Nodes of a model, after functions are inlined and loops unrolled. */
export const MAX_NODES = 200_000;
/** Graphs inside attributes of nodes inside graphs. */
export const MAX_GRAPH_DEPTH = 16;
/** Iterations that a loop of constant trip count is unrolled to. */
export const MAX_UNROLL = 10_000;
/** Positions, parts and weights that an operator writes out one by one. */
export const MAX_POSITIONS = 2 ** 24;
/** Bytes of a constant the importer computes; larger ones stay as nodes. */
export const MAX_FOLDED_BYTES = 64 * 2 ** 20;
/** The same, of a weight that lies in its file. */
export const MAX_FOLDED_STREAMED_BYTES = 2 ** 20;
/** Bytes of a model file without its weights. */
export const MAX_STRUCTURE_BYTES = 512 * 2 ** 20;
/** Weights of at least this many bytes are left in the file until they are read. */
export const STREAMED_BYTES = 64 * 2 ** 10;
/** The newest opsets written against, by domain. */
export const NEWEST_OPSET: Readonly<Record<string, number>> = { '': 26, 'ai.onnx.ml': 5 };
