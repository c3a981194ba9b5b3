/** Blobs in S3 against the suite of their port. */
import { randomUUID } from 'node:crypto';
import { S3BlobStore } from '../../../infra/blobs/s3/s3-blob-store.js';
import { decodeS3Url, describeEngine, findEngine } from '../../support/engines.js';
import { QuietLogger } from '../../support/quiet-logger.js';
import { blobStoreSuite } from '../suites/blob-store.js';

/** versitygw keeps objects as files and the parts of keys as folders: `x` and `x/y` cannot both be. S3 itself has no such limit. */
const nestedKeys = !/versitygw/.test((await findEngine('s3'))?.product ?? '');

await describeEngine('s3', (url) => {
  const open = async () => {
    const { accessKeyId, secretAccessKey, ...place } = decodeS3Url(url);
    const credentials = { accessKeyId, secretAccessKey };
    const where = { ...place, prefix: `test-${randomUUID()}`, forcePathStyle: true };
    const store = await S3BlobStore.connect({ ...where, credentials, logger: new QuietLogger() });
    return { store, close: () => store.close() };
  };
  blobStoreSuite('s3', open, { nestedKeys });
});
