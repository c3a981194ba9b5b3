/** The native stack as Marid's own processes are told of it. */
import type { NativeEngine } from './engine.js';
import type { NativeStack } from './native-stack.js';

/** Products that the stack has for Marid's ports. */
export const NATIVE_PRODUCTS = ['kafka', 'mongo', 'redis', 's3'] as const;

/** One of them. */
export type NativeProduct = (typeof NATIVE_PRODUCTS)[number];

type Environment = Readonly<Record<string, string>>;

/**
 * Starts servers of a stack, all unless `products` names some; returns the environment of control planes, workers and `marid dev` that makes them the engines of their
 * ports. The other ports stay embedded.
 */
export async function startForMarid(
  stack: NativeStack,
  products: readonly NativeProduct[] = NATIVE_PRODUCTS,
): Promise<Environment> {
  const parts = await Promise.all(products.map(async (product) => ENVIRONMENTS[product](await stack.start(product))));
  return Object.fromEntries(parts.flatMap((part) => Object.entries(part)));
}

const ENVIRONMENTS: Readonly<Record<NativeProduct, (engine: NativeEngine) => Environment>> = {
  kafka: ({ urls }) => ({
    MARID_CONTROL_PLANE_LOG: 'kafka',
    MARID_CONTROL_PLANE_KAFKA_BROKERS: urls.join(','),
  }),
  mongo: ({ urls: [url = ''] }) => ({ MARID_CONTROL_PLANE_STORE: 'mongo', MARID_CONTROL_PLANE_MONGO_URL: url }),
  redis: ({ urls }) => ({ MARID_CONTROL_PLANE_LEASE: 'redis', MARID_CONTROL_PLANE_REDIS_URLS: urls.join(',') }),
  s3: ({ urls: [url = ''] }) => {
    const bucket = new URL(url);
    return {
      MARID_CONTROL_PLANE_BLOBS: 's3',
      MARID_CONTROL_PLANE_S3_BUCKET: bucket.pathname.slice(1),
      MARID_CONTROL_PLANE_S3_ENDPOINT: bucket.origin,
      MARID_CONTROL_PLANE_S3_REGION: bucket.searchParams.get('region') ?? 'us-east-1',
      MARID_CONTROL_PLANE_S3_FORCE_PATH_STYLE: 'true',
      AWS_ACCESS_KEY_ID: decodeURIComponent(bucket.username),
      AWS_SECRET_ACCESS_KEY: decodeURIComponent(bucket.password),
    };
  },
};
