/** What the demo says: a sentence or two, the code a user would type, what it gave and how long it took. */
import { write } from './stdout.js';

export class Narrator {
  private readonly began = performance.now();
  private steps = 0;

  /** Begins a step. */
  step(title: string): void {
    this.steps++;
    write(`\n${this.steps}. ${title}\n\n`);
  }

  say(text: string): void {
    write(`${text}\n`);
  }

  code(text: string): void {
    write(`${text.trimEnd().replace(/^/gm, '    ')}\n\n`);
  }

  async timed<T>(label: (result: T) => string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const result = await work();
    write(`  ${label(result).padEnd(58)} ${Math.round(performance.now() - began)} ms\n`);
    return result;
  }

  /** Since the demo began. */
  seconds(): string {
    return ((performance.now() - this.began) / 1000).toFixed(1);
  }
}
