/**
 * Functions of a pipeline. A pipeline without models is one; each model ends a segment, and what follows is a function
 * of its own that is called a tile of rows at a time, so that the engine can put optimised code in place between calls.
 */
import type { Local } from '../dsl.js';
import { i32, type I32 } from '../values.js';
import { Scope, type Emission, type Flow } from './emission.js';
import type { Row } from './row.js';

/** What a segment does with its rows: at its start, for each row, and at the end of the run. */
export interface SinkCode {
  readonly begin: (scope: Scope) => (row: Row, flow: Flow) => void;
  /** Only in the run itself, at its end and between rows: what is still held goes on. `stopped` may be set. */
  readonly end: (scope: Scope, stopped: Local<'i32'>) => void;
}

export const SEGMENT_PARAMS = { context: 'i32', local: 'i32', morsel: 'i32', begin: 'i32', count: 'i32' } as const;

/** What the sink holds goes on before the run does; `stop` leaves it where no further row is wanted. */
export function letGo(scope: Scope, sink: SinkCode, stop: () => void): void {
  const stopped = scope.f.let(i32(0), 'stopped');
  sink.end(scope, stopped);
  scope.f.if(stopped, stop);
}

/** An exported function of a morsel: `body`, which `stop` leaves, then `end`; gives whether it was stopped. */
export function defineFunction(
  emission: Emission,
  name: string,
  body: (scope: Scope, morsel: I32, stop: () => void) => void,
  end: SinkCode['end'],
): void {
  emission.module.define(
    name,
    { params: { context: 'i32', local: 'i32', morsel: 'i32' }, result: 'i32', export: true },
    (f, { context, local, morsel }) => {
      const scope = new Scope(emission, f, { context, local, morsel });
      const stopped = f.local('i32', 'stopped');
      f.block((exit) =>
        body(scope, morsel, () => {
          f.set(stopped, 1);
          exit.break();
        }),
      );
      end(scope, stopped);
      f.return(stopped);
    },
  );
}
