/** @file The hardware that a plan is for, opened: a profile without hardware, or this machine, measured. */

import { openBackend } from '../../backends/open.ts';
import type { Gpt2Config } from '../../formats/gpt2-config.ts';
import { calibrate } from '../../plan/calibrate.ts';
import { findHardware } from '../../plan/hardware.ts';
import { nodeBytes } from '../../plan/memory.ts';
import { backendOf } from '../../plan/planned-backend.ts';
import { Planner } from '../../plan/planner.ts';
import { rooflineSeconds } from '../../plan/roofline.ts';
import type { RunModel } from '../../plan/run-plan.ts';
import { SOFTWARE, type SoftwareName } from '../../plan/software.ts';
import type { Settings } from '../../train/settings.ts';
import { Progress } from '../terminal/progress.ts';

export interface PlanModel extends RunModel {
  /** Whose share of the hardware is expected; undefined where it was measured. */
  readonly softwareName: string | undefined;
  /** How far off figures may be, as a share: the largest error against published runs, or of a measured machine. */
  readonly uncertainty: number;
  close(): Promise<void>;
}

export interface PlanQuestion {
  readonly hardware: string;
  readonly software: SoftwareName;
  readonly settings: Settings;
  readonly modelConfig: Gpt2Config;
  readonly zero: 0 | 1;
  readonly batchSize: number | undefined;
}

/** Tokens of a micro-batch that this machine is measured with, at most. */
const MAX_MEASURED_TOKENS = 4096;
/** docs/scaling.md */
const PUBLISHED_ERROR = 0.15;
const MEASURED_ERROR = 0.1;

/** @throws UserError when there is no such hardware. */
export async function openModel(question: PlanQuestion): Promise<PlanModel> {
  return question.hardware === 'this' ? measureThis(question) : openProfile(question);
}

async function openProfile({ hardware: name, software: softwareName, ...question }: PlanQuestion): Promise<PlanModel> {
  const { settings, modelConfig } = question;
  const hardware = await findHardware(name);
  const software = SOFTWARE[softwareName];
  return {
    ...question,
    hardware,
    softwareName: software.name,
    uncertainty: PUBLISHED_ERROR,
    gradientBytes: software.gradientBytes,
    nodeSeconds: rooflineSeconds(hardware, software, settings.precision),
    planner: new Planner(modelConfig, backendOf(hardware), settings, hardware.reserved),
    close: async () => {},
  };
}

async function measureThis({ hardware: _, software: __, ...question }: PlanQuestion): Promise<PlanModel> {
  const { settings, modelConfig } = question;
  const { precision, threads, optimizer, sequenceLength: length } = settings;
  // before the measurement leaves its garbage
  const node = nodeBytes();
  const backend = await openBackend({ device: settings.device, precision, threads });
  const progress = new Progress();
  progress.update('measuring this machine');
  const batch = Math.max(1, Math.min(settings.batchSize, Math.floor(MAX_MEASURED_TOKENS / length)));
  const { hardware, nodeSeconds } = await calibrate(backend, modelConfig, {
    batch,
    length,
    precision,
    threads,
    optimizer,
  });
  progress.clear();
  return {
    ...question,
    hardware,
    softwareName: undefined,
    uncertainty: MEASURED_ERROR,
    gradientBytes: 4,
    nodeSeconds,
    planner: new Planner(modelConfig, backend, settings, backend.overheadBytes + node),
    close: () => backend.close(),
  };
}
