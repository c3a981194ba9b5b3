/** The compose file gives the processes a configuration that they take. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { resolveConfig } from '../../../infra/runtime/config.js';
import { controlPlaneConfigSchema } from '../../../services/control-plane/config.js';
import { workerConfigSchema } from '../../../workers/gateway/config.js';

const compose = z
  .object({
    services: z.record(
      z.string(),
      z.object({
        environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
        depends_on: z.record(z.string(), z.unknown()).default({}),
        healthcheck: z.unknown().optional(),
        build: z.object({ dockerfile: z.string() }).optional(),
      }),
    ),
  })
  .parse(parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }));

/** The environment as `docker compose` hands it over when nothing is set outside. */
function environmentOf(service: string): Readonly<Record<string, string>> {
  const entries = Object.entries(compose.services[service]?.environment ?? {});
  return Object.fromEntries(
    entries.map(([name, value]) => [name, String(value).replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')]),
  );
}

describe('docker-compose.yml', () => {
  test.each(['control-plane-1', 'control-plane-2'])('%s is configured for the distributed engines', (service) => {
    const schemas = { controlPlane: controlPlaneConfigSchema };
    const { sections } = resolveConfig(schemas, { file: null, environment: environmentOf(service) });
    expect(sections.controlPlane).toMatchObject({ store: 'mongo', log: 'kafka', lease: 'redis', blobs: 's3' });
    expect(sections.controlPlane.redisUrls).toHaveLength(3);
  });

  test('worker is configured, and its health check asks where it listens', () => {
    const environment = environmentOf('worker');
    const { sections } = resolveConfig({ worker: workerConfigSchema }, { file: null, environment });
    expect(sections.worker).toMatchObject({ log: 'kafka', memoryMb: 2048, advertise: null });
    expect(environment.MARID_ADDRESS?.split(':')[1]).toBe(sections.worker.listen.split(':')[1]);
  });

  test('whatever is waited for has a health check, of its own or of the image', () => {
    for (const { depends_on: needed } of Object.values(compose.services)) {
      for (const name of Object.keys(needed)) {
        const service = compose.services[name];
        const fromImage = service?.build !== undefined && readFileSync(service.build.dockerfile, 'utf8');
        expect(service?.healthcheck !== undefined || /^HEALTHCHECK/m.test(fromImage || '')).toBe(true);
      }
    }
  });
});
