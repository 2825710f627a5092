/** @file `minillm doctor`: its flags. */

import { Command } from 'commander';
import type { DoctorFlags } from './run.ts';

const EXAMPLE = `
The kernels are C sources, compiled for this machine the first time they are needed and cached in MINILLM_CACHE, or else in
the XDG cache folder. Without a C compiler or cached kernels they run as WebAssembly, which comes with the package and is
slower. Cached kernels are loaded only if nobody else can change them: the folder and all folders above it must belong to
you or to root, and no other user may write to them (a sticky folder such as /tmp is allowed above). If that does not hold,
or the folder can be neither made nor read, a private temporary folder is used and removed at the end. Once the kernels are
in it, the folder may be read-only. MINILLM_CPU_VARIANT forces an instruction set, CC names the C compiler, MPICC the one of
MPI, NCCL_HOME the folder of NCCL. The exit code is 1 if something that is needed is missing.

Examples:
  $ minillm doctor
  $ MINILLM_CACHE=/var/cache/minillm minillm doctor --build    # in a container image, as root; any user can run it then
`;

/** The command. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check what this machine has, what is missing, and what to do about it')
    .option('--build', 'compile the kernels for this machine now')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', EXAMPLE)
    .action(async (flags: DoctorFlags) => {
      const { runDoctor } = await import('./run.ts');
      await runDoctor(flags);
    });
}
