/** The keys of a worker's configuration that choose its log. */
import { z } from 'zod';
import { installationName, kafkaKeys } from '../../core/configuration/kafka-keys.js';

/** The keys, each with a default; those of Kafka are the control plane's. */
export const logKeys = {
  log: z
    .enum(['remote', 'kafka'])
    .default('remote')
    .describe('How the log is reached; `remote`: through the control plane, whatever its engine; `kafka`: directly.'),
  installation: installationName.describe('Name of the installation, as its control planes have it.'),
  ...kafkaKeys,
};
