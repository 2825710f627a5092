import type { Job, JobTemplateSpec } from 'kubernetes-types/batch/v1.js';
import type { Container, PodSpec, PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { checkCommandLine } from './command-line.ts';
import type { JobSet, MPIJob, ReplicatedJob } from './custom-resources.ts';
import { containerCommands, minillmArguments, RECIPES, ROOT, readManifest, readRecipe } from './recipes.ts';

const JOB = 'recipes/kubernetes/fineweb-edu.yaml';
const GPU_JOB = 'recipes/kubernetes/gpt2-124m-fineweb-edu.yaml';
const JOBSET = 'recipes/kubernetes/train-jobset.yaml';
const MPIJOB = 'recipes/kubernetes/train-mpijob.yaml';
const SKYPILOT = 'recipes/skypilot/train.yaml';
const DOCKERFILE = 'recipes/container/Dockerfile';

/** Where the type of each manifest is. */
const TYPES: Readonly<Record<string, readonly [name: string, from: string]>> = {
  [JOB]: ['Job', 'kubernetes-types/batch/v1.js'],
  [GPU_JOB]: ['Job', 'kubernetes-types/batch/v1.js'],
  [JOBSET]: ['JobSet', './custom-resources.ts'],
  [MPIJOB]: ['MPIJob', './custom-resources.ts'],
  [SKYPILOT]: ['SkyPilotTask', './custom-resources.ts'],
};

/** What TypeScript finds wrong with a manifest as a value of its type, which has no room for misspelt fields. */
function problemsOf(manifest: unknown, [name, from]: readonly [name: string, from: string]): string[] {
  const file = `${ROOT}test/recipes/manifest-under-test.ts`;
  const source = `import type { ${name} } from '${from}';\nexport const manifest: ${name} = ${JSON.stringify(manifest)};\n`;
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    allowImportingTsExtensions: true,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (path) => path === file || fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === file ? ts.createSourceFile(path, source, ts.ScriptTarget.ES2023) : getSourceFile(path, ...rest);
  const found = ts.getPreEmitDiagnostics(ts.createProgram([file], options, host));
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}

test('every manifest has a type', () => {
  expect(Object.keys(TYPES)).toEqual(RECIPES.filter((path) => path.endsWith('.yaml')));
});

test.each(Object.entries(TYPES))('%s has the fields of its kind and no others', (path, type) => {
  expect(problemsOf(readManifest(path), type)).toEqual([]);
});

test('a misspelt field inside a pod is found', () => {
  const jobSet = readManifest<JobSet>(JOBSET);
  const [container] = podOf(replicatedJob(jobSet, 'workers').template).containers;
  Object.assign(container ?? {}, { readynessProbe: {} });
  expect(problemsOf(jobSet, TYPES[JOBSET] ?? ['', '']).join()).toContain('"readynessProbe"');
});

const podOf = (template: JobTemplateSpec | PodTemplateSpec | undefined): PodSpec => {
  const spec = template?.spec;
  const pod = spec && 'template' in spec ? spec.template.spec : spec;
  if (!pod || !('containers' in pod)) throw new Error('the template has no pod');
  return pod;
};

function replicatedJob(jobSet: JobSet, name: string): ReplicatedJob {
  const job = jobSet.spec.replicatedJobs.find((candidate) => candidate.name === name);
  if (!job) throw new Error(`the JobSet has no job ${name}`);
  return job;
}

const onlyContainer = (pod: PodSpec): Container => {
  const [container, ...others] = pod.containers;
  if (!container || others.length > 0) throw new Error(`expected one container, found ${pod.containers.length}`);
  return container;
};

describe('the JobSet', () => {
  const jobSet = readManifest<JobSet>(JOBSET);
  const workers = replicatedJob(jobSet, 'workers');
  const launcher = replicatedJob(jobSet, 'launcher');

  test('gives its pods names before they are ready, and starts them all anew after a failure', () => {
    expect(jobSet.spec.network).toEqual({ enableDNSHostnames: true, publishNotReadyAddresses: true });
    expect(jobSet.spec.failurePolicy?.maxRestarts).toBeGreaterThan(0);
    expect(jobSet.spec.successPolicy).toEqual({ operator: 'All', targetReplicatedJobs: ['launcher'] });
    expect(launcher.dependsOn).toEqual([{ name: 'workers', status: 'Ready' }]);
  });

  test.each([workers, launcher])('$name: indexed pods that all run at once and never restart alone', ({ template }) => {
    expect(template.spec).toMatchObject({ completionMode: 'Indexed', backoffLimit: 0 });
    expect(template.spec?.parallelism).toBe(template.spec?.completions);
    expect(podOf(template).restartPolicy).toBe('Never');
  });

  test('starts a rank in each worker', () => {
    const command = onlyContainer(podOf(launcher.template)).command ?? [];
    const name = jobSet.metadata.name;
    const count = workers.template.spec?.completions ?? 0;
    const hosts = Array.from({ length: count }, (_, index) => `${name}-workers-0-${index}.${name}`);
    expect(command[command.indexOf('--host') + 1]).toBe(hosts.join(','));
  });
});

describe('the MPIJob', () => {
  const { spec } = readManifest<MPIJob>(MPIJOB);

  test('is one of Open MPI with a rank a worker, started when all workers are ready', () => {
    expect(spec).toMatchObject({
      mpiImplementation: 'OpenMPI',
      slotsPerWorker: 1,
      sshAuthMountPath: '/home/node/.ssh',
      launcherCreationPolicy: 'WaitForWorkersReady',
    });
    expect(spec.mpiReplicaSpecs.Launcher).toMatchObject({ replicas: 1, restartPolicy: 'Never' });
    expect(spec.runPolicy?.backoffLimit).toBeGreaterThan(0);
  });

  test('trains as the JobSet does', () => {
    const ofJobSet = onlyContainer(podOf(replicatedJob(readManifest<JobSet>(JOBSET), 'launcher').template));
    expect(onlyContainer(podOf(spec.mpiReplicaSpecs.Launcher.template)).args).toEqual(ofJobSet.args);
  });
});

describe('the job on GPUs', () => {
  const pod = podOf(readManifest<Job>(GPU_JOB).spec?.template);
  const { command, args = [], lifecycle, resources } = onlyContainer(pod);

  test('runs stages of the recipe in the image for GPUs, and ends', () => {
    expect(command).toEqual(['/opt/minillm/recipes/gpt2-124m-fineweb-edu.sh']);
    expect(readRecipe('recipes/container/gpu.Dockerfile')).toMatch(/^COPY recipes \/opt\/minillm\/recipes$/m);
    const known = readRecipe('recipes/gpt2-124m-fineweb-edu.sh').match(/(?<=^stage_)\w+/gm) ?? [];
    expect([...args, 'serve'].sort()).toEqual(known.sort());
    expect(resources?.limits).toMatchObject({ 'nvidia.com/gpu': '8' });
  });

  test('gives the trainer time for a checkpoint', () => {
    expect(pod.terminationGracePeriodSeconds).toBe(120);
    expect(lifecycle?.preStop?.exec?.command?.join(' ')).toContain("kill -USR1 1; pkill -USR1 -f '[b]in/minillm.js';");
  });
});

describe('pods of both', () => {
  const jobSet = readManifest<JobSet>(JOBSET);
  const { Launcher, Worker } = readManifest<MPIJob>(MPIJOB).spec.mpiReplicaSpecs;
  const workers = [podOf(replicatedJob(jobSet, 'workers').template), podOf(Worker.template)];
  const launchers = [podOf(replicatedJob(jobSet, 'launcher').template), podOf(Launcher.template)];

  test('run as the user of the image, who owns the home that keys are mounted in', () => {
    const image = readRecipe(DOCKERFILE);
    expect(image).toMatch(/^USER 1000$/m);
    for (const pod of [...workers, ...launchers])
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000 });
    expect(readRecipe('recipes/container/sshd_config')).toMatch(/^HostKey \/home\/node\/\.ssh\/id_rsa$/m);
  });

  test('have sshd on the port that ssh and the probe ask', () => {
    const [port] = /(?<=^Port )\d+$/m.exec(readRecipe('recipes/container/sshd_config')) ?? [];
    expect(readRecipe('recipes/container/ssh_config')).toMatch(new RegExp(`^  Port ${port}$`, 'm'));
    for (const pod of workers) {
      expect(onlyContainer(pod).command).toEqual(['/usr/sbin/sshd', '-De']);
      expect(onlyContainer(pod).readinessProbe?.tcpSocket?.port).toBe(Number(port));
    }
  });

  test('get time for a checkpoint, which workers ask for when they are to end', () => {
    for (const pod of [...workers, ...launchers]) expect(pod.terminationGracePeriodSeconds).toBe(120);
    for (const pod of workers)
      expect(onlyContainer(pod).lifecycle?.preStop?.exec?.command?.join(' ')).toContain(
        "pkill -USR1 -f '[b]in/minillm.js';",
      );
    for (const pod of launchers)
      expect(onlyContainer(pod).lifecycle?.preStop?.exec?.command?.join(' ')).not.toContain('pkill');
  });

  test('share the volume that holds the data and the run', () => {
    for (const pod of [...workers, ...launchers])
      expect(pod.volumes).toContainEqual({ name: 'data', persistentVolumeClaim: { claimName: 'shared-data' } });
  });
});

test('command lines of the containers are understood, and start the program of the image', async () => {
  const jobSet = readManifest<JobSet>(JOBSET);
  const { Launcher } = readManifest<MPIJob>(MPIJOB).spec.mpiReplicaSpecs;
  const pods = [
    podOf(readManifest<Job>(JOB).spec?.template),
    podOf(replicatedJob(jobSet, 'launcher').template),
    podOf(Launcher.template),
  ];
  const commands = pods.flatMap(containerCommands);
  expect(commands).toHaveLength(3);
  for (const command of commands) {
    expect(command).toContain('/opt/minillm/bin/minillm.js');
    // Kubernetes puts the index of the pod where $(JOB_COMPLETION_INDEX) stands
    const line = command.map((word) => word.replaceAll('$(JOB_COMPLETION_INDEX)', '0'));
    await checkCommandLine(minillmArguments(line) ?? []);
  }
});
