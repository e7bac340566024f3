/** External data stays inside the model's own folder: relative, without `..`, and no link leads out of it. */
import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { ModelError } from './errors.js';

/** The file that a model's `location` names. */
export function externalPath(modelPath: string, location: string): string {
  const refuse = (why: string): ModelError => new ModelError('external_data', `external data "${location}" ${why}`);
  if (location.includes('\0') || isAbsolute(location) || /^[A-Za-z]:/.test(location) || location.startsWith('\\'))
    throw refuse('is not a relative path');
  if (location.split(/[\\/]/).includes('..')) throw refuse('leads out of the folder of the model');
  let folder: string;
  let path: string;
  try {
    folder = realpathSync(dirname(modelPath));
    path = realpathSync(join(folder, location));
  } catch (error) {
    throw refuse(`cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
  const inside = relative(folder, path);
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside))
    throw refuse('is a link out of the folder of the model');
  return path;
}
