/**
 * What is wrong with a model file, as its user reads it. Every failure of reading or importing a model is a ModelError;
 * nothing else leaves `frontend/onnx`.
 */

/** One operator, attribute or type a model needs and Intarsia lacks. */
export interface Missing {
  readonly domain: string;
  readonly op: string;
  readonly opset: number | undefined;
  readonly node: string;
  readonly reason: string;
}

/**
 * `malformed`: not a valid ONNX file. `invalid`: a graph that contradicts itself or the specification.
 * `unsupported`: valid, but needs what is in `missing`. `needs_constant`: an input which sets shapes must be given.
 * `external_data`: weights in other files that may not or cannot be read. `limit`: past a bound for untrusted input.
 * `unknown_name`: a size or constant is given for what the model does not have.
 */
export type ModelErrorCode =
  'malformed' | 'invalid' | 'unsupported' | 'needs_constant' | 'external_data' | 'limit' | 'unknown_name';

export interface ModelErrorDetails {
  readonly model?: string | undefined;
  readonly node?: string | undefined;
  readonly input?: string | undefined;
  readonly missing?: readonly Missing[] | undefined;
}

export class ModelError extends Error {
  readonly code: ModelErrorCode;
  /** The model's name or path, when known. */
  readonly model: string | undefined;
  /** The node's name, or operator and first output for a node without one. */
  readonly node: string | undefined;
  /** needs_constant: the graph input whose value is needed. */
  readonly input: string | undefined;
  /** unsupported: all that is missing, not only the first. */
  readonly missing: readonly Missing[];

  constructor(code: ModelErrorCode, message: string, details: ModelErrorDetails = {}) {
    super(message);
    this.name = 'ModelError';
    this.code = code;
    this.model = details.model;
    this.node = details.node;
    this.input = details.input;
    this.missing = details.missing ?? [];
  }
}

/** The same error, told of which model and node. */
export function located(error: unknown, where: { readonly model?: string; readonly node?: string }): ModelError {
  if (error instanceof ModelError) {
    if (error.model !== undefined || (error.node !== undefined && where.model === undefined)) return error;
    const prefix = where.model === undefined ? `node ${where.node}: ` : `model ${where.model}: `;
    return new ModelError(error.code, prefix + error.message, {
      model: where.model, node: error.node ?? where.node, input: error.input, missing: error.missing,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  return located(new ModelError('invalid', message), where);
}

/** One error for everything that is missing. */
export function unsupported(missing: readonly Missing[]): ModelError {
  const lines = missing.map(({ domain, op, opset, node, reason }) =>
      `  ${domain === '' ? 'ai.onnx' : domain}.${op}${opset === undefined ? '' : ` (opset ${opset})`} at node ${node}: ${reason}`,
  );
  return new ModelError('unsupported', `needs what is not supported:\n${lines.join('\n')}`, { missing });
}
