/** The keys by which control planes and workers reach S3. */
import { z } from 'zod';
import type { EngineRule } from './engine-choice.js';
import { optionalText as text } from './kafka-keys.js';

/** The keys, each with a default. */
export const s3Keys = {
  s3Bucket: text.describe('Bucket, which exists. Credentials come from the usual AWS sources.'),
  s3Endpoint: z
    .string()
    .regex(/^https?:\/\/\S+$/, 'must be an http:// or https:// URL')
    .nullable()
    .default(null)
    .describe("URL of another S3 service than Amazon's; null: Amazon's."),
  s3Region: text.describe('Region of the bucket; null: as the AWS sources say.'),
  s3ForcePathStyle: z
    .boolean()
    .default(false)
    .describe('Whether the bucket stands in the path instead of the host name, as most other S3 services want.'),
};

/** What must hold between `blobs` and the keys. */
export const S3_RULE: EngineRule = {
  ...{ chosenBy: 'blobs', name: 's3', needs: 's3Bucket' },
  keys: ['s3Bucket', 's3Endpoint', 's3Region', 's3ForcePathStyle'],
};
