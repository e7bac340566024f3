/** Where the public conformance material lies beside the repository; the suites are skipped where it does not. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const REPOSITORY = new URL('../../../', import.meta.url);

export const CONFORMANCE_FOLDER = fileURLToPath(new URL('../shared/conformance/', REPOSITORY));
export const SLT_FOLDER = `${CONFORMANCE_FOLDER}slt/`;
export const TPCH_FOLDER = `${CONFORMANCE_FOLDER}tpch/`;
export const HAS_CONFORMANCE = existsSync(CONFORMANCE_FOLDER);
