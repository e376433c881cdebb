// Runs all programs of a Wasm file, and prints the hash of each on a line.
import { readFileSync } from "node:fs";

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
const { count, run } = new WebAssembly.Instance(module, {}).exports;
for (let index = 0; index < count(); index += 1) {
  const hash = BigInt.asUintN(64, run(index));
  console.log(hash.toString(16).padStart(16, "0"));
}
