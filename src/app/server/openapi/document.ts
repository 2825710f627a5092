/** @file The API as OpenAPI describes it: `GET /openapi.json`, made of the schemas that requests are checked with. */

import { z } from 'zod';
import { completionRequestSchema } from '../completions/completions-schema.ts';
import { detokenizeSchema, tokenizeSchema } from '../completions/tokenize.ts';
import {
  completionAnswer,
  completionChunk,
  detokenizeAnswer,
  errorAnswer,
  healthAnswer,
  modelAnswer,
  modelsAnswer,
  tokenizeAnswer,
  versionAnswer,
} from './answers.ts';

/** JSON Schema 2020-12, which is what OpenAPI 3.1 has. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}

const content = (type: string, schema: z.ZodType) => ({ [type]: { schema: schemaOf(schema, 'output') } });
const json = (schema: z.ZodType) => content('application/json', schema);

const failed = (description: string) => ({ description, content: json(errorAnswer) });
const busy = {
  ...failed('busy, loading or stopping; ask again'),
  headers: { 'retry-after': { schema: { type: 'integer' } } },
};
const ERRORS = {
  '400': failed('a field is wrong, or the request asks for more than is allowed'),
  '401': failed('the API key is missing or wrong'),
  '404': failed('there is no such model'),
  '429': failed('too many requests from one address'),
  '503': busy,
};

function get(summary: string, answer: z.ZodType, errors: object = {}) {
  return { get: { summary, responses: { '200': { description: 'OK', content: json(answer) }, ...errors } } };
}

function post(summary: string, request: z.ZodType, answer: z.ZodType, more: object = {}) {
  const requestBody = { required: true, content: { 'application/json': { schema: schemaOf(request, 'input') } } };
  const ok = { description: 'OK', content: { ...json(answer), ...more } };
  return { post: { summary, requestBody, responses: { '200': ok, ...ERRORS } } };
}

/** @param version of miniLLM */
export function openApiDocument(version: string) {
  const { '401': unauthorized, '404': unknown, '503': unready } = ERRORS;
  return {
    openapi: '3.1.0',
    info: { title: 'miniLLM', version, description: "OpenAI's completions API, as vLLM has it." },
    components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
    // a server may want no key
    security: [{}, { apiKey: [] }],
    paths: {
      '/v1/completions': post(
        'Continue texts, or score them',
        completionRequestSchema,
        completionAnswer,
        content('text/event-stream', completionChunk),
      ),
      '/v1/models': get('The models that requests may choose', modelsAnswer, { '401': unauthorized, '503': unready }),
      '/v1/models/{id}': {
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        ...get('One of them', modelAnswer, { '401': unauthorized, '404': unknown, '503': unready }),
      },
      '/tokenize': post('The tokens of a text', tokenizeSchema, tokenizeAnswer),
      '/detokenize': post('The text of tokens', detokenizeSchema, detokenizeAnswer),
      '/health': get('Whether requests are answered', healthAnswer, {
        '503': { description: 'not yet, or not any more', content: json(healthAnswer) },
      }),
      '/version': get('The version of miniLLM', versionAnswer),
      '/metrics': {
        get: {
          summary: 'Figures for Prometheus',
          responses: { '200': { description: 'OK', content: { 'text/plain': { schema: { type: 'string' } } } } },
        },
      },
    },
  };
}
