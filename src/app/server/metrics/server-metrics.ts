/** @file Figures of the server for Prometheus, `GET /metrics`, named as vLLM names its own. */

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { LanguageModel } from '../models/language-model.ts';
import type { RequestMetrics } from './request-metrics.ts';

const PREFIX = 'minillm:';
/** In seconds. */
const TOKEN_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const FIRST_TOKEN_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const REQUEST_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export class ServerMetrics {
  readonly #registry = new Registry();
  readonly #promptTokens: Counter;
  readonly #generationTokens: Counter;
  readonly #finished: Counter<'finished_reason'>;
  readonly #firstToken: Histogram;
  readonly #interToken: Histogram;
  readonly #request: Histogram;

  /** @param models those in memory */
  constructor(models: () => readonly LanguageModel[]) {
    const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []): Counter<Label> =>
      new Counter({ name: PREFIX + name, help, labelNames, registers: [this.#registry] });
    const histogram = (name: string, help: string, buckets: number[]): Histogram =>
      new Histogram({ name: PREFIX + name, help, buckets, registers: [this.#registry] });
    this.#gauges(models);
    this.#promptTokens = counter('prompt_tokens_total', 'Tokens of prompts that were read');
    this.#generationTokens = counter('generation_tokens_total', 'Tokens that were generated');
    this.#finished = counter('request_success_total', 'Choices that ended, by the reason', ['finished_reason']);
    this.#firstToken = histogram(
      'time_to_first_token_seconds',
      'From a request to its first token',
      FIRST_TOKEN_BUCKETS,
    );
    this.#interToken = histogram('inter_token_latency_seconds', 'Between two tokens of a choice', TOKEN_BUCKETS);
    this.#request = histogram(
      'e2e_request_latency_seconds',
      'From a request to the end of its answer',
      REQUEST_BUCKETS,
    );
  }

  #gauges(models: () => readonly LanguageModel[]): void {
    type Load = LanguageModel['generator']['load'];
    const gauge = (name: string, help: string, measure: (loads: readonly Load[]) => number): void => {
      new Gauge({
        ...{ name: PREFIX + name, help, registers: [this.#registry] },
        collect() {
          this.set(measure(models().map(({ generator }) => generator.load)));
        },
      });
    };
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    gauge('num_requests_running', 'Texts that are being generated', (loads) => sum(loads.map((load) => load.running)));
    gauge('num_requests_waiting', 'Texts that wait for a slot', (loads) => sum(loads.map((load) => load.waiting)));
    gauge(
      'kv_cache_usage_perc',
      'The part of the key-value cache that is in use; 1 is all of it',
      (loads) => sum(loads.map((load) => load.cachedPositions)) / sum(loads.map((load) => load.cachePositions)),
    );
  }

  /** Follows a request from now on. */
  begin(): RequestMetrics {
    const start = performance.now();
    const last = new Map<number, number>();
    const secondsSince = (time: number): number => (performance.now() - time) / 1000;
    return {
      token: (choice) => {
        const before = last.get(choice);
        if (last.size === 0) this.#firstToken.observe(secondsSince(start));
        else if (before !== undefined) this.#interToken.observe(secondsSince(before));
        last.set(choice, performance.now());
        this.#generationTokens.inc();
      },
      read: (tokens) => this.#promptTokens.inc(tokens),
      end: (reasons) => {
        for (const finished_reason of reasons) this.#finished.inc({ finished_reason });
        this.#request.observe(secondsSince(start));
      },
    };
  }

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
