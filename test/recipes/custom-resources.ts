/**
 * @file The resources that JobSet and the MPI operator add to Kubernetes, as far as the recipes use them; the names are those of
 * jobset.x-k8s.io_jobsets.yaml and kubeflow.org_mpijobs.yaml. What they hold of Kubernetes itself has its own types. And a task
 * of SkyPilot.
 */

import type { JobTemplateSpec } from 'kubernetes-types/batch/v1.js';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';

export interface JobSet {
  readonly apiVersion: 'jobset.x-k8s.io/v1alpha2';
  readonly kind: 'JobSet';
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly network?: { enableDNSHostnames?: boolean; publishNotReadyAddresses?: boolean; subdomain?: string };
    readonly successPolicy?: { operator: 'All' | 'Any'; targetReplicatedJobs?: string[] };
    readonly failurePolicy?: { maxRestarts?: number };
    readonly suspend?: boolean;
    readonly replicatedJobs: ReplicatedJob[];
  };
}

export interface ReplicatedJob {
  readonly name: string;
  readonly replicas?: number;
  readonly dependsOn?: { name: string; status: 'Ready' | 'Complete' }[];
  readonly template: JobTemplateSpec;
}

export interface MPIJob {
  readonly apiVersion: 'kubeflow.org/v2beta1';
  readonly kind: 'MPIJob';
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly mpiImplementation?: 'OpenMPI' | 'Intel' | 'MPICH';
    readonly slotsPerWorker?: number;
    readonly sshAuthMountPath?: string;
    readonly launcherCreationPolicy?: 'AtStartup' | 'WaitForWorkersReady';
    readonly runPolicy?: { backoffLimit?: number; cleanPodPolicy?: 'None' | 'Running' | 'All' };
    readonly mpiReplicaSpecs: { readonly Launcher: ReplicaSpec; readonly Worker: ReplicaSpec };
  };
}

interface ReplicaSpec {
  readonly replicas: number;
  readonly restartPolicy?: 'Never' | 'OnFailure' | 'Always' | 'ExitCode';
  readonly template: PodTemplateSpec;
}

/** A task of SkyPilot; the names are those of its `get_task_schema`. */
export interface SkyPilotTask {
  readonly name: string;
  readonly num_nodes: number;
  readonly resources: { cpus: string | number; memory: string | number; disk_size: number };
  readonly workdir: string;
  readonly file_mounts: Readonly<Record<string, { name: string; mode: 'MOUNT' | 'COPY' | 'MOUNT_CACHED' }>>;
  /** Numbers would be refused. */
  readonly envs: Readonly<Record<string, string>>;
  readonly setup: string;
  readonly run: string;
}
