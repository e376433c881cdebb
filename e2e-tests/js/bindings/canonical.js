// Metadata that depends on a contract's types and documentation alone.
//
// What cargo-contract writes also tells of the build: the code's hash, the compiler, and an order of events that the
// linker chose, after which types are numbered. All of that differs from one machine, or folder, to the next.

/**
 * The same metadata without traces of its build: events in the order of their names, types numbered in the order in
 * which they are first used, and of the source only its language, which clients ask for.
 *
 * @param {any} metadata what cargo-contract wrote
 * @returns {any}
 */
export function canonical(metadata) {
  const { source, contract, spec, storage, version } = metadata;
  const events = [...spec.events].sort((a, b) => compare(fullName(a), fullName(b)));
  const numbering = new Numbering(metadata.types);
  const renumbered = numbering.apply({ spec: { ...spec, events }, storage });
  return {
    source: { language: source.language },
    contract,
    spec: renumbered.spec,
    storage: renumbered.storage,
    types: numbering.types(),
    version,
  };
}

/** @param {any} event */
function fullName(event) {
  return `${event.module_path}::${event.label}`;
}

/**
 * By code units: the order must not depend on a machine's language.
 *
 * @param {string} a
 * @param {string} b
 */
function compare(a, b) {
  return a < b ? -1 : Number(a > b);
}

/** New numbers of types, given in the order in which they are asked for. */
class Numbering {
  /** @type {Map<number, any>} */
  #definitions;
  /** @type {Map<number, number>} */
  #numbers = new Map();

  /** @param {{ id: number, type: any }[]} types */
  constructor(types) {
    this.#definitions = new Map(types.map(({ id, type }) => [id, type]));
  }

  /**
   * A copy of `value` with the new numbers of the types it refers to.
   *
   * @param {any} value
   * @returns {any}
   */
  apply(value) {
    if (Array.isArray(value)) {
      return value.map((item) => this.apply(item));
    }
    if (value === null || typeof value !== 'object') {
      return value;
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.#applyField(key, inner)]));
  }

  /**
   * @param {string} key
   * @param {any} value
   */
  #applyField(key, value) {
    // A layout says `ty`, everything else `type`; both are objects too, where they hold no number.
    if ((key === 'type' || key === 'ty') && typeof value === 'number') {
      return this.#number(value);
    }
    if (key === 'tuple') {
      return value.map((/** @type {number} */ id) => this.#number(id));
    }
    return this.apply(value);
  }

  /** @param {number} id */
  #number(id) {
    let number = this.#numbers.get(id);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(id, number);
    }
    return number;
  }

  /** The types that have a number, and those that they refer to. */
  types() {
    const types = [];
    // The map grows while it is walked.
    for (const [id, number] of this.#numbers) {
      const definition = this.#definitions.get(id);
      if (definition === undefined) {
        throw new Error(`type ${id} is referred to, but not defined`);
      }
      types.push({ id: number, type: this.apply(definition) });
    }
    return types;
  }
}
