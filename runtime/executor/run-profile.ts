/** What EXPLAIN ANALYZE shows of a run: rows in and time of each pipeline, in milliseconds. */
export interface PipelineProfile {
  readonly name: string;
  readonly rows: number;
  readonly milliseconds: number;
  readonly sinceStart: number;
}

export class RunProfile {
  readonly pipelines: PipelineProfile[] = [];
  total: { readonly rows: number; readonly milliseconds: number } | undefined;

  pipeline(profile: PipelineProfile): void {
    this.pipelines.push(profile);
  }
}
