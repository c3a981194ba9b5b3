/** The documents of the public events topic, generated from the type of its payload. */
import { join } from 'node:path';
import { stringify } from 'yaml';
import { TOPICS } from '../../core/fleet/topics.js';
import { JOB_STATUSES } from '../../core/job/status.js';
import { schemaOfInterface, sourceRoot, type JsonSchema } from './type-schema.js';

/** A file of documents, by its path below the top folder. */
export interface Document {
  readonly path: string;
  readonly text: string;
}

const PAYLOAD = { file: 'services/control-plane/events/job-event.ts', type: 'JobEvent' };
const GENERATED = `Generated from ${PAYLOAD.file} by \`npm run generate:docs\`; do not edit.`;

/** All generated documents. */
export function eventDocuments(): readonly Document[] {
  const payload = schemaOfInterface(join(sourceRoot(), PAYLOAD.file), PAYLOAD.type);
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment: GENERATED,
    title: 'JobEvent',
    description: 'Payload of a job event. Later versions may add properties: ignore those that you do not know.',
    ...payload,
  };
  return [
    { path: 'docs/job-event.schema.json', text: `${JSON.stringify(schema, null, 2)}\n` },
    { path: 'docs/asyncapi.yaml', text: `# ${GENERATED}\n${stringify(asyncApi(), { lineWidth: 0 })}` },
  ];
}

/** AsyncAPI 3.0 (https://www.asyncapi.com/docs/reference/specification/v3.0.0), Kafka bindings 0.5. */
function asyncApi(): Record<string, unknown> {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Marid job events',
      version: '1.0.0',
      description: [
        'Every committed transition of every job, as CloudEvents 1.0 in binary mode over Kafka.',
        'In order for each job, at least once: `transition.sequence` counts from 1 without gaps, so a consumer drops what it has seen.',
      ].join('\n'),
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: {
      jobEvents: {
        address: TOPICS.jobEvents,
        description:
          'The topic. Where the installation has another name than `marid`, its name is the first part of the topic.',
        messages: { jobEvent: { $ref: '#/components/messages/jobEvent' } },
        bindings: { kafka: { topic: TOPICS.jobEvents, bindingVersion: '0.5.0' } },
      },
    },
    operations: {
      sendJobEvent: {
        action: 'send',
        channel: { $ref: '#/channels/jobEvents' },
        summary: 'Marid publishes a transition after it was committed.',
        messages: [{ $ref: '#/channels/jobEvents/messages/jobEvent' }],
      },
    },
    components: {
      messages: {
        jobEvent: {
          name: 'JobEvent',
          title: 'A transition of a job',
          contentType: 'application/json',
          headers: headersSchema(),
          payload: {
            schemaFormat: 'application/schema+json;version=draft-07',
            schema: { $ref: './job-event.schema.json' },
          },
          bindings: { kafka: { key: { type: 'string', description: 'Id of the job.' }, bindingVersion: '0.5.0' } },
        },
      },
    },
  };
}

/** Attributes of CloudEvents as headers of Kafka (protocol binding, section 3.2). */
export function headersSchema(): JsonSchema {
  const text = (description: string, more: JsonSchema = {}): JsonSchema => ({ type: 'string', description, ...more });
  const properties = {
    ce_specversion: text('Version of CloudEvents.', { const: '1.0' }),
    ce_id: text('`<job>/<sequence>`; the same for each repetition of an event.'),
    ce_source: text('URI reference of the publisher.'),
    ce_type: text('What happened, by the new status.', {
      enum: JOB_STATUSES.map((status) => `marid.job.${status.toLowerCase()}.v1`),
    }),
    ce_subject: text('Id of the job.'),
    ce_time: text('When it was decided.', { format: 'date-time' }),
    'content-type': text('Of the payload.', { const: 'application/json' }),
  };
  return { type: 'object', required: Object.keys(properties), properties };
}
