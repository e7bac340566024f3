/** A worker thread with a pipeline over its part of the rows: runs it for each message, posts the sums. */
import { parentPort, workerData } from 'node:worker_threads';
import { Pipeline, type PipelineOptions } from './pipeline.js';

const port = parentPort;
if (port === null) throw new Error('peer/worker.js is started by peer/duckdb-ort.js');

const pipeline = await Pipeline.open(workerData as PipelineOptions);
port.on('message', (message: 'run' | 'close') => {
  if (message === 'run') void pipeline.run().then((sums) => port.postMessage(sums));
  else void pipeline.close().then(() => port.close());
});
port.postMessage('ready');
