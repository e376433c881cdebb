// A compiler that skips declarations takes a name that is not there for `any`. So the bindings are checked themselves.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { NAMES } from './support/bundles.js';

/** dedot's index signature for constructors is narrower than the constructors it generates. */
const NARROW_INDEX = 2411;
/** Those of a strict app. */
const OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  strict: true,
  noEmit: true,
  preserveSymlinks: true,
  types: [],
};

test('the declarations of all bindings hold together', () => {
  // Compiled, this file lies two folders below the package.
  const bindings = fileURLToPath(new URL('../../node_modules/inktensor-bindings', import.meta.url));
  const program = ts.createProgram(
    NAMES.map((name) => join(bindings, name, 'index.d.ts')),
    OPTIONS,
  );
  const files = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(bindings + sep));
  // Six of each contract, and the events that all share.
  assert.equal(files.length, 6 * NAMES.length + 1);
  assert.deepEqual(problems(program, files), []);
});

test('the example for dedot compiles', () => {
  const text = readFileSync(fileURLToPath(new URL('../../../../bindings/README.md', import.meta.url)), 'utf8');
  const [, example] = /```ts\n([^]*?)```/.exec(text) ?? assert.fail('the bindings have no example');
  const file = fileURLToPath(new URL('../example.ts', import.meta.url));
  writeFileSync(file, example!);
  const program = ts.createProgram([file], { ...OPTIONS, skipLibCheck: true, resolveJsonModule: true });
  assert.deepEqual(problems(program, [program.getSourceFile(file)!]), []);
});

/** What the compiler says of `files`. */
function problems(program: ts.Program, files: readonly ts.SourceFile[]): string[] {
  return files
    .flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
    .filter(({ code }) => code !== NARROW_INDEX)
    .map((one) => `${one.file?.fileName}: ${ts.flattenDiagnosticMessageText(one.messageText, '\n')}`);
}
