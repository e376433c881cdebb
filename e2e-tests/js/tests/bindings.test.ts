// The bindings depend on types and documentation alone.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { canonical } from '../bindings/canonical.js';
import { folder, NAMES } from './support/bundles.js';

/** What cargo-contract might have written on another machine: other code, events and types in another order. */
function elsewhere(metadata: any): any {
  const copy = structuredClone(metadata);
  copy.source = { ...copy.source, hash: `0x${'5a'.repeat(32)}`, compiler: 'rustc 1.99.0' };
  copy.spec.events.reverse();
  const last = copy.types.length - 1;
  const reversed = JSON.parse(
    JSON.stringify(copy, (key, value) => {
      if (['type', 'ty', 'id'].includes(key) && typeof value === 'number') {
        return last - value;
      }
      return key === 'tuple' ? value.map((id: number) => last - id) : value;
    }),
  );
  reversed.types.reverse();
  return reversed;
}

for (const name of NAMES) {
  const metadata = JSON.parse(readFileSync(join(folder(), `${name}.json`), 'utf8'));

  test(`${name}: the same bindings from any machine`, () => {
    const other = elsewhere(metadata);
    assert.notDeepEqual(other.types, metadata.types);
    assert.deepEqual(canonical(other), canonical(metadata));
  });

  test(`${name}: nothing but traces of the build is lost`, () => {
    const { source, spec, storage, types } = canonical(metadata);
    assert.deepEqual(source, { language: metadata.source.language });
    assert.equal(types.length, metadata.types.length);
    assert.ok(types.every(({ id }: { id: number }, index: number) => id === index));
    assert.deepEqual(labels(spec.messages), labels(metadata.spec.messages));
    assert.deepEqual(labels(spec.events).sort(), labels(metadata.spec.events).sort());
    assert.deepEqual(resolved(storage.root.ty, types), resolved(metadata.storage.root.ty, metadata.types));
    for (const [index, { args, returnType }] of spec.messages.entries()) {
      const before = metadata.spec.messages[index];
      assert.deepEqual(resolved(returnType.type, types), resolved(before.returnType.type, metadata.types));
      args.forEach((arg: any, i: number) =>
        assert.deepEqual(resolved(arg.type.type, types), resolved(before.args[i].type.type, metadata.types)),
      );
    }
  });
}

function labels(items: { label: string }[]): string[] {
  return items.map(({ label }) => label);
}

/** The type `id` with the types it refers to in the place of their numbers. */
function resolved(id: number, types: any[]): any {
  const of = (key: string, value: any): any => {
    if (key === 'type' && typeof value === 'number') {
      return resolved(value, types);
    }
    if (key === 'tuple') {
      return value.map((inner: number) => resolved(inner, types));
    }
    if (Array.isArray(value)) {
      return value.map((inner) => of('', inner));
    }
    return value !== null && typeof value === 'object'
      ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, of(name, inner)]))
      : value;
  };
  return of('', types[id].type);
}
