// A process of its own for the first use of native code: prints the processor's variant, or the error a user would read.
import { detectVariant } from '#minillm/backends/cpu/libraries.js';

try {
  console.log(await detectVariant());
} catch (error) {
  console.log(`${error.name}: ${error.message}`);
}
