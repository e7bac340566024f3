/**
 * The binder's view of the world: what tables, views, models and files there are. The database implements it on its
 * catalog's snapshot, tests on plain objects. Names come as the user wrote them; lookups ignore case.
 */
import type { ModelGraph } from '../../ir/node.js';
import type { RelationType } from '../../ir/type.js';

export interface TableView {
  /** The name as it was created. */
  readonly name: string;
  readonly schema: RelationType;
  readonly rowCount: number | undefined;
}

export interface ModelView {
  readonly graph: ModelGraph;
  readonly version: number;
}

export interface ViewView {
  readonly name: string;
  /** The text of its query. */
  readonly sql: string;
}

export interface CatalogView {
  table(name: string): TableView | undefined;
  tableNames(): readonly string[];
  /** Without `version`, the newest. */
  model(name: string, version?: number): ModelView | undefined;
  modelNames(): readonly string[];
  view?(name: string): ViewView | undefined;
  /** What a scan of the file would give; the binder makes it `scan` of a table named by the path. */
  file?(path: string): { readonly schema: RelationType } | undefined;
}
