/**
 * The delimiter of a CSV file. In: the start of its text. Out: the first candidate that stands equally often in each
 * line, outside of quotes.
 */

/** What files are written with, the likeliest first. */
const CANDIDATES = [',', ';', '|', '\t'] as const;

export interface DelimiterSought {
  /** Taken before the others, and when none is found. */
  readonly likeliest: string;
  /** How many fields a line has, where that is known. */
  readonly width: number | undefined;
  /** Whether the text is all of the file: else its last line may go on. */
  readonly isWhole: boolean;
}

export function findDelimiter(start: string, { likeliest, width, isWhole }: DelimiterSought): string {
  const lines = outsideQuotes(start).split(/[\r\n]+/);
  if (!isWhole) lines.pop();
  const filled = lines.filter((line) => line !== '');
  const found = [likeliest, ...CANDIDATES].find((candidate) => {
    const fields = fieldsOf(filled, candidate);
    if (fields === undefined) return false;
    if (width === undefined) return fields >= 2;
    // A line may end with one delimiter too many.
    return fields === width || (fields === width + 1 && filled.every((line) => line.endsWith(candidate)));
  });
  return found ?? likeliest;
}

/** A quote within quotes is two, which begin and end nothing but themselves. */
function outsideQuotes(text: string): string {
  return text.replace(/"[^"]*(?:"|$)/g, 'q');
}

/** Of every line; `undefined` where they differ, or there are none. */
function fieldsOf(lines: readonly string[], delimiter: string): number | undefined {
  const [first, ...rest] = lines.map((line) => line.split(delimiter).length);
  return rest.every((count) => count === first) ? first : undefined;
}
