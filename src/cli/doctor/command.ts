/** @file `minillm doctor`: its flags. */

import { Command } from 'commander';
import type { DoctorFlags } from './run.ts';

const EXAMPLE = `
The kernels are C sources, compiled for this machine the first time they are needed and kept in MINILLM_CACHE, else in
the XDG cache folder. They are loaded from there only if nobody else can change them: the folder and all above it belong
to you or to root, and no other user can write to them (a sticky folder such as /tmp may be above). Otherwise, or when
the folder can neither be made nor read, a private temporary one is used, which is removed at the end. To read is enough
when the kernels are there. MINILLM_CPU_VARIANT forces an instruction set, CC names the compiler, NCCL_HOME the folder
of NCCL. The exit code is 1 when something that is needed is missing.

Examples:
  $ minillm doctor
  $ MINILLM_CACHE=/var/cache/minillm minillm doctor --build    # in a container image, as root; any user can run it then
`;

/** The command. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say what this machine has, what is missing, and what to do about it')
    .option('--build', 'compile the kernels for this machine now')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', EXAMPLE)
    .action(async (flags: DoctorFlags) => {
      const { runDoctor } = await import('./run.ts');
      await runDoctor(flags);
    });
}
