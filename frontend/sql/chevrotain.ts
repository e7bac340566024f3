/**
 * Chevrotain, from the build in one file that its package carries beside the modules: those are some hundreds of small
 * files, and reading them takes 370 ms where the one takes 15. The modules serve where that file is not.
 */
import type * as Chevrotain from 'chevrotain';

const bundle = new URL('../chevrotain.mjs', import.meta.resolve('chevrotain')).href;
const library = await import(bundle).catch(() => import('chevrotain')) as typeof Chevrotain;

export const { createToken, EmbeddedActionsParser, EOF, Lexer } = library;
