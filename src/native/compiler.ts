/** @file The system's C compiler: which it is, how it is called, and what it lacks when it fails. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { messageOf, UserError } from '../support/errors.ts';

const run = promisify(execFile);

/** How a C compiler is called. */
export interface Compiler {
  readonly command: string;
  /** Arguments before all others: `gcc` in `ccache gcc`. */
  readonly args: readonly string[];
  /** The output of `--version`. */
  readonly version: string;
}

/** The system's C compiler: `CC`, a command and perhaps arguments, else cc, gcc or clang; undefined when none answers. */
export async function lookForCompiler(): Promise<Compiler | undefined> {
  for (const candidate of candidates()) {
    const compiler = await askCompiler(candidate);
    if (compiler) return compiler;
  }
  return undefined;
}

/**
 * The same.
 * @throws UserError when none answers.
 */
export async function findCompiler(): Promise<Compiler> {
  const compiler = await lookForCompiler();
  if (!compiler) throw noCompiler();
  return compiler;
}

function candidates(): readonly string[] {
  const named = process.env.CC?.trim();
  return named ? [named] : ['cc', 'gcc', 'clang'];
}

/** The error of those who need a compiler where there is none. */
export function noCompiler(): UserError {
  return new UserError(
    `a C compiler is needed and none was found (tried ${candidates().join(', ')}); ${howToInstall(process.platform)}, name one in CC, or do without: --device wasm`,
  );
}

/** What a user of this system does to get a compiler that the kernels can be built with. */
export function howToInstall(platform: NodeJS.Platform): string {
  if (platform === 'darwin') return 'install clang (xcode-select --install)';
  if (platform === 'win32')
    return 'run miniLLM inside WSL2 (wsl --install) and install gcc there (sudo apt install gcc)';
  return 'install gcc or clang (Debian, Ubuntu: sudo apt install gcc libc6-dev; Fedora: sudo dnf install gcc)';
}

/** A compiler by its command and perhaps arguments; undefined when it does not answer the question. */
export async function askCompiler(candidate: string, question = '--version'): Promise<Compiler | undefined> {
  const [command = candidate, ...args] = candidate.split(/\s+/);
  try {
    const { stdout } = await run(command, [...args, question], { env: inEnglish() });
    return { command, args, version: stdout };
  } catch {
    return undefined;
  }
}

/**
 * A compiler that failed. Its message names the missing part and the package that has it, or else repeats the compiler's
 * output.
 */
export class CompilerError extends UserError {
  readonly said: string;
  readonly missing: MissingPart | undefined;

  constructor(command: string, said: string) {
    const missing = findMissingPart(said);
    super(
      missing
        ? `${command} finds no ${missing.what}: ${missing.advice}`
        : `${command} could not compile miniLLM's kernels: ${said}`,
    );
    this.said = said;
    this.missing = missing;
  }
}

/**
 * Runs a compiler, with its own temporary files in `folder`.
 * @throws CompilerError
 */
export async function invoke(
  { command, args: first }: Compiler,
  args: readonly string[],
  folder: string,
): Promise<void> {
  try {
    await run(command, [...first, ...args], { env: { ...inEnglish(), TMPDIR: folder } });
  } catch (cause) {
    throw new CompilerError(command, String((cause as { stderr?: string }).stderr || messageOf(cause)).trim());
  }
}

/** The environment for a compiler whose messages are to be parsed. */
function inEnglish(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C' };
}

const C_LIBRARY =
  'install the headers and libraries of C (Debian, Ubuntu: apt-get install libc6-dev; Fedora: dnf install glibc-devel; Alpine: apk add musl-dev; macOS: xcode-select --install)';
const BINUTILS =
  'install binutils (Debian, Ubuntu: apt-get install binutils; Fedora: dnf install binutils; Alpine: apk add binutils; macOS: xcode-select --install)';

/** What gcc and clang say when a part is missing; the first group is what they look for. */
const PARTS = [
  { name: 'C headers', pattern: /fatal error: '?([\w./+-]+\.h)'?/, advice: C_LIBRARY },
  { name: 'C library', pattern: /cannot find (-l\w+|\w*crt\w+\.o)|library '?(\w+)'? not found/, advice: C_LIBRARY },
  { name: 'assembler', pattern: /cannot execute '(?:\S*-)?(as)'/, advice: BINUTILS },
  {
    name: 'linker',
    pattern:
      /cannot find '(?:\S*-)?(ld)'|unable to execute command: .*\b(ld)\b|invalid linker name in (?:argument )?'(\S+)'/,
    advice: BINUTILS,
  },
] as const;

export interface MissingPart {
  /** What the part is called. */
  readonly name: (typeof PARTS)[number]['name'];
  /** What was looked for, in words: `math.h`, `assembler (as)`. */
  readonly what: string;
  /** The line that says so. */
  readonly line: string;
  readonly advice: string;
}

/**
 * The part of the toolchain that a failed compiler did not find, judged by its output; undefined when it failed for
 * another reason.
 */
function findMissingPart(said: string): MissingPart | undefined {
  for (const { name, pattern, advice } of PARTS) {
    const line = said.split('\n').find((each) => pattern.test(each));
    const looked = line && pattern.exec(line)?.slice(1).find(Boolean);
    if (!line || !looked) continue;
    const what = name === 'C headers' ? looked : `${name} (${looked})`;
    return { name, what, line: line.trim(), advice };
  }
  return undefined;
}
