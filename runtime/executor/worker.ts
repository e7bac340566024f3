/** A worker thread: requests in, replies out. */
import { parentPort } from 'node:worker_threads';
import type { WorkerRequest } from './protocol.js';
import { WorkerCore, type Reply } from './worker-core.js';

const port = parentPort!;
const reply: Reply = (message, transfer = []) => port.postMessage(message, transfer as ArrayBuffer[]);
const core = new WorkerCore(reply, { canWait: true });
reply({ type: 'up' });
port.on('message', (request: WorkerRequest) => void core.handle(request));
